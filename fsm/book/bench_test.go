package book_test

import (
	"math/rand/v2"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/book"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/fsm/slab"
)

// flow is a seeded synthetic order flow around one price, about a thousand
// orders a side: 82 % moves, 10 % new orders, 5 % cancels, 3 % that take.
// (Workload files are run by `rialto bench core`.)
type flow struct {
	book   *book.Book
	random *rand.Rand
	in     book.Incoming
	open   []market.OrderID
	trades int
}

func newFlow(seed uint64) *flow {
	f := &flow{book: book.New(nil), random: rand.New(rand.NewPCG(seed, seed)), in: book.Incoming{Type: market.Limit}}
	f.book.AddInstrument(0)
	for len(f.open) < 2000 {
		f.place(market.GoodTillCancel, 0)
	}
	return f
}

func (f *flow) Filled(book.Fill)                  { f.trades++ }
func (f *flow) SelfTradePrevented(book.SelfTrade) {}

func (f *flow) Withdrawn(book.Slot) {}

// price is through ticks beyond the middle for a taker, behind it otherwise.
func (f *flow) price(side market.Side, through int64) book.Ticks {
	away := 1 + f.random.Int64N(1+f.random.Int64N(1000)) - through
	if side == market.Buy {
		away = -away
	}
	return book.Ticks(32768 + away)
}

func (f *flow) place(t market.TimeInForce, through int64) {
	f.in.Side = market.Buy + market.Side(f.random.IntN(2))
	f.in.TimeInForce, f.in.Limit = t, f.price(f.in.Side, through)
	f.in.Quantity = book.Lots(1 + f.random.Int64N(50))
	slot := f.book.Open()
	id := f.book.ID(slot)
	if f.book.Execute(slot, &f.in, f).Rests {
		f.open = append(f.open, id)
	}
}

// take returns a random open order and forgets it.
func (f *flow) take() (book.Slot, bool) {
	i := f.random.IntN(len(f.open))
	id := f.open[i]
	f.open[i] = f.open[len(f.open)-1]
	f.open = f.open[:len(f.open)-1]
	slot, open, _ := f.book.Find(id)
	return slot, open
}

func (f *flow) move() {
	slot, open := f.take()
	if !open {
		return
	}
	o := f.book.Order(slot)
	f.in.Side, f.in.Quantity, f.in.TimeInForce = o.Kind.Side(), o.Remaining, market.GoodTillCancel
	f.in.Limit = f.price(f.in.Side, 1)
	f.book.Detach(slot)
	if f.book.Execute(slot, &f.in, f).Rests {
		f.open = append(f.open, o.ID)
	}
}

func (f *flow) run(commands int) {
	for range commands {
		switch k := f.random.IntN(100); {
		case k < 82 && len(f.open) > 0:
			f.move()
		case len(f.open) < 1900 || k < 92 && len(f.open) < 2100:
			f.place(market.GoodTillCancel, 0)
		case k < 97:
			if slot, open := f.take(); open {
				f.book.Close(slot)
			}
		default:
			f.book.Preview(&f.in, nil)
			f.place(market.ImmediateOrCancel, 1100)
		}
	}
}

// Commands on a book of two thousand orders, random numbers included.
func BenchmarkFlow(b *testing.B) {
	f := newFlow(1)
	b.ReportAllocs()
	b.ResetTimer()
	f.run(b.N)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mcmd/s")
}

// The hash of a book after a hundred commands.
func BenchmarkHash(b *testing.B) {
	f := newFlow(1)
	b.ResetTimer()
	for range b.N {
		b.StopTimer()
		f.run(100)
		b.StartTimer()
		slab.Hash(f.book.Tables())
	}
}

// A capture, and the page copies of the hundred commands after it.
func BenchmarkCapture(b *testing.B) {
	f := newFlow(1)
	b.ResetTimer()
	for range b.N {
		views := slab.Capture(f.book.Tables())
		f.run(100)
		views.Release()
	}
}
