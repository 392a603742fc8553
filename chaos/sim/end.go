package sim

import (
	"context"
	"slices"
	"sync"
	"time"
)

// heal takes all faults away and starts what is down. What a machine was done to
// for good stays done.
func (r *run) heal() {
	r.network.MendAll()
	r.network.SetWeather(r.plan.Weather)
	for _, m := range r.machines {
		m.disk.SetFaults(nil)
		m.disk.SetSize(0)
		m.clock.right()
		m.hold(false)
	}
	r.startAll()
}

// recovers checks that all that can recover commits within the time for it:
// that a command through each node is acknowledged, and that all have applied
// the same then.
func (r *run) recovers(ctx context.Context) {
	healed := time.Now()
	limited, cancel := context.WithTimeout(ctx, healing)
	defer cancel()
	var all sync.WaitGroup
	for _, m := range r.machines {
		if m.mayStayOut() != "" {
			continue
		}
		all.Go(func() {
			for !r.commits(limited, m) {
				if limited.Err() != nil {
					r.fail("heals", "%s takes no command %v after the last fault; applied %s", m.id, healing, r.truth.where())
					return
				}
				sleep(limited, 50*time.Millisecond)
			}
		})
	}
	all.Wait()
	r.healed = time.Since(healed)
	r.levels(ctx)
}

// commits reports whether a marker through a node's log comes back.
func (r *run) commits(ctx context.Context, m *machine) bool {
	n := m.running()
	if n == nil {
		return false
	}
	asking, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, err := n.Reads().Linearizable(asking)
	return err == nil
}

// levels waits until all nodes have applied the same, and looks at them once
// more.
func (r *run) levels(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, healing)
	defer cancel()
	for {
		_, index := r.truth.reached()
		behind := ""
		for _, m := range r.machines {
			if m.mayStayOut() == "" && r.truth.of(m.n) != index {
				behind = m.id
			}
		}
		if behind == "" {
			return
		}
		if limited.Err() != nil {
			r.fail("heals", "%s has not applied what the others have, %v after the last command: %s", behind, healing, r.truth.where())
			return
		}
		sleep(limited, 50*time.Millisecond)
	}
}

// history checks what clients were told against what happened: acknowledged
// once, unknown at most once, nothing that nobody sent, and an order that agrees
// with real time.
func (r *run) history() {
	known := map[string]*sent{}
	var executed []*sent
	for _, s := range r.traffic.history {
		known[s.id] = s
		p, there := r.truth.place(s.id)
		switch {
		case s.acknowledged && !there:
			r.fail("history", "command %s was acknowledged in entry %d and is lost", s.id, s.index)
		case s.acknowledged && p.index != s.index:
			r.fail("history", "command %s was acknowledged in entry %d and was executed in %d", s.id, s.index, p.index)
		case s.never && !s.acknowledged && there:
			r.fail("history", "command %s was refused %d times with the promise that it is not executed, and was in entry %d", s.id, s.tries, p.index)
		}
		if there {
			s.sequence = p.last
			executed = append(executed, s)
		}
	}
	for id, p := range r.truth.commands {
		if known[id] == nil {
			r.fail("history", "entry %d has command %s, which nobody sent", p.index, id)
		}
	}
	r.realTime(executed)
}

// realTime checks that a command that was answered before another was sent has
// the lower sequence.
func (r *run) realTime(executed []*sent) {
	bySequence := slices.Clone(executed)
	slices.SortFunc(bySequence, func(a, b *sent) int { return int(int64(a.sequence) - int64(b.sequence)) })
	// From the end on, the earliest answer of all later ones must not come before
	// this one was sent.
	var earliest *sent
	for _, s := range slices.Backward(bySequence) {
		if earliest != nil && earliest.ended.Before(s.begun) {
			r.fail("linearizable", "command %s was answered %v before %s was sent, and has sequence %d, the other %d",
				earliest.id, s.begun.Sub(earliest.ended), s.id, earliest.sequence, s.sequence)
			return
		}
		if s.acknowledged && (earliest == nil || s.ended.Before(earliest.ended)) {
			earliest = s
		}
	}
}
