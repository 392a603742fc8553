package fix

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
)

// errTooMany: the answer to a question would be longer than it may be.
var errTooMany = fmt.Errorf("more than %d orders are open: ask by Account (1), Symbol (55) or Side (54)", maxStatusReports)

// errManyAccounts: there may be more orders in accounts that were not looked at.
var errManyAccounts = fmt.Errorf("the participant has more than %d accounts: ask by Account (1)", maxAccounts)

// ordersOf finds the orders that a question is about, as they are once all up to
// an event is known.
func (s *session) ordersOf(q question, last market.Sequence) ([]market.OrderID, error) {
	ctx, cancel := context.WithTimeout(s.server.background, questionTime)
	defer cancel()
	pin, err := s.server.cfg.Reads.Wait(ctx, last)
	if err != nil {
		return nil, err
	}
	accounts, all := s.accounts()
	if q.account != "" {
		if !s.owns(accounts, q.account) {
			return nil, nil
		}
		accounts = []string{q.account}
	}
	if q.id != 0 {
		return s.orderByID(pin, q.id, accounts)
	}
	listing, over := context.WithTimeout(s.server.background, listTime)
	defer over()
	found, err := s.listed(listing, pin, accounts, q)
	if err == nil && !all && q.account == "" && (q.mass || len(found) == 0) {
		return nil, errManyAccounts
	}
	return found, err
}

// orderByID finds an order that is the participant's.
func (s *session) orderByID(pin event.Pin, id market.OrderID, accounts []string) ([]market.OrderID, error) {
	o, err := s.server.cfg.Reads.Order(pin, id)
	switch {
	case errors.Is(err, gateways.ErrNotFound), err == nil && !s.owns(accounts, o.Value.Account):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return []market.OrderID{id}, nil
}

// listed finds orders in accounts: the newest that has or had a ClOrdID, or all
// that are open.
func (s *session) listed(ctx context.Context, pin event.Pin, accounts []string, q question) (out []market.OrderID, err error) {
	for _, account := range accounts {
		// An account that is defined and not opened yet has no orders.
		if out, err = s.ordersOfAccount(ctx, pin, account, q, out); err != nil && !errors.Is(err, gateways.ErrNotFound) {
			return nil, err
		}
		if !q.mass && len(out) > 0 {
			break
		}
	}
	return out, nil
}

// ordersOfAccount appends those of one account. What a question about one order
// says of its instrument and side is not compared.
func (s *session) ordersOfAccount(ctx context.Context, pin event.Pin, account string, q question, out []market.OrderID) ([]market.OrderID, error) {
	filter, side := gateways.OrderFilter{HadClientOrderID: q.query.ClOrdID}, market.Side(0)
	if q.mass {
		filter, side = gateways.OrderFilter{Instrument: q.query.Instrument, OpenOnly: true}, q.query.Side
	}
	page := event.Page{Limit: 500, Descending: !q.mass}
	for {
		list, err := s.server.cfg.Reads.Orders(ctx, pin, account, filter, page)
		if err != nil {
			return out, err
		}
		for i := range list.Items {
			o := &list.Items[i].Value
			if side != 0 && o.Side != side {
				continue
			}
			if out = append(out, o.ID); !q.mass {
				return out, nil
			}
			if len(out) > maxStatusReports {
				return out, errTooMany
			}
		}
		if list.Next == 0 {
			return out, ctx.Err()
		}
		page.After = list.Next
	}
}

// accounts are those of the session's participant, as of now; all is false when
// there are more.
func (s *session) accounts() (accounts []string, all bool) {
	p, _ := find(s.server.cfg.Reads.Authority().Participants, s.comp)
	if p == nil {
		return nil, true
	}
	opened := s.server.cfg.Reads.AccountsFor(s.participant, maxAccounts+1)
	accounts = slices.Concat(p.Accounts, opened[:min(len(opened), maxAccounts)])
	slices.Sort(accounts)
	return slices.Compact(accounts), len(opened) <= maxAccounts
}

// owns reports whether an account is the participant's: by its definition, or
// because it was opened for it.
func (s *session) owns(accounts []string, account string) bool {
	return slices.Contains(accounts, account) || s.server.cfg.Reads.OpenedFor(account) == s.participant
}
