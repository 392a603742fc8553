//go:build !linux

package world

import "errors"

func (systemFile) Allocate(int64, int64) error { return errors.ErrUnsupported }

// Datasync syncs all: other systems have nothing less.
func (f systemFile) Datasync() error { return f.Sync() }

// WriteOut with wait syncs; without, there is nothing to be done.
func (f systemFile) WriteOut(_, _ int64, wait bool) error {
	if wait {
		return f.Sync()
	}
	return nil
}
