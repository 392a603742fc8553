//go:build !linux

package logstore

import "os"

// datasync returns once what was written to a file is durable.
func datasync(f *os.File) error { return f.Sync() }
