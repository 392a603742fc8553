package undo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The kinds of things that are undone.
const (
	Namespace = "namespace" // a network namespace
	Mount     = "mount"     // a mounted file system, thawed before
	Frozen    = "frozen"    // a file system that is frozen
	Started   = "started"   // a process that is to end
	Stopped   = "stopped"   // a process that is to go on
	Group     = "group"     // a control group, its processes moved to its parent
	Folder    = "folder"    // a folder of Temp with all that is in it
)

// kinds says how each kind goes. What is not there is gone.
func kinds() map[string]func(Thing) error {
	return map[string]func(Thing) error{
		Namespace: func(t Thing) error { return removeNamespace(t.Name) },
		Mount:     func(t Thing) error { return unmount(t.Name) },
		Frozen:    func(t Thing) error { return Thaw(t.Name) },
		Started:   func(t Thing) error { return signal(t, syscall.SIGKILL) },
		Stopped:   func(t Thing) error { return signal(t, syscall.SIGCONT) },
		Group:     func(t Thing) error { return removeGroup(t.Name) },
		Folder:    func(t Thing) error { return removeFolder(t.Name) },
	}
}

// tempPrefix begins the names of all folders that are removed whole.
const tempPrefix = "rialto-chaos-"

// Temp makes a folder among the machine's temporary ones, to be removed as a
// Folder.
func Temp(j *Journal) (Thing, error) {
	dir, err := os.MkdirTemp("", tempPrefix+strconv.Itoa(os.Getpid())+"-")
	if err != nil {
		return Thing{}, err
	}
	t := Thing{Kind: Folder, Name: dir}
	return t, j.Making(t)
}

func removeFolder(path string) error {
	if filepath.Dir(path) != filepath.Clean(os.TempDir()) || !strings.HasPrefix(filepath.Base(path), tempPrefix) {
		return fmt.Errorf("%s is no folder of ours", path)
	}
	return os.RemoveAll(path)
}

// Process is the thing that a process is.
func Process(kind string, pid int) (Thing, error) {
	starts, err := started(pid)
	if err != nil {
		return Thing{}, err
	}
	return Thing{Kind: kind, Name: strconv.Itoa(pid), Started: starts}, nil
}

func signal(t Thing, s syscall.Signal) error {
	pid, err := strconv.Atoi(t.Name)
	if err != nil || pid <= 1 {
		return fmt.Errorf("%q is no process", t.Name)
	}
	if starts, err := started(pid); err != nil || starts != t.Started {
		return nil // it has ended; its id may be another's
	}
	if err := syscall.Kill(pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

func removeNamespace(name string) error {
	if _, err := os.Stat(filepath.Join("/var/run/netns", name)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if out, err := exec.Command("ip", "netns", "del", name).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// Of linux/fs.h: _IOWR('X', 119, int) and _IOWR('X', 120, int).
const (
	fifreeze = 0xC0045877
	fithaw   = 0xC0045878
)

// Freeze has every write to a file system hang until it is thawed.
func Freeze(mount string) error { return onMount(mount, fifreeze) }

// Thaw has a frozen file system go on; one that is not frozen, or not there, is
// left as it is.
func Thaw(mount string) error {
	if !Mounted(mount) {
		return nil
	}
	err := onMount(mount, fithaw)
	if errors.Is(err, syscall.EINVAL) { // it is not frozen
		return nil
	}
	return err
}

func onMount(mount string, request uint) error {
	d, err := os.Open(mount)
	if err != nil {
		return err
	}
	defer d.Close() //nolint:errcheck // it was only asked
	return unix.IoctlSetInt(int(d.Fd()), request, 0)
}

// Mounted reports whether a folder is the root of a mounted file system.
func Mounted(path string) bool {
	b, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 1 && f[1] == path {
			return true
		}
	}
	return false
}

// letsGo is how long processes that were killed have to let go of a mount.
const letsGo = 10 * time.Second

// unmount thaws, for what hangs in a write can't end, and waits for those who
// are ending. A file system that somebody still uses is detached: it goes with
// its last user.
func unmount(path string) error {
	if !Mounted(path) {
		return nil
	}
	if err := Thaw(path); err != nil && !errors.Is(err, syscall.EIO) { // EIO: its power is cut
		return fmt.Errorf("thaw: %w", err)
	}
	for end := time.Now().Add(letsGo); ; time.Sleep(20 * time.Millisecond) {
		err := unix.Unmount(path, 0)
		switch {
		case err == nil || errors.Is(err, syscall.EINVAL):
			return nil
		case !errors.Is(err, syscall.EBUSY):
			return err
		case time.Now().After(end):
			return unix.Unmount(path, unix.MNT_DETACH)
		}
	}
}

// removeGroup moves a control group's processes to its parent and removes it.
func removeGroup(path string) error {
	for end := time.Now().Add(letsGo); ; time.Sleep(20 * time.Millisecond) {
		members, err := os.ReadFile(filepath.Join(path, "cgroup.procs"))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		for pid := range strings.Lines(string(members)) {
			_ = os.WriteFile(filepath.Join(filepath.Dir(path), "cgroup.procs"), []byte(pid), 0) // it may just have ended
		}
		err = os.Remove(path)
		if err == nil || errors.Is(err, fs.ErrNotExist) || time.Now().After(end) {
			return err
		}
	}
}
