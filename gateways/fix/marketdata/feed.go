package marketdata

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
)

// feed writes the tapes. One goroutine follows the journal and notes what
// happened to instruments that somebody looks at; another reads their books when
// the views have them, writes the tapes, and answers requests.
type feed struct {
	reads  gateways.Reads
	blocks gateways.Blocks
	log    *slog.Logger
	wake   chan struct{} // capacity 1

	mu    sync.Mutex
	room  *sync.Cond // that fewer trades are ahead
	tapes map[string]map[key]*tape
	// waiting counts, for each instrument, requests for it that have no tape yet.
	waiting map[string]int
	ahead   ahead
	asks    []ask
	// lost: the journal was not followed for a while.
	lost bool
	over bool
}

// ahead is what has happened and is not on the tapes.
type ahead struct {
	at      market.Sequence // of the last of it
	touched []*touched      // in the order of their first change
	trades  int
}

// touched is one instrument in it.
type touched struct {
	instrument string
	trades     []event.Trade
}

// ask is a request of a clerk's.
type ask struct {
	clerk *clerk
	query query
}

func newFeed(c Config) *feed {
	f := &feed{
		reads: c.Reads, blocks: c.Blocks, log: c.Logger, wake: make(chan struct{}, 1),
		tapes: map[string]map[key]*tape{}, waiting: map[string]int{},
	}
	f.room = sync.NewCond(&f.mu)
	return f
}

// run works until ctx ends.
func (f *feed) run(ctx context.Context) {
	var work sync.WaitGroup
	work.Go(func() { f.follow(ctx) })
	stop := context.AfterFunc(ctx, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.over = true
		f.room.Broadcast()
	})
	defer stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-f.wake:
			f.turn(ctx)
		}
	}
	work.Wait()
}

func (f *feed) rouse() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// follow notes what happens. Whenever it begins, every tape begins anew: what
// was between is not known.
func (f *feed) follow(ctx context.Context) {
	for ctx.Err() == nil {
		after := f.blocks.LastBlock()
		f.mu.Lock()
		f.lost = true
		f.mu.Unlock()
		f.rouse()
		err := f.blocks.FollowBlocks(ctx, after, func(b *event.Block) error {
			f.note(b)
			return ctx.Err()
		})
		if ctx.Err() != nil {
			return
		}
		f.log.Warn("the journal is not followed for market data", "error", err)
		pause(ctx)
	}
}

func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(retryEvery):
	}
}

// note takes up a block. It waits while too much is ahead of the views.
func (f *feed) note(b *event.Block) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.ahead.trades > maxAhead && !f.over {
		f.room.Wait()
	}
	if len(f.tapes) == 0 && len(f.waiting) == 0 {
		return
	}
	before := len(f.ahead.touched)
	for i := range b.Groups {
		g, at := &b.Groups[i], b.Groups[i].First
		for _, r := range g.Records {
			f.record(r, at, b.At)
			at += market.Sequence(r.Events())
		}
	}
	if before > 0 || len(f.ahead.touched) > 0 {
		f.ahead.at = b.Last()
		f.rouse()
	}
}

func (f *feed) record(r event.Record, at market.Sequence, when market.Nanos) {
	switch r := r.(type) {
	case *event.OrderChanged:
		f.touch(r.Order.Instrument)
	case *event.SelfTradePrevented:
		f.touch(r.Incoming.Instrument)
	case *event.Fill:
		if t := f.touch(r.Taker.Instrument); t != nil {
			t.trades = append(t.trades, r.Trade(at, when))
			f.ahead.trades++
		}
	}
}

// touch notes that an instrument's book may have changed; nil: nobody looks.
func (f *feed) touch(instrument string) *touched {
	for i := len(f.ahead.touched) - 1; i >= 0; i-- {
		if f.ahead.touched[i].instrument == instrument {
			return f.ahead.touched[i]
		}
	}
	if len(f.tapes[instrument]) == 0 && f.waiting[instrument] == 0 {
		return nil
	}
	t := &touched{instrument: instrument}
	f.ahead.touched = append(f.ahead.touched, t)
	return t
}

// turn does what there is to do. Requests are answered at the journal's end, or
// refused if the views do not get there; what has happened waits for them.
func (f *feed) turn(ctx context.Context) {
	f.mu.Lock()
	now, asks, lost := f.ahead, f.asks, f.lost
	f.ahead, f.asks, f.lost = ahead{}, nil, false
	f.room.Broadcast()
	f.mu.Unlock()
	at := now.at
	if len(asks) > 0 || lost {
		at = f.blocks.LastBlock()
	}
	pin, err := f.pinned(ctx, at)
	if err == nil {
		err = f.tell(ctx, now, lost, pin)
	}
	for _, a := range asks {
		f.answer(ctx, a, pin, err)
	}
	if err != nil && ctx.Err() == nil {
		f.log.Warn("market data waits for the views", "error", err)
		f.keep(now, lost)
		pause(ctx)
		f.rouse()
	}
}

