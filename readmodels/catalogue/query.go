package catalogue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// Asset returns an asset's definition.
func (v *View) Asset(at event.Pin, asset string) (event.Reading[event.Asset], error) {
	return get[event.Asset](v, key(assets, asset), at.Sequence)
}

// Assets returns all assets in the order in which they were defined.
func (v *View) Assets(at event.Pin) ([]event.Reading[event.Asset], error) {
	return list[event.Asset](v, assets, at.Sequence)
}

// DefaultAsset returns the asset that was defined first.
func (v *View) DefaultAsset(at event.Pin) (string, error) {
	first := ""
	err := v.reader.List([]byte{assets}, readmodels.Span{At: at.Sequence}, func(id []byte, _ market.Sequence) bool {
		first = string(id)
		return false
	})
	if err == nil && first == "" {
		err = readmodels.ErrNotFound
	}
	return first, err
}

// Instrument returns an instrument's definition and state.
func (v *View) Instrument(at event.Pin, instrument string) (event.Reading[event.Instrument], error) {
	return get[event.Instrument](v, key(instruments, instrument), at.Sequence)
}

// Instruments lists the instruments in the order in which they were defined.
func (v *View) Instruments(ctx context.Context, at event.Pin, page event.Page) (event.List[event.Reading[event.Instrument]], error) {
	return pageOf[event.Instrument](ctx, v, instruments, at.Sequence, page)
}

// Account returns an account's state. Its Version is the account's sequence by
// account events: postings move it on, and the balances view knows them.
func (v *View) Account(at event.Pin, account string) (event.Reading[event.Account], error) {
	return get[event.Account](v, key(accounts, account), at.Sequence)
}

// Accounts lists the accounts in the order in which they were opened.
func (v *View) Accounts(ctx context.Context, at event.Pin, page event.Page) (event.List[event.Reading[event.Account]], error) {
	return pageOf[event.Account](ctx, v, accounts, at.Sequence, page)
}

// Participants lists the participants in the order in which they were defined,
// each as it was then.
func (v *View) Participants(at event.Pin) ([]event.Participant, error) {
	readings, err := list[event.Participant](v, participants, at.Sequence)
	if err != nil {
		return nil, err
	}
	all := make([]event.Participant, 0, len(readings))
	for _, r := range readings {
		all = append(all, r.Value)
	}
	return all, nil
}

// Limits returns the limits set at one scope; the zero value if none were.
func (v *View) Limits(at event.Pin, scope command.LimitScope, target string) (event.Reading[command.Limits], error) {
	r, err := get[command.Limits](v, limitsKey(scope, target), at.Sequence)
	if errors.Is(err, readmodels.ErrNotFound) {
		return event.Reading[command.Limits]{}, nil
	}
	return r, err
}

func get[T any](v *View, key []byte, at market.Sequence) (event.Reading[T], error) {
	b, from, err := v.reader.Get(key, at)
	if err != nil {
		return event.Reading[T]{}, err
	}
	var s stored[T]
	if err := json.Unmarshal(b, &s); err != nil {
		return event.Reading[T]{}, v.reader.Noticed(fmt.Errorf("decode %q: %w: %w", key, readmodels.ErrDamaged, err))
	}
	return event.Reading[T]{Value: s.Value, Version: s.Version, Changed: event.Pin{Sequence: from, At: s.At}}, nil
}

// list reads all of a kind: for those that are few.
func list[T any](v *View, kind byte, at market.Sequence) ([]event.Reading[T], error) {
	all := []event.Reading[T]{}
	var failed error
	err := v.reader.List([]byte{kind}, readmodels.Span{At: at}, func(id []byte, _ market.Sequence) bool {
		var r event.Reading[T]
		r, failed = get[T](v, key(kind, string(id)), at)
		all = append(all, r)
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	return all, err
}

func pageOf[T any](ctx context.Context, v *View, kind byte, at market.Sequence, page event.Page) (event.List[event.Reading[T]], error) {
	w, err := readmodels.WindowOf(v.journal, at, page)
	if err != nil {
		return event.List[event.Reading[T]]{}, err
	}
	pager := readmodels.NewPager[event.Reading[T]](ctx, w, page.Limit)
	var failed error
	err = v.reader.List([]byte{kind}, w.Span, func(id []byte, first market.Sequence) bool {
		if !pager.Wants(first) {
			return false
		}
		var r event.Reading[T]
		r, failed = get[T](v, key(kind, string(id)), at)
		pager.Add(r)
		return failed == nil
	})
	return pager.List(err, failed)
}
