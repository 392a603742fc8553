// Package disk makes disks for nodes: files that are mounted through a loop
// device, with a file system of their own that can hang, fill up, turn read-only
// and lose its power, while nothing else on the machine notices. It takes root.
package disk

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/rialto-exchange/rialto/chaos/internal/undo"
)

// ErrUnable: this machine or user can't make disks.
var ErrUnable = errors.New("disks can't be made here")

// Disk is an ext4 file system in a file. It is used from one goroutine at a
// time.
type Disk struct {
	journal      *undo.Journal
	image, mount string
	frozen       bool
}

// New makes a disk of so many MiB below a folder, and mounts it there. It is
// gone after Close, or with the journal; its image stays.
func New(journal *undo.Journal, folder string, megabytes int64) (*Disk, error) {
	return At(journal, folder, filepath.Join(folder, "disk"), megabytes)
}

// imageName is the file of a disk: by its name the journal knows it for ours.
const imageName = undo.Prefix + "disk.img"

// At makes a disk, of which the image is in one folder, and mounts it on another
// one.
func At(journal *undo.Journal, folder, mount string, megabytes int64) (*Disk, error) {
	if os.Geteuid() != 0 {
		return nil, ErrUnable
	}
	if err := os.MkdirAll(mount, 0o755); err != nil {
		return nil, fmt.Errorf("make a disk: %w", err)
	}
	mount, err := really(mount)
	if err != nil {
		return nil, fmt.Errorf("make a disk: %w", err)
	}
	d := &Disk{journal: journal, image: filepath.Join(folder, imageName), mount: mount}
	f, err := os.Create(d.image)
	if err != nil {
		return nil, fmt.Errorf("make a disk: %w", err)
	}
	if err := errors.Join(f.Truncate(megabytes<<20), f.Close()); err != nil {
		return nil, fmt.Errorf("make a disk: %w", err)
	}
	if err := run("mkfs.ext4", "-q", "-m", "0", d.image); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnable, err)
	}
	if err := d.attach(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnable, err)
	}
	return d, nil
}

// really is a folder's path as the kernel tells of what is mounted on it.
func really(folder string) (string, error) {
	path, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}

// Path is where it is mounted.
func (d *Disk) Path() string { return d.mount }

// Image is the file that it is.
func (d *Disk) Image() string { return d.image }

func (d *Disk) thing() undo.Thing { return undo.Thing{Kind: undo.Mount, Name: d.mount} }

// attach mounts it; what an error of the file system itself does is to turn it
// read-only.
func (d *Disk) attach() error {
	if err := d.journal.Making(d.thing()); err != nil {
		return err
	}
	return run("mount", "-o", "loop,errors=remount-ro", d.image, d.mount)
}

// Freeze has every write to it hang. Whoever is in one can't even be killed
// until Thaw.
func (d *Disk) Freeze() error {
	if d.frozen {
		return nil
	}
	if err := d.journal.Making(d.ice()); err != nil {
		return err
	}
	if err := undo.Freeze(d.mount); err != nil {
		return errors.Join(fmt.Errorf("freeze %s: %w", d.mount, err), d.journal.Gone(d.ice()))
	}
	d.frozen = true
	return nil
}

func (d *Disk) ice() undo.Thing { return undo.Thing{Kind: undo.Frozen, Name: d.mount} }

// Frozen reports whether it hangs.
func (d *Disk) Frozen() bool { return d.frozen }

// Sync returns once all that was written to it is durable.
func (d *Disk) Sync() error {
	f, err := os.Open(d.mount)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only asked
	return unix.Syncfs(int(f.Fd()))
}

// Thaw ends Freeze; of a disk that is not frozen it is nothing.
func (d *Disk) Thaw() error {
	if !d.frozen {
		return nil
	}
	d.frozen = false
	return d.journal.Remove(d.ice())
}

// ballast is what fills it.
func (d *Disk) ballast() string { return filepath.Join(d.mount, "ballast") }

// Leave fills it so that at most so many bytes are left: 0 is none.
func (d *Disk) Leave(bytes int64) error {
	if err := d.Release(); err != nil {
		return err
	}
	f, err := os.Create(d.ballast())
	if err != nil {
		return fmt.Errorf("fill %s: %w", d.mount, err)
	}
	if err := errors.Join(d.grow(f, bytes), f.Close()); err != nil {
		return fmt.Errorf("fill %s: %w", d.mount, err)
	}
	return nil
}

