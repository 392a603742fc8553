package memory

import (
	"bufio"
	"fmt"
	"os"
	"syscall"
)

// GiveBackProgram has the kernel take back the code and constants of the
// program that were needed once, to start it: what is needed again is mapped
// again from the kernel's cache. It touches no mapping that can be written to
// or of which a page was ever changed.
func GiveBackProgram(executable string) error {
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return fmt.Errorf("give back the program: %w", err)
	}
	defer f.Close()
	var m mapping
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		done, err := m.read(lines.Text())
		if err != nil {
			return err
		}
		if done && m.path == executable && m.constant && m.changed == 0 {
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, uintptr(m.start), uintptr(m.end-m.start), syscall.MADV_DONTNEED)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("give back the program: %w", err)
	}
	return nil
}
