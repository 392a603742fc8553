package shell

import (
	"context"
	"errors"
	"fmt"
)

// brokenOff is work that the user has ended: what of it was done.
type brokenOff struct {
	err error
	did string
}

func (b brokenOff) Error() string { return b.did }
func (b brokenOff) Unwrap() error { return b.err }

// BrokenOff says what was done of work that ended with err if the user ended it
// (Ctrl-C); any other error, and none, stays what it is.
func BrokenOff(ctx context.Context, err error, format string, args ...any) error {
	if err == nil || ctx.Err() == nil || !errors.Is(err, context.Canceled) {
		return err
	}
	return brokenOff{err, fmt.Sprintf(format, args...)}
}

// Did returns what was done of work that the user has ended, "" if nothing is to
// be said.
func Did(err error) string {
	var b brokenOff
	if errors.As(err, &b) {
		return b.did
	}
	return ""
}
