package disk_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/sim/disk"
	"github.com/rialto-exchange/rialto/node/world"
)

// cuts is how many power cuts a test draws to see all that may come of one.
const cuts = 300

// outcomes does the same on a fresh disk again and again, cuts the power, and
// counts what a machine finds afterwards.
func outcomes(t *testing.T, do func(world.Files) error, look func(world.Files) string) map[string]int {
	t.Helper()
	found := map[string]int{}
	for seed := range uint64(cuts) {
		d := disk.New()
		m := d.Mount()
		if err := m.MkdirAll("/d", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := m.SyncDir("/"); err != nil {
			t.Fatal(err)
		}
		if err := do(m); err != nil {
			t.Fatal(err)
		}
		d.PowerCut(rand.New(rand.NewPCG(seed, 1)))
		found[look(d.Mount())]++
	}
	return found
}

func want(t *testing.T, found map[string]int, want ...string) {
	t.Helper()
	for _, w := range want {
		if found[w] == 0 {
			t.Errorf("no power cut left %q; they left %v", w, found)
		}
		delete(found, w)
	}
	if len(found) > 0 {
		t.Errorf("power cuts left what they never may: %v", found)
	}
}

func write(f world.Files, name, content string) error {
	return world.WriteFile(f, name, []byte(content), 0o644)
}

func contentOf(f world.Files, name string) string {
	b, err := world.ReadFile(f, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "nothing"
	case err != nil:
		return err.Error()
	}
	return string(bytes.ReplaceAll(b, []byte{0}, []byte("0")))
}

func content(name string) func(world.Files) string {
	return func(f world.Files) string { return contentOf(f, name) }
}

func sync(f world.Files, name string) error {
	file, err := f.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// TestPowerCut shows what each thing that is not synced can come to, and that
// nothing that is synced comes to anything.
func TestPowerCut(t *testing.T) {
	t.Run("a synced file whose name is synced stays", func(t *testing.T) {
		want(t, outcomes(t, func(f world.Files) error {
			return errors.Join(write(f, "/d/a", "kept"), sync(f, "/d/a"), f.SyncDir("/d"))
		}, content("/d/a")), "kept")
	})
	t.Run("a synced file whose name is not may be gone", func(t *testing.T) {
		want(t, outcomes(t, func(f world.Files) error {
			return errors.Join(write(f, "/d/a", "kept"), sync(f, "/d/a"))
		}, content("/d/a")), "kept", "nothing")
	})
	t.Run("a write that is not synced is there, or its length alone is, or it is not", func(t *testing.T) {
		want(t, outcomes(t, func(f world.Files) error {
			return errors.Join(write(f, "/d/a", "lost"), f.SyncDir("/d"))
		}, content("/d/a")), "lost", "0000", "")
	})
	t.Run("one sector is never torn: each holds what it held at some time", func(t *testing.T) {
		want(t, outcomes(t, func(f world.Files) error {
			err := errors.Join(write(f, "/d/a", "ab"), sync(f, "/d/a"), f.SyncDir("/d"))
			for _, c := range []string{"c", "d"} {
				err = errors.Join(err, overwrite(f, "/d/a", c, 0))
			}
			return err
		}, content("/d/a")), "ab", "cb", "db")
	})
	t.Run("a removed file may come back", func(t *testing.T) {
		want(t, outcomes(t, func(f world.Files) error {
			return errors.Join(write(f, "/d/a", "back"), sync(f, "/d/a"), f.SyncDir("/d"), f.Remove("/d/a"))
		}, content("/d/a")), "back", "nothing")
	})
	t.Run("a rename in a folder happens or does not", func(t *testing.T) {
		want(t, outcomes(t, func(f world.Files) error {
			return errors.Join(write(f, "/d/a", "A"), sync(f, "/d/a"), write(f, "/d/b", "B"), sync(f, "/d/b"), f.SyncDir("/d"),
				f.Rename("/d/a", "/d/b"))
		}, func(f world.Files) string { return contentOf(f, "/d/a") + " " + contentOf(f, "/d/b") }), "A B", "nothing A")
	})
	t.Run("a rename between folders of which one is synced may take the file away", func(t *testing.T) {
		want(t, outcomes(t, func(f world.Files) error {
			return errors.Join(f.MkdirAll("/e", 0o755), f.SyncDir("/"), write(f, "/d/a", "A"), sync(f, "/d/a"), f.SyncDir("/d"),
				f.Rename("/d/a", "/e/a"), f.SyncDir("/d"))
		}, func(f world.Files) string { return contentOf(f, "/d/a") + " " + contentOf(f, "/e/a") }), "nothing A", "nothing nothing")
	})
	t.Run("a later write may outlive an earlier one", func(t *testing.T) {
		found := outcomes(t, func(f world.Files) error {
			return errors.Join(write(f, "/d/a", ""), f.SyncDir("/d"),
				overwrite(f, "/d/a", "1", 0), overwrite(f, "/d/a", "2", disk.SectorSize))
		}, func(f world.Files) string {
			b := contentOf(f, "/d/a")
			if len(b) <= disk.SectorSize {
				return "short"
			}
			return b[:1] + b[disk.SectorSize:disk.SectorSize+1]
		})
		if found["02"] == 0 || found["12"] == 0 || found["10"] == 0 || found["short"] == 0 {
			t.Errorf("power cuts left %v, want also the second write without the first", found)
		}
	})
	t.Run("a write is torn between sectors", func(t *testing.T) {
		found := outcomes(t, func(f world.Files) error {
			return errors.Join(write(f, "/d/a", string(make([]byte, 4*disk.SectorSize))), sync(f, "/d/a"), f.SyncDir("/d"),
				overwrite(f, "/d/a", string(bytes.Repeat([]byte("x"), 4*disk.SectorSize)), 0))
		}, func(f world.Files) string {
			b := contentOf(f, "/d/a")
			return fmt.Sprintf("%c%c%c%c", b[0], b[511+1], b[2*512], b[3*512+511])
		})
		if len(found) < 10 {
			t.Errorf("power cuts left %v, want most of the 16 mixtures", found)
		}
	})
	t.Run("what was cut off does not come back by growing again", func(t *testing.T) {
		want(t, outcomes(t, func(f world.Files) error {
			err := errors.Join(write(f, "/d/a", "abcd"), sync(f, "/d/a"), f.SyncDir("/d"))
			file, e := f.OpenFile("/d/a", os.O_RDWR, 0)
			return errors.Join(err, e, file.Truncate(1), file.Truncate(3), file.Sync(), file.Close())
		}, content("/d/a")), "a00")
	})
}

func overwrite(f world.Files, name, content string, at int64) error {
	file, err := f.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteAt([]byte(content), at)
	return errors.Join(err, file.Close())
}

// TestKill shows that the end of a process loses nothing, and that the process
// does nothing any more.
func TestKill(t *testing.T) {
	d := disk.New()
	m := d.Mount()
	file, err := m.OpenFile("/a", os.O_RDWR|os.O_CREATE, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Lock("/lock"); err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write([]byte("written")); err != nil {
		t.Fatal(err)
	}
	d.Kill()
	if _, err := file.Write([]byte("too late")); !errors.Is(err, disk.ErrDead) {
		t.Errorf("a dead process writes: %v", err)
	}
	next := d.Mount()
	if got := contentOf(next, "/a"); got != "written" {
		t.Errorf("after a kill the file holds %q", got)
	}
	if _, err := next.Lock("/lock"); err != nil {
		t.Errorf("the dead process has its lock still: %v", err)
	}
	d.PowerCut(rand.New(rand.NewPCG(0, 0)))
	if _, err := next.Stat("/a"); !errors.Is(err, disk.ErrDead) {
		t.Errorf("a process outlives its machine: %v", err)
	}
}

// TestFaults shows that every call can be failed, by its number, and that a
// failed one does nothing.
func TestFaults(t *testing.T) {
	d := disk.New()
	m := d.Mount()
	var seen []string
	d.SetFaults(func(c disk.Call) error {
		if !c.Op.Changes() {
			return nil
		}
		seen = append(seen, fmt.Sprintf("%d %s %s", c.Number, c.Op, c.Name))
		if c.Number == 3 {
			return syscall.EIO
		}
		return nil
	})
	err := write(m, "/a", "x")
	if err != nil {
		t.Fatal(err)
	}
	if err := sync(m, "/a"); !errors.Is(err, syscall.EIO) {
		t.Errorf("the third call: %v", err)
	}
	want := []string{"1 create /a", "2 write /a", "3 sync /a"}
	if fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("calls %v, want %v", seen, want)
	}
	d.PowerCut(rand.New(rand.NewPCG(0, 0)))
	if got := contentOf(d.Mount(), "/a"); got == "x" {
		t.Error("a sync that failed made the file safe, with its name")
	}
}

// TestFull shows that a full disk says so, and takes again when there is room.
func TestFull(t *testing.T) {
	d := disk.New()
	m := d.Mount()
	d.SetSize(2 * 4096)
	if err := write(m, "/a", string(bytes.Repeat([]byte("x"), 2*4096))); err != nil {
		t.Fatal(err)
	}
	if err := write(m, "/b", "x"); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a full disk took a byte: %v", err)
	}
	if room, _ := m.Room("/"); room.BytesLeft != 0 || room.Bytes < 1<<30 {
		t.Errorf("a full disk has room, or has shrunk: %+v", room)
	}
	if err := errors.Join(m.Remove("/a"), write(m, "/b", "x")); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// TestFlip shows that a bit that turned around stays so.
func TestFlip(t *testing.T) {
	d := disk.New()
	m := d.Mount()
	if err := errors.Join(write(m, "/a", "a"), sync(m, "/a"), m.SyncDir("/"), d.Flip("/a", 0, 0x03)); err != nil {
		t.Fatal(err)
	}
	d.PowerCut(rand.New(rand.NewPCG(0, 0)))
	if got := contentOf(d.Mount(), "/a"); got != "b" {
		t.Errorf("the file holds %q", got)
	}
	if err := d.Flip("/a", 1, 1); err == nil {
		t.Error("a bit beyond the end was flipped")
	}
}

// TestLie shows that a disk that lies loses synced writes, but only when its
// power goes.
func TestLie(t *testing.T) {
	d := disk.New()
	d.Lie(rand.New(rand.NewPCG(1, 1)), 1)
	m := d.Mount()
	if err := errors.Join(write(m, "/a", "synced"), sync(m, "/a"), m.SyncDir("/")); err != nil {
		t.Fatal(err)
	}
	if got := contentOf(m, "/a"); got != "synced" {
		t.Errorf("before the cut: %q", got)
	}
	d.PowerCut(rand.New(rand.NewPCG(0, 0)))
	if got := contentOf(d.Mount(), "/a"); got == "synced" || d.Lies() != 1 {
		t.Errorf("after the cut: %q, %d lies", got, d.Lies())
	}
}

// TestSaveLoad shows that a disk that was saved is the same: cut at the same
// point of the same draws, it holds the same.
func TestSaveLoad(t *testing.T) {
	d := disk.New()
	m := d.Mount()
	err := errors.Join(m.MkdirAll("/d/e", 0o755), m.SyncDir("/"), m.SyncDir("/d"), write(m, "/d/e/a", "safe"), sync(m, "/d/e/a"), m.SyncDir("/d/e"))
	for n := range 40 {
		err = errors.Join(err, overwrite(m, "/d/e/a", fmt.Sprint(n), int64(n)*100), write(m, fmt.Sprintf("/d/e/%d", n), "x"))
	}
	if err != nil {
		t.Fatal(err)
	}
	var image bytes.Buffer
	if err := d.Save(&image); err != nil {
		t.Fatal(err)
	}
	second, err := disk.Load(&image)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []*disk.Disk{d, second} {
		x.PowerCut(rand.New(rand.NewPCG(5, 5)))
	}
	if one, two := d.Files("/"), second.Files("/"); fmt.Sprint(one) != fmt.Sprint(two) || len(one) < 2 {
		t.Errorf("files %v, and of the copy %v", one, two)
	}
	if one, two := contentOf(d.Mount(), "/d/e/a"), contentOf(second.Mount(), "/d/e/a"); one != two {
		t.Errorf("the file holds %q, and in the copy %q", one, two)
	}
}

// TestRollBack shows a disk in whose place an old copy was put.
func TestRollBack(t *testing.T) {
	d := disk.New()
	var image bytes.Buffer
	if err := errors.Join(write(d.Mount(), "/a", "old"), d.Save(&image), write(d.Mount(), "/a", "new")); err != nil {
		t.Fatal(err)
	}
	before := d.Mount()
	old, err := disk.Load(&image)
	if err != nil {
		t.Fatal(err)
	}
	d.RollBack(old)
	if got := contentOf(d.Mount(), "/a"); got != "old" {
		t.Errorf("the file holds %q", got)
	}
	if _, err := before.Stat("/a"); !errors.Is(err, disk.ErrDead) {
		t.Errorf("a process outlives its disk: %v", err)
	}
}