// keep puts back what could not be told.
func (f *feed) keep(now ahead, lost bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lost = f.lost || lost
	later := f.ahead
	f.ahead = now
	f.ahead.at = max(now.at, later.at)
	f.ahead.trades += later.trades
	for _, l := range later.touched {
		if t := f.touch(l.instrument); t != nil {
			t.trades = append(t.trades, l.trades...)
		}
	}
}

// tell writes the tapes on, or anew if something was lost. What the pin is
// beyond has not been noted yet.
func (f *feed) tell(ctx context.Context, now ahead, lost bool, pin event.Pin) error {
	if lost {
		return f.beginAgain(ctx, pin)
	}
	if len(now.touched) == 0 {
		return nil
	}
	if pin.Sequence != now.at {
		var err error
		if pin, err = f.pinned(ctx, now.at); err != nil {
			return err
		}
	}
	for _, t := range now.touched {
		tapes := f.of(t.instrument)
		if len(tapes) == 0 {
			continue
		}
		book, err := f.reads.Book(ctx, pin, t.instrument, deepest(tapes))
		if err != nil {
			return err
		}
		for _, tape := range tapes {
			tape.publish(pin.Sequence, book, t.trades)
		}
	}
	return nil
}

// pinned returns the pin of a sequence that the views have, or will soon.
func (f *feed) pinned(ctx context.Context, at market.Sequence) (event.Pin, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return f.reads.Wait(ctx, at)
}

// of returns the tapes of an instrument.
func (f *feed) of(instrument string) []*tape {
	f.mu.Lock()
	defer f.mu.Unlock()
	var tapes []*tape
	for _, t := range f.tapes[instrument] {
		tapes = append(tapes, t)
	}
	return tapes
}

func deepest(tapes []*tape) int {
	depth := 0
	for _, t := range tapes {
		depth = max(depth, t.key.depth)
	}
	return depth
}

// beginAgain begins all tapes anew.
func (f *feed) beginAgain(ctx context.Context, pin event.Pin) error {
	f.mu.Lock()
	var instruments []string
	for instrument := range f.tapes {
		instruments = append(instruments, instrument)
	}
	f.mu.Unlock()
	for _, instrument := range instruments {
		tapes := f.of(instrument)
		book, last, err := f.look(ctx, pin, instrument, deepest(tapes))
		if err != nil {
			return err
		}
		for _, t := range tapes {
			t.begin(pin.Sequence, book, last)
		}
	}
	return nil
}

// look reads an instrument's book, and its last trade.
func (f *feed) look(ctx context.Context, pin event.Pin, instrument string, depth int) (event.Book, []event.Trade, error) {
	book, err := f.reads.Book(ctx, pin, instrument, max(depth, 1))
	if err != nil {
		return event.Book{}, nil, err
	}
	list, err := f.reads.Trades(ctx, pin, instrument, event.Page{Limit: 1, Descending: true})
	return book, list.Items, err
}

// ask queues a request. A clerk has as many at most as it may have lines. What
// happens to its instruments is noted from now on, so it comes after what is
// read when the request is answered.
func (f *feed) ask(a ask) {
	f.wait(a.query.symbols, 1)
	f.mu.Lock()
	f.asks = append(f.asks, a)
	f.mu.Unlock()
	f.rouse()
}

// answer gives a request its lines, or refuses it; not: the views are not there.
func (f *feed) answer(ctx context.Context, a ask, pin event.Pin, not error) {
	defer f.wait(a.query.symbols, -1)
	var lines []*line
	err := not
	if err == nil {
		lines, err = f.lines(ctx, a, pin)
	}
	switch {
	case errors.Is(err, gateways.ErrNotFound):
		a.clerk.drop(a.query.subscription)
		a.clerk.refuse(a.query.id, &refusal{unknownSymbol, err.Error()})
	case err != nil:
		a.clerk.drop(a.query.subscription)
		a.clerk.refuse(a.query.id, &refusal{text: "market data is not available now"})
	case !a.clerk.start(a.query.subscription, lines):
		for _, l := range lines {
			f.leave(l)
		}
	default:
		for _, l := range lines {
			l.begin()
		}
	}
}

// wait has the follower note, from now on, what happens to instruments.
func (f *feed) wait(instruments []string, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, i := range instruments {
		if f.waiting[i] += n; f.waiting[i] == 0 {
			delete(f.waiting, i)
		}
	}
}
