package readmodels

import (
	"errors"
	"fmt"
	"io"

	"github.com/rialto-exchange/rialto/node/world"
)

// ErrLocked: another process has the files open.
var ErrLocked = errors.New("in use by another process")

// Lock takes a lock file, so that no second process repairs or throws away
// what this one is writing. Closing it, or the end of the process, gives it
// back.
func Lock(files world.Files, path string) (io.Closer, error) {
	lock, err := files.Lock(path)
	if errors.Is(err, world.ErrLocked) {
		return nil, fmt.Errorf("%s: %w: %w", path, ErrLocked, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	return lock, nil
}
