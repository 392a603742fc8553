package logstore

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/rialto-exchange/rialto/node/world"
)

// disk is the directory of term and vote, as far as they need one: so that a
// test can cut the power at every step. Names are of files in it.
type disk interface {
	// open opens a file that is there, for reading and writing.
	// os.ErrNotExist: it is not.
	open(name string) (diskFile, error)
	// create makes an empty file, in the place of one that is there.
	create(name string) (diskFile, error)
	// rename gives a file another name, in the place of one that has it.
	rename(from, to string) error
	// sync returns once names that were made and given are durable.
	sync() error
}

// diskFile is an open file.
type diskFile interface {
	ReadAt(p []byte, at int64) (int, error)
	WriteAt(p []byte, at int64) (int, error)
	// Size returns its length in bytes.
	Size() (int64, error)
	// Datasync returns once what was written, and the length, is durable.
	Datasync() error
	Close() error
}

// folder is one of the node's files.
type folder struct {
	files world.Files
	dir   string
}

func (d folder) open(name string) (diskFile, error) {
	f, err := d.files.OpenFile(filepath.Join(d.dir, name), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return sizedFile{f}, nil
}

func (d folder) create(name string) (diskFile, error) {
	f, err := d.files.OpenFile(filepath.Join(d.dir, name), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, err
	}
	return sizedFile{f}, nil
}

func (d folder) rename(from, to string) error {
	return d.files.Rename(filepath.Join(d.dir, from), filepath.Join(d.dir, to))
}

func (d folder) sync() error { return d.files.SyncDir(d.dir) }

type sizedFile struct{ world.File }

func (f sizedFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// replace makes a whole file durable under a name: it is there as a whole or
// not at all. The name is durable only with disk.sync.
func replace(d disk, name string, content []byte) error {
	beside := name + ".new"
	f, err := d.create(beside)
	if err != nil {
		return err
	}
	if _, err := f.WriteAt(content, 0); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Datasync(), f.Close()); err != nil {
		return err
	}
	return d.rename(beside, name)
}

// readWhole returns a file's bytes, at most limit of them; one that is longer is
// damaged.
func readWhole(d disk, name string, limit int64) (content []byte, err error) {
	f, err := d.open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size > limit {
		return nil, &damagedFile{fmt.Sprintf("%s has %d bytes", name, size)}
	}
	content = make([]byte, size)
	if size > 0 {
		_, err = f.ReadAt(content, 0)
	}
	return content, err
}

// lockName is the file that keeps a second process out of a directory.
const lockName = "lock"

// lockDir locks a directory for this process. ErrLocked: another one has it.
func lockDir(files world.Files, dir string) (lock io.Closer, err error) {
	err = patiently(func() error {
		lock, err = files.Lock(filepath.Join(dir, lockName))
		return err
	})
	return lock, err
}

// lockPatience is how long another process may still hold a file.
const lockPatience = time.Second

// patiently waits a little for whoever has a file locked. ErrLocked: for long.
func patiently(try func() error) error {
	for begin := time.Now(); ; time.Sleep(lockPatience / 20) {
		err := try()
		if !errors.Is(err, world.ErrLocked) {
			return err
		}
		if time.Since(begin) > lockPatience {
			return ErrLocked
		}
	}
}

// damagedFile is what is wrong with a file, an ErrCorrupt that speaks of no
// entry.
type damagedFile struct{ what string }

func (e *damagedFile) Error() string { return "file is damaged: " + e.what }

// Is makes an ErrCorrupt of it.
func (e *damagedFile) Is(target error) bool { return target == ErrCorrupt }
