package fault

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/chaos/site"
)

func disks() []Fault {
	var rows []Fault
	for _, r := range []struct {
		name, doc string
		role      Role
		begin     func(ctx context.Context, s *site.Site, dice *rand.Rand, nodes []*site.Node) (Ongoing, error)
	}{
		{"disk-hung-leader", "every write to the leader's disk hangs", Leader, hang},
		{"disk-hung-follower", "every write to a follower's disk hangs", Follower, hang},
		{"disk-hung-all", "every write to any disk hangs", All, hang},
		{"disk-slow-leader", "the leader's disk hangs for 20 to 400 ms, again and again", Leader, stutter},
		{"disk-slow-follower", "a follower's disk hangs for 20 to 400 ms, again and again", Follower, stutter},
		{"disk-slow-all", "all disks hang for 20 to 400 ms, again and again", All, stutter},
		{"disk-full-leader", "the leader's disk has no byte left", Leader, fill},
		{"disk-full-follower", "a follower's disk has no byte left", Follower, fill},
		{"disk-full-all", "no disk has a byte left", All, fill},
		{"disk-read-only-leader", "the leader's file system turns read-only", Leader, breakDown},
		{"disk-read-only-follower", "a follower's file system turns read-only", Follower, breakDown},
	} {
		rows = append(rows, Fault{
			Name: r.name, Doc: r.doc, Needs: site.Disks,
			Begin: func(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
				nodes, err := pick(ctx, s, dice, r.role)
				if err != nil {
					return nil, err
				}
				return r.begin(ctx, s, dice, nodes)
			},
		})
	}
	return rows
}

// others are the witnesses' exclusion where one node is concerned: its own
// acknowledgements prove nothing.
func others(nodes []*site.Node) []string {
	if len(nodes) == 1 {
		return ids(nodes)
	}
	return nil
}

// hang freezes disks until Heal.
func hang(_ context.Context, s *site.Site, _ *rand.Rand, nodes []*site.Node) (Ongoing, error) {
	var thawed []func() error
	for _, n := range nodes {
		d := n.Disk()
		if err := d.Freeze(); err != nil {
			return nil, err
		}
		s.Defer("thaw the disk of "+n.ID, d.Thaw)
		thawed = append(thawed, d.Thaw)
	}
	begun := time.Now()
	var found string
	return &ongoing{
		nodes: nodes, witness: others(nodes),
		heal: func(ctx context.Context) error {
			var hung []string
			for _, n := range nodes {
				if k := waiting(n.PID()); k > 0 {
					hung = append(hung, fmt.Sprintf("%d threads of %s", k, n.ID))
				}
			}
			if len(hung) == len(nodes) {
				found = fmt.Sprintf("after %v %s hung in a write", time.Since(begun).Round(time.Millisecond), strings.Join(hung, " and "))
			}
			var errs []error
			for _, thaw := range thawed {
				errs = append(errs, thaw())
			}
			return errors.Join(append(errs, startAll(ctx, s))...)
		},
		bitten: func() (string, error) { return found, nil },
	}, nil
}

// waiting is how many threads of a process wait for a disk.
func waiting(pid int) (threads int) {
	stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if _, rest, _ := strings.Cut(string(b), ") "); err == nil && strings.HasPrefix(rest, "D") {
			threads++
		}
	}
	return threads
}

// A slow disk hangs and goes on for times between these.
const (
	shortestStutter = 20 * time.Millisecond
	longestStutter  = 400 * time.Millisecond
)

