package readmodels

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// ErrLocked: another process has the files open.
var ErrLocked = errors.New("in use by another process")

// Lock takes a lock file, so that no second process repairs or throws away
// what this one is writing. Closing the file, or the end of the process,
// gives it back.
func Lock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w: %w", path, ErrLocked, err), f.Close())
	}
	return f, nil
}
