package orders_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/orders"
	"github.com/rialto-exchange/rialto/readmodels/store"
	"github.com/rialto-exchange/rialto/readmodels/viewtest"
)

// openStore opens a store whose generations hold a few blocks only.
func openStore(dir string) (readmodels.Store, error) {
	return store.Open(store.Options{Dir: dir, Identity: "test", Boot: "boot", MemTable: 1 << 20, Generation: 8 << 10})
}

// TestSuite shows that orders, an account's lists of them, histories and
// fills read the same as a list of images.
func TestSuite(t *testing.T) {
	viewtest.Run(t, viewtest.Case{
		New:       func(j readmodels.Journal) readmodels.View { return orders.New(j).Often() },
		Dump:      dump,
		Naive:     func() viewtest.Naive { return &naive{images: map[market.OrderID]event.Order{}} },
		OpenStore: openStore,
	})
}

// watched are the orders whose history is compared.
func watched() []market.OrderID {
	return []market.OrderID{market.NewOrderID(1, 1), market.NewOrderID(5, 1), market.NewOrderID(60, 1)}
}

func dump(v readmodels.View, at event.Pin) (string, error) {
	var out strings.Builder
	view := v.(*orders.View)
	for _, account := range viewtest.Accounts() {
		for _, q := range []struct {
			filter orders.Filter
			page   event.Page
		}{
			{orders.Filter{OpenOnly: true}, event.Page{Limit: 1000}},
			{orders.Filter{}, event.Page{Limit: 5, Descending: true}},
			{orders.Filter{ClientOrderID: "k7"}, event.Page{Limit: 100}},
			{orders.Filter{HadClientOrderID: "k7"}, event.Page{Limit: 100}},
		} {
			l, err := view.Orders(context.Background(), at, account, q.filter, q.page)
			if err != nil {
				return "", err
			}
			for _, r := range l.Items {
				fmt.Fprintf(&out, "%+v\n", r.Value)
			}
		}
	}
	for _, id := range watched() {
		events, err := view.OrderHistory(context.Background(), at, id, event.Page{Limit: 100})
		if err != nil && !errors.Is(err, readmodels.ErrNotFound) {
			return "", err
		}
		fills, err := view.OrderFills(context.Background(), at, id, event.Page{Limit: 100, Descending: true})
		if err != nil && !errors.Is(err, readmodels.ErrNotFound) {
			return "", err
		}
		for _, e := range events.Items {
			fmt.Fprintln(&out, e.Sequence, e.Type)
		}
		for _, f := range fills.Items {
			fmt.Fprintln(&out, f.TradeID, f.OrderID, f.Liquidity)
		}
	}
	return out.String(), nil
}

type naive struct {
	images  map[market.OrderID]event.Order
	came    []market.OrderID
	had     []market.OrderID // the id k7, in the order in which they got it
	history []event.Public
}

func (n *naive) Event(e event.Public) {
	var o event.Order
	switch r := e.Record.(type) {
	case *event.OrderChanged:
		o = r.Order
	case *event.Fill:
		if e.Index == 1 {
			o = r.Taker
		} else if e.Index == 2 {
			o = r.Maker
		}
	case *event.SelfTradePrevented:
		o = []event.Order{r.Incoming, r.Resting}[e.Index]
	}
	if o.ID == 0 {
		return
	}
	if _, known := n.images[o.ID]; !known {
		n.came = append(n.came, o.ID)
	}
	if o.ClientOrderID == "k7" && !slices.Contains(n.had, o.ID) {
		n.had = append(n.had, o.ID)
	}
	n.images[o.ID] = o
	n.history = append(n.history, e)
}

func (n *naive) Dump(event.Pin) (string, error) {
	var out strings.Builder
	for _, account := range viewtest.Accounts() {
		n.list(&out, account, n.came, 1000, func(o event.Order) bool { return o.Status.IsOpen() })
		newest := slices.Clone(n.came)
		slices.Reverse(newest)
		n.list(&out, account, newest, 5, func(event.Order) bool { return true })
		n.list(&out, account, n.came, 100, func(o event.Order) bool { return o.ClientOrderID == "k7" })
		n.list(&out, account, n.had, 100, func(event.Order) bool { return true })
	}
	for _, id := range watched() {
		var fills []string
		for _, e := range n.history {
			if e.Aggregate != id.String() {
				continue
			}
			fmt.Fprintln(&out, e.Sequence, e.Type)
			if f, ok := e.Record.(*event.Fill); ok {
				fills = append(fills, fmt.Sprintln(f.TradeID, id, []market.Liquidity{market.Taker, market.Maker}[e.Index-1]))
			}
		}
		slices.Reverse(fills)
		out.WriteString(strings.Join(fills, ""))
	}
	return out.String(), nil
}

func (n *naive) list(out *strings.Builder, account string, ids []market.OrderID, limit int, takes func(event.Order) bool) {
	for _, id := range ids {
		if o := n.images[id]; o.Account == account && takes(o) && limit > 0 {
			fmt.Fprintf(out, "%+v\n", o)
			limit--
		}
	}
}
