// Package trades (no promise) is the view of what traded: the public trades of
// each instrument and the fills of each account, at any point of the past.
package trades

import (
	"context"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// Name is the view's name.
const Name = "trades"

// View folds fills into two kinds of lists: i instrument (its trades, at
// their TradeExecuted) and a account (its fills, at their OrderFilled). Its
// queries may run beside Fold.
type View struct {
	journal readmodels.Journal
	reader  readmodels.Reader
}

var _ readmodels.View = (*View)(nil)

// New returns the view. The journal translates instants into sequences.
func New(j readmodels.Journal) *View { return &View{journal: j} }

// Name implements readmodels.View.
func (*View) Name() string { return Name }

// Format implements readmodels.View.
func (*View) Format() uint32 { return 1 }

// Open implements readmodels.View.
func (v *View) Open(r readmodels.Reader, cursor market.Sequence) (market.Sequence, error) {
	if v.reader == nil {
		v.reader = r
	}
	return cursor, nil
}

// Fold implements readmodels.View.
func (v *View) Fold(b *event.Block, w readmodels.Writer) error {
	var key, item []byte
	readmodels.Records(b, func(_ *event.Group, r event.Record, first market.Sequence) {
		f, ok := r.(*event.Fill)
		if !ok {
			return
		}
		trade := f.Trade(first, b.At)
		key, item = appendList(key[:0], 'i', trade.Instrument), appendTrade(item[:0], &trade)
		w.Append(key, item, first)
		for side := range 2 {
			fill := f.Own(trade, side == 0)
			key, item = appendList(key[:0], 'a', fill.Account), appendFill(item[:0], &fill)
			w.Append(key, item, first+1+market.Sequence(side))
		}
	})
	return nil
}

// Trades lists the public trades of an instrument.
func (v *View) Trades(ctx context.Context, at event.Pin, instrument string, page event.Page) (event.List[event.Trade], error) {
	return list(ctx, v, at, appendList(nil, 'i', instrument), page, func(u *readmodels.Unpacker) event.Trade {
		t := unpackTrade(u)
		t.Instrument = instrument
		return t
	})
}

// AccountTrades lists the fills of an account's orders.
func (v *View) AccountTrades(ctx context.Context, at event.Pin, account string, page event.Page) (event.List[event.OwnFill], error) {
	return list(ctx, v, at, appendList(nil, 'a', account), page, func(u *readmodels.Unpacker) event.OwnFill {
		f := unpackFill(u)
		f.Account = account
		return f
	})
}

func list[T any](ctx context.Context, v *View, at event.Pin, key []byte, page event.Page, unpack func(*readmodels.Unpacker) T) (event.List[T], error) {
	w, err := readmodels.WindowOf(v.journal, at.Sequence, page)
	if err != nil {
		return event.List[T]{}, err
	}
	pager := readmodels.NewPager[T](ctx, w, page.Limit)
	var damaged error
	err = v.reader.List(key, w.Span, func(item []byte, at market.Sequence) bool {
		if !pager.Wants(at) {
			return false
		}
		u := readmodels.Unpack(item)
		pager.Add(unpack(&u))
		damaged = u.Err()
		return damaged == nil
	})
	return pager.List(err, v.reader.Noticed(damaged))
}

func appendList(dst []byte, kind byte, id string) []byte { return append(append(dst, kind), id...) }
