package journal

import (
	"fmt"
	"syscall"
)

// syncFileRangeWrite is SYNC_FILE_RANGE_WRITE: begin, and wait for nothing.
const syncFileRangeWrite = 2

func beginWriting(fd uintptr, from, bytes int64) error {
	if err := syscall.SyncFileRange(int(fd), from, bytes, syncFileRangeWrite); err != nil {
		return fmt.Errorf("begin to write out: %w", err)
	}
	return nil
}
