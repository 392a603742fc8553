package consensus

import (
	"os"
	"syscall"
)

// writeOutRange is SYNC_FILE_RANGE_WAIT_BEFORE, _WRITE and _WAIT_AFTER.
const writeOutRange = 7

// writeOut has a range of a file written out and waits for it. It proves
// nothing, and asks for no commit of the file system's journal, behind which
// the log's own writes would stand.
func writeOut(f *os.File, from, bytes int64) error {
	return syscall.SyncFileRange(int(f.Fd()), from, bytes, writeOutRange)
}
