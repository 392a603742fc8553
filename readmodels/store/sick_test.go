package store

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
)

// TestQuotedErrno shows that an error which only quotes the system's word, as
// Badger's do, is one of the machine all the same; what is already one stays as
// it is, and what says nothing of the machine is none.
func TestQuotedErrno(t *testing.T) {
	for _, cause := range []syscall.Errno{syscall.ENOSPC, syscall.EMFILE, syscall.ENFILE, syscall.EDQUOT, syscall.ENOMEM, syscall.EROFS} {
		quoted := fmt.Errorf("while creating table: open 000007.sst: %s", cause.Error())
		if got := ofMachine(quoted); !errors.Is(got, cause) || !errors.Is(got, quoted) {
			t.Errorf("%v is not %v", got, cause)
		}
		wrapped := fmt.Errorf("open: %w", cause)
		if got := ofMachine(wrapped); got != wrapped { //nolint:errorlint // the very same
			t.Errorf("%v became %v", wrapped, got)
		}
	}
	for _, other := range []error{nil, errors.New("checksum mismatch")} {
		if got := ofMachine(other); got != other { //nolint:errorlint // the very same
			t.Errorf("%v became %v", other, got)
		}
	}
}
