package marketdata_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/desktest"
	"github.com/rialto-exchange/rialto/gateways/fix/marketdata"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/books"
	"github.com/rialto-exchange/rialto/readmodels/store"
	"github.com/rialto-exchange/rialto/readmodels/viewtest"
)

// real is a venue with the view of books as nodes have it.
type real struct {
	gateways.Reads
	journal *viewtest.Journal
	books   *books.View
	store   readmodels.Store

	mu     sync.Mutex
	trades map[string][]event.Trade
}

func newReal(t *testing.T) *real {
	s, err := store.Open(store.Options{Dir: t.TempDir(), Identity: "test", Boot: "boot", MemTable: 1 << 20, Generation: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	r := &real{journal: viewtest.NewJournal(), store: s, trades: map[string][]event.Trade{}}
	r.books = books.New(r.journal, 0)
	if _, err := r.books.Open(s, 0); err != nil {
		t.Fatal(err)
	}
	return r
}

// take folds a block and appends it.
func (r *real) take(t *testing.T, b *event.Block) {
	t.Helper()
	if err := r.store.Commit(b.Last(), func(w readmodels.Writer) error { return r.books.Fold(b, w) }); err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range b.Groups {
		at := b.Groups[i].First
		for _, record := range b.Groups[i].Records {
			if f, ok := record.(*event.Fill); ok {
				trade := f.Trade(at, b.At)
				r.trades[trade.Instrument] = append(r.trades[trade.Instrument], trade)
			}
			at += market.Sequence(record.Events())
		}
	}
	r.journal.Append(b)
}

func (r *real) LastBlock() market.Sequence { return r.journal.Last().Sequence }

func (r *real) FollowBlocks(ctx context.Context, after market.Sequence, yield func(*event.Block) error) error {
	for {
		if r.journal.Wait(ctx, after+1) != nil {
			return nil
		}
		var stopped error
		err := r.journal.Read(after, func(b *event.Block) bool {
			stopped, after = yield(b), b.Last()
			return stopped == nil
		})
		if err != nil || stopped != nil {
			return cmp.Or(err, stopped)
		}
	}
}

func (r *real) Wait(_ context.Context, at market.Sequence) (event.Pin, error) {
	return event.Pin{Sequence: at}, nil
}

func (r *real) Instrument(event.Pin, string) (event.Reading[event.Instrument], error) {
	return event.Reading[event.Instrument]{}, nil
}

func (r *real) Book(ctx context.Context, at event.Pin, instrument string, depth int) (event.Book, error) {
	return r.books.Book(ctx, at, instrument, depth)
}

func (r *real) Trades(_ context.Context, at event.Pin, instrument string, _ event.Page) (event.List[event.Trade], error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.trades[instrument]
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].Sequence <= at.Sequence {
			return event.List[event.Trade]{Items: list[i : i+1]}, nil
		}
	}
	return event.List[event.Trade]{}, nil
}

// screen is what a client makes of its messages: prices and quantities of each
// side, as they were written, and the ids of trades.
type screen struct {
	sides  [2]map[string]string
	trades []string
	whole  int // snapshots
}

// take takes up a message.
func (s *screen) take(t *testing.T, m []byte) {
	t.Helper()
	var parsed wire.Message
	if err := wire.Parse(m, &parsed); err != nil {
		t.Fatal(err)
	}
	if parsed.Type() == "W" {
		s.sides = [2]map[string]string{{}, {}}
		s.whole++
	}
	var e entry
	first := wire.Tag(269)
	if parsed.Type() == "X" {
		first = 279
	}
	for _, f := range parsed.Body() {
		if f.Tag == first {
			s.put(t, &e)
			e = entry{action: "0", there: true}
		}
		switch f.Tag {
		case 279:
			e.action = string(f.Value)
		case 269:
			e.kind = f.Value[0] - '0'
		case 270:
			e.price = string(f.Value)
		case 271:
			e.size = string(f.Value)
		case 346:
			e.size += " " + string(f.Value)
		case 278:
			e.id = string(f.Value)
		}
	}
	s.put(t, &e)
}

// entry is one of a message.
type entry struct {
	there                   bool
	kind                    byte
	action, price, size, id string
}

func (s *screen) put(t *testing.T, e *entry) {
	t.Helper()
	if !e.there {
		return
	}
	if e.kind == 2 {
		if e.id != "" {
			s.trades = append(s.trades, e.id)
		}
		return
	}
	side := s.sides[e.kind]
	_, known := side[e.price]
	if known != (e.action != "0") {
		t.Fatalf("action %s on a level that is there: %v", e.action, known)
	}
	if side[e.price] = e.size; e.action == "2" {
		delete(side, e.price)
	}
}

