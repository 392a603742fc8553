package event

import (
	"slices"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Report is one numbered report of a block to one session.
type Report struct {
	Touch  *SessionTouch
	Number uint64
	// Sequence is that of the public event, the Index-th of Record.
	Sequence market.Sequence
	Group    *Group
	Record   Record
	Index    int
	// Order is the image that it is about, nil for a refusal or the report of a
	// mass cancel.
	Order *Order
}

// Reports calls yield for each report of the block, in the order of its
// records, until yield returns false. A session's own numbers rise by one from
// report to report, but for slots and resets in between, which the records of
// session commands tell.
//
// Which records report to whom is frozen: the machine numbers by it, and
// everybody else renders by it.
func (b *Block) Reports(yield func(Report) bool) {
	if len(b.Sessions) == 0 {
		return
	}
	n := numbering{touches: b.Sessions, next: make([]uint64, len(b.Sessions))}
	for i := range b.Sessions {
		n.next[i] = b.Sessions[i].First
	}
	for i := range b.Groups {
		g := &b.Groups[i]
		sequence := g.First
		for _, r := range g.Records {
			n.renumber(r)
			n.due = AppendDue(n.due[:0], g, r)
			for i := range n.due {
				if !n.reports(n.due[i], g, r, sequence, yield) {
					return
				}
			}
			sequence += market.Sequence(r.Events())
		}
	}
}

// numbering gives the reports of a block their numbers.
type numbering struct {
	touches []SessionTouch
	next    []uint64 // of each touch
	due     []DueReport
}

func (n *numbering) reports(due DueReport, g *Group, r Record, sequence market.Sequence, yield func(Report) bool) bool {
	for i := range n.touches {
		// The session's own report comes before the drop copies'.
		if due.Session != "" && n.touches[i].CompID == due.Session {
			if !yield(n.report(i, due, g, r, sequence)) {
				return false
			}
			break
		}
	}
	if !due.Copied {
		return true
	}
	for i := range n.touches {
		if t := &n.touches[i]; t.Kind == market.SessionDropCopy && slices.Contains(t.Accounts, due.Order.Account) {
			if !yield(n.report(i, due, g, r, sequence)) {
				return false
			}
		}
	}
	return true
}

func (n *numbering) report(i int, due DueReport, g *Group, r Record, sequence market.Sequence) Report {
	number := n.next[i]
	n.next[i]++
	return Report{
		Touch: &n.touches[i], Number: number, Sequence: sequence + market.Sequence(due.Index),
		Group: g, Record: r, Index: due.Index, Order: due.Order,
	}
}

// renumber follows what a record says of outbound numbers: those that go to
// slots are no report's.
func (n *numbering) renumber(r Record) {
	switch r := r.(type) {
	case *SessionLoggedOn:
		n.at(r.CompID, r.Number+1)
	case *SessionRefused:
		n.slots(r.CompID, r.Number, r.Slots)
	case *SessionEnded:
		n.slots(r.CompID, r.Number, r.Slots)
	case *SessionReset:
		n.at(r.CompID, r.NextOut)
	case *SessionsAdvanced:
		for i := range r.Steps {
			n.slots(r.Steps[i].CompID, r.Steps[i].Number, r.Steps[i].Slots)
		}
	}
}

func (n *numbering) slots(compID string, first uint64, count uint32) {
	if count > 0 {
		n.at(compID, first+uint64(count))
	}
}

func (n *numbering) at(compID string, next uint64) {
	for i := range n.touches {
		if n.touches[i].CompID == compID {
			n.next[i] = next
		}
	}
}

// DueReport is a report that a record owes: to a session, and for Copied to the
// drop copies of the order's account.
type DueReport struct {
	// Session is a CompID, "" for none.
	Session string
	Copied  bool
	// Index is the public event's place in its record; Order its image, nil for
	// a refusal or the report of a mass cancel.
	Index int
	Order *Order
}

// AppendDue appends the reports that a record of the group owes, in their
// order.
//
//	each image of an order     the session that placed it, whoever acted, and
//	                           the drop copies; and who asked for it, if an order
//	                           of another session, or of none, was replaced or
//	                           cancelled: not what it trades then
//	a fill                     taker, then maker
//	a prevented self-trade     incoming, then resting, if both were decreased;
//	                           in the other modes what ends is an order's own
//	                           record
//	a refusal, the report of   the session that sent the command
//	a mass cancel, an order
//	asked for again
func AppendDue(dst []DueReport, g *Group, r Record) []DueReport {
	switch r := r.(type) {
	case *OrderChanged:
		dst = append(dst, ofOrder(&r.Order, 0))
		if by := g.Context.session(); by != "" && by != r.Order.Session && g.Context.asksFor(r.Type) {
			dst = append(dst, DueReport{Session: by, Order: &r.Order})
		}
		return dst
	case *Fill:
		return append(dst, ofOrder(&r.Taker, 1), ofOrder(&r.Maker, 2))
	case *SelfTradePrevented:
		if r.Mode == market.STPDecrement {
			return append(dst, ofOrder(&r.Incoming, 0), ofOrder(&r.Resting, 1))
		}
	case *OrderReported:
		return append(dst, DueReport{Session: g.Context.session(), Order: &r.Order})
	case *CommandRejected:
		return append(dst, DueReport{Session: g.Context.session()})
	case *OrdersCancelled:
		if g.Context.CommandKind == uint8(command.KindCancelAll) {
			return append(dst, DueReport{Session: g.Context.session()})
		}
	}
	return dst
}

func ofOrder(o *Order, index int) DueReport {
	return DueReport{Session: o.Session, Copied: true, Index: index, Order: o}
}

// asksFor reports whether a change of an order is what the command asked for,
// and not one of its consequences.
func (c *Context) asksFor(t Type) bool {
	switch command.Kind(c.CommandKind) {
	case command.KindAmendOrder:
		return t == TypeOrderAmended
	case command.KindCancelOrder:
		return t == TypeOrderCancelled
	}
	return false
}

// session is the CompID whose session sent the command, "" if none did.
func (c *Context) session() string {
	if c.Session == nil {
		return ""
	}
	return c.Actor
}
