// Package worldtest (no promise) is what every world must do: the suites that
// the system's files and network pass, and whatever takes their place.
package worldtest

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rialto-exchange/rialto/node/world"
)

// disk is a file system under test, and a folder in it that is there and empty.
type disk struct {
	world.Files
	dir string
}

func (d disk) path(name string) string { return filepath.Join(d.dir, filepath.FromSlash(name)) }

// Files shows that files do what world.Files says. make returns some, and a
// folder in them that is there and empty.
func Files(t *testing.T, make func(t *testing.T) (files world.Files, dir string)) {
	for _, c := range []struct {
		name string
		show func(t *testing.T, d disk)
	}{
		{"a file that is made is there, empty", made},
		{"what is missing, or is there already, is said so", missing},
		{"content is written anywhere and read anywhere", anywhere},
		{"a file is read and written from where one is", inTurn},
		{"O_APPEND writes at the end, O_TRUNC empties", flags},
		{"a file that is cut or lengthened", truncated},
		{"room that is allocated lengthens a file and keeps its content", allocated},
		{"syncing, by content or whole, and writing out", synced},
		{"a name that is given in the place of another", renamed},
		{"who has a file open goes on with it without its name", nameless},
		{"one file opened twice is one file", twice},
		{"folders are made, listed by name and removed", folders},
		{"a folder is moved with all that is in it", movedFolder},
		{"a closed file is closed", closed},
		{"a lock has one holder", locked},
		{"room is measured", measured},
		{"a file is replaced as a whole", replaced},
		{"names are found by how they end", named},
	} {
		t.Run(c.name, func(t *testing.T) {
			files, dir := make(t)
			c.show(t, disk{files, dir})
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// is reports an error that is not the one wanted.
func is(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

func (d disk) open(t *testing.T, name string, flag int) world.File {
	t.Helper()
	f, err := d.OpenFile(d.path(name), flag, 0o644)
	must(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// write makes a file of a content.
func (d disk) write(t *testing.T, name, content string) {
	t.Helper()
	must(t, world.WriteFile(d, d.path(name), []byte(content), 0o644))
}

// holds shows what a file holds.
func (d disk) holds(t *testing.T, name, want string) {
	t.Helper()
	got, err := world.ReadFile(d, d.path(name))
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v, want %q", name, got, err, want)
	}
}

func size(t *testing.T, f world.File) int64 {
	t.Helper()
	info, err := f.Stat()
	must(t, err)
	return info.Size()
}

func made(t *testing.T, d disk) {
	f := d.open(t, "a", os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if f.Name() != d.path("a") {
		t.Errorf("name: got %s, want %s", f.Name(), d.path("a"))
	}
	info, err := d.Stat(d.path("a"))
	must(t, err)
	if info.Size() != 0 || info.IsDir() || info.Name() != "a" || info.Mode().Perm()&0o600 != 0o600 {
		t.Errorf("got %d bytes, folder %v, name %s, mode %v", info.Size(), info.IsDir(), info.Name(), info.Mode())
	}
	d.holds(t, "a", "")
}

func missing(t *testing.T, d disk) {
	open := func(name string, flag int) error { _, err := d.OpenFile(d.path(name), flag, 0o644); return err }
	stat := func(name string) error { _, err := d.Stat(d.path(name)); return err }
	list := func(name string) error { _, err := d.ReadDir(d.path(name)); return err }
	d.write(t, "there", "content")
	must(t, d.Mkdir(d.path("folder"), 0o755))
	for _, c := range []struct {
		what string
		err  error
		want error
	}{
		{"open", open("a", os.O_RDONLY), fs.ErrNotExist},
		{"open to write", open("a", os.O_RDWR), fs.ErrNotExist},
		{"create in no folder", open("no/a", os.O_RDWR|os.O_CREATE), fs.ErrNotExist},
		{"create anew", open("there", os.O_RDWR|os.O_CREATE|os.O_EXCL), fs.ErrExist},
		{"stat", stat("a"), fs.ErrNotExist},
		{"list", list("a"), fs.ErrNotExist},
		{"rename", d.Rename(d.path("a"), d.path("b")), fs.ErrNotExist},
		{"rename into no folder", d.Rename(d.path("there"), d.path("no/b")), fs.ErrNotExist},
		{"remove", d.Remove(d.path("a")), fs.ErrNotExist},
		{"make a folder in none", d.Mkdir(d.path("no/folder"), 0o755), fs.ErrNotExist},
		{"make a folder again", d.Mkdir(d.path("folder"), 0o755), fs.ErrExist},
		{"make a folder of a file's name", d.Mkdir(d.path("there"), 0o755), fs.ErrExist},
		{"sync the names of no folder", d.SyncDir(d.path("no")), fs.ErrNotExist},
		{"look at no lock", d.Locked(d.path("a")), fs.ErrNotExist},
		{"lock in no folder", func() error { _, err := d.Lock(d.path("no/lock")); return err }(), fs.ErrNotExist},
	} {
		is(t, c.what, c.err, c.want)
	}
	if err := open("folder", os.O_RDWR); err == nil {
		t.Error("a folder was opened to be written")
	}
	if err := d.MkdirAll(d.path("there/below"), 0o755); err == nil {
		t.Error("a folder was made below a file")
	}
	d.holds(t, "there", "content")
}

func anywhere(t *testing.T, d disk) {
	f := d.open(t, "a", os.O_RDWR|os.O_CREATE)
	for _, w := range []struct {
		at   int64
		text string
	}{{4, "fghi"}, {10, "z"}, {0, "abcd"}, {1, "BC"}} {
		n, err := f.WriteAt([]byte(w.text), w.at)
		if n != len(w.text) || err != nil {
			t.Fatalf("write at %d: got %d, %v", w.at, n, err)
		}
	}
	d.holds(t, "a", "aBCdfghi\x00\x00z")
	b := make([]byte, 4)
	if n, err := f.ReadAt(b, 2); n != 4 || err != nil || string(b) != "Cdfg" {
		t.Errorf("read at 2: got %q, %v", b[:n], err)
	}
	n, err := f.ReadAt(b, 9)
	if n != 2 || string(b[:n]) != "\x00z" {
		t.Errorf("read beyond the end: got %q", b[:n])
	}
	is(t, "read beyond the end", err, io.EOF)
	_, err = f.ReadAt(b, 100)
	is(t, "read far beyond the end", err, io.EOF)
	if _, err := f.ReadAt(b, -1); err == nil {
		t.Error("read before the beginning")
	}
	if _, err := f.WriteAt(b, -1); err == nil {
		t.Error("written before the beginning")
	}
	readOnly := d.open(t, "a", os.O_RDONLY)
	if _, err := readOnly.WriteAt([]byte("x"), 0); err == nil {
		t.Error("a file that was opened for reading was written to")
	}
	writeOnly := d.open(t, "a", os.O_WRONLY)
	if _, err := writeOnly.ReadAt(b, 0); err == nil {
		t.Error("a file that was opened for writing was read")
	}
}

func inTurn(t *testing.T, d disk) {
	f := d.open(t, "a", os.O_RDWR|os.O_CREATE)
	for _, text := range []string{"one ", "two ", "three"} {
		_, err := io.WriteString(f, text)
		must(t, err)
	}
	if _, err := f.WriteAt([]byte("TWO"), 4); err != nil {
		t.Fatal(err)
	}
	if at, err := f.Seek(-5, io.SeekCurrent); at != 8 || err != nil { // WriteAt has not moved it
		t.Errorf("seek from where one is: got %d, %v, want 8", at, err)
	}
	rest, err := io.ReadAll(f)
	if string(rest) != "three" || err != nil {
		t.Errorf("the rest: got %q, %v", rest, err)
	}
	if n, err := f.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("read at the end: got %d, %v", n, err)
	}
	if at, err := f.Seek(-3, io.SeekEnd); at != 10 || err != nil {
		t.Errorf("seek from the end: got %d, %v, want 10", at, err)
	}
	_, err = io.WriteString(f, "REE, four")
	must(t, err)
	_, err = f.Seek(0, io.SeekStart)
	must(t, err)
	if all, err := io.ReadAll(f); string(all) != "one TWO thREE, four" || err != nil {
		t.Errorf("all: got %q, %v", all, err)
	}
}

func flags(t *testing.T, d disk) {
	d.write(t, "a", "before")
	f := d.open(t, "a", os.O_WRONLY|os.O_APPEND)
	_, err := io.WriteString(f, " after")
	must(t, err)
	d.holds(t, "a", "before after")
	must(t, d.open(t, "a", os.O_RDWR|os.O_CREATE).Close())
	d.holds(t, "a", "before after")
	must(t, d.open(t, "a", os.O_RDWR|os.O_CREATE|os.O_TRUNC).Close())
	d.holds(t, "a", "")
}

func truncated(t *testing.T, d disk) {
	f := d.open(t, "a", os.O_RDWR|os.O_CREATE)
	_, err := f.WriteAt([]byte("abcdef"), 0)
	must(t, err)
	must(t, f.Truncate(3))
	d.holds(t, "a", "abc")
	must(t, f.Truncate(6))
	d.holds(t, "a", "abc\x00\x00\x00") // what was cut off does not come back
	if n := size(t, f); n != 6 {
		t.Errorf("got %d bytes, want 6", n)
	}
	if f.Truncate(-1) == nil {
		t.Error("a file was cut to less than nothing")
	}
}

func allocated(t *testing.T, d disk) {
	f := d.open(t, "a", os.O_RDWR|os.O_CREATE)
	_, err := f.WriteAt([]byte("abc"), 0)
	must(t, err)
	if err = f.Allocate(0, 64<<10); errors.Is(err, errors.ErrUnsupported) {
		t.Skip("this file system can't allocate")
	}
	must(t, err)
	if n := size(t, f); n != 64<<10 {
		t.Errorf("got %d bytes, want %d", n, 64<<10)
	}
	want := append([]byte("abc"), bytes.Repeat([]byte{0}, 64<<10-3)...)
	if got, err := world.ReadFile(d, d.path("a")); !bytes.Equal(got, want) || err != nil {
		t.Errorf("got %d bytes that begin %q, %v", len(got), got[:3], err)
	}
	must(t, f.Allocate(0, 10)) // what is there already
	if n := size(t, f); n != 64<<10 {
		t.Errorf("got %d bytes, want %d", n, 64<<10)
	}
}

func synced(t *testing.T, d disk) {
	f := d.open(t, "a", os.O_RDWR|os.O_CREATE)
	_, err := f.WriteAt([]byte("abc"), 0)
	must(t, err)
	for _, err := range []error{
		f.WriteOut(0, 3, false), f.WriteOut(0, 3, true), f.Datasync(), f.Sync(), d.SyncDir(d.dir),
		d.open(t, "a", os.O_RDONLY).Sync(),
	} {
		must(t, err)
	}
	d.holds(t, "a", "abc")
}

func renamed(t *testing.T, d disk) {
	d.write(t, "a", "new")
	d.write(t, "b", "old")
	must(t, d.Mkdir(d.path("folder"), 0o755))
	must(t, d.Rename(d.path("a"), d.path("b")))
	d.holds(t, "b", "new")
	must(t, d.Rename(d.path("b"), d.path("folder/c")))
	d.holds(t, "folder/c", "new")
	for _, name := range []string{"a", "b"} {
		if world.Exists(d, d.path(name)) {
			t.Errorf("%s is still there", name)
		}
	}
	must(t, d.Rename(d.path("folder/c"), d.path("folder/c"))) // to itself
	d.holds(t, "folder/c", "new")
	d.write(t, "e", "")
	if d.Rename(d.path("e"), d.path("folder")) == nil {
		t.Error("a file took the place of a folder")
	}
}

func nameless(t *testing.T, d disk) {
	d.write(t, "a", "first")
	d.write(t, "b", "second")
	gone, covered := d.open(t, "a", os.O_RDWR), d.open(t, "b", os.O_RDWR)
	must(t, d.Remove(d.path("a")))
	d.write(t, "a", "another")
	d.write(t, "c", "third")
	must(t, d.Rename(d.path("c"), d.path("b")))
	for _, c := range []struct {
		f    world.File
		want string
	}{{gone, "FIRST"}, {covered, "SECOND"}} {
		if _, err := c.f.WriteAt([]byte(c.want), 0); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(c.f)
		if string(got) != c.want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, c.want)
		}
	}
	d.holds(t, "a", "another")
	d.holds(t, "b", "third")
}

func twice(t *testing.T, d disk) {
	one, other := d.open(t, "a", os.O_RDWR|os.O_CREATE), d.open(t, "a", os.O_RDONLY)
	_, err := one.WriteAt([]byte("abc"), 0)
	must(t, err)
	if got, err := io.ReadAll(other); string(got) != "abc" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	must(t, d.Rename(d.path("a"), d.path("b")))
	_, err = one.WriteAt([]byte("def"), 3)
	must(t, err)
	d.holds(t, "b", "abcdef")
	if got, err := io.ReadAll(other); string(got) != "def" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func (d disk) list(t *testing.T, name string) []string {
	t.Helper()
	entries, err := d.ReadDir(d.path(name))
	must(t, err)
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name()+"/")
		} else {
			names = append(names, e.Name())
		}
	}
	return names
}

func folders(t *testing.T, d disk) {
	must(t, d.MkdirAll(d.path("b/below/deep"), 0o700))
	must(t, d.MkdirAll(d.path("b/below"), 0o700)) // there already
	d.write(t, "c", "")
	d.write(t, "a", "12")
	d.write(t, "b/in", "")
	if got, want := d.list(t, "."), []string{"a", "b/", "c"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := d.list(t, "b"), []string{"below/", "in"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	entries, err := d.ReadDir(d.dir)
	must(t, err)
	if info, err := entries[0].Info(); err != nil || info.Size() != 2 {
		t.Errorf("the first entry: got %v, %v, want 2 bytes", info, err)
	}
	if d.Remove(d.path("b")) == nil {
		t.Error("a folder that is not empty was removed")
	}
	must(t, d.Remove(d.path("b/below/deep")))
	must(t, d.RemoveAll(d.path("b")))
	must(t, d.RemoveAll(d.path("b"))) // gone already
	must(t, d.RemoveAll(d.path("c")))
	if got, want := d.list(t, "."), []string{"a"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func movedFolder(t *testing.T, d disk) {
	must(t, d.MkdirAll(d.path("from/below"), 0o755))
	d.write(t, "from/below/a", "content")
	open := d.open(t, "from/below/a", os.O_RDWR)
	must(t, d.Rename(d.path("from"), d.path("to")))
	_, err := open.WriteAt([]byte("C"), 0)
	must(t, err)
	d.holds(t, "to/below/a", "Content")
	if world.Exists(d, d.path("from")) {
		t.Error("the folder is in its old place too")
	}
	must(t, d.MkdirAll(d.path("full/below"), 0o755))
	if d.Rename(d.path("to"), d.path("full")) == nil {
		t.Error("a folder took the place of one that is not empty")
	}
}

func closed(t *testing.T, d disk) {
	f := d.open(t, "a", os.O_RDWR|os.O_CREATE)
	must(t, f.Close())
	_, readAt := f.ReadAt(make([]byte, 1), 0)
	_, writeAt := f.WriteAt([]byte("x"), 0)
	_, read := f.Read(make([]byte, 1))
	_, write := f.Write([]byte("x"))
	_, seek := f.Seek(0, io.SeekStart)
	for what, err := range map[string]error{
		"read at": readAt, "write at": writeAt, "read": read, "write": write, "seek": seek, "close": f.Close(),
		"sync": f.Sync(), "datasync": f.Datasync(), "truncate": f.Truncate(1), "write out": f.WriteOut(0, 1, false),
	} {
		is(t, what, err, fs.ErrClosed)
	}
	d.holds(t, "a", "")
}

func locked(t *testing.T, d disk) {
	first, err := d.Lock(d.path("lock"))
	must(t, err)
	is(t, "look at it", d.Locked(d.path("lock")), world.ErrLocked)
	_, err = d.Lock(d.path("lock"))
	is(t, "take it again", err, world.ErrLocked)
	other, err := d.Lock(d.path("other"))
	must(t, err)
	must(t, first.Close())
	must(t, d.Locked(d.path("lock")))
	must(t, d.Locked(d.path("lock"))) // looking takes nothing
	second, err := d.Lock(d.path("lock"))
	must(t, err)
	must(t, errors.Join(second.Close(), other.Close()))
}

func measured(t *testing.T, d disk) {
	room, err := d.Room(d.dir)
	must(t, err)
	if room.Bytes == 0 || room.BytesLeft == 0 || room.BytesLeft > room.Bytes || room.FilesLeft > room.Files {
		t.Errorf("got %+v", room)
	}
	_, err = d.Room(d.path("no"))
	is(t, "of no folder", err, fs.ErrNotExist)
}

func replaced(t *testing.T, d disk) {
	d.write(t, "a.new", "left behind by a crash")
	for _, content := range []string{"first, which is longer", "second"} {
		must(t, world.WriteFileAtomic(d, d.path("a"), ".new", []byte(content), 0o600))
		d.holds(t, "a", content)
	}
	if got, want := d.list(t, "."), []string{"a"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func named(t *testing.T, d disk) {
	for _, name := range []string{"2.log", "1.log", "log", "1.txt"} {
		d.write(t, name, "")
	}
	got, err := world.Names(d, d.dir, ".log")
	if want := []string{d.path("1.log"), d.path("2.log")}; !slices.Equal(got, want) || err != nil {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if got, err := world.Names(d, d.path("no"), ".log"); len(got) > 0 || err != nil {
		t.Errorf("in no folder: got %v, %v", got, err)
	}
}
