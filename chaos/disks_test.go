package chaos_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// disk makes a file system of its own for a node's data, and returns where it
// is mounted. It takes root and a loop device; where there is none the test is
// skipped, and says so.
func disk(t *testing.T, megabytes int64) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("a disk of one's own takes root: skipped")
	}
	dir := t.TempDir()
	image, mount := filepath.Join(dir, "disk.img"), filepath.Join(dir, "disk")
	if err := os.Mkdir(mount, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, megabytes<<20); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{
		{"mkfs.ext4", "-q", "-m", "0", image},
		{"mount", "-o", "loop", image, mount},
	} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Skipf("no disk of one's own here: %v: %v: %s", command, err, out)
		}
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", mount).CombinedOutput(); err != nil {
			t.Errorf("umount %s: %v: %s", mount, err, out)
		}
	})
	return mount
}

// freeze makes every write to a disk hang until it is thawed, which it is at
// the end of the test at the latest: a process with a write that hangs can't
// be killed.
func freeze(t *testing.T, mount string) (thaw func()) {
	t.Helper()
	if out, err := exec.Command("fsfreeze", "-f", mount).CombinedOutput(); err != nil {
		t.Skipf("disks can't be frozen here: %v: %s", err, out)
	}
	frozen := true
	thaw = func() {
		if !frozen {
			return
		}
		frozen = false
		if out, err := exec.Command("fsfreeze", "-u", mount).CombinedOutput(); err != nil {
			t.Errorf("thaw %s: %v: %s", mount, err, out)
		}
	}
	t.Cleanup(thaw)
	return thaw
}
