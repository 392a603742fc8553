package fix

import (
	"context"
	"sync"
	"time"

	"github.com/quickfixgo/quickfix"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
)

// lazy takes to the log what may wait, for many sessions with one command:
// heartbeats of both sides, and the node's word that it has its connections.
type lazy struct {
	mu      sync.Mutex
	waiting map[*session]struct{}
}

// want has a session's queue looked at with the next tick.
func (l *lazy) want(s *session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting[s] = struct{}{}
}

// drain returns the sessions that asked.
func (l *lazy) drain() []*session {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]*session, 0, len(l.waiting))
	for s := range l.waiting {
		out = append(out, s)
	}
	clear(l.waiting)
	return out
}

// shared is one session's step in a shared command.
type shared struct {
	session *session
	items   []item
	step    command.SessionStep
}

// beat takes lazy steps to the log every tick until ctx ends.
func (v *Server) beat(ctx context.Context) {
	ticker := time.NewTicker(lazyTick)
	defer ticker.Stop()
	vouched := time.Now()
	var authority *gateways.Authority
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			if current := v.cfg.Reads.Authority(); current != authority {
				authority = current
				v.define(authority)
			}
			if err := v.engines.grow(); err != nil {
				v.log.Warn("too few sessions of quickfixgo are ready", "error", err)
			}
			steps := v.lazySteps()
			if now.Sub(vouched) >= vouchEvery {
				vouched = now
				steps = v.vouchFor(steps)
			}
			for len(steps) > 0 {
				n := min(len(steps), maxSteps)
				v.takeSteps(ctx, steps[:n])
				steps = steps[n:]
			}
		}
	}
}

// defined counts the sessions that are defined, by version. Where the client
// chooses it is FIX 4.4 as a rule.
func defined(participants []*event.Participant) map[string]int {
	out := map[string]int{}
	for _, p := range participants {
		out[quickfix.BeginStringFIX44] += len(p.FixCompIDs)
		for i := range p.FixSessions {
			if p.FixSessions[i].Protocol == market.ProtocolFIXT11 {
				out[quickfix.BeginStringFIXT11]++
			} else {
				out[quickfix.BeginStringFIX44]++
			}
		}
	}
	return out
}

// define takes what a participant's definition says now. What the machine has it
// ends itself; a session that is this node's alone is ended here.
func (v *Server) define(authority *gateways.Authority) {
	v.engines.expect(defined(authority.Participants))
	for _, s := range v.living() {
		p, definition := find(authority.Participants, s.comp)
		if p == nil || p.FixPasswordHash != s.password || definition.Kind != s.kind {
			if s.here && authority.Known {
				s.logout(market.SessionEndWithdrawn, "the session is not in force any more")
			}
			continue
		}
		s.vouch.Store(vouched(&definition))
	}
}

func (v *Server) lazySteps() []shared {
	var steps []shared
	for _, s := range v.lazy.drain() {
		// Steps of one session that do not follow on each other are rare, and go
		// by themselves.
		items := s.queue.take(true)
		switch len(items) {
		case 0:
		case 1:
			steps = append(steps, shared{s, items, s.step(&items[0])})
		default:
			v.work.Go(func() { s.submit(items) })
		}
	}
	return steps
}

// vouchFor adds the sessions for which this node's word counts and that have no
// step yet.
func (v *Server) vouchFor(steps []shared) []shared {
	has := make(map[*session]bool, len(steps))
	for i := range steps {
		has[steps[i].session] = true
	}
	for _, s := range v.living() {
		if s.vouch.Load() && !has[s] && !s.isGone() {
			steps = append(steps, shared{s, nil, s.step(&item{from: 1})})
		}
	}
	return steps
}

// takeSteps submits a shared command. What became of each step the journal says;
// a stale one ends its session there.
func (v *Server) takeSteps(ctx context.Context, steps []shared) {
	body := &command.AdvanceSessions{Owner: v.cfg.NodeID, Steps: make([]command.SessionStep, len(steps))}
	for i := range steps {
		body.Steps[i] = steps[i].step
	}
	own := append([]shared(nil), steps...)
	v.work.Go(func() {
		outcomes, err := v.submit(ctx, []*command.Command{v.own(body)})
		for _, s := range own {
			switch {
			case s.items == nil: // the node's word alone; the next one will do
			case err != nil || len(outcomes) == 0:
				s.session.queue.stop()
				s.session.hangUp(errUnknown)
				s.session.submit(s.session.queue.more())
			case again(&outcomes[0]):
				s.session.submit(s.items)
			default:
				s.session.submit(s.session.queue.more())
			}
		}
	})
}
