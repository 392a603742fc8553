package fix

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/fix/encode"
)

// item is what waits for the log: a command of the client's, inbound numbers
// that are used up by no command with outbound numbers that are wanted, or the
// end of the session.
type item struct {
	cmd      *command.Command
	end      *command.EndSession
	from, to uint64 // to < from: none
	slots    uint32
	// lazy may wait for others to share an entry with.
	lazy bool
	// size is what it holds, in bytes.
	size int
	// after is called when the item is applied; nil: nobody waits for it.
	after func(last market.Sequence)
}

// inbound is the queue of a session. Its items go to the log in their order,
// one Submit under way at a time: so a client's message n+1 is never decided
// before n.
type inbound struct {
	mu      sync.Mutex
	items   []item
	bytes   int  // that the items hold
	busy    bool // a Submit is under way
	last    bool // the end has been queued: nothing comes after it
	stopped bool // what is left never goes
	room    chan struct{}
	idle    chan struct{} // closed while nothing is under way
}

func newInbound() inbound {
	idle := make(chan struct{})
	close(idle)
	return inbound{room: make(chan struct{}, 1), idle: idle}
}

// add queues an item. Numbers that follow on each other become one step.
func (q *inbound) add(i item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.last || q.stopped {
		return
	}
	q.last = i.end != nil
	if n := len(q.items); n > 0 && q.items[n-1].takes(&i) {
		return
	}
	q.items = append(q.items, i)
	q.bytes += i.size
}

// takes joins another step to this one, if it follows on it.
func (i *item) takes(next *item) bool {
	if i.cmd != nil || next.cmd != nil || i.end != nil || next.end != nil || i.after != nil || next.after != nil {
		return false
	}
	if uint64(i.slots)+uint64(next.slots) > command.MaxSlots {
		return false
	}
	switch {
	case next.to < next.from:
	case i.to < i.from:
		i.from, i.to = next.from, next.to
	case next.from == i.to+1:
		i.to = next.to
	default:
		return false
	}
	i.slots += next.slots
	i.lazy = i.lazy && next.lazy
	return true
}

// full reports whether the queue is at its bound.
func (q *inbound) full() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return (len(q.items) >= maxWaitingIn || q.bytes >= maxWaitingBytes) && !q.stopped
}

// ending reports whether the end of the session is queued or went.
func (q *inbound) ending() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.last
}

// take returns the items that go next, and marks the queue busy; none if there
// is nothing to do. With lazy it takes only what is lazy all through.
func (q *inbound) take(lazy bool) []item {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.busy || len(q.items) == 0 || q.stopped || lazy != q.allLazy() {
		return nil
	}
	q.busy, q.idle = true, make(chan struct{})
	return q.cut()
}

// more returns what goes after a Submit, or none and the queue is idle.
func (q *inbound) more() []item {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) > 0 && !q.stopped && !q.allLazy() {
		return q.cut()
	}
	q.busy = false
	close(q.idle)
	return nil
}

func (q *inbound) cut() []item {
	n := min(len(q.items), maxBatch)
	batch := append([]item(nil), q.items[:n]...)
	clear(q.items[copy(q.items, q.items[n:]):])
	q.items = q.items[:len(q.items)-n]
	for i := range batch {
		q.bytes -= batch[i].size
	}
	select {
	case q.room <- struct{}{}:
	default:
	}
	return batch
}

func (q *inbound) allLazy() bool {
	for i := range q.items {
		if !q.items[i].lazy {
			return false
		}
	}
	return true
}

func (q *inbound) waits() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.items) > 0 && !q.stopped
}

// stop drops what waits: its numbers are not used, and come again.
func (q *inbound) stop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stopped, q.last, q.items = true, true, nil
	select {
	case q.room <- struct{}{}:
	default:
	}
}

// isStopped reports whether what waits was dropped.
func (q *inbound) isStopped() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.stopped
}

// wait waits until nothing is under way.
func (q *inbound) wait() {
	for {
		q.mu.Lock()
		idle, left := q.idle, q.busy
		q.mu.Unlock()
		if !left {
			return
		}
		<-idle
	}
}

// enqueue queues an item and sees that it goes.
func (s *session) enqueue(i item) {
	if s.here {
		s.enqueueHere(i)
		return
	}
	s.queue.add(i)
	if batch := s.queue.take(false); batch != nil {
		s.server.work.Go(func() { s.submit(batch) })
		return
	}
	s.server.lazy.want(s)
}

// enqueueHere gives the numbers of a session that lives on this node only.
func (s *session) enqueueHere(i item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	given := make([]numbered, 0, 2)
	slots := i.slots
	if i.end != nil {
		s.queue.add(i)
		slots = i.end.Slots
	}
	for range slots {
		s.numberHere++
		given = append(given, numbered{number: s.numberHere, kind: anySlot})
	}
	switch {
	case i.end == nil:
	case slots > 0:
		given[len(given)-1].kind = endSlot
	default:
		given = append(given, numbered{number: s.numberHere, kind: endOnly})
	}
	if !s.out.add(given) {
		s.hangUp(errSlow)
	}
	if i.after != nil {
		s.server.work.Go(func() { i.after(s.server.seen()) })
	}
}

// submit takes batches to the log until nothing urgent is left.
func (s *session) submit(batch []item) {
	for batch != nil {
		if err := s.settle(batch); err != nil {
			s.queue.stop()
			if errors.Is(err, errFenced) {
				s.fenced()
			} else {
				s.hangUp(err)
			}
		}
		batch = s.queue.more()
	}
	if s.queue.waits() {
		s.server.lazy.want(s)
	}
}

