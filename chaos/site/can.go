package site

import (
	"strings"
)

// Can is a set of things that can be done to a site's nodes.
type Can uint32

// What may be possible at a site.
const (
	// Kill: nodes can be killed and started.
	Kill Can = 1 << iota
	// Pause: nodes can be stopped (SIGSTOP) and go on.
	Pause
	// Processes: the nodes are processes of this machine, with a pid, and their
	// binary and command line can be changed at a restart.
	Processes
	// Files: data folders are folders of this machine.
	Files
	// Root: we are root.
	Root
	// Namespaces: each node has a network namespace of its own (Site.Net).
	Namespaces
	// Disks: each node's data folder lies on a loop mount of its own (Node.Disk).
	Disks
	// Strace: strace can be attached to the nodes.
	Strace
	// Cgroups: processor and memory of a node can be limited.
	Cgroups
	// Tagged: the binary was built with the tag chaos.
	Tagged
	// Older: there is a binary of an older build (Site.Older).
	Older
)

// word is the name of a bit.
type word struct {
	can  Can
	name string
}

func words() []word {
	return []word{
		{Kill, "kill"}, {Pause, "pause"}, {Processes, "processes"}, {Files, "files"}, {Root, "root"}, {Namespaces, "namespaces"},
		{Disks, "disks"}, {Strace, "strace"}, {Cgroups, "cgroups"}, {Tagged, "tagged build"}, {Older, "older build"},
	}
}

// Has reports whether everything of needs is there.
func (c Can) Has(needs Can) bool { return c&needs == needs }

// String names what is in the set.
func (c Can) String() string {
	var names []string
	for _, w := range words() {
		if c.Has(w.can) {
			names = append(names, w.name)
		}
	}
	return strings.Join(names, ", ")
}
