package corebench

import (
	"github.com/rialto-exchange/rialto/fsm/book"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// RunBook runs a workload file on the order book alone: no risk, no ledger, no
// events. The result is filled in also when the error is ErrDiffers.
func RunBook(path string) (Result, error) { return run(path, newBookEngine) }

// bookEngine maps a workload's order ids to the book's, as a gateway would map
// a client's.
type bookEngine struct {
	book *book.Book
	// ids is indexed by the workload's order id, names by slot.
	ids   []market.OrderID
	names []uint64
	sum   Tally
	in    book.Incoming
}

var (
	_ engine    = (*bookEngine)(nil)
	_ book.Sink = (*bookEngine)(nil)
)

func newBookEngine(w *workload) engine {
	e := &bookEngine{book: book.New(nil), ids: make([]market.OrderID, w.maxID+1), sum: newTally()}
	e.book.AddInstrument(0)
	e.in.Type = market.Limit
	return e
}

func (e *bookEngine) tally() Tally { return e.sum }
func (e *bookEngine) restart()     { e.sum = newTally() }

// Filled implements book.Sink.
func (e *bookEngine) Filled(f book.Fill) {
	e.sum.trade(e.names[f.Slot()], uint64(f.Price), uint64(f.Quantity))
}

// SelfTradePrevented implements book.Sink; workloads let users trade with
// themselves.
func (e *bookEngine) SelfTradePrevented(book.SelfTrade) {}

// Withdrawn implements book.Sink: nothing is withdrawn here.
func (e *bookEngine) Withdrawn(book.Slot) {}

func (e *bookEngine) do(c *wire) {
	switch c.op {
	case opRest:
		e.place(c, market.GoodTillCancel)
	case opIOC:
		e.place(c, market.ImmediateOrCancel)
	case opCancel:
		if slot, open, _ := e.book.Find(e.ids[c.order]); open {
			e.book.Close(slot)
		} else {
			e.sum.Rejects++
		}
	case opMove:
		if slot, open, _ := e.book.Find(e.ids[c.order]); open {
			e.move(slot, c)
		} else {
			e.sum.Rejects++
		}
	}
}

func (e *bookEngine) place(c *wire, t market.TimeInForce) {
	slot := e.book.Open()
	for int(slot) >= len(e.names) {
		e.names = append(e.names, make([]uint64, 4096)...)
	}
	e.names[slot] = c.order
	e.ids[c.order] = e.book.ID(slot)
	e.execute(slot, c, book.Lots(c.quantity), t)
}

// move reprices: out of the queue, then as if it had just come.
func (e *bookEngine) move(slot book.Slot, c *wire) {
	remaining := e.book.Remaining(slot)
	e.book.Detach(slot)
	e.execute(slot, c, remaining, market.GoodTillCancel)
}

func (e *bookEngine) execute(slot book.Slot, c *wire, quantity book.Lots, t market.TimeInForce) {
	in := &e.in
	in.Owner, in.Limit, in.Quantity = c.user, book.Ticks(c.price), quantity
	in.Side, in.TimeInForce = market.Side(c.side)+market.Buy, t
	e.book.Execute(slot, in, e)
}
