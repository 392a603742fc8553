package fix

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/encode"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// numbered is an outbound number that the journal has given: to a report, or to
// a message that waits here for one.
type numbered struct {
	number uint64
	// at is the event that gave it.
	at    market.Sequence
	block *event.Block
	// report has no Record for a slot.
	report event.Report
	kind   slotKind
	text   string // of an end that this node did not ask for
}

type slotKind uint8

const (
	notASlot slotKind = iota
	anySlot
	logonSlot // its message is on its way
	endSlot   // the Logout, and nothing after it
	endOnly   // nothing after this, and it has no number
	beginAgain
)

// local is a message that waits for a number: type and body, in ready fields, or
// what writes it whole.
type local struct {
	kind  string
	body  []byte
	write Answer
	// about is the order that it tells of, 0 = none; renew takes the order as it
	// is when its number is given.
	about market.OrderID
	renew func(event.Order)
}

// outbound is what is to be written to a session's client, in the order of its
// numbers, which is the journal's.
type outbound struct {
	mu      sync.Mutex
	queue   []numbered
	pinned  int // events in the blocks of the queue
	locals  []local
	resends []span
	// spilt says that reports were thrown out of the queue, during a resend or
	// because of the blocks that they kept: all that is not written yet is read
	// from the journal then.
	spilt bool
	// last is the last number that the journal gave.
	last uint64
	// resent is what is being sent again, nil: nothing.
	resent atomic.Pointer[span]
	// resentAt is the number that it has come to.
	resentAt atomic.Uint64
	// asked is where the client's last ResendRequests began, times how often.
	asked uint64
	times int
	// repeats is what the session has asked for again, also on connections before.
	repeats *repeats
	// refused: what it asks for again is not sent any more.
	refused bool
	wake    chan struct{}
	// written is the number of the last message that was written in its turn.
	written atomic.Uint64
}

// span is a range of numbers, both included.
type span struct{ from, to uint64 }

func newOutbound() outbound {
	return outbound{wake: make(chan struct{}, 1), repeats: &repeats{}}
}

func (o *outbound) rouse() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// keep holds a message until it has a number; false: too many wait.
func (o *outbound) keep(l local) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.locals) >= maxWaitingLocal {
		return false
	}
	o.locals = append(o.locals, l)
	o.rouse()
	return true
}

// add takes what one block gave the session, in the order of its events; false:
// the reader is too far behind.
func (o *outbound) add(given []numbered) bool {
	slices.SortStableFunc(given, func(a, b numbered) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.number, b.number))
	})
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range given {
		if given[i].kind == beginAgain && o.spilt {
			return false
		}
		o.last = max(given[i].number, o.last)
		if given[i].kind == beginAgain {
			o.last = given[i].number
		}
	}
	if !o.spilt && (o.resending() && len(o.queue)+len(given) > maxWaitingOut/2 || o.pinned > maxPinned) {
		slots := onlySlots(o.queue)
		o.spilt, o.queue, o.pinned = true, slots[:0], 0
		for _, n := range slots {
			o.push(n)
		}
	}
	if o.spilt {
		given = onlySlots(given)
	}
	if len(o.queue)+len(given) > maxWaitingOut {
		return false
	}
	for i := range given {
		o.push(given[i])
	}
	o.rouse()
	return true
}

// push and pop count the blocks that are kept: what waits of one block lies side
// by side.
func (o *outbound) push(n numbered) {
	if end := len(o.queue); n.block != nil && (end == 0 || o.queue[end-1].block != n.block) {
		o.pinned += int(n.block.Count)
	}
	o.queue = append(o.queue, n)
}

func (o *outbound) pop(n int) {
	for i := range n {
		if b := o.queue[i].block; b != nil && (i+1 == len(o.queue) || o.queue[i+1].block != b) {
			o.pinned -= int(b.Count)
		}
	}
	o.queue = o.queue[:copy(o.queue, o.queue[n:])]
}

// isBehind reports whether something is sent again, or what is new is read from
// the journal: both by number, so the numbers cannot begin anew meanwhile.
func (o *outbound) isBehind() bool {
	if o.hasSpilt() {
		return true
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.resending()
}

func (o *outbound) resending() bool { return len(o.resends) > 0 || o.resent.Load() != nil }

func onlySlots(numbers []numbered) []numbered {
	return slices.DeleteFunc(numbers, func(n numbered) bool { return n.kind == notASlot })
}

// next returns up to so many numbers whose turn it is.
func (o *outbound) next(into []numbered, most int) []numbered {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := min(len(o.queue), most)
	into = append(into[:0], o.queue[:n]...)
	o.pop(n)
	return into
}

// message returns the oldest message that waits for a number.
func (o *outbound) message() (local, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.locals) == 0 {
		return local{}, false
	}
	l := o.locals[0]
	o.locals = o.locals[:copy(o.locals, o.locals[1:])]
	return l, true
}

// writer is the pump's own: where its bytes go.
type writer struct {
	session *session
	builder wire.Builder
	buf     []byte
	batch   []numbered
	flood   flood
	// last is the time of the last message, which no later one goes below.
	last market.Nanos
}

// pump writes what has a number until the connection is gone.
func (s *session) pump() {
	w := &writer{session: s}
	for {
		select {
		case <-s.gone:
			return
		case <-s.out.wake:
		}
		if err := w.write(); err != nil {
			s.hangUp(err)
			return
		}
	}
}

