package rest

import (
	"context"
	"errors"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/rest/render"
)

// owned runs read for the account of the path once the caller may see it and
// it has reached min_aggregate_sequence.
func (x *call) owned(read func(at event.Pin, account string) error) {
	id, ok := x.pathID(unknownAccount)
	if !ok {
		return
	}
	x.at(unknownAccount, func(ctx context.Context, at event.Pin) error {
		at, err := x.account1(ctx, at, id)
		if err != nil {
			return err
		}
		return read(at, id)
	})
}

// account1 checks that the caller may see the account, and returns the point
// at which it is fresh enough.
func (x *call) account1(ctx context.Context, at event.Pin, id string) (event.Pin, error) {
	x.permit = func() error { return x.mine(id) }
	if err := x.permit(); err != nil {
		return at, err
	}
	return x.aggregateReached(ctx, at, gateways.Aggregate{Account: id}, func(at event.Pin) (uint64, error) { return x.accountVersion(at, id) })
}

// accountVersion is the account's aggregate sequence: the largest of what
// advances it, because each is read as the event left it.
func (x *call) accountVersion(at event.Pin, id string) (uint64, error) {
	a, err := x.h.reads.Account(at, id)
	if err != nil {
		return 0, err
	}
	version := max(a.Version, a.Value.Sequence)
	balances, err := x.h.reads.Balances(at, id)
	if err != nil {
		return 0, err
	}
	for i := range balances {
		version = max(version, balances[i].Version)
	}
	limits, err := x.h.reads.Limits(at, command.ScopeAccount, id)
	if errors.Is(err, gateways.ErrNotFound) {
		err = nil
	}
	return max(version, limits.Version), err
}

func (x *call) account() {
	x.owned(func(at event.Pin, id string) error {
		a, err := x.h.reads.Account(at, id)
		if err == nil {
			err = x.advance(at, &a)
		}
		if err != nil {
			return err
		}
		return x.reply(func(dst []byte) []byte { return render.Account(dst, &a.Value) })
	})
}

// advance sets the account's sequence to what it was at the point: the image
// is of the last change of the account itself, and money moves it too.
func (x *call) advance(at event.Pin, a *event.Reading[event.Account]) (err error) {
	a.Value.Sequence, err = x.accountVersion(at, a.Value.Account)
	return err
}

func (x *call) accounts() {
	if !x.caller.SeesAll() {
		x.forbidden("the list of accounts is the administrators' and auditors' to see")
		return
	}
	list(x, unknownAccount, func(ctx context.Context, at event.Pin, page event.Page) (event.List[event.Reading[event.Account]], error) {
		l, err := inTurn(ctx, x, func() (event.List[event.Reading[event.Account]], error) { return x.h.reads.Accounts(ctx, at, page) })
		for i := range l.Items {
			if err == nil {
				err = x.advance(at, &l.Items[i])
			}
		}
		return l, err
	}, func(dst []byte, a *event.Reading[event.Account]) []byte { return render.Account(dst, &a.Value) })
}

func (x *call) balance() {
	asset := x.query.Get("asset")
	if asset != "" && !market.ValidID(asset) {
		x.malformed("asset", "is not an id")
		return
	}
	x.owned(func(at event.Pin, id string) error {
		name := asset
		if name == "" {
			var err error
			if name, err = x.h.reads.DefaultAsset(at); err != nil {
				return err
			}
		}
		b, err := x.h.reads.Balance(at, id, name)
		if errors.Is(err, gateways.ErrNotFound) {
			return x.noBalance(at, id, err)
		}
		if err != nil {
			return err
		}
		return x.reply(func(dst []byte) []byte { return render.Balance(dst, id, &b) })
	})
}

// noBalance tells an unknown asset from an unknown account.
func (x *call) noBalance(at event.Pin, account string, err error) error {
	if _, accountErr := x.h.reads.Account(at, account); accountErr != nil {
		return accountErr
	}
	x.readFailed(err, unknownAsset)
	return errAnswered
}

func (x *call) balances() {
	x.owned(func(at event.Pin, id string) error {
		all, err := x.h.reads.Balances(at, id)
		if err != nil {
			return err
		}
		return x.reply(func(dst []byte) []byte { return render.Balances(dst, id, at.Sequence, all) })
	})
}

func (x *call) accountLimits() {
	x.owned(func(at event.Pin, id string) error {
		if _, err := x.h.reads.Account(at, id); err != nil {
			return err
		}
		return x.limitsAt(at, command.ScopeAccount, id)
	})
}