// blockBytes is the least that a file takes.
const blockBytes = 4096

// grow lengthens the ballast until so much is left, or not even a block can be
// had: the file system needs some of what is free for itself, and others write.
func (d *Disk) grow(f *os.File, left int64) error {
	length, step := int64(0), int64(1)<<40
	for step >= blockBytes {
		free, err := d.Room()
		if err != nil || free <= left {
			return err
		}
		step = min(step, max(free-left, blockBytes))
		switch err := unix.Fallocate(int(f.Fd()), 0, length, step); {
		case err == nil:
			length += step
		case errors.Is(err, unix.ENOSPC):
			step /= 2
		case !errors.Is(err, unix.EINTR):
			return err
		}
	}
	return nil
}

// Release ends Leave.
func (d *Disk) Release() error {
	if err := os.RemoveAll(d.ballast()); err != nil {
		return fmt.Errorf("make room on %s: %w", d.mount, err)
	}
	return nil
}

// Room is how many bytes are free on it.
func (d *Disk) Room() (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(d.mount, &s); err != nil {
		return 0, fmt.Errorf("ask for the room on %s: %w", d.mount, err)
	}
	return int64(s.Bavail) * s.Bsize, nil
}

// Break tells the file system that it has found an error in itself, whereupon it
// is read-only until Remount.
func (d *Disk) Break() error {
	var s unix.Stat_t
	if err := unix.Stat(d.mount, &s); err != nil {
		return fmt.Errorf("find the device of %s: %w", d.mount, err)
	}
	device, err := os.Readlink(fmt.Sprintf("/sys/dev/block/%d:%d", unix.Major(s.Dev), unix.Minor(s.Dev)))
	if err != nil {
		return fmt.Errorf("find the device of %s: %w", d.mount, err)
	}
	trigger := filepath.Join("/sys/fs/ext4", filepath.Base(device), "trigger_fs_error")
	if err := os.WriteFile(trigger, []byte("chaos"), 0); err != nil {
		return fmt.Errorf("turn %s read-only: %w", d.mount, err)
	}
	if !d.ReadOnly() {
		return fmt.Errorf("%s did not turn read-only", d.mount)
	}
	return nil
}

// ReadOnly reports whether it can't be written to.
func (d *Disk) ReadOnly() bool {
	err := os.WriteFile(filepath.Join(d.mount, ".writable"), nil, 0o600)
	if err == nil {
		_ = os.Remove(filepath.Join(d.mount, ".writable"))
	}
	return errors.Is(err, unix.EROFS)
}

// Of linux/ext4.h: _IOR('X', 125, __u32), and the flag by which the journal is
// not written out before.
const (
	ext4Shutdown = 0x8004587D
	noLogFlush   = 2
)

// Cut takes its power: what was not synced, and was not written out by the
// kernel of its own accord, is lost; every call fails until Remount.
func (d *Disk) Cut() error {
	f, err := os.Open(d.mount)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only asked
	if err := unix.IoctlSetPointerInt(int(f.Fd()), ext4Shutdown, noLogFlush); err != nil {
		return fmt.Errorf("cut the power of %s: %w", d.mount, err)
	}
	return nil
}

// Remount is what a machine does that comes back: the file system is mounted
// anew, its journal replayed, an error that it found in itself checked for.
// Nobody may be using it.
func (d *Disk) Remount() error {
	if err := d.journal.Remove(d.thing()); err != nil {
		return err
	}
	d.frozen = false
	out, err := exec.Command("e2fsck", "-p", d.image).CombinedOutput()
	var exit *exec.ExitError
	const corrected = 1 // of e2fsck(8)
	if err != nil && !(errors.As(err, &exit) && exit.ExitCode() <= corrected) {
		return fmt.Errorf("check %s: %w: %s", d.image, err, strings.TrimSpace(string(out)))
	}
	return d.attach()
}

// Close unmounts it.
func (d *Disk) Close() error {
	return errors.Join(d.journal.Gone(d.ice()), d.journal.Remove(d.thing()))
}

func run(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
