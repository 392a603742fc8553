package site

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rialto-exchange/rialto/chaos/internal/netns"
	"github.com/rialto-exchange/rialto/chaos/internal/undo"
)

// Machine is what can be done on this machine by this user, with these binaries.
// It tries what can only be tried, and leaves nothing behind.
func Machine(o Options) Can {
	if o.Staging != nil {
		return o.Staging.can()
	}
	c := Kill | Pause | Processes | Files
	if os.Geteuid() == 0 {
		c |= Root
	}
	for _, probe := range []struct {
		can Can
		is  func() bool
	}{
		{Namespaces, namespaces}, {Disks, loops}, {Strace, straces}, {Cgroups, cgroups},
		{Tagged, func() bool { return tagged(o.Binary) }}, {Older, func() bool { return o.Older != "" }},
	} {
		if probe.is() {
			c |= probe.can
		}
	}
	return c
}

// Why says what a machine lacks that has not got this.
func Why(lacks Can) string {
	var why []string
	for _, w := range []struct {
		can  Can
		text string
	}{
		{Kill, "no --kill-cmd and --start-cmd"}, {Pause, "no --pause-cmd and --resume-cmd"},
		{Processes, "the nodes run elsewhere"}, {Files, "the data folders are elsewhere"},
		{Root, "needs root"}, {Namespaces, "needs root, ip and network namespaces"},
		{Disks, "needs root, mkfs.ext4 and loop devices"}, {Strace, "needs strace and leave to trace"},
		{Cgroups, "needs root and cgroups that can be written"},
		{Tagged, "needs a binary built with -tags chaos"}, {Older, "needs the binary of an older build (--older)"},
	} {
		if lacks.Has(w.can) {
			why = append(why, w.text)
		}
	}
	return strings.Join(why, "; ")
}

func namespaces() bool {
	return tried(func(j *undo.Journal) error {
		n, err := netns.New(j, 1)
		if err != nil {
			return err
		}
		return n.Close()
	})
}

func loops() bool {
	if os.Geteuid() != 0 {
		return false
	}
	return tried(func(j *undo.Journal) error {
		d, err := mountDisks(j, 1)
		if err != nil {
			return err
		}
		return d.close()
	})
}

// tried reports whether something can be made here, and leaves nothing of it.
func tried(do func(*undo.Journal) error) bool {
	j, err := undo.Open(undo.Default())
	if err != nil {
		return false
	}
	return errors.Join(do(j), j.Close()) == nil
}

func straces() bool {
	_, err := exec.LookPath("strace")
	return err == nil && exec.Command("strace", "-o", os.DevNull, "true").Run() == nil
}

// cgroupRoots are where a group for processor time and memory is made: the one
// hierarchy of version 2, or one each of version 1.
func cgroupRoots() []string {
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		return []string{"/sys/fs/cgroup"}
	}
	return []string{"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/memory"}
}

func cgroups() bool {
	for _, root := range cgroupRoots() {
		group := filepath.Join(root, fmt.Sprint("rialto", os.Getpid(), "-probe"))
		if os.Mkdir(group, 0o755) != nil || os.Remove(group) != nil {
			return false
		}
	}
	return true
}

// tagged reports whether a binary was built with the tag chaos.
func tagged(binary string) bool {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return false
	}
	for _, s := range info.Settings {
		if s.Key == "-tags" {
			return slices.Contains(strings.Split(s.Value, ","), "chaos")
		}
	}
	return false
}
