package logstore

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/hashicorp/raft-wal/fs"
	"github.com/hashicorp/raft-wal/types"

	"github.com/rialto-exchange/rialto/node/world"
)

// counted counts whole syncs, and fails them while it is told to.
type counted struct {
	world.File
	whole int
	err   error
}

func (c *counted) Sync() error {
	c.whole++
	return c.err
}

// TestSegmentsAreSyncedWholeOnce shows that a segment's length and name are made
// durable with the first append that succeeds, and that later ones sync the data
// alone.
func TestSegmentsAreSyncedWholeOnce(t *testing.T) {
	file, err := world.Create(world.System().Files, filepath.Join(t.TempDir(), "segment"))
	if err != nil {
		t.Fatal(err)
	}
	below, names := &counted{File: file, err: errors.New("input/output error")}, 0
	lost := errors.New("the name can't be synced")
	s := &segmentFile{File: below, name: func() error { names++; return lost }}
	if err := s.Sync(); !errors.Is(err, below.err) {
		t.Errorf("got %v, want %v", err, below.err)
	}
	below.err = nil
	if err := s.Sync(); !errors.Is(err, lost) {
		t.Errorf("got %v, want %v", err, lost)
	}
	lost = nil
	for range 3 {
		if err := s.Sync(); err != nil {
			t.Fatal(err)
		}
	}
	if below.whole != 3 || names != 2 {
		t.Errorf("synced whole %d times and by name %d, want once and those that failed", below.whole, names)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Sync(); err == nil {
		t.Error("a sync of a closed file succeeded")
	}
}

// TestSegmentsLikeTheLibrarys shows that a segment is made, written, read,
// listed and removed as by the library's own files.
func TestSegmentsLikeTheLibrarys(t *testing.T) {
	for name, vfs := range map[string]types.VFS{"the library's": fs.New(), "ours": segmentFiles{world.System().Files}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			names := func() []string {
				all, err := vfs.ListDir(dir)
				if err != nil {
					t.Fatal(err)
				}
				return all
			}
			if got := names(); len(got) != 0 {
				t.Errorf("in an empty folder: %v", got)
			}
			made, err := vfs.Create(dir, "b", 64<<10)
			if err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(filepath.Join(dir, "b")); err != nil || info.Size() != 64<<10 || info.Mode() != 0o644 {
				t.Errorf("made %v, %v", info, err)
			}
			if _, err := vfs.Create(dir, "b", 0); !errors.Is(err, os.ErrExist) {
				t.Errorf("made twice: %v", err)
			}
			empty, err := vfs.Create(dir, "a", 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, at := range []int64{4096, 0, 64 << 10} { // in any order, and beyond the length
				if n, err := made.WriteAt([]byte("entry"), at); n != 5 || err != nil {
					t.Errorf("write at %d: %d, %v", at, n, err)
				}
			}
			opened, err := vfs.OpenWriter(dir, "b")
			if err != nil {
				t.Fatal(err)
			}
			reader, err := vfs.OpenReader(dir, "b")
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(made.Sync(), made.Sync(), opened.Sync(), opened.Sync()); err != nil {
				t.Error(err)
			}
			if _, err := opened.WriteAt([]byte("ENT"), 4096); err != nil {
				t.Error(err)
			}
			b := make([]byte, 5)
			for at, want := range map[int64]string{0: "entry", 4096: "ENTry", 64 << 10: "entry", 100: "\x00\x00\x00\x00\x00"} {
				for _, f := range []io.ReaderAt{made, opened, reader} {
					if n, err := f.ReadAt(b, at); n != 5 || err != nil || string(b) != want {
						t.Errorf("read at %d: %q, %v", at, b[:n], err)
					}
				}
			}
			if _, err := reader.ReadAt(b, 1<<20); !errors.Is(err, io.EOF) {
				t.Errorf("beyond the end: %v", err)
			}
			if got := names(); !slices.Equal(got, []string{"a", "b"}) {
				t.Errorf("listed: %v", got)
			}
			if err := errors.Join(vfs.Delete(dir, "b"), made.Close(), opened.Close(), reader.Close(), empty.Close()); err != nil {
				t.Error(err)
			}
			if got := names(); !slices.Equal(got, []string{"a"}) {
				t.Errorf("listed after one was deleted: %v", got)
			}
			for what, err := range map[string]error{
				"open to read": second(vfs.OpenReader(dir, "b")), "open to write": second(vfs.OpenWriter(dir, "b")),
				"delete": vfs.Delete(dir, "b"), "list": second(vfs.ListDir(filepath.Join(dir, "no"))),
				"create in no folder": second(vfs.Create(filepath.Join(dir, "no"), "a", 0)),
			} {
				if !errors.Is(err, os.ErrNotExist) {
					t.Errorf("%s: %v, want %v", what, err, os.ErrNotExist)
				}
			}
			if _, err := vfs.Create(dir, "huge", 1<<31); err == nil {
				t.Error("a segment beyond the bound was made")
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }

// TestSegmentsWithoutRoom shows that a file system that can't allocate still
// gives a segment its length.
func TestSegmentsWithoutRoom(t *testing.T) {
	dir := t.TempDir()
	f, err := segmentFiles{noRoom{world.System().Files}}.Create(dir, "a", 4096)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "a")); err != nil || info.Size() != 4096 {
		t.Errorf("made %v, %v", info, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// noRoom are files that can't be allocated.
type noRoom struct{ world.Files }

func (n noRoom) OpenFile(name string, flag int, perm os.FileMode) (world.File, error) {
	f, err := n.Files.OpenFile(name, flag, perm)
	return unallocated{f}, err
}

type unallocated struct{ world.File }

func (unallocated) Allocate(int64, int64) error { return errors.ErrUnsupported }

// refusing does not allocate.
type refusing struct {
	world.File
	with error
}

func (r refusing) Allocate(int64, int64) error { return r.with }

// TestSegmentWithoutRoomInAdvance shows that a segment has its length also where
// room can't be had in advance: the file system knows no such thing, or signals
// cut it short again and again. A disk that is full is an error.
func TestSegmentWithoutRoomInAdvance(t *testing.T) {
	const length = 1 << 20
	for _, c := range []struct {
		with  error
		fails bool
	}{
		{nil, false}, {errors.ErrUnsupported, false}, {&os.PathError{Op: "fallocate", Err: syscall.EINTR}, false}, {syscall.ENOSPC, true},
	} {
		file, err := world.Create(world.System().Files, filepath.Join(t.TempDir(), "segment"))
		if err != nil {
			t.Fatal(err)
		}
		var f world.File = refusing{file, c.with}
		if c.with == nil {
			f = file
		}
		if err := allocate(f, length); (err != nil) != c.fails {
			t.Errorf("room refused with %v: %v", c.with, err)
		}
		if info, err := file.Stat(); err != nil || !c.fails && info.Size() != length {
			t.Errorf("room refused with %v: %d bytes, %v; want %d", c.with, info.Size(), err, length)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
