//go:build !unix

package world

import (
	"errors"
	"io"
)

// What has no operating system below it, like WebAssembly, is given other files
// than these.

func interrupted(error) bool { return false }

func (systemFiles) Lock(string) (io.Closer, error) { return nil, errors.ErrUnsupported }
func (systemFiles) Locked(string) error            { return errors.ErrUnsupported }
func (systemFiles) Room(string) (Room, error)      { return Room{}, errors.ErrUnsupported }
