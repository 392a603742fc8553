package logstore

import (
	"os"
	"syscall"
)

// datasync returns once what was written to a file is durable. Of a file whose
// length does not change the system has nothing else to write.
func datasync(f *os.File) error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if err != syscall.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