// stutter freezes and thaws disks again and again.
func stutter(_ context.Context, s *site.Site, dice *rand.Rand, nodes []*site.Node) (Ongoing, error) {
	stop := make(chan struct{})
	var all sync.WaitGroup
	met, times := make([]int, len(nodes)), make([]int, len(nodes))
	errs := make([]error, len(nodes))
	for i, n := range nodes {
		d, own := n.Disk(), rand.New(rand.NewPCG(dice.Uint64(), uint64(i)))
		s.Defer("thaw the disk of "+n.ID, d.Thaw)
		all.Go(func() {
			for errs[i] == nil && wait(stop, between(own, shortestStutter, longestStutter)) {
				if errs[i] = d.Freeze(); errs[i] != nil {
					return
				}
				wait(stop, between(own, shortestStutter, longestStutter))
				times[i]++
				if waiting(n.PID()) > 0 {
					met[i]++
				}
				errs[i] = d.Thaw()
			}
		})
	}
	var once sync.Once
	end := func() error {
		once.Do(func() { close(stop) })
		all.Wait()
		return errors.Join(errs...)
	}
	s.Defer("end slow disks", end)
	return &ongoing{
		nodes: nodes,
		heal: func(ctx context.Context) error {
			return errors.Join(end(), startAll(ctx, s))
		},
		bitten: func() (string, error) {
			var what []string
			for i, n := range nodes {
				if met[i] > 0 {
					what = append(what, fmt.Sprintf("%s waited in %d of %d hangs", n.ID, met[i], times[i]))
				}
			}
			return strings.Join(what, ", "), nil
		},
	}, nil
}

// wait waits for a time, and reports whether it passed before it was stopped.
func wait(stop <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-stop:
		return false
	case <-timer.C:
		return true
	}
}

// fill leaves no room on disks until Heal.
func fill(_ context.Context, s *site.Site, _ *rand.Rand, nodes []*site.Node) (Ongoing, error) {
	for _, n := range nodes {
		d := n.Disk()
		s.Defer("make room on the disk of "+n.ID, d.Release)
		if err := d.Leave(0); err != nil {
			return nil, err
		}
	}
	var found string
	return &ongoing{
		nodes: nodes, witness: others(nodes),
		heal: func(ctx context.Context) error {
			var full []string
			var errs []error
			for _, n := range nodes {
				if left, err := n.Disk().Room(); err == nil && left < 1<<20 && feels(ctx, s, n) {
					full = append(full, fmt.Sprintf("%s had %d bytes left", n.ID, left))
				}
				errs = append(errs, n.Disk().Release())
			}
			if len(full) == len(nodes) {
				found = strings.Join(full, ", ") + ", and said so"
			}
			return errors.Join(append(errs, startAll(ctx, s))...)
		},
		bitten: func() (string, error) { return found, nil },
	}, nil
}

// feels reports whether a node says that it has no room, or has ended.
func feels(ctx context.Context, s *site.Site, n *site.Node) bool {
	return until(ctx, patience/4, func() bool {
		var twin struct {
			Nodes []struct {
				ID   string
				Room struct{ Mark string }
			}
		}
		if !n.Running() {
			return true
		}
		for _, at := range s.Nodes() {
			if !at.Running() || s.Get(ctx, at.Number, "/v1/cluster", &twin) != nil {
				continue
			}
			for _, of := range twin.Nodes {
				if of.ID == n.ID && of.Room.Mark == "full" {
					return true
				}
			}
		}
		return false
	})
}

// breakDown turns file systems read-only; Heal is the operator who checks and
// mounts them anew and starts the nodes.
func breakDown(_ context.Context, s *site.Site, _ *rand.Rand, nodes []*site.Node) (Ongoing, error) {
	for _, n := range nodes {
		if err := n.Disk().Break(); err != nil {
			return nil, err
		}
	}
	var found string
	return &ongoing{
		nodes: nodes, witness: others(nodes),
		heal: func(ctx context.Context) error {
			var what []string
			var errs []error
			for _, n := range nodes {
				switch {
				case !n.Disk().ReadOnly():
				case !n.Running():
					what = append(what, n.ID+" ended by itself")
				default:
					what = append(what, n.ID+" runs on")
				}
				errs = append(errs, n.Kill(ctx), n.Disk().Remount())
			}
			if len(what) == len(nodes) {
				found = "read-only: " + strings.Join(what, ", ")
			}
			return errors.Join(append(errs, startAll(ctx, s))...)
		},
		bitten: func() (string, error) { return found, nil },
	}, nil
}
