package marketdata_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/desktest"
)

// began is when the venue's time begins.
const began = desktest.Began

// venue is the double of what is behind the desk: books that a test writes into,
// a journal, and views that can be behind it. BTC-USD has two digits of price
// and four of quantity, ETH-USD two and three.
type venue struct {
	gateways.Reads // what is not needed is not there

	mu      sync.Mutex
	changed chan struct{}
	blocks  []*event.Block
	last    market.Sequence
	books   map[string][]event.Book // each as it was from its sequence on
	trades  map[string][]event.Trade
	traded  market.TradeID
	next    []event.Record
	// views is how far they have come; held: they go no further.
	views market.Sequence
	held  bool
	// broken is what reading a book fails with, cut ends the following of the
	// journal.
	broken error
	cut    error
}

func newVenue() *venue {
	return &venue{
		changed: make(chan struct{}), trades: map[string][]event.Trade{},
		books: map[string][]event.Book{
			"BTC-USD": {{Instrument: "BTC-USD", PriceDigits: 2, QuantityDigits: 4}},
			"ETH-USD": {{Instrument: "ETH-USD", PriceDigits: 2, QuantityDigits: 3}},
		},
	}
}

func (v *venue) stir() {
	close(v.changed)
	v.changed = make(chan struct{})
}

// level sets a level in the block that is next: nothing there without orders.
func (v *venue) level(instrument string, side market.Side, l event.Level) {
	v.mu.Lock()
	defer v.mu.Unlock()
	versions := v.books[instrument]
	b := versions[len(versions)-1]
	if b.Sequence <= v.last {
		b.Bids, b.Asks = slices.Clone(b.Bids), slices.Clone(b.Asks)
		b.Sequence = v.last + 1
		versions = append(versions, b)
	}
	of, sign := &b.Bids, -1
	if side == market.Sell {
		of, sign = &b.Asks, 1
	}
	*of = slices.DeleteFunc(*of, func(o event.Level) bool { return o.Price == l.Price })
	if l.Orders > 0 {
		*of = append(*of, l)
	}
	slices.SortFunc(*of, func(a, b event.Level) int { return sign * cmp.Compare(a.Price, b.Price) })
	versions[len(versions)-1] = b
	v.books[instrument] = versions
	v.next = append(v.next, &event.OrderChanged{Type: event.TypeOrderAccepted, Order: event.Order{Instrument: instrument}})
}

// trade makes one in the block that is next.
func (v *venue) trade(instrument string, price market.Price, quantity market.Quantity, taker market.Side) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.traded++
	b := v.books[instrument][0]
	o := event.Order{Instrument: instrument, PriceDigits: b.PriceDigits, QuantityDigits: b.QuantityDigits}
	v.next = append(v.next, &event.Fill{TradeID: v.traded, Price: price, Quantity: quantity, TakerSide: taker, Taker: o, Maker: o})
}

// block puts what is next into the journal, and lets the views follow.
func (v *venue) block() {
	v.mu.Lock()
	defer v.mu.Unlock()
	b := &event.Block{Index: uint64(len(v.blocks) + 1), At: began + market.Nanos(len(v.blocks))*1e9, First: v.last + 1}
	g := event.Group{First: b.First, Records: v.next}
	at := b.First
	for _, r := range v.next {
		if f, ok := r.(*event.Fill); ok {
			v.trades[f.Taker.Instrument] = append(v.trades[f.Taker.Instrument], event.Trade{
				TradeID: f.TradeID, Instrument: f.Taker.Instrument, Price: f.Price, Quantity: f.Quantity, TakerSide: f.TakerSide,
				PriceDigits: f.Taker.PriceDigits, QuantityDigits: f.Taker.QuantityDigits, Sequence: at, At: b.At,
			})
		}
		at += market.Sequence(r.Events())
	}
	g.Count = uint32(at - b.First)
	b.Count, b.Groups = g.Count, []event.Group{g}
	v.last, v.next = at-1, nil
	v.blocks = append(v.blocks, b)
	if !v.held {
		v.views = v.last
	}
	v.stir()
}

func (v *venue) set(change func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	change()
	if !v.held {
		v.views = v.last
	}
	v.stir()
}

// LastBlock implements gateways.Blocks.
func (v *venue) LastBlock() market.Sequence {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.last
}

// FollowBlocks implements gateways.Blocks.
func (v *venue) FollowBlocks(ctx context.Context, after market.Sequence, yield func(*event.Block) error) error {
	for at := 0; ; {
		v.mu.Lock()
		changed, blocks, cut := v.changed, v.blocks, v.cut
		v.cut = nil
		v.mu.Unlock()
		if cut != nil {
			return cut
		}
		for ; at < len(blocks); at++ {
			if blocks[at].First > after {
				if err := yield(blocks[at]); err != nil {
					return err
				}
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

// Wait implements gateways.Reads.
func (v *venue) Wait(ctx context.Context, sequence market.Sequence) (event.Pin, error) {
	for {
		v.mu.Lock()
		changed, views := v.changed, v.views
		v.mu.Unlock()
		if views >= sequence {
			return event.Pin{Sequence: sequence}, nil
		}
		select {
		case <-ctx.Done():
			return event.Pin{}, gateways.ErrNotCaughtUp
		case <-changed:
		}
	}
}

// Instrument implements gateways.Reads.
func (v *venue) Instrument(_ event.Pin, instrument string) (event.Reading[event.Instrument], error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.books[instrument] == nil {
		return event.Reading[event.Instrument]{}, gateways.ErrNotFound
	}
	return event.Reading[event.Instrument]{Value: event.Instrument{Instrument: instrument}}, nil
}

// Book implements gateways.Reads.
func (v *venue) Book(_ context.Context, at event.Pin, instrument string, depth int) (event.Book, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.broken != nil {
		return event.Book{}, v.broken
	}
	if at.Sequence > v.views {
		panic(fmt.Sprintf("a book was read at %d, the views are at %d", at.Sequence, v.views))
	}
	versions := v.books[instrument]
	i := len(versions) - 1
	for versions[i].Sequence > at.Sequence {
		i--
	}
	b := versions[i]
	b.Bids, b.Asks = b.Bids[:min(depth, len(b.Bids))], b.Asks[:min(depth, len(b.Asks))]
	return b, nil
}

// Trades implements gateways.Reads: the last one.
func (v *venue) Trades(_ context.Context, at event.Pin, instrument string, _ event.Page) (event.List[event.Trade], error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := len(v.trades[instrument]) - 1; i >= 0; i-- {
		if t := v.trades[instrument][i]; t.Sequence <= at.Sequence {
			return event.List[event.Trade]{Items: []event.Trade{t}}, nil
		}
	}
	return event.List[event.Trade]{}, nil
}
