package orders_test

import (
	"context"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/orders"
	"github.com/rialto-exchange/rialto/readmodels/viewtest"
)

// TestFoundByTheIDOfItsCancel shows that an order is found by the ClOrdID of the
// FIX request that cancelled it: the last one that its client saw of it. It is no
// id of the order's own, and one that was amended away from it stays with it.
func TestFoundByTheIDOfItsCancel(t *testing.T) {
	id := market.NewOrderID(1, 1)
	changed := func(kind command.Kind, what event.Type, client, request string, status market.OrderStatus) event.Group {
		return event.Group{
			Context: event.Context{CommandKind: uint8(kind), Actor: "TRADER1", Session: &command.SessionPlace{Request: command.Request{ClOrdID: request}}},
			Records: []event.Record{&event.OrderChanged{Type: what, Order: event.Order{ID: id, Account: "a", ClientOrderID: client, Status: status}}},
		}
	}
	groups := []event.Group{
		changed(command.KindPlaceOrder, event.TypeOrderAccepted, "one", "one", market.StatusOpen),
		changed(command.KindAmendOrder, event.TypeOrderAmended, "two", "two", market.StatusOpen),
		changed(command.KindCancelOrder, event.TypeOrderCancelled, "two", "three", market.StatusCancelled),
	}
	for i := range groups {
		groups[i].First, groups[i].Count = market.Sequence(i+1), 1
	}
	b := &event.Block{First: 1, Count: uint32(len(groups)), At: 1, Groups: groups}
	j := viewtest.NewJournal(b)
	s, err := openStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	v := orders.New(j)
	if _, err := v.Open(s, s.Cursor()); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(b.Last(), func(w readmodels.Writer) error { return v.Fold(b, w) }); err != nil {
		t.Fatal(err)
	}
	found := func(at market.Sequence, f orders.Filter) int {
		t.Helper()
		l, err := v.Orders(context.Background(), event.Pin{Sequence: at, At: 1}, "a", f, event.Page{Limit: 10, Descending: true})
		if err != nil {
			t.Fatal(err)
		}
		return len(l.Items)
	}
	for request, want := range map[string]int{"one": 1, "two": 1, "three": 1, "four": 0} {
		if got := found(3, orders.Filter{HadClientOrderID: request}); got != want {
			t.Errorf("by %s: found %d, want %d", request, got, want)
		}
	}
	if found(2, orders.Filter{HadClientOrderID: "three"}) != 0 {
		t.Error("it is found by its cancel before that came")
	}
	if found(3, orders.Filter{ClientOrderID: "three"}) != 0 {
		t.Error("the cancel's id is taken for the order's own")
	}
}