// write writes all that is there.
func (w *writer) write() error {
	for {
		if again, ok := w.session.out.asksAgain(); ok {
			if err := w.resend(again); err != nil {
				return err
			}
			continue
		}
		if w.session.out.hasSpilt() {
			if err := w.catchUp(); err != nil {
				return err
			}
			continue
		}
		w.batch = w.session.out.next(w.batch, resendPage)
		if len(w.batch) == 0 {
			return w.flush()
		}
		for i := range w.batch {
			if err := w.one(&w.batch[i]); err != nil {
				return err
			}
		}
		clear(w.batch)
	}
}

// one writes the message of a number.
func (w *writer) one(n *numbered) error {
	s := w.session
	switch n.kind {
	case notASlot:
		w.report(n, false)
	case beginAgain:
		s.out.written.Store(n.number - 1)
		return nil
	case endOnly:
		_ = w.flush()
		return errEnded
	default:
		l, err := w.await(n)
		if err != nil {
			return err
		}
		if l.about != 0 {
			if err := s.renewed(&l, n.at); err != nil {
				return err
			}
		}
		w.message(n.number, l)
		if l.kind == "5" && s.parting.Load() != nil {
			s.said()
		}
	}
	s.out.written.Store(n.number)
	if n.kind == logonSlot && s.expects != 0 && s.expects < n.number {
		s.sendAgain(span{s.expects, n.number - 1})
	}
	if n.kind == endSlot {
		err := w.flush()
		s.linger()
		return cmp.Or(err, errEnded)
	}
	if len(w.buf) >= writeChunk {
		return w.flush()
	}
	return nil
}

// await returns the message for a slot. A number that was given twice, since
// what asked for it was, is filled with nothing.
func (w *writer) await(n *numbered) (local, error) {
	l, ok := w.session.out.message()
	for ok && n.kind == endSlot && l.kind != "5" {
		l, ok = w.session.out.message() // what waits for a number gets none any more
	}
	switch {
	case ok:
		return l, nil
	case n.kind == anySlot:
		return gapFill(n.number + 1), nil
	case n.kind == endSlot:
		return local{kind: "5", body: appendField(nil, wire.Text, n.text)}, nil
	}
	late := time.NewTimer(goodbye)
	defer late.Stop()
	for {
		select {
		case <-w.session.gone:
			return local{}, w.session.goneErr
		case <-late.C:
			return local{}, errProtocol
		case <-w.session.out.wake:
			if l, ok = w.session.out.message(); ok {
				w.session.out.rouse()
				return l, nil
			}
		}
	}
}

// message writes a message of the session layer, or of the desk.
func (w *writer) message(number uint64, l local) {
	s := w.session
	s.server.metrics.sent(l.kind)
	if l.write != nil {
		w.buf = l.write(w.buf, s.encoder, encode.Slot{Number: number, At: w.time(0)})
		return
	}
	w.builder.Begin(s.begin, l.kind, Venue, s.comp, number, w.time(0), s.digits)
	w.builder.Fields(l.body)
	w.buf = w.builder.Finish(w.buf)
}

// time returns when a message is sent: never before what it tells of, nor
// before the message before it, whatever this node's clock says.
func (w *writer) time(notBefore market.Nanos) market.Nanos {
	w.last = max(w.last, notBefore, w.session.server.now())
	return w.last
}

// flush hands the bytes to the socket.
func (w *writer) flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	s := w.session
	_, err := s.conn.Write(w.buf)
	w.buf = w.buf[:0]
	if cap(w.buf) > 2*writeChunk {
		w.buf = nil
	}
	s.spoke.Store(int64(s.server.now()))
	if err != nil {
		if timeout := (interface{ Timeout() bool })(nil); errors.As(err, &timeout) && timeout.Timeout() {
			return errSlow
		}
		return errClientGone
	}
	return nil
}

// linger lets the client read the Logout and hang up, before the socket is
// closed: to close it on bytes that nobody has read would take the Logout back.
func (s *session) linger() {
	if half, ok := s.conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_ = s.conn.SetReadDeadline(time.Now().Add(goodbye))
	select {
	case <-s.in.over: // the reader has gone, and what comes now is thrown away
	case <-s.gone:
		return
	}
	for range maxRest {
		raw, err := s.in.reader.Next()
		if err == nil {
			err = wire.Parse(raw, &s.turn.in)
		}
		if bad := (*wire.Error)(nil); err != nil && !errors.As(err, &bad) {
			return
		}
		if err == nil && s.turn.in.Type() == "5" && s.over.Load() {
			s.answered(s.turn.in.SeqNum())
			return
		}
	}
}

// maxRest is how many messages are thrown away after a Logout.
const maxRest = 1024

// gapFill is a SequenceReset that fills a live number with nothing.
func gapFill(next uint64) local {
	body := appendField(nil, wire.GapFillFlag, "Y")
	return local{kind: "4", body: appendNumber(body, wire.NewSeqNo, next)}
}

// appendField appends a ready field; nothing for "".
func appendField(dst []byte, tag wire.Tag, value string) []byte {
	if value == "" {
		return dst
	}
	dst = append(appendTag(dst, tag), bytes.ReplaceAll([]byte(value), []byte{wire.Separator}, []byte{' '})...)
	return append(dst, wire.Separator)
}
