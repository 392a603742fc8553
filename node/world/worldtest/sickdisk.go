package worldtest

import (
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"

	"github.com/rialto-exchange/rialto/node/world"
)

// SickDisk is a file system on which calls that change some files go wrong.
type SickDisk struct {
	world.Files
	mu    sync.Mutex
	where string // in the path; "" while nothing goes wrong
	cause error
	times int  // for how many calls; 0 for ever
	short bool // half of a write is made
	bites int
}

// Native says what is below.
func (d *SickDisk) Native() bool { return world.Native(d.Files) }

// Sicken has all that changes files whose path holds where go wrong.
func (d *SickDisk) Sicken(where string, f Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.where, d.cause, d.times, d.short, d.bites = where, f.Cause, f.Times, f.Short, 0
}

// Heal has them go well again.
func (d *SickDisk) Heal() { d.Sicken("", Fault{}) }

// Bitten is how many calls went wrong since.
func (d *SickDisk) Bitten() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.bites
}

// do makes a call, or has it go wrong.
func (d *SickDisk) do(op, name string, call func() error) error {
	d.mu.Lock()
	wrong := d.where != "" && strings.Contains(name, d.where) && (d.times == 0 || d.bites < d.times)
	if wrong {
		d.bites++
	}
	cause := d.cause
	d.mu.Unlock()
	if wrong {
		return &fs.PathError{Op: op, Path: name, Err: cause}
	}
	return call()
}

// OpenFile implements world.Files.
func (d *SickDisk) OpenFile(name string, flag int, perm fs.FileMode) (file world.File, err error) {
	open := func() error {
		file, err = d.Files.OpenFile(name, flag, perm)
		return err
	}
	if flag&(os.O_WRONLY|os.O_RDWR|os.O_CREATE) != 0 && (flag&os.O_CREATE == 0 || !world.Exists(d.Files, name)) && d.readOnly() {
		err = d.do("open", name, open)
	} else {
		err = open()
	}
	if err != nil {
		return nil, err
	}
	return &sickFile{file, d}, nil
}

// readOnly: files can't be opened for writing either.
func (d *SickDisk) readOnly() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.cause == syscall.EROFS //nolint:errorlint // as it was set
}

// Rename implements world.Files.
func (d *SickDisk) Rename(from, to string) error {
	return d.do("rename", to, func() error { return d.Files.Rename(from, to) })
}

// Mkdir implements world.Files.
func (d *SickDisk) Mkdir(name string, perm fs.FileMode) error {
	return d.do("mkdir", name, func() error { return d.Files.Mkdir(name, perm) })
}

// SyncDir implements world.Files.
func (d *SickDisk) SyncDir(name string) error {
	return d.do("fsync", name, func() error { return d.Files.SyncDir(name) })
}

type sickFile struct {
	world.File
	disk *SickDisk
}

func (f *sickFile) write(b []byte, call func([]byte) (int, error)) (n int, err error) {
	err = f.disk.do("write", f.Name(), func() error { n, err = call(b); return err })
	if err != nil && n == 0 && f.disk.isShort() && len(b) > 1 {
		n, _ = call(b[:len(b)/2])
	}
	return n, err
}

func (d *SickDisk) isShort() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.short
}

// Write implements world.File.
func (f *sickFile) Write(b []byte) (int, error) { return f.write(b, f.File.Write) }

// WriteAt implements world.File.
func (f *sickFile) WriteAt(b []byte, at int64) (int, error) {
	return f.write(b, func(b []byte) (int, error) { return f.File.WriteAt(b, at) })
}

// Sync implements world.File.
func (f *sickFile) Sync() error { return f.disk.do("fsync", f.Name(), f.File.Sync) }

// Datasync implements world.File.
func (f *sickFile) Datasync() error { return f.disk.do("fdatasync", f.Name(), f.File.Datasync) }

// Truncate implements world.File.
func (f *sickFile) Truncate(n int64) error {
	return f.disk.do("truncate", f.Name(), func() error { return f.File.Truncate(n) })
}

// Allocate implements world.File.
func (f *sickFile) Allocate(at, n int64) error {
	return f.disk.do("fallocate", f.Name(), func() error { return f.File.Allocate(at, n) })
}

// Fault is how files go wrong.
type Fault struct {
	Name  string
	Cause error
	Times int  // for how many calls; 0 for ever
	Short bool // half of a write is made
}

// Faults are those that every store has to do with.
func Faults() []Fault {
	return []Fault{
		{"EIO once", syscall.EIO, 1, false},
		{"EIO for ever", syscall.EIO, 0, false},
		{"read-only", syscall.EROFS, 0, false},
		{"half of a write", syscall.ENOSPC, 1, true},
	}
}
