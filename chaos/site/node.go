package site

import (
	"context"
	"fmt"
	"sync/atomic"
	"syscall"

	"github.com/rialto-exchange/rialto/chaos/internal/disk"
)

// Node is one node of a site.
type Node struct {
	Number int    // from 0
	ID     string // n1 is number 0 of a cluster of our own
	site   *Site
	paused atomic.Bool // by Pause
}

// URL is the base of its REST interface.
func (n *Node) URL() string { return n.site.URL(n.Number) }

// Data is its data folder, "" if that is elsewhere.
func (n *Node) Data() string {
	if !n.site.can.Has(Files) {
		return ""
	}
	return n.site.Data(n.Number)
}

// Disk is its own disk, nil if it has none.
func (n *Node) Disk() *disk.Disk {
	if n.site.disks == nil {
		return nil
	}
	return n.site.disks.all[n.Number]
}

// PID is its process, 0 if it does not run or runs elsewhere. In a namespace
// too it is rialto itself: ip becomes it. Behind Wrap it is what wraps it.
func (n *Node) PID() int {
	if !n.site.can.Has(Processes) || !n.Running() {
		return 0
	}
	return n.site.PID(n.Number)
}

// Running reports whether it runs, as far as this site did it.
func (n *Node) Running() bool { return n.site.Running(n.Number) }

// Kill ends it as kill -9 does, and returns when it is gone.
func (n *Node) Kill(ctx context.Context) error {
	if s := n.site.options.Staging; s != nil {
		return s.does(ctx, n, s.KillCmd, func() { n.site.Said(n.Number, false) })
	}
	n.site.Kill(n.Number)
	n.paused.Store(false)
	return nil
}

// Terminate asks it to end (SIGTERM), and returns when it is gone.
func (n *Node) Terminate(ctx context.Context) error {
	if s := n.site.options.Staging; s != nil {
		return s.does(ctx, n, s.TermCmd, func() { n.site.Said(n.Number, false) })
	}
	n.site.Signal(n.Number, syscall.SIGTERM, true)
	return nil
}

// Start starts it, with more flags if there are, if it does not run. It does
// not wait until it is ready.
func (n *Node) Start(ctx context.Context, flags ...string) error {
	if s := n.site.options.Staging; s != nil {
		return s.does(ctx, n, s.StartCmd, func() { n.site.Said(n.Number, true) })
	}
	return n.site.Restart(n.Number, flags...)
}

// Pause stops its process (SIGSTOP).
func (n *Node) Pause(ctx context.Context) error {
	n.paused.Store(true)
	if s := n.site.options.Staging; s != nil {
		return s.does(ctx, n, s.PauseCmd, nil)
	}
	n.site.Signal(n.Number, syscall.SIGSTOP, false)
	return nil
}

// Resume lets a stopped process go on (SIGCONT).
func (n *Node) Resume(ctx context.Context) error {
	n.paused.Store(false)
	if s := n.site.options.Staging; s != nil {
		return s.does(ctx, n, s.ResumeCmd, nil)
	}
	n.site.Signal(n.Number, syscall.SIGCONT, false)
	return nil
}

// WaitReady waits until it says that it is ready.
func (n *Node) WaitReady(ctx context.Context) error {
	return n.site.Until(ctx, n.ID+" is ready", func(ctx context.Context) bool { return n.site.Ready(ctx, n.Number) })
}

// WaitGone waits until its process has ended by itself.
func (n *Node) WaitGone(ctx context.Context) error {
	return n.site.Until(ctx, n.ID+" has ended", func(context.Context) bool { return !n.Running() })
}

// Wipe empties its data folder; it does not run.
func (n *Node) Wipe() error {
	if !n.site.can.Has(Files) || n.Running() {
		return fmt.Errorf("%w: to wipe %s", ErrUnable, n.ID)
	}
	return n.site.Venue.Wipe(n.Number)
}

// Log returns the end of what it printed.
func (n *Node) Log() string { return n.site.Log(n.Number) }

// LogFile is where its output goes, Config its configuration.
func (n *Node) LogFile() string { return n.site.LogFile(n.Number) }

// Config is the file of its configuration.
func (n *Node) Config() string { return n.site.Venue.Config(n.Number) }

// Peer is its peer address.
func (n *Node) Peer() string { return n.site.Venue.Peer(n.Number) }

// Use has it run another binary from its next start on.
func (n *Node) Use(binary string) { n.site.Use(n.Number, binary) }

// Wrap begins its command line from its next start on (strace and its options,
// say) and adds to its environment, in place of what was said before.
func (n *Node) Wrap(line, env []string) { n.site.Venue.Wrap(n.Number, line, env) }
