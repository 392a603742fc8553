package logstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
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

// osDisk is a real one.
type osDisk struct{ dir string }

func (d osDisk) open(name string) (diskFile, error) {
	f, err := os.OpenFile(filepath.Join(d.dir, name), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (d osDisk) create(name string) (diskFile, error) {
	f, err := os.OpenFile(filepath.Join(d.dir, name), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (d osDisk) rename(from, to string) error {
	return os.Rename(filepath.Join(d.dir, from), filepath.Join(d.dir, to))
}

func (d osDisk) sync() error {
	f, err := os.Open(d.dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (f osFile) Datasync() error { return datasync(f.File) }

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
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := lock(f, syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
