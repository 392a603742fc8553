package sessions

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// The bounds of reading reports again.
const (
	// PageReports is how many reports are held at a time; those of one block
	// are never split, so that a page may be longer by one block's.
	PageReports = 512
	// PageBlocks bounds the blocks of a page, however few reports they hold.
	PageBlocks = 256
	// PagesAtOnce is how many pages are read from the journal at the same time
	// on a node; who is next waits.
	PagesAtOnce = 2
	// sparse is how many events that concern others are decoded for nothing
	// before the next block is looked for by its sequence.
	sparse = 2048
)

// Resend calls yield with what the numbers from one through another are, each
// of them once, in order: a report, or a part of a run of gaps. It goes no
// farther than the last number that was given out at the pin, and returns the
// first that it has not yielded.
//
// It reads a page of the journal at a time and holds nothing while yield runs
// but that page; between pages it ends with ctx's error. yield's error ends it
// at once and is returned. What was read before an error of the journal is
// yielded: from the first number that was not, it can be gone on with later.
// ErrNotFound: there was no such session.
func (v *View) Resend(ctx context.Context, at event.Pin, comp string, from, to uint64, yield func(event.Resent) error) (uint64, error) {
	s, _, err := state(v.reader, comp, at.Sequence)
	if err != nil {
		return from, err
	}
	r := resend{view: v, ctx: ctx, comp: comp, reset: s.ResetAt, began: s.BeganAt, next: max(from, 1), to: min(to, s.NextOut-1), yield: yield}
	if r.next > r.to {
		return r.next, nil
	}
	err = r.all(at.Sequence)
	return r.next, err
}

// resend is one call of Resend.
type resend struct {
	view  *View
	ctx   context.Context
	comp  string
	reset market.Sequence // the numbers are those given out since
	began market.Nanos    // the time of reset
	// after is where the first block with a number that is wanted, or a higher
	// one, is looked for; last the time of the report before next, 0 if that is
	// not known yet.
	after market.Sequence
	last  market.Nanos
	next  uint64 // the first that was not yielded
	to    uint64
	yield func(event.Resent) error
	page  []event.Resent
}

func (r *resend) all(at market.Sequence) error {
	after, err := r.seek(at)
	r.after = after
	for more := true; more && err == nil; {
		if err = r.ctx.Err(); err != nil {
			break
		}
		var blocks []held
		if blocks, err = r.blocks(after, at); err != nil {
			break
		}
		more = len(blocks) == PageBlocks
		if len(blocks) > 0 {
			after = blocks[len(blocks)-1].at
			err = r.through(blocks)
		}
	}
	if err != nil {
		return err
	}
	return r.gap(r.to)
}

// seek returns the sequence that the first block wanted comes after. It is
// the first block since the reset that ends in a number at or above the first
// wanted; both rise with the sequence, which the search halves.
func (r *resend) seek(at market.Sequence) (after market.Sequence, err error) {
	low, high := max(r.reset, 1)-1, at // none through low; one through high, or none at all
	for probe := high; low < high; probe = low + (high-low)/2 {
		h, ok, err := r.endingAt(probe)
		switch {
		case err != nil:
			return 0, err
		case ok && h.last >= r.next:
			high = h.at
		case probe == at:
			return at, nil // none at all
		default:
			low = probe
		}
		if high-low <= 1 || ok && high == h.at && h.first <= r.next {
			return high - 1, nil
		}
	}
	return high, nil
}

// endingAt returns the last block with reports that ends at or before a
// sequence, since the reset.
func (r *resend) endingAt(sequence market.Sequence) (h held, ok bool, err error) {
	var failed error
	err = r.view.reader.List(key(blocksKey, r.comp), readmodels.Span{At: sequence, Descending: true}, func(item []byte, at market.Sequence) bool {
		h, failed = unpackHeld(item, at)
		ok = failed == nil && at >= r.reset
		return false
	})
	return h, ok, errors.Join(err, r.view.reader.Noticed(failed))
}

// blocks returns the next blocks with reports that are wanted, PageBlocks of
// them at most.
func (r *resend) blocks(after, at market.Sequence) (list []held, err error) {
	var failed error
	err = r.view.reader.List(key(blocksKey, r.comp), readmodels.Span{At: at, After: after}, func(item []byte, at market.Sequence) bool {
		var h held
		if h, failed = unpackHeld(item, at); failed != nil || h.first > r.to {
			return false
		}
		list = append(list, h)
		return len(list) < PageBlocks
	})
	return list, errors.Join(err, r.view.reader.Noticed(failed))
}

