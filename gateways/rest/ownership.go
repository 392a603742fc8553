package rest

import (
	"errors"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
)

// owns reports whether an account is the caller's: it is in the participant's
// definition, or was opened for the participant.
func (x *exchange) owns(at event.Pin, account string) (bool, error) {
	if x.caller.seesAll() || contains(x.caller.accounts, account) {
		return true, nil
	}
	if x.caller.participant == "" {
		return false, nil
	}
	a, err := x.h.reads.Account(at, account)
	if errors.Is(err, gateways.ErrNotFound) {
		return false, nil
	}
	return err == nil && a.Value.Participant == x.caller.participant, err
}

// ownsNow is owns for what ends in a refusal: an account that the caller's
// key does not have is looked for in the newest definition before it is said.
func (x *exchange) ownsNow(at event.Pin, account string) (bool, error) {
	own, err := x.owns(at, account)
	if own || err != nil || x.caller.participant == "" {
		return own, err
	}
	x.caller.accounts = x.h.keys.fresh().accounts[x.caller.participant]
	return contains(x.caller.accounts, account), nil
}

// mine refuses an account that is not the caller's, whether it exists or not.
func (x *exchange) mine(at event.Pin, account string) error {
	ok, err := x.ownsNow(at, account)
	if err == nil && !ok {
		x.problem(notOwned())
		return errAnswered
	}
	return err
}

// orderGuard keeps traders from naming orders of others, before a command is
// submitted.
//
// The machine knows whose an order is only while it is open or its place in
// memory is not another's. Of an older one it can say no more than that it is
// closed, and that would tell a stranger that it was there. The orders view
// forgets nothing within the retention. What it does not know (yet) is the
// machine's to decide, and so is everything while it can't be read: a view
// never stops trading.
type orderGuard struct {
	x     *exchange
	at    event.Pin
	asked bool // at is set: one point for a whole batch
}

// forbids reports whether the command names an order that is known to be
// somebody else's.
func (g *orderGuard) forbids(body command.Body) bool {
	id := namedOrder(body)
	if id == 0 || g.x.caller.role != market.RoleTrader {
		return false
	}
	if !g.asked {
		g.at, g.asked = g.x.h.reads.Now(), true
	}
	o, err := g.x.h.reads.Order(g.at, id)
	if err != nil {
		return false
	}
	own, err := g.x.ownsNow(g.at, o.Value.Account)
	return err == nil && !own
}

// namedOrder returns the order that a command names by the venue's id, 0 if
// it names none.
func namedOrder(body command.Body) market.OrderID {
	switch b := body.(type) {
	case *command.AmendOrder:
		return b.Order.ID
	case *command.CancelOrder:
		return b.Order.ID
	}
	return 0
}
