package render

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
)

// MaxListed is how many fills or cancelled orders an answer lists.
const MaxListed = 1000

// Answer appends what a command is answered with, and returns its HTTP
// status: 200 with the answer, or the status of the refusal with its problem.
// It is a function of the group and its time alone.
func Answer(dst []byte, g *event.Group, at market.Nanos) ([]byte, int) {
	if r := g.Rejection(); r != nil {
		p := Rejection(g, r)
		return p.Append(dst), p.Status
	}
	w := writer{dst}
	w.begin()
	w.text("command_id", g.Context.CommandID)
	w.text("status", "accepted")
	w.text("aggregate_id", g.Aggregate)
	w.number("aggregate_sequence", g.AggregateSequence)
	w.number("last_updated_sequence", g.AggregateSequence)
	w.number("sequence", uint64(g.Last()))
	switch command.Kind(g.Context.CommandKind) {
	case command.KindPlaceOrder, command.KindAmendOrder, command.KindCancelOrder:
		w.orderOutcome(g, at)
	case command.KindCancelAll:
		w.cancelled(g)
	case command.KindSuspendAccount:
		w.subject(g)
		w.cancelled(g)
	default:
		w.subject(g)
	}
	w.close()
	return w.b, 200
}

// Rejection returns the problem of a command that the machine refused.
func Rejection(g *event.Group, r *event.CommandRejected) Problem {
	p := Problem{
		Status: r.Code.HTTPStatus(), Code: r.Code.Text(), Rule: r.Rule, Detail: r.Detail,
		CommandID: g.Context.CommandID, Aggregate: r.Aggregate, Sequence: uint64(g.Last()),
	}
	// An order that was there has had an event. 0 is one that the machine has
	// forgotten all of but that it is closed.
	if current := r.CurrentSequence; current > 0 || r.Code != event.CodeOrderClosed {
		p.Current = &current
	}
	return p
}

// Main returns the order that a place, amend or cancel was about, as the
// group left it.
func Main(g *event.Group) *event.Order {
	var main *event.Order
	for _, r := range g.Records {
		switch r := r.(type) {
		case *event.OrderChanged:
			if main == nil || r.Order.ID == main.ID {
				main = &r.Order
			}
		case *event.Fill:
			main = later(main, &r.Taker, &r.Maker)
		case *event.SelfTradePrevented:
			main = later(main, &r.Incoming, &r.Resting)
		}
	}
	return main
}

// later returns the one of a and b that is an image of the main order, else
// main.
func later(main, a, b *event.Order) *event.Order {
	switch {
	case main == nil:
		return nil
	case a.ID == main.ID:
		return a
	case b.ID == main.ID:
		return b
	}
	return main
}

func (w *writer) orderOutcome(g *event.Group, at market.Nanos) {
	main := Main(g)
	if main == nil {
		return
	}
	w.orderMember("order", main)
	w.list("fills")
	count, sequence := 0, g.First
	for _, r := range g.Records {
		if f, ok := r.(*event.Fill); ok && (f.Taker.ID == main.ID || f.Maker.ID == main.ID) {
			if count++; count <= MaxListed {
				w.element()
				own := gateways.SideOf(f, f.Taker.ID == main.ID, sequence, at)
				w.fillMembers(&own)
				w.close()
			}
		}
		sequence += market.Sequence(r.Events())
	}
	w.endList()
	w.number("fills_count", uint64(count))
}

func (w *writer) cancelled(g *event.Group) {
	var total uint64
	continues, closed, listed := false, false, 0
	w.list("cancelled")
	for _, r := range g.Records {
		switch r := r.(type) {
		case *event.OrderChanged:
			if r.Type != event.TypeOrderCancelled {
				continue
			}
			if listed++; listed <= MaxListed {
				w.comma()
				w.orderID(r.Order.ID)
			}
		case *event.OrdersCancelled:
			total, continues, closed = uint64(r.Cancelled), r.Continues, true
		}
	}
	w.endList()
	if !closed {
		total = uint64(listed)
	}
	w.number("cancelled_count", total)
	if continues {
		w.bool("continues", true)
	}
}

// subject writes what the command changed, after it.
func (w *writer) subject(g *event.Group) {
	if len(g.Records) == 0 {
		return
	}
	switch r := g.Records[0].(type) {
	case *event.AssetChanged:
		w.open("asset")
		w.assetMembers(&r.Asset)
	case *event.InstrumentChanged:
		w.open("instrument")
		w.instrumentMembers(&r.Instrument)
	case *event.ParticipantChanged:
		w.open("participant")
		w.participantMembers(&r.Participant)
	case *event.AccountChanged:
		w.open("account")
		w.accountMembers(&r.Account)
	case *event.FundsChanged:
		w.balanceMember(&r.Balance)
		return
	case *event.FundsMoved:
		if len(r.From.Balances) > 0 {
			w.balanceMember(&r.From.Balances[0])
		}
		return
	case *event.LimitsChanged:
		w.limitsMembers(r.Scope, r.Target, &r.Limits)
		return
	default:
		return
	}
	w.close()
}

func (w *writer) balanceMember(b *event.Balance) {
	w.open("balance")
	w.text("asset", b.Asset)
	w.amounts(b)
	w.close()
}

// Pending appends the body of a 202: the command is committed.
func Pending(dst []byte, g *event.Group) []byte {
	w := writer{dst}
	w.begin()
	w.text("command_id", g.Context.CommandID)
	if main := Main(g); main != nil {
		w.text("client_order_id", main.ClientOrderID)
		w.order("order_id", main.ID)
	}
	w.text("status", "PENDING")
	w.close()
	return w.b
}
