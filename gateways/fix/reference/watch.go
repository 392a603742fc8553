package reference

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix"
	"github.com/rialto-exchange/rialto/gateways/fix/encode"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// subject is what a request is about: an instrument, or the venue.
type subject struct {
	id     string // 324, or 335
	symbol string // "": the venue
}

// subscription is a state that a session is told of, once or whenever it
// changes. Its state is under the clerk's lock.
type subscription struct {
	clerk   *clerk
	subject subject
	lasting bool

	known  bool
	at     market.Sequence // of the state
	state  state
	queued bool // a message waits for its number
	told   bool
	ended  bool
}

// watch is who wants to know, by symbol.
type watch struct {
	of map[string]map[*subscription]struct{}
	// reread: the states are to be read anew, since the journal was not followed.
	reread bool
	// venue: an instrument changed, so perhaps the venue did.
	venue bool
}

func newWatch() watch { return watch{of: map[string]map[*subscription]struct{}{}} }

func (d *Desk) join(s *subscription) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.watch.of[s.subject.symbol] == nil {
		d.watch.of[s.subject.symbol] = map[*subscription]struct{}{}
	}
	d.watch.of[s.subject.symbol][s] = struct{}{}
}

func (d *Desk) leave(s *subscription) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.watch.of[s.subject.symbol], s)
	if len(d.watch.of[s.subject.symbol]) == 0 {
		delete(d.watch.of, s.subject.symbol)
	}
}

// wanting returns who wants to know of a symbol.
func (d *Desk) wanting(symbol string) []*subscription {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Collect(maps.Keys(d.watch.of[symbol]))
}

// follow answers a SecurityStatusRequest or a TradingSessionStatusRequest: with
// the state, and with each that follows if that is wanted.
func (c *clerk) follow(ctx context.Context, r request, of subject, subscribe byte) error {
	if subscribe == noMore {
		c.end(of)
		return nil
	}
	s := &subscription{clerk: c, subject: of, lasting: subscribe == updates}
	if s.lasting {
		if !c.begin(s) {
			fix.RefuseNumber(c.counter, r.number, r.msgType, &wire.BusinessError{
				Reason: wire.ApplicationNotAvailable, Text: "1000 subscriptions are open",
			})
			return nil
		}
	}
	// Whatever the follower has seen before the session was on its list is read
	// here, and what it sees later is the newer state.
	pin, err := c.desk.pinned(ctx, r)
	var now state
	if err == nil {
		now, err = c.desk.state(ctx, pin, of.symbol)
	}
	switch {
	case err == nil:
		s.tell(pin.Sequence, now)
	case s.lasting:
		c.end(of)
	}
	return err
}

// begin puts a subscription in the place of the one with its id.
func (c *clerk) begin(s *subscription) bool {
	c.end(s.subject)
	c.mu.Lock()
	if c.closed || len(c.subscriptions) == MaxSubscriptions {
		c.mu.Unlock()
		return false
	}
	c.subscriptions[s.subject] = s
	c.mu.Unlock()
	c.desk.join(s)
	return true
}

// end ends a subscription, if there is one.
func (c *clerk) end(of subject) {
	c.mu.Lock()
	s := c.subscriptions[of]
	delete(c.subscriptions, of)
	if s != nil {
		s.ended = true
	}
	c.mu.Unlock()
	if s != nil {
		c.desk.leave(s)
	}
}

// tell takes up a state, and has it sent if it is newer and another.
func (s *subscription) tell(at market.Sequence, now state) {
	c := s.clerk
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.ended || at < s.at || s.known && !now.follows(s.state) {
		return
	}
	s.known, s.at, s.state = true, at, now
	if s.queued {
		return
	}
	s.queued = true
	msgType := "f"
	if s.subject.symbol == "" {
		msgType = "h"
	}
	c.counter.Send(msgType, s.write)
}

// write appends the newest state.
func (s *subscription) write(dst []byte, _ *encode.Encoder, slot encode.Slot) []byte {
	c := s.clerk
	c.mu.Lock()
	now, told, ended := s.state, s.told, s.ended
	s.queued, s.told = false, true
	c.mu.Unlock()
	if ended {
		return c.client.Pass(&c.builder, dst, slot)
	}
	return c.appendState(dst, slot, s.subject, now, told)
}

// follow tells of what changes. Whenever it begins, all states are read anew.
func (d *Desk) follow(ctx context.Context) {
	for ctx.Err() == nil {
		after := d.blocks.LastBlock()
		d.look(func(w *watch) { w.reread = true })
		err := d.blocks.FollowBlocks(ctx, after, func(b *event.Block) error {
			d.note(b)
			return ctx.Err()
		})
		if ctx.Err() != nil {
			return
		}
		d.log.Warn("the journal is not followed for the states of instruments", "error", err)
		pause(ctx)
	}
}

func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(retryEvery):
	}
}

// look has the watch read something.
func (d *Desk) look(change func(*watch)) {
	d.mu.Lock()
	change(&d.watch)
	d.mu.Unlock()
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// note takes up a block.
func (d *Desk) note(b *event.Block) {
	for i := range b.Groups {
		g, at := &b.Groups[i], b.Groups[i].First
		for _, r := range g.Records {
			if change, ok := r.(*event.InstrumentChanged); ok {
				d.changed(change, at, b.At)
			}
			at += market.Sequence(r.Events())
		}
	}
}

func (d *Desk) changed(r *event.InstrumentChanged, at market.Sequence, when market.Nanos) {
	for _, s := range d.wanting(r.Instrument.Instrument) {
		s.tell(at, stateOf(&r.Instrument, r.Reason, when))
	}
	d.look(func(w *watch) { w.venue = true })
}

// refresh reads what cannot be known from one event, until ctx ends.
func (d *Desk) refresh(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.wake:
		}
		var now watch
		d.mu.Lock()
		now, d.watch.reread, d.watch.venue = d.watch, false, false
		symbols := []string{}
		if now.reread {
			symbols = slices.Collect(maps.Keys(d.watch.of))
		} else if now.venue && len(d.watch.of[""]) > 0 {
			symbols = append(symbols, "")
		}
		d.mu.Unlock()
		if err := d.reread(ctx, symbols); err != nil && ctx.Err() == nil {
			d.log.Warn("the states of instruments wait for the views", "error", err)
			pause(ctx)
			d.look(func(w *watch) { w.reread, w.venue = w.reread || now.reread, w.venue || now.venue })
		}
	}
}

// reread tells of the states as they are now.
func (d *Desk) reread(ctx context.Context, symbols []string) error {
	if len(symbols) == 0 {
		return nil
	}
	pin, err := d.pinned(ctx, request{})
	if err != nil {
		return err
	}
	for _, symbol := range symbols {
		now, err := d.state(ctx, pin, symbol)
		if err != nil {
			return err
		}
		for _, s := range d.wanting(symbol) {
			s.tell(pin.Sequence, now)
		}
	}
	return nil
}
