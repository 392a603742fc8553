//go:build unix

package world

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

func interrupted(err error) bool { return err == syscall.EINTR }

func (systemFiles) Lock(name string) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := flock(f, syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (systemFiles) Locked(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(flock(f, syscall.LOCK_SH), f.Close())
}

func flock(f *os.File, how int) error {
	err := systemFile{f}.control("flock", func(fd uintptr) error { return syscall.Flock(int(fd), how|syscall.LOCK_NB) })
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return fmt.Errorf("%w: %w", ErrLocked, err)
	}
	return err
}

func (systemFiles) Room(dir string) (Room, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return Room{}, fmt.Errorf("measure the file system of %s: %w", dir, err)
	}
	return Room{
		BytesLeft: s.Bavail * uint64(s.Bsize), Bytes: s.Blocks * uint64(s.Bsize),
		FilesLeft: s.Ffree, Files: s.Files,
	}, nil
}
