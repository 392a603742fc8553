//go:build unix

package world

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestInterruptedWithoutEnd shows that a system call which signals cut short is
// begun again, and not for ever: fallocate of a large file under a timer's
// signals may never come to its end, and whoever asked for it is told.
func TestInterruptedWithoutEnd(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, c := range []struct {
		interruptions, calls int
		fails                bool
	}{
		{0, 1, false},
		{mostInterrupted - 1, mostInterrupted, false},
		{mostInterrupted, mostInterrupted, true},
		{10 * mostInterrupted, mostInterrupted, true},
	} {
		calls := 0
		err := systemFile{file}.control("test", func(uintptr) error {
			if calls++; calls <= c.interruptions {
				return syscall.EINTR
			}
			return nil
		})
		if calls != c.calls || (err != nil) != c.fails || c.fails && !errors.Is(err, syscall.EINTR) {
			t.Errorf("interrupted %d times: begun %d times, want %d; %v, want an error: %v", c.interruptions, calls, c.calls, err, c.fails)
		}
	}
}
