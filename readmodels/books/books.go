// Package books (no promise) is the view of market depth: what each instrument's
// book shows, now and at any point of the past.
//
// The books of now are kept in memory with the last changes of their levels,
// so that a reader whose point lies a little back is served from there too.
// For older points a checkpoint of all resting orders is kept every so many
// events, and the journal is folded from it. A book moves by whole commands:
// nobody sees an incoming order beside the orders that it is about to meet.
package books

import (
	"context"
	"runtime"
	"sync"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// Name is the view's name.
const Name = "books"

// DefaultEvery is how many events lie between checkpoints at least.
const DefaultEvery = 50_000

// undoChanges is how many changes of each side of a book can be undone, to
// answer for a point a little back.
const undoChanges = 2048

// eventsPerOrder stretches that when many orders rest: a checkpoint is
// written after this many events for each resting order, so that its cost an
// event is bounded too.
const eventsPerOrder = 4

// View keeps the books. Its queries may run beside Fold.
type View struct {
	journal readmodels.Journal
	reader  readmodels.Reader
	every   market.Sequence
	keep    int // changes of each side's levels in memory

	mu     sync.RWMutex // guards now
	now    *state
	marked market.Sequence // the last checkpoint; Fold's alone
}

var _ readmodels.View = (*View)(nil)

// New returns the view, with at least every events between checkpoints; 0 =
// DefaultEvery.
func New(j readmodels.Journal, every market.Sequence) *View {
	if every == 0 {
		every = DefaultEvery
	}
	return &View{journal: j, every: every, keep: undoChanges}
}

// Name implements readmodels.View.
func (*View) Name() string { return Name }

// Format implements readmodels.View.
func (*View) Format() uint32 { return 1 }

// Open implements readmodels.View. It goes on from the last checkpoint.
func (v *View) Open(r readmodels.Reader, cursor market.Sequence) (market.Sequence, error) {
	s := newState(v.keep)
	from := market.Sequence(0)
	if cursor > 0 {
		var err error
		if from, err = loadAll(r, cursor, s); err != nil {
			return 0, err
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.now, v.marked = s, from
	if v.reader == nil {
		v.reader = r
	}
	return from, nil
}

// Fold implements readmodels.View.
func (v *View) Fold(b *event.Block, w readmodels.Writer) error {
	before := b.First - 1
	if before-v.marked >= max(v.every, eventsPerOrder*market.Sequence(len(v.now.resting))) {
		// Only this goroutine writes the state: it may read it unlocked.
		writeCheckpoint(w, v.now, before)
		v.marked = before
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.now.fold(b)
	return nil
}

// Book returns the depth of an instrument at a point, at most depth levels a
// side. An instrument that never had an order has an empty book.
func (v *View) Book(ctx context.Context, at event.Pin, instrument string, depth int) (event.Book, error) {
	if err := v.reader.Serving(at.Sequence); err != nil {
		return event.Book{}, err
	}
	if b, ok := v.recent(at.Sequence, instrument, depth); ok {
		return b, nil
	}
	s := newState(1)
	from, err := load(v.reader, at.Sequence, instrument, s)
	if err != nil {
		return event.Book{}, err
	}
	s.only = instrument
	err = v.journal.Read(from, func(b *event.Block) bool {
		runtime.Gosched() // what waits for this processor goes first
		s.foldThrough(b, at.Sequence)
		return b.Last() < at.Sequence && ctx.Err() == nil
	})
	if err == nil && s.at < at.Sequence {
		err = ctx.Err()
	}
	if err != nil {
		return event.Book{}, err
	}
	book, _ := s.book(instrument, at.Sequence, depth)
	return book, nil
}

// recent answers from memory, if the point is not too far back.
func (v *View) recent(at market.Sequence, instrument string, depth int) (event.Book, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.now.book(instrument, at, depth)
}
