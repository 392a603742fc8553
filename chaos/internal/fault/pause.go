package fault

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/undo"
	"github.com/rialto-exchange/rialto/chaos/site"
)

// A node is stopped for a time between these.
const (
	shortestPause = 100 * time.Millisecond
	longestPause  = 10 * time.Second
)

// outlasts is a pause in which another node certainly answers: the leader of a
// process that is stopped is another one after a second or two.
const outlasts = 4 * time.Second

func pauses() []Fault {
	return byRole("stop-", site.Pause, pause, []taking{
		{Leader, "the leader's process is stopped (SIGSTOP) for 0.1 to 10 s"},
		{Follower, "a follower's process is stopped (SIGSTOP) for 0.1 to 10 s"},
		{All, "all processes are stopped (SIGSTOP) for 0.1 to 10 s"},
	})
}

// pause stops the processes of a role for a time that the dice say; Heal waits
// for what is left of it.
func pause(ctx context.Context, s *site.Site, dice *rand.Rand, r Role) (Ongoing, error) {
	nodes, err := pick(ctx, s, dice, r)
	if err != nil {
		return nil, err
	}
	lasts := between(dice, shortestPause, longestPause)
	var stopped []undo.Thing
	for _, n := range nodes {
		if pid := n.PID(); pid != 0 {
			t, err := undo.Process(undo.Stopped, pid)
			if err != nil {
				return nil, err
			}
			if err := s.Journal().Making(t); err != nil {
				return nil, err
			}
			stopped = append(stopped, t)
		}
		if err := n.Pause(ctx); err != nil {
			return nil, err
		}
		s.Defer("resume "+n.ID, func() error { return n.Resume(context.Background()) })
	}
	begun := time.Now()
	var found string
	o := &ongoing{nodes: nodes}
	if r != All && lasts > outlasts {
		o.witness = ids(nodes)
	}
	o.heal = func(ctx context.Context) error {
		until(ctx, lasts-time.Since(begun), func() bool { return false })
		found = states(nodes, time.Since(begun))
		var errs []error
		for _, n := range nodes {
			errs = append(errs, n.Resume(ctx))
		}
		for _, t := range stopped {
			errs = append(errs, s.Journal().Gone(t))
		}
		return errors.Join(append(errs, startAll(ctx, s))...)
	}
	o.bitten = func() (string, error) { return found, nil }
	return o, nil
}

// states says of processes that are stopped, and still are, for how long.
func states(nodes []*site.Node, lasted time.Duration) string {
	var what []string
	for _, n := range nodes {
		switch pid := n.PID(); {
		case pid == 0: // elsewhere: the operator's command said so
			what = append(what, n.ID+" was told to stop")
		case state(pid) == "T":
			what = append(what, fmt.Sprintf("%s (process %d) was stopped", n.ID, pid))
		}
	}
	if len(what) < len(nodes) {
		return ""
	}
	return fmt.Sprintf("%s for %v", strings.Join(what, ", "), lasted.Round(time.Millisecond))
}

// state is the letter of a process in /proc, "" if there is none.
func state(pid int) string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	return rest[:1]
}
