package replay

import (
	"fmt"
	"strconv"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/lobster"
)

// Accounts that the commands act for. Makers' and takers' are apart, so that
// self-trade prevention has nothing to prevent.
const (
	MakerAccount = "replay-maker"
	TakerAccount = "replay-taker"
)

// Step is one command of a replay.
type Step struct {
	// Message is the number of the message in the replay, from 1.
	Message int
	// Repair says that the command is not the message's own: see Planner.
	Repair  bool
	Command client.Command
	// Places is the file's id of the order that the command places, 0 = none.
	Places uint64
	// Names is the file's id of the order that an execution should hit, 0 for
	// other commands.
	Names uint64
}

// Planner turns the messages of a file into commands.
//
//	add             a gtc limit order
//	partial cancel  an amend to our total less the cancelled size
//	delete          a cancel by client order id
//	execution       an ioc order of the other side at the same price and size
//
// The venue fills the order whose turn it is by price and time. In a few
// places (about 0.5 % of the executions of a Nasdaq file) the file says that
// another one was hit, for reasons that it does not tell. Left alone, one such
// difference becomes many: the wrong order is short, the right one long, and
// their executions and deletes go astray. So the planner follows the venue's
// book in a model, and after an execution that must miss it puts the book back
// in step with the file: the order that should have traded is reduced, the one
// that did is restored behind the others of its price, where the file's own
// order of events says it stands. These commands are marked Repair and counted
// apart.
type Planner struct {
	run, instrument string
	book            model
	orders          map[uint64]*order
	messages        int
}

// NewPlanner returns a planner whose ids all begin with run, so that they are
// new in each run.
func NewPlanner(run, instrument string) *Planner {
	return &Planner{run: run, instrument: instrument, orders: map[uint64]*order{}}
}

// Plan returns the commands of the next message; none if it is skipped.
func (p *Planner) Plan(m lobster.Message) []Step {
	p.messages++
	switch m.Kind {
	case lobster.Add:
		return p.add(m)
	case lobster.PartialCancel:
		return p.partialCancel(m)
	case lobster.Delete:
		return p.delete(m)
	case lobster.Execution:
		return p.execution(m)
	}
	return nil
}

func (p *Planner) add(m lobster.Message) []Step {
	o := &order{file: m.Order, buy: m.Buy, price: m.Price, total: m.Size, remaining: m.Size}
	if earlier := p.orders[m.Order]; earlier != nil {
		o.renamed = earlier.renamed + 1 // another day's file
	}
	o.name = p.name(m.Order, o.renamed)
	p.orders[m.Order] = o
	for _, h := range p.book.take(m.Buy, m.Price, m.Size) {
		o.remaining -= h.size
	}
	p.book.rest(o)
	return []Step{p.place(o, m.Size, p.id(""))}
}

func (p *Planner) place(o *order, size int64, id string) Step {
	return Step{Message: p.messages, Places: o.file, Command: client.Command{
		Verb: "orders/place", ID: id,
		Payload: placePayload{
			Account: MakerAccount, Instrument: p.instrument, Side: sideName(o.buy), Type: "limit",
			Quantity: quantity(size), Price: price(o.price), TimeInForce: "gtc", ClientOrderID: o.name,
		},
	}}
}

func (p *Planner) partialCancel(m lobster.Message) []Step {
	o := p.orders[m.Order]
	if o == nil {
		return nil // its total, and so the new one, is unknown
	}
	if m.Size >= o.remaining {
		return p.delete(m)
	}
	p.book.shrink(o, m.Size)
	return []Step{p.amend(o, p.id(""))}
}

func (p *Planner) amend(o *order, id string) Step {
	return Step{Message: p.messages, Command: client.Command{
		Verb: "orders/amend", ID: id,
		Payload: refPayload{Account: MakerAccount, ClientOrderID: o.name, Quantity: quantity(o.total)},
	}}
}

// delete cancels also what the file never added: the venue must refuse it.
func (p *Planner) delete(m lobster.Message) []Step {
	o := p.orders[m.Order]
	if o == nil {
		return []Step{p.cancel(p.name(m.Order, 0), p.id(""))}
	}
	p.book.shrink(o, o.remaining)
	return []Step{p.cancel(o.name, p.id(""))}
}

func (p *Planner) cancel(name, id string) Step {
	return Step{Message: p.messages, Command: client.Command{
		Verb: "orders/cancel", ID: id,
		Payload: refPayload{Account: MakerAccount, ClientOrderID: name},
	}}
}

func (p *Planner) execution(m lobster.Message) []Step {
	named := p.orders[m.Order]
	if named == nil {
		return nil
	}
	hits := p.book.take(!m.Buy, m.Price, m.Size)
	steps := []Step{{Message: p.messages, Names: m.Order, Command: client.Command{
		Verb: "orders/place", ID: p.id(""),
		Payload: placePayload{
			Account: TakerAccount, Instrument: p.instrument, Side: sideName(!m.Buy), Type: "limit",
			Quantity: quantity(m.Size), Price: price(m.Price), TimeInForce: "ioc",
		},
	}}}
	if len(hits) == 1 && hits[0].order == named && hits[0].size == m.Size {
		return steps
	}
	return append(steps, p.repair(named, m.Size, hits)...)
}

// repair returns the commands after which every order has what it has in the
// file, where named alone lost size.
func (p *Planner) repair(named *order, size int64, hits []hit) []Step {
	var steps []Step
	next := func(s Step) {
		s.Repair = true
		steps = append(steps, s)
	}
	id := func() string { return p.id(".r" + strconv.Itoa(len(steps)+1)) }
	owed := size
	for _, h := range hits {
		if h.order == named {
			owed -= h.size
		}
	}
	switch {
	case owed == 0 || named.remaining == 0:
	case owed >= named.remaining:
		p.book.shrink(named, named.remaining)
		next(p.cancel(named.name, id()))
	default:
		p.book.shrink(named, owed)
		next(p.amend(named, id()))
	}
	for _, h := range hits {
		switch o := h.order; {
		case o == named:
		case o.remaining > 0:
			p.book.grow(o, h.size)
			next(p.amend(o, id()))
		default:
			o.renamed++
			o.name = p.name(o.file, o.renamed)
			o.total, o.remaining = h.size, h.size
			p.book.rest(o)
			next(p.place(o, h.size, id()))
		}
	}
	return steps
}

// id returns the id of the current message's command.
func (p *Planner) id(suffix string) string {
	return fmt.Sprintf("%s-m%d%s", p.run, p.messages, suffix)
}

// name returns the client order id of an order of the file.
func (p *Planner) name(file uint64, renamed int) string {
	if renamed == 0 {
		return fmt.Sprintf("%s-%d", p.run, file)
	}
	return fmt.Sprintf("%s-%d.%d", p.run, file, renamed+1)
}
