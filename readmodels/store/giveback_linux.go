package store

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// forget has the kernel take back the pages of mapped files, and returns how
// many bytes of them are mapped. They are mappings of files, shared: nothing is
// lost of what was written to one.
func forget(paths map[string]bool) int64 {
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return 0
	}
	defer f.Close()
	var mapped int64
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := lines.Text()
		at := strings.IndexByte(line, '/')
		if at < 0 || !paths[line[at:]] {
			continue
		}
		if from, to, ok := span(line); ok {
			mapped += int64(to - from)
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, from, to-from, syscall.MADV_DONTNEED)
		}
	}
	return mapped
}

// span reads the range of addresses that a line begins with, "from-to ".
func span(line string) (from, to uintptr, ok bool) {
	text, _, _ := strings.Cut(line, " ")
	first, last, _ := strings.Cut(text, "-")
	a, err := strconv.ParseUint(first, 16, 64)
	if err != nil {
		return 0, 0, false
	}
	b, err := strconv.ParseUint(last, 16, 64)
	return uintptr(a), uintptr(b), err == nil && b > a
}
