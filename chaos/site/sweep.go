package site

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/rialto-exchange/rialto/chaos/netns"
)

// Sweep takes away what runs left that were killed themselves: mounts and
// namespaces whose owner no longer lives. It returns how many it found. Nothing
// that another program made has such a name.
func Sweep() (int, error) {
	found, err := netns.Sweep(alive)
	mounts, readErr := os.ReadFile("/proc/self/mounts")
	errs := []error{err, readErr}
	owned := regexp.MustCompile(`/` + tempPrefix + `(\d+)-[^/]+/`)
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		m := owned.FindStringSubmatch(fields[1])
		if m == nil || !strings.HasPrefix(fields[1], os.TempDir()) {
			continue
		}
		if pid, err := strconv.Atoi(m[1]); err != nil || alive(pid) {
			continue
		}
		found++
		d := disks{dir: filepath.Dir(fields[1]), mounts: []string{fields[1]}}
		errs = append(errs, d.close())
	}
	return found, errors.Join(errs...)
}

func alive(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
