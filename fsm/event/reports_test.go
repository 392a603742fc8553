package event_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Which records report to whom, under which number: one line a report.
func TestReports(t *testing.T) {
	own := func(session, account string) event.Order {
		return event.Order{ID: market.NewOrderID(1, 1), Session: session, Account: account}
	}
	by := func(compID string, kind command.Kind, records ...event.Record) event.Group {
		g := event.Group{Records: records}
		if compID != "" {
			g.Context = event.Context{CommandKind: uint8(kind), Actor: compID, Session: &command.SessionPlace{}}
		}
		return g
	}
	change := func(o event.Order) *event.OrderChanged {
		return &event.OrderChanged{Type: event.TypeOrderAccepted, Order: o}
	}
	alpha := event.SessionTouch{CompID: "ALPHA", Kind: market.SessionOrderEntry, First: 10}
	beta := event.SessionTouch{CompID: "BETA", Kind: market.SessionOrderEntry, First: 20}
	copies := event.SessionTouch{CompID: "ALPHA-DC", Kind: market.SessionDropCopy, Accounts: []string{"a"}, First: 30}
	for _, c := range []struct {
		name    string
		touches []event.SessionTouch
		groups  []event.Group
		want    string
	}{
		{"an order and its drop copy", []event.SessionTouch{alpha, copies},
			[]event.Group{by("ALPHA", command.KindPlaceOrder, change(own("ALPHA", "a")))},
			"1: ALPHA 10, 1: ALPHA-DC 30"},
		{"an order by REST goes to the drop copy only", []event.SessionTouch{copies},
			[]event.Group{by("", 0, change(own("", "a")), change(own("", "b")))},
			"1: ALPHA-DC 30"},
		{"a fill: taker, maker, each with its copies", []event.SessionTouch{alpha, copies, beta},
			[]event.Group{by("BETA", command.KindPlaceOrder, &event.Fill{Taker: own("BETA", "b"), Maker: own("ALPHA", "a")})},
			"2: BETA 20, 3: ALPHA 10, 3: ALPHA-DC 30"},
		{"a self-trade reports where both lose some", []event.SessionTouch{alpha},
			[]event.Group{by("ALPHA", command.KindPlaceOrder,
				&event.SelfTradePrevented{Mode: market.STPCancelNewest, Incoming: own("ALPHA", "a"), Resting: own("ALPHA", "a")},
				&event.SelfTradePrevented{Mode: market.STPDecrement, Incoming: own("ALPHA", "a"), Resting: own("ALPHA", "a")})},
			"3: ALPHA 10, 4: ALPHA 11"},
		{"a refusal goes to who sent it, without copies", []event.SessionTouch{alpha, copies},
			[]event.Group{by("ALPHA", command.KindPlaceOrder, &event.CommandRejected{}), by("", 0, &event.CommandRejected{})},
			"1: ALPHA 10"},
		{"a mass cancel reports once, not for its rest", []event.SessionTouch{alpha},
			[]event.Group{by("ALPHA", command.KindCancelAll, &event.OrdersCancelled{}), by("ALPHA", 0, &event.OrdersCancelled{})},
			"1: ALPHA 10"},
		{"who cancels an order of another session is answered too", []event.SessionTouch{alpha, beta, copies},
			[]event.Group{by("BETA", command.KindCancelOrder,
				&event.OrderChanged{Type: event.TypeOrderCancelled, Order: own("ALPHA", "a")})},
			"1: ALPHA 10, 1: ALPHA-DC 30, 1: BETA 20"},
		{"who replaces an order of no session is answered, what it then trades is not his", []event.SessionTouch{beta},
			[]event.Group{by("BETA", command.KindAmendOrder,
				&event.OrderChanged{Type: event.TypeOrderAmended, Order: own("", "a")},
				&event.Fill{Taker: own("", "a"), Maker: own("", "b")},
				&event.OrderChanged{Type: event.TypeOrderCancelled, Order: own("", "a")})},
			"1: BETA 20"},
		{"an order asked for again, without copies", []event.SessionTouch{alpha, copies},
			[]event.Group{by("ALPHA", command.KindPlaceOrder, &event.OrderReported{Order: own("ALPHA", "a")})},
			"1: ALPHA 10"},
		{"slots in between are no report's", []event.SessionTouch{alpha, beta},
			[]event.Group{
				by("", 0, change(own("ALPHA", "a"))),
				by("", 0, &event.SessionsAdvanced{Steps: []event.SessionStepped{{CompID: "ALPHA", Number: 11, Slots: 3}, {CompID: "BETA", Result: event.StepStale}}}),
				by("", 0, change(own("ALPHA", "a")), change(own("BETA", "b"))),
				by("", 0, &event.SessionEnded{CompID: "ALPHA", Number: 15, Slots: 1}),
				by("", 0, change(own("ALPHA", "a"))),
			},
			"1: ALPHA 10, 3: ALPHA 14, 4: BETA 20, 6: ALPHA 16"},
		{"a logon that begins anew, a reset", []event.SessionTouch{alpha},
			[]event.Group{
				by("", 0, change(own("ALPHA", "a"))),
				by("", 0, &event.SessionLoggedOn{CompID: "ALPHA", Reset: true, Number: 1}),
				by("", 0, change(own("ALPHA", "a"))),
				by("", 0, &event.SessionReset{CompID: "ALPHA", NextOut: 500}),
				by("", 0, change(own("ALPHA", "a"))),
			},
			"1: ALPHA 10, 3: ALPHA 2, 5: ALPHA 500"},
	} {
		b := &event.Block{First: 1, Groups: c.groups, Sessions: c.touches}
		next := b.First
		for i := range b.Groups {
			b.Groups[i].First = next
			for _, r := range b.Groups[i].Records {
				next += market.Sequence(r.Events())
			}
		}
		var got []string
		for r := range b.Reports {
			got = append(got, fmt.Sprintf("%d: %s %d", r.Sequence, r.Touch.CompID, r.Number))
		}
		if line := strings.Join(got, ", "); line != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, line, c.want)
		}
		var first []string
		for r := range b.Reports {
			first = append(first, r.Touch.CompID)
			break
		}
		if len(got) > 0 && !slices.Equal(first, []string{strings.Fields(got[0])[1]}) {
			t.Errorf("%s: stopped after the first, got %v", c.name, first)
		}
	}
}
