package disk_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/rialto-exchange/rialto/chaos/internal/disk"
	"github.com/rialto-exchange/rialto/chaos/internal/undo"
)

// make makes a small disk, or skips the test with a word.
func made(t *testing.T) *disk.Disk {
	t.Helper()
	j, err := undo.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	d, err := disk.New(j, t.TempDir(), 32)
	if errors.Is(err, disk.ErrUnable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if left := j.Left(); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
	return d
}

func write(t *testing.T, path string, data []byte, sync bool) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		t.Fatal(err)
	}
	if !sync {
		return
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil {
		t.Fatal(err)
	}
}

// TestPowerCut shows that what was synced is there after the power was cut and
// what was not is lost.
func TestPowerCut(t *testing.T) {
	d := made(t)
	kept, lost := filepath.Join(d.Path(), "kept"), filepath.Join(d.Path(), "lost")
	want := bytes.Repeat([]byte("k"), 10_000)
	write(t, kept, want, true)
	write(t, lost, want, false)
	if err := d.Cut(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.Path(), "after"), nil, 0o600); !errors.Is(err, unix.EIO) {
		t.Errorf("a write without power: %v, want EIO", err)
	}
	if err := d.Remount(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(kept); err != nil || !bytes.Equal(got, want) {
		t.Errorf("what was synced: %d bytes, %v", len(got), err)
	}
	if got, err := os.ReadFile(lost); err == nil && bytes.Equal(got, want) {
		t.Error("what was not synced is there")
	}
}

// TestReadOnly shows that a disk that found an error in itself takes no write
// until it was checked.
func TestReadOnly(t *testing.T) {
	d := made(t)
	if err := d.Break(); err != nil {
		t.Skip(err)
	}
	if err := os.WriteFile(filepath.Join(d.Path(), "x"), nil, 0o600); !errors.Is(err, unix.EROFS) {
		t.Errorf("a write: %v, want EROFS", err)
	}
	if err := d.Remount(); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(d.Path(), "x"), nil, true)
}

// TestFull shows that a disk is filled to what is to be left, and made free.
func TestFull(t *testing.T) {
	d := made(t)
	if err := d.Leave(64 << 10); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.Path(), "x"), make([]byte, 1<<20), 0o600); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("a write: %v, want ENOSPC", err)
	}
	if err := d.Leave(0); err != nil {
		t.Fatal(err)
	}
	if left, err := d.Room(); err != nil || left != 0 {
		t.Errorf("%d bytes are left: %v", left, err)
	}
	if err := d.Release(); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(d.Path(), "x"), make([]byte, 1<<20), true)
}

// TestFrozen shows that a write to a frozen disk hangs until it is thawed.
func TestFrozen(t *testing.T) {
	d := made(t)
	if err := d.Freeze(); err != nil {
		t.Skip(err)
	}
	done := make(chan error, 1)
	begun := make(chan struct{})
	go func() {
		close(begun)
		done <- os.WriteFile(filepath.Join(d.Path(), "x"), nil, 0o600)
	}()
	<-begun
	select {
	case err := <-done:
		t.Errorf("a write to a frozen disk returned: %v", err)
	default:
	}
	if err := d.Thaw(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
