package fix

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// dispatcher follows the journal and hands to each connection what the machine
// numbered for it. It waits for nobody: a connection that is behind ends.
type dispatcher struct {
	server *Server
	// seen is the last event that was handed out.
	seen atomic.Uint64
	// touched are those whom the block gives something; used anew for each.
	touched []*session
}

// seen returns the last event that the connections know of.
func (v *Server) seen() market.Sequence { return market.Sequence(v.dispatcher.seen.Load()) }

// follow hands out blocks until ctx ends. A journal that cannot be followed
// (its past went while this node had a gap) is followed anew, without the
// connections of before.
func (v *Server) follow(ctx context.Context) {
	for ctx.Err() == nil {
		after := v.cfg.Blocks.LastBlock()
		v.dispatcher.seen.Store(uint64(after))
		v.allBegunAnew()
		v.setFollowing(true)
		err := v.cfg.Blocks.FollowBlocks(ctx, after, func(b *event.Block) error {
			v.dispatcher.block(b)
			return nil
		})
		if err != nil {
			v.log.Warn("the journal is not followed", "error", err)
		}
		v.setFollowing(false)
		v.cutAll(errors.Join(errCut, err))
		v.pause(ctx)
	}
}

// block hands out one block.
func (d *dispatcher) block(b *event.Block) {
	for i := range b.Groups {
		d.group(b, &b.Groups[i])
	}
	if len(b.Sessions) > 0 {
		b.Reports(func(r event.Report) bool {
			if s := d.server.live(r.Touch.CompID); s != nil && r.Sequence > s.since {
				d.give(s, numbered{number: r.Number, at: r.Sequence, block: b, report: r})
			}
			return true
		})
	}
	d.hand()
	d.seen.Store(uint64(b.Last()))
}

// group looks for what happened to sessions themselves.
func (d *dispatcher) group(b *event.Block, g *event.Group) {
	at := g.First
	for _, r := range g.Records {
		switch r := r.(type) {
		case *event.SessionsAdvanced:
			for i := range r.Steps {
				d.advanced(at, r.Owner, &r.Steps[i])
			}
		case *event.SessionLoggedOn:
			if r.Reset {
				d.server.begunAnew(r.CompID)
			}
			d.loggedOn(at, r, g.Context.CommandID)
		case *event.SessionReset:
			d.server.begunAnew(r.CompID)
		case *event.SessionEnded:
			d.ended(at, r, g.Context.CommandID)
		}
		at += market.Sequence(r.Events())
	}
}

func (d *dispatcher) give(s *session, n numbered) {
	if len(s.given) == 0 {
		d.touched = append(d.touched, s)
	}
	s.given = append(s.given, n)
}

// hand gives everybody what is his.
func (d *dispatcher) hand() {
	for _, s := range d.touched {
		if !s.out.add(s.given) {
			s.hangUp(errSlow)
		}
		clear(s.given)
		s.given = s.given[:0]
	}
	clear(d.touched)
	d.touched = d.touched[:0]
}

// advanced hands out the numbers of a step.
func (d *dispatcher) advanced(at market.Sequence, owner string, step *event.SessionStepped) {
	s := d.server.live(step.CompID)
	if s == nil || s.epoch.Load() != step.Epoch || owner != d.server.cfg.NodeID {
		return
	}
	switch step.Result {
	case event.StepStale:
		s.fenced()
		return
	case event.StepGap:
		s.queue.stop()
		s.hangUp(errUnknown)
		return
	}
	for i := uint64(0); i < uint64(step.Slots); i++ {
		d.give(s, numbered{number: step.Number + i, at: at, kind: anySlot})
	}
}

// loggedOn begins a connection's numbers, or ends those of a connection whose
// session is elsewhere now.
func (d *dispatcher) loggedOn(at market.Sequence, r *event.SessionLoggedOn, id string) {
	s, before := d.server.promote(r.CompID, id)
	if before != nil && before != s {
		before.queue.stop()
		before.hangUp(errFenced)
	}
	if s == nil {
		return
	}
	if s.epoch.Swap(r.Epoch) != 0 {
		// What the entry reported before, in the old numbers, is this connection's.
		s.out.begunAnew()
		d.give(s, numbered{number: r.Number, at: at, kind: beginAgain})
	} else {
		s.since = at
		s.out.written.Store(r.Number - 1)
	}
	d.give(s, numbered{number: r.Number, at: at, kind: logonSlot})
	select {
	case s.logon <- logonAnswer{on: r}:
	default: // nobody waits any more
	}
}

// ended ends a connection after what was numbered before.
func (d *dispatcher) ended(at market.Sequence, r *event.SessionEnded, id string) {
	s := d.server.live(r.CompID)
	if s == nil || s.epoch.Load() != r.Epoch || d.server.beginsAgain(s, id) {
		return
	}
	kind, number := endOnly, uint64(0)
	if r.Slots > 0 {
		kind, number = endSlot, r.Number
	}
	d.give(s, numbered{number: number, at: at, kind: kind, text: r.Text})
	for i := uint64(1); i < uint64(r.Slots); i++ {
		d.give(s, numbered{number: number + i, at: at, kind: anySlot})
	}
	if r.Reason != market.SessionEndLogout {
		s.over.Store(true)
		s.queue.stop()
	}
}
