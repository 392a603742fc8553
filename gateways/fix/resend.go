package fix

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// A resend reads the journal a page at a time and writes it before anything
// new: a client that asks has a gap, and would put aside what is beyond it. New
// numbers wait meanwhile, up to their bound; only if the client asks for a sign
// of life are those before the answer, and the answer, written between two
// pages.

// asksAgain returns the range that is to be sent again next.
func (o *outbound) asksAgain() (span, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.resends) == 0 {
		return span{}, false
	}
	next := o.resends[0]
	o.resends = o.resends[:copy(o.resends, o.resends[1:])]
	return next, true
}

// maxResends is how many ranges wait to be sent again.
const maxResends = 16

// again has a range sent again; false: one that begins there was asked for too
// often, or too many are asked for. Then nothing is sent again any more: the
// Logout that says so goes first.
func (o *outbound) again(r span) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if r.from != o.asked {
		o.asked, o.times = r.from, 0
	}
	o.times++
	o.refused = o.refused || o.times > sameRange || len(o.resends) >= maxResends ||
		!o.repeats.take(r.to-r.from+1, o.written.Load(), time.Now())
	if o.refused {
		o.resends = nil
		return false
	}
	o.resends = append(o.resends, r)
	o.rouse()
	return true
}

// isRefused reports whether nothing is sent again any more.
func (o *outbound) isRefused() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.refused
}

// pause waits between two pages.
func (w *writer) pause() error {
	timer := time.NewTimer(repeatPause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-w.session.gone:
		return w.session.goneErr
	}
}

// resend writes a range again.
func (w *writer) resend(r span) error {
	s := w.session
	s.server.metrics.resends.Inc()
	s.out.resentAt.Store(r.from)
	s.out.resent.Store(&r)
	defer s.out.resent.Store(nil)
	if err := w.flush(); err != nil {
		return err
	}
	for at := r.from; at <= r.to && !s.out.isRefused(); {
		if s.out.repeats.beyond(s.out.written.Load(), time.Now()) {
			if err := w.pause(); err != nil {
				return err
			}
		}
		next, err := w.page(span{at, min(r.to, at+resendPage-1)}, w.asBefore)
		if err != nil {
			return err
		}
		if next == at {
			return fmt.Errorf("%w: number %d is not in the journal", errUnknown, at)
		}
		at = next
		s.out.resentAt.Store(at)
		if err := w.flush(); err != nil {
			return err
		}
		if at <= r.to && s.out.answerWaits() {
			if err := w.upToAnswer(); err != nil {
				return err
			}
		}
	}
	return nil
}

// page writes one page of a resend. The view lets a few be read at a time.
func (w *writer) page(r span, write func(event.Resent) error) (next uint64, err error) {
	s := w.session
	switch {
	case s.isGone():
		return r.from, s.goneErr
	case s.here: // nothing of it is kept
		return r.to + 1, write(event.Resent{Gap: true, From: r.from, To: r.to, At: market.Nanos(s.began.UnixNano())})
	}
	ctx, cancel := context.WithCancel(s.server.background)
	defer cancel()
	// Views that stand still (no room) must not silence the client: it goes to
	// another node.
	waiting, over := context.WithTimeout(ctx, questionTime)
	defer over()
	pin, err := s.server.cfg.Reads.Wait(waiting, s.server.seen())
	if err != nil {
		return r.from, fmt.Errorf("%w: %w", errCut, err)
	}
	return s.server.cfg.Sessions.Resend(ctx, pin, s.comp, r.from, r.to, func(again event.Resent) error {
		if err := write(again); err != nil || len(w.buf) < writeChunk {
			return err
		}
		return w.flush()
	})
}

// asBefore writes a part of a resend.
func (w *writer) asBefore(again event.Resent) error {
	if again.Gap {
		w.gap(again)
		return nil
	}
	n := numbered{number: again.From, block: again.Block, report: again.Report}
	w.report(&n, true)
	w.session.server.metrics.resent.Inc()
	return nil
}

// hasSpilt reports whether what is new must be read from the journal.
func (o *outbound) hasSpilt() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.spilt && o.written.Load() >= o.last {
		o.spilt = false
	}
	return o.spilt
}

// catchUp writes a page of what was never written, from the journal.
func (w *writer) catchUp() error {
	o := &w.session.out
	from := o.written.Load() + 1
	next, err := w.page(span{from, from + resendPage - 1}, w.asNew)
	if err == nil && next == from {
		err = fmt.Errorf("%w: number %d is not in the journal", errUnknown, from)
	}
	return cmp.Or(err, w.flush())
}

// asNew writes a part of what was spilt for the first time. Numbers that no
// report has are slots of this connection, which were kept.
func (w *writer) asNew(part event.Resent) error {
	if !part.Gap {
		return w.one(&numbered{number: part.From, block: part.Block, report: part.Report})
	}
	for number := part.From; number <= part.To; number++ {
		w.batch = w.session.out.next(w.batch, 1)
		if len(w.batch) == 0 || w.batch[0].number != number {
			return fmt.Errorf("%w: number %d is not this connection's", errUnknown, number)
		}
		if err := w.one(&w.batch[0]); err != nil {
			return err
		}
	}
	return nil
}

// gap writes that a run of numbers holds nothing.
func (w *writer) gap(again event.Resent) {
	s := w.session
	w.builder.Begin(s.begin, "4", Venue, s.comp, again.From, w.time(again.At), s.digits)
	w.builder.PossDup(again.At)
	w.builder.Bool(wire.GapFillFlag, true)
	w.builder.Uint(wire.NewSeqNo, again.To+1)
	w.buf = w.builder.Finish(w.buf)
}

// answerWaits reports whether the answer to a TestRequest has its number.
func (o *outbound) answerWaits() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.spilt {
		return false
	}
	slots := 0
	for i := range o.queue {
		if o.queue[i].kind == notASlot {
			continue
		}
		if slots < len(o.locals) && o.locals[slots].kind == "0" && len(o.locals[slots].body) > 0 {
			return true
		}
		slots++
	}
	return false
}

// upToAnswer writes what waits, through the answer.
func (w *writer) upToAnswer() error {
	for w.session.out.answerWaits() {
		w.batch = w.session.out.next(w.batch, 1)
		for i := range w.batch {
			if err := w.one(&w.batch[i]); err != nil {
				return err
			}
		}
	}
	return w.flush()
}

func appendTag(dst []byte, tag wire.Tag) []byte {
	return append(strconv.AppendInt(dst, int64(tag), 10), '=')
}

// appendNumber appends a ready field.
func appendNumber(dst []byte, tag wire.Tag, n uint64) []byte {
	return append(strconv.AppendUint(appendTag(dst, tag), n, 10), wire.Separator)
}