// through reads these blocks, a page at a time, and yields what they hold.
func (r *resend) through(blocks []held) error {
	for len(blocks) > 0 {
		read, err := r.turn(blocks)
		if failed := r.flush(); failed != nil {
			return failed
		}
		if err == nil {
			err = r.ctx.Err()
		}
		if err != nil {
			return err
		}
		blocks = blocks[read:]
	}
	return nil
}

// turn fills a page when it is this reader's turn, and returns how many of the
// blocks it has gone through.
func (r *resend) turn(blocks []held) (int, error) {
	r.page = r.page[:0]
	select {
	case r.view.turns <- struct{}{}:
		defer func() { <-r.view.turns }()
	case <-r.ctx.Done():
		return 0, r.ctx.Err()
	}
	for read := 0; ; {
		n, err := r.run(blocks[read:])
		read += n
		switch {
		case errors.Is(err, readmodels.ErrBeforeFloor):
			read++ // gone: its numbers are a gap
		case err != nil:
			return read, err
		}
		if read == len(blocks) || len(r.page) >= PageReports {
			return read, nil
		}
	}
}

// run reads on from the first of these blocks while the next one is near, and
// returns how many it has read.
func (r *resend) run(blocks []held) (read int, err error) {
	var broken error
	err = r.view.journal.Read(blocks[0].at-1, func(b *event.Block) bool {
		switch want := blocks[read].at; {
		case b.Last() < want:
			return want-b.Last() <= sparse
		case b.Last() > want:
			broken = fmt.Errorf("no block ends at event %d: %w", want, readmodels.ErrDamaged)
			return false
		}
		if broken = r.take(b, blocks[read]); broken != nil {
			return false
		}
		read++
		return read < len(blocks) && len(r.page) < PageReports
	})
	if read == 0 && err == nil && broken == nil {
		broken = fmt.Errorf("the journal ends before event %d: %w", blocks[0].at, readmodels.ErrDamaged)
	}
	return read, errors.Join(err, r.view.reader.Noticed(broken))
}

// take adds what a block holds of the wanted numbers to the page.
func (r *resend) take(b *event.Block, h held) error {
	found := uint64(0)
	b.Reports(func(report event.Report) bool {
		if report.Touch.CompID != r.comp || report.Number < h.first || report.Number > h.last || report.Sequence < r.reset {
			return true
		}
		found = report.Number
		if report.Number < r.next {
			r.last = b.At
		}
		if report.Number >= r.next && report.Number <= r.to {
			r.page = append(r.page, event.Resent{From: report.Number, To: report.Number, At: b.At, Block: b, Report: report})
		}
		return report.Number < h.last
	})
	if found != h.last {
		return fmt.Errorf("report %d of %s is not in the block that ends at event %d: %w", h.last, r.comp, h.at, readmodels.ErrDamaged)
	}
	return nil
}

// flush yields the page, and the gaps between its reports.
func (r *resend) flush() error {
	runtime.Gosched() // what waits for this processor goes first
	for i := range r.page {
		if err := r.gap(r.page[i].From - 1); err != nil {
			return err
		}
		if err := r.yield(r.page[i]); err != nil {
			return err
		}
		r.next, r.last = r.page[i].To+1, r.page[i].At
	}
	return nil
}

// gap yields the numbers through one as gaps, if any are left.
func (r *resend) gap(through uint64) error {
	if through < r.next {
		return nil
	}
	if err := r.before(); err != nil {
		return err
	}
	if err := r.yield(event.Resent{Gap: true, From: r.next, To: through, At: r.last}); err != nil {
		return err
	}
	r.next = through + 1
	return nil
}

// before looks up the time of the last report before next, where it has not
// been read. What is before the floor, or before the first report, has the time
// that the numbers began with.
func (r *resend) before() error {
	if r.last != 0 {
		return nil
	}
	r.last = r.began
	h, ok, err := r.endingAt(r.after)
	if err != nil || !ok {
		return err
	}
	err = r.view.journal.Read(h.at-1, func(b *event.Block) bool {
		r.last = b.At
		return false
	})
	if errors.Is(err, readmodels.ErrBeforeFloor) {
		return nil
	}
	return err
}
