package undo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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

// Prefix begins the names of folders that are removed whole, of control groups,
// and of what is mounted: the image of a disk, or the source of a file system
// that has no image.
const Prefix = "rialto-chaos-"

// groups is where control groups are.
const groups = "/sys/fs/cgroup/"

// namespaceName is what chaos/internal/netns calls namespaces.
var namespaceName = regexp.MustCompile(`^rialto[0-9]+-[A-Z2-7]{4}-(hub|[0-9])$`)

// kind says of a kind of things which of them are ours and how they go. What is
// not there is gone. What is mounted is asked for its name when it is to go: see
// ourMount.
type kind struct {
	ours func(name string) bool
	goes func(Thing) error
}

func kinds() map[string]kind {
	return map[string]kind{
		Namespace: {namespaceName.MatchString, func(t Thing) error { return removeNamespace(t.Name) }},
		Mount:     {plain, func(t Thing) error { return unmount(t.Name) }},
		Frozen:    {plain, func(t Thing) error { return thawOurs(t.Name) }},
		Started:   {isProcess, func(t Thing) error { return signal(t, syscall.SIGKILL) }},
		Stopped:   {isProcess, func(t Thing) error { return signal(t, syscall.SIGCONT) }},
		Group:     {isGroup, func(t Thing) error { return removeGroup(t.Name) }},
		Folder:    {isFolder, func(t Thing) error { return os.RemoveAll(t.Name) }},
	}
}

// check refuses what nobody can undo, and what chaos never makes: whatever a
// journal says, nothing else is touched.
func (t Thing) check() error {
	k, known := kinds()[t.Kind]
	switch {
	case !known:
		return fmt.Errorf("nobody knows how to undo a %q", t.Kind)
	case !k.ours(t.Name):
		return fmt.Errorf("%q is no %s that chaos makes", t.Name, t.Kind)
	}
	return nil
}

// undo takes a thing away.
func (t Thing) undo() error {
	err := t.check()
	if err == nil {
		err = kinds()[t.Kind].goes(t)
	}
	if err != nil {
		return fmt.Errorf("undo %s %s: %w", t.Kind, t.Name, err)
	}
	return nil
}

// plain reports whether a path is whole and has no way round in it.
func plain(path string) bool { return filepath.IsAbs(path) && filepath.Clean(path) == path }

func isGroup(path string) bool {
	return plain(path) && strings.HasPrefix(path, groups) && strings.HasPrefix(filepath.Base(path), Prefix)
}

func isFolder(path string) bool {
	return plain(path) && filepath.Dir(path) == filepath.Clean(os.TempDir()) && strings.HasPrefix(filepath.Base(path), Prefix)
}

func isProcess(name string) bool {
	pid, err := strconv.Atoi(name)
	return err == nil && pid > 1
}

// Temp makes a folder among the machine's temporary ones, to be removed as a
// Folder.
func Temp(j *Journal) (Thing, error) {
	dir, err := os.MkdirTemp("", Prefix+strconv.Itoa(os.Getpid())+"-")
	if err != nil {
		return Thing{}, err
	}
	t := Thing{Kind: Folder, Name: dir}
	return t, j.Making(t)
}

// Process is the thing that a process is; an error if it does not run.
func Process(kind string, pid int) (Thing, error) {
	starts, err := started(pid)
	if err != nil {
		return Thing{}, err
	}
	return Thing{Kind: kind, Name: strconv.Itoa(pid), Started: starts}, nil
}

// Lives reports whether a process lives, and not merely another one under its
// id; an error if that can't be told.
func (t Thing) Lives() (bool, error) {
	if !isProcess(t.Name) {
		return false, fmt.Errorf("%q is no process", t.Name)
	}
	pid, err := strconv.Atoi(t.Name)
	if err != nil {
		return false, err
	}
	return lives(pid, t.Started)
}

func signal(t Thing, s syscall.Signal) error {
	alive, err := t.Lives()
	if err != nil || !alive {
		return err
	}
	pid, err := strconv.Atoi(t.Name)
	if err != nil {
		return err
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
	source, err := mountedAt(path)
	return err == nil && source != ""
}

// mountedAt returns what is mounted on a folder, "" if nothing is.
func mountedAt(path string) (source string, err error) {
	b, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return "", fmt.Errorf("ask what is mounted: %w", err)
	}
	written := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\043`, "#", `\134`, `\`) // of proc(5), getmntent(3)
	for line := range strings.Lines(string(b)) {
		if f := strings.Split(line, " "); len(f) > 1 && written.Replace(f[1]) == path {
			source = written.Replace(f[0]) // the last one is on top
		}
	}
	return source, nil
}

// ourMount reports whether something is mounted on a folder; an error if it is
// not chaos that has mounted it.
func ourMount(path string) (bool, error) {
	source, err := mountedAt(path)
	if err != nil || source == "" {
		return false, err
	}
	name := source
	if loop, is := strings.CutPrefix(source, "/dev/loop"); is {
		image, err := os.ReadFile(filepath.Join("/sys/block/loop"+loop, "loop/backing_file"))
		if err != nil {
			return false, fmt.Errorf("ask what is mounted: %w", err)
		}
		name = filepath.Base(string(image))
	}
	if !strings.HasPrefix(name, Prefix) {
		return false, fmt.Errorf("%s is mounted there, and chaos has not done it", source)
	}
	return true, nil
}

func thawOurs(path string) error {
	is, err := ourMount(path)
	if err != nil || !is {
		return err
	}
	return Thaw(path)
}

// letsGo is how long processes that were killed have to let go of a mount.
const letsGo = 10 * time.Second

// unmount thaws, for what hangs in a write can't end, and waits for those who
// are ending. A file system that somebody still uses is detached: it goes with
// its last user.
func unmount(path string) error {
	if is, err := ourMount(path); err != nil || !is {
		return err
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
