package world

import "syscall"

// Flags of sync_file_range.
const (
	rangeWaitBefore = 1
	rangeWrite      = 2
	rangeWaitAfter  = 4
)

func (f systemFile) Allocate(offset, size int64) error {
	return f.control("fallocate", func(fd uintptr) error { return syscall.Fallocate(int(fd), 0, offset, size) })
}

func (f systemFile) Datasync() error {
	return f.control("fdatasync", func(fd uintptr) error { return syscall.Fdatasync(int(fd)) })
}

func (f systemFile) WriteOut(offset, bytes int64, wait bool) error {
	how := rangeWrite
	if wait {
		how |= rangeWaitBefore | rangeWaitAfter
	}
	return f.control("sync_file_range", func(fd uintptr) error { return syscall.SyncFileRange(int(fd), offset, bytes, how) })
}
