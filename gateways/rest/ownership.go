package rest

import (
	"errors"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
)

// owns reports whether an account is the caller's.
func (x *call) owns(account string) bool { return x.caller.Owns(x.h.reads, account) }

// mine refuses an account that is not the caller's, whether it exists or not.
func (x *call) mine(account string) error {
	if x.owns(account) {
		return nil
	}
	x.problem(notOwned())
	return errAnswered
}

// myOrder refuses an order that is not the caller's, whether it exists or not,
// and what can't be one (issuable is false).
func (x *call) myOrder(at event.Pin, id market.OrderID, issuable bool) (err error) {
	own := x.caller.SeesAll()
	if !own && issuable {
		if own, err = x.ownsOrder(at, id); err != nil {
			return err
		}
	}
	if own {
		return nil
	}
	x.problem(notOwned())
	return errAnswered
}

// ownsOrder reports whether an order is the caller's, as the newest point that
// this node can read has it: whose an order is never changes. An order that was
// never issued is nobody's.
func (x *call) ownsOrder(at event.Pin, id market.OrderID) (bool, error) {
	if now := x.h.reads.Now(); now.Sequence > at.Sequence {
		at = now
	}
	o, err := x.h.reads.Order(at, id)
	if errors.Is(err, gateways.ErrNotFound) {
		return false, nil
	}
	return err == nil && x.owns(o.Value.Account), err
}

// orderGuard keeps traders from learning of orders of others, before a command
// is submitted.
//
// The machine knows whose an order is only while it is open or its place in
// memory is not another's. Of an older one it can say no more than that it is
// closed, and that would tell a stranger that it was there. The orders view
// forgets nothing within the retention. What it does not know (yet) is the
// machine's to decide, and so is everything while it can't be read: a view
// never stops trading.
type orderGuard struct {
	x     *call
	at    event.Pin
	asked bool // at is set: one point for a whole batch
}

// hide is gateways.HideOrder for the caller.
func (g *orderGuard) hide(body command.Body) command.Body {
	if g.x.caller.Role != market.RoleTrader {
		return body
	}
	return gateways.HideOrder(body, func(id market.OrderID) bool {
		if !g.asked {
			g.at, g.asked = g.x.h.reads.Now(), true
		}
		o, err := g.x.h.reads.Order(g.at, id)
		return err != nil || g.x.owns(o.Value.Account)
	})
}