// settle submits a batch until each of its items is decided. The machine takes
// each number once, so what it put off goes again with all that comes after it.
func (s *session) settle(batch []item) error {
	begun := time.Now()
	for len(batch) > 0 {
		commands := make([]*command.Command, len(batch))
		for i := range batch {
			commands[i] = s.command(&batch[i])
		}
		back, ok := s.server.shares.take(s.server.background, s.participant, len(commands))
		if !ok {
			return errCut
		}
		if s.queue.isStopped() { // cut while it waited: nothing of it was sent, its numbers come again
			back()
			return errCut
		}
		outcomes, err := s.server.submit(s.server.background, commands)
		back()
		decided := 0
		for decided < len(outcomes) {
			o := &outcomes[decided]
			if again(o) {
				break
			}
			if err := lost(o); err != nil {
				return err
			}
			if after := batch[decided].after; after != nil {
				after(o.Sequence)
			}
			decided++
		}
		batch = batch[decided:]
		switch {
		case err == nil:
		case errors.Is(err, gateways.ErrDegraded) && s.decline(batch):
		case errors.Is(err, gateways.ErrOverloaded) && time.Since(begun) < overloadPatience:
			s.server.pause(s.server.background)
		default:
			return fmt.Errorf("%w: %w", errUnknown, err)
		}
		if s.server.background.Err() != nil {
			return errCut
		}
	}
	return nil
}

// overloadPatience is how long messages wait for a log that is full; none of
// theirs has been executed meanwhile, and the client sees its socket stand still.
const overloadPatience = 5 * time.Second

// decline puts refusals in the place of the orders that the venue does not take
// while it is short of room; false: there are none, and nothing is taken.
func (s *session) decline(batch []item) bool {
	changed := false
	for i := range batch {
		cmd := batch[i].cmd
		if cmd == nil || !gateways.NewOrder(cmd.Body) {
			continue
		}
		err := s.server.cfg.Commands.Takes(cmd.Role, cmd.Body)
		if err == nil {
			continue
		}
		declined := *cmd
		declined.Body = s.refused(cmd.Body, event.CodeVenueFull, err.Error())
		batch[i].cmd, changed = &declined, true
	}
	return changed
}

// refused makes the refusal of an order that the door decides. It echoes what was
// asked for like the machine's own.
func (s *session) refused(body command.Body, code event.Code, detail string) *command.DeclineOrder {
	d := &command.DeclineOrder{Code: uint8(code), Detail: detail, Request: body.Kind()}
	if o, ok := body.(*command.PlaceOrder); ok {
		// The session's own encoder is the pump's.
		d.Fields = encode.New(encode.Session{BeginString: s.begin, Sender: Venue, Target: s.comp, Digits: uint8(s.digits)}).Placement(o)
	}
	return d
}

// fenced is for a session that the machine says has ended. How it did is in the
// journal, with what was numbered before, and that is written first: where the
// numbers begin anew it could not be asked for. The journal may be a little behind.
func (s *session) fenced() {
	s.queue.stop()
	time.AfterFunc(goodbyeMost, func() { s.hangUp(errFenced) })
}

// again reports whether the machine put a command off without deciding it.
func again(o *event.Outcome) bool {
	return o.Kind == event.OutcomeThrottled || o.Kind == event.OutcomeTooFarAhead
}

// lost returns why a session cannot go on after an outcome.
func lost(o *event.Outcome) error {
	switch o.Kind {
	case event.OutcomeSessionStale:
		return errFenced
	case event.OutcomeSessionGap:
		return fmt.Errorf("%w: a number is missing in the machine", errUnknown)
	}
	return nil // executed, or by an earlier copy
}

// command makes what goes to the log of an item.
func (s *session) command(i *item) *command.Command {
	switch {
	case i.cmd != nil:
		return i.cmd
	case i.end != nil:
		return s.server.own(i.end)
	}
	return s.server.own(&command.AdvanceSessions{
		Owner: s.server.cfg.NodeID, Steps: []command.SessionStep{s.step(i)},
	})
}

func (s *session) step(i *item) command.SessionStep {
	return command.SessionStep{
		CompID: s.comp, Epoch: s.epoch.Load(), From: i.from, To: i.to, Slots: i.slots, Vouch: s.vouch.Load(),
	}
}

// end queues the end of the session: the numbers from through to are used by the
// client's Logout, and so many are wanted for ours.
func (s *session) end(reason market.SessionEnd, text string, from, to uint64, slots uint32) {
	s.enqueue(s.ending(reason, text, from, to, slots))
}

func (s *session) ending(reason market.SessionEnd, text string, from, to uint64, slots uint32) item {
	if to == 0 {
		from = 1
	}
	return item{end: &command.EndSession{
		CompID: s.comp, Epoch: s.epoch.Load(), From: from, To: to, Slots: slots, Reason: reason, Text: text,
	}}
}

// say queues a message of our own that is no report. It goes out under the
// number that the machine gives it.
func (s *session) say(l local, lazy bool) { s.post(l, item{from: 1, slots: 1, lazy: lazy}) }

// post queues a message and the item that asks for its number. Messages and
// items are in one order: else an answer could go out under a number that
// somebody else's item was given, before its own item is in the log.
func (s *session) post(l local, i item) {
	s.posting.Lock()
	defer s.posting.Unlock()
	if !s.out.keep(l) {
		s.hangUp(errSlow)
		return
	}
	s.enqueue(i)
}

// submit executes commands and measures how long that takes.
func (v *Server) submit(ctx context.Context, commands []*command.Command) ([]event.Outcome, error) {
	defer v.metrics.commit()()
	return v.cfg.Commands.Submit(ctx, commands)
}

// active reports whether anything waits or is under way.
func (q *inbound) active() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.busy || len(q.items) > 0
}
