package book_test

import (
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/book"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// engine is what the behaviour tests drive: the book, and the naive one that
// says what the book should do. Orders go by the names that the test gives.
type engine interface {
	// place executes a new order; refused orders leave no trace.
	place(name string, in book.Incoming) placed
	// arm lets a new order wait for a price.
	arm(name string, instrument uint32, kind book.Kind, t book.Terms)
	// reduce keeps the order's place, replace loses it.
	reduce(name string, remaining book.Lots)
	replace(name string, in book.Incoming) placed
	cancel(name string)
	// trigger takes out the next order that waits for a price reached.
	trigger(instrument uint32, last book.Ticks) (string, bool)
	preview(in book.Incoming) (book.Outcome, []string)
	// orders lists a ladder by priority.
	orders(instrument uint32, kind book.Kind) []entry
	levels(instrument uint32, kind book.Kind) []book.Level
	isOpen(name string) bool
}

// placed is what a placement answered.
type placed struct {
	refusal book.Refusal
	result  book.Result
	heard   []string // by the sink, in words
}

// entry is a queued order.
type entry struct {
	name                      string
	price                     book.Ticks
	remaining, shown, display book.Lots
	owner                     uint32
}

func fillText(maker string, price book.Ticks, quantity, remaining book.Lots) string {
	return fmt.Sprintf("trade %d @ %d with %s, which has %d left", quantity, price, maker, remaining)
}

func selfTradeText(maker string, price book.Ticks, decremented, remaining book.Lots, takerClosed bool) string {
	s := fmt.Sprintf("self-trade @ %d with %s prevented: it has %d left", price, maker, remaining)
	if decremented > 0 {
		s += fmt.Sprintf(", both lost %d", decremented)
	}
	if takerClosed {
		s += ", incoming order ends"
	}
	return s
}

// fast is the book under test.
type fast struct {
	book  *book.Book
	ids   map[string]market.OrderID
	names map[market.OrderID]string
	heard []string
}

var (
	_ engine    = (*fast)(nil)
	_ book.Sink = (*fast)(nil)
)

func newFast(instruments uint32) *fast {
	f := &fast{book: book.New(nil), ids: map[string]market.OrderID{}, names: map[market.OrderID]string{}}
	for i := range instruments {
		f.book.AddInstrument(i)
	}
	return f
}

func (f *fast) Filled(x book.Fill) {
	if got := f.book.Order(x.Slot()).ID; got != x.Maker {
		panic("the maker's slot does not hold it during the call")
	}
	f.heard = append(f.heard, fillText(f.names[x.Maker], x.Price, x.Quantity, x.Remaining))
}

func (f *fast) SelfTradePrevented(x book.SelfTrade) {
	f.heard = append(f.heard, selfTradeText(f.names[x.Maker], x.Price, x.Decremented, x.Remaining, x.TakerClosed))
}

func (f *fast) Withdrawn(maker book.Slot) {
	f.heard = append(f.heard, "withdrawn "+f.names[f.book.ID(maker)])
}

func (f *fast) open(name string) book.Slot {
	slot := f.book.Open()
	id := f.book.ID(slot)
	if _, known := f.names[id]; known {
		panic("an order id was given out twice")
	}
	f.ids[name], f.names[id] = id, name
	return slot
}

func (f *fast) slot(name string) book.Slot {
	slot, open, issued := f.book.Find(f.ids[name])
	if !open || !issued {
		panic("not open: " + name)
	}
	return slot
}

func (f *fast) isOpen(name string) bool {
	_, open, issued := f.book.Find(f.ids[name])
	if !issued {
		panic("never issued: " + name)
	}
	return open
}

func (f *fast) place(name string, in book.Incoming) placed {
	if r, _ := f.book.Admit(&in); r != book.Admitted {
		return placed{refusal: r}
	}
	return f.execute(f.open(name), in)
}

func (f *fast) execute(slot book.Slot, in book.Incoming) placed {
	f.heard = nil
	r := f.book.Execute(slot, &in, f)
	return placed{result: r, heard: f.heard}
}

func (f *fast) replace(name string, in book.Incoming) placed {
	if r, _ := f.book.Admit(&in); r != book.Admitted {
		return placed{refusal: r}
	}
	slot := f.slot(name)
	f.book.Detach(slot)
	return f.execute(slot, in)
}

func (f *fast) arm(name string, instrument uint32, kind book.Kind, t book.Terms) {
	f.book.Arm(f.open(name), instrument, kind, t)
}

func (f *fast) reduce(name string, remaining book.Lots) { f.book.Reduce(f.slot(name), remaining) }
func (f *fast) cancel(name string)                      { f.book.Close(f.slot(name)) }

func (f *fast) trigger(instrument uint32, last book.Ticks) (string, bool) {
	slot, ok := f.book.NextTriggered(instrument, last)
	if !ok {
		return "", false
	}
	name := f.names[f.book.ID(slot)]
	f.book.Detach(slot)
	f.book.Close(slot)
	return name, true
}

func (f *fast) preview(in book.Incoming) (book.Outcome, []string) {
	var heard []string
	out := f.book.Preview(&in, func(x book.Fill) bool {
		heard = append(heard, fillText(f.names[x.Maker], x.Price, x.Quantity, x.Remaining))
		return true
	})
	return out, heard
}

func (f *fast) orders(instrument uint32, kind book.Kind) []entry {
	var out []entry
	for slot := range f.book.Orders(instrument, kind) {
		o := f.book.Order(slot)
		if o.Instrument != instrument || o.Kind != kind {
			panic("an order is in another ladder than it says")
		}
		out = append(out, entry{f.names[o.ID], o.Price, o.Remaining, o.Shown, o.Display, o.Owner})
	}
	return out
}

func (f *fast) levels(instrument uint32, kind book.Kind) []book.Level {
	var out []book.Level
	for l := range f.book.Levels(instrument, kind) {
		out = append(out, l)
	}
	return out
}
