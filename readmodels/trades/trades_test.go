package trades_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/store"
	"github.com/rialto-exchange/rialto/readmodels/trades"
	"github.com/rialto-exchange/rialto/readmodels/viewtest"
)

// openStore opens a store whose generations hold a few blocks only.
func openStore(dir string) (readmodels.Store, error) {
	return store.Open(store.Options{Dir: dir, Identity: "test", Boot: "boot", MemTable: 1 << 20, Generation: 8 << 10})
}

// TestSuite shows that trades and fills read the same as a list of them kept
// by the plainest means.
func TestSuite(t *testing.T) {
	viewtest.Run(t, viewtest.Case{
		New:       func(j readmodels.Journal) readmodels.View { return trades.New(j) },
		Dump:      dump,
		Naive:     func() viewtest.Naive { return &naive{} },
		OpenStore: openStore,
	})
}

func dump(v readmodels.View, at event.Pin) (string, error) {
	var out strings.Builder
	view := v.(*trades.View)
	for _, instrument := range viewtest.Instruments() {
		l, err := view.Trades(context.Background(), at, instrument, event.Page{Limit: 1000})
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&out, "%+v\n", l.Items)
	}
	for _, account := range viewtest.Accounts() {
		l, err := view.AccountTrades(context.Background(), at, account, event.Page{Limit: 7, Descending: true})
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&out, "%+v\n", l.Items)
	}
	return out.String(), nil
}

type naive struct {
	trades []event.Trade
	fills  []event.OwnFill
}

func (n *naive) Event(e event.Public) {
	f, ok := e.Record.(*event.Fill)
	if !ok {
		return
	}
	trade := event.Trade{
		TradeID: f.TradeID, Instrument: f.Taker.Instrument, Price: f.Price, Quantity: f.Quantity,
		TakerSide: f.TakerSide, PriceDigits: f.Taker.PriceDigits, QuantityDigits: f.Taker.QuantityDigits,
		Sequence: e.Sequence - market.Sequence(e.Index), At: e.Block.At,
	}
	own := event.OwnFill{Trade: trade, MakerOrderID: f.Maker.ID, TakerOrderID: f.Taker.ID, FeeAsset: "USD", FeeScale: 6}
	switch e.Index {
	case 0:
		n.trades = append(n.trades, trade)
	case 1:
		own.OrderID, own.Account, own.Side, own.Counterparty = f.Taker.ID, f.Taker.Account, f.Taker.Side, f.Maker.Account
		own.Liquidity, own.Fee = market.Taker, f.TakerFee
		n.fills = append([]event.OwnFill{own}, n.fills...)
	case 2:
		own.OrderID, own.Account, own.Side, own.Counterparty = f.Maker.ID, f.Maker.Account, f.Maker.Side, f.Taker.Account
		own.Liquidity, own.Fee = market.Maker, f.MakerFee
		n.fills = append([]event.OwnFill{own}, n.fills...)
	}
}

func (n *naive) Dump(event.Pin) (string, error) {
	var out strings.Builder
	for _, instrument := range viewtest.Instruments() {
		var items []event.Trade
		for _, t := range n.trades {
			if t.Instrument == instrument {
				items = append(items, t)
			}
		}
		fmt.Fprintf(&out, "%+v\n", items)
	}
	for _, account := range viewtest.Accounts() {
		var items []event.OwnFill
		for _, f := range n.fills {
			if f.Account == account && len(items) < 7 {
				items = append(items, f)
			}
		}
		fmt.Fprintf(&out, "%+v\n", items)
	}
	return out.String(), nil
}
