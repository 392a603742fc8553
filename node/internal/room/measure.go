package room

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/rialto-exchange/rialto/node/world"
)

// Space is a file system's, in bytes: what is left to this process, and all.
type Space struct{ Left, Size uint64 }

// Inodes are a file system's: how many files may still be made, and all. One
// that has none to run out of reports a Count of 0.
type Inodes struct{ Left, Count uint64 }

// Of measures the file system that a folder is on.
func Of(files world.Files, dir string) (Space, Inodes, error) {
	r, err := files.Room(dir)
	return Space{Left: r.BytesLeft, Size: r.Bytes}, Inodes{Left: r.FilesLeft, Count: r.Files}, err
}

// Descriptors are this process's: what is left, and the limit.
type Descriptors struct{ Left, Limit uint64 }

// OfDescriptors counts them.
func OfDescriptors() (Descriptors, error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return Descriptors{}, fmt.Errorf("read RLIMIT_NOFILE: %w", err)
	}
	dir, err := os.Open("/proc/self/fd")
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return Descriptors{Limit: limit.Cur}, nil // not one is left to count with
	}
	if err != nil {
		return Descriptors{}, fmt.Errorf("count descriptors: %w", err)
	}
	names, err := dir.Readdirnames(-1)
	if err := errors.Join(err, dir.Close()); err != nil {
		return Descriptors{}, fmt.Errorf("count descriptors: %w", err)
	}
	used := uint64(len(names))
	return Descriptors{Left: limit.Cur - min(used, limit.Cur), Limit: limit.Cur}, nil
}

// RaiseDescriptors sets the soft limit to the hard one. Go does so itself when
// it starts, unless somebody has set the soft one since.
func RaiseDescriptors() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("read RLIMIT_NOFILE: %w", err)
	}
	if limit.Cur == limit.Max {
		return nil
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("raise RLIMIT_NOFILE to %d: %w", limit.Max, err)
	}
	return nil
}