// levels writes a side as the screen has it.
func levels(b *event.Book, of []event.Level) map[string]string {
	out := map[string]string{}
	for _, l := range of {
		price := market.AppendFixed(nil, int64(l.Price), b.PriceDigits)
		out[string(price)] = fmt.Sprintf("%s %d", market.AppendFixed(nil, int64(l.Quantity), b.QuantityDigits), l.Orders)
	}
	return out
}

// TestScreens shows that whoever takes up what he is sent has the book of the
// venue, however slowly he reads; and that who keeps up has every trade once.
func TestScreens(t *testing.T) {
	tools := desktest.NewTools(t)
	conflated := 0
	for seed := range uint64(3) {
		synctest.Test(t, func(t *testing.T) { conflated += screens(t, seed, tools) })
	}
	if conflated == 0 {
		t.Error("nobody was too slow")
	}
}

// watcher is one who looks at an instrument.
type watcher struct {
	*desktest.Session
	screen
	instrument string
	depth      int
	slow       bool
	read       int
}

func screens(t *testing.T, seed uint64, tools *desktest.Tools) (conflated int) {
	venue := newReal(t)
	desk, err := marketdata.New(marketdata.Config{Reads: venue, Blocks: venue})
	if err != nil {
		t.Fatal(err)
	}
	go desk.Run(t.Context())
	random := rand.New(rand.NewPCG(seed, 1))
	blocks := viewtest.NewGenerator(seed).Blocks(1200)
	var watchers []*watcher
	for i, b := range blocks {
		if i%50 == 25 && len(watchers) < 16 {
			watchers = append(watchers, watch(t, tools, desk, len(watchers)))
		}
		venue.take(t, b)
		if random.IntN(4) > 0 {
			synctest.Wait() // else several entries are told of at once
		}
		for _, w := range watchers {
			if n := random.IntN(1000); !w.slow || n == 0 {
				w.catchUp(t)
			}
		}
	}
	synctest.Wait()
	for i, w := range watchers {
		w.catchUp(t)
		b, err := venue.Book(t.Context(), venue.journal.Last(), w.instrument, w.depth)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprint(w.sides[0], w.sides[1]), fmt.Sprint(levels(&b, b.Bids), levels(&b, b.Asks)); got != want {
			t.Errorf("seed %d, watcher %d (%s, depth %d): got\n%s\nwant\n%s", seed, i, w.instrument, w.depth, got, want)
		}
		if w.slow {
			conflated += w.whole - 1
			continue
		}
		w.checkTrades(t, venue.trades[w.instrument])
	}
	return conflated
}

// watch subscribes, each one differently.
func watch(t *testing.T, tools *desktest.Tools, d *marketdata.Desk, n int) *watcher {
	t.Helper()
	w := &watcher{
		Session:    tools.Open(t, d, desktest.Client(market.SessionMarketData, []string{"FIX.4.4", "FIXT.1.1"}[n%2], 3)),
		instrument: viewtest.Instruments()[n/2%2],
		depth:      []int{1, 5, 50}[n%3], slow: n%4 == 3,
	}
	full := n%8 == 4
	w.Ask(fmt.Sprintf("35=V|262=s|263=1|264=%d|265=%d|267=3|269=0|269=1|269=2|146=1|55=%s", w.depth, map[bool]int{true: 0, false: 1}[full], w.instrument))
	synctest.Wait()
	return w
}

func (w *watcher) catchUp(t *testing.T) {
	t.Helper()
	for {
		m, ok := w.Write(nil)
		if !ok {
			return
		}
		if w.read++; w.read%64 == 1 {
			w.Judge(m)
		}
		w.take(t, m)
	}
}

// checkTrades shows that the trades on a screen are the venue's last ones, each
// once. A snapshot of FIX 4.4 has no names for trades.
func (w *watcher) checkTrades(t *testing.T, all []event.Trade) {
	t.Helper()
	if w.whole > 1 {
		return
	}
	var want []string
	for _, trade := range all[len(all)-min(len(all), len(w.trades)):] {
		want = append(want, fmt.Sprint(uint64(trade.TradeID)))
	}
	if !slices.Equal(w.trades, want) {
		t.Errorf("got trades %v, want %v", w.trades, want)
	}
}
