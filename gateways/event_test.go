package gateways_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
)

// TestEveryEventHasItsType shows that each public event has a type that is named
// like it, and says so.
func TestEveryEventHasItsType(t *testing.T) {
	said := map[string]bool{}
	file, err := parser.ParseFile(token.NewFileSet(), "eventtypes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != "EventType" {
			continue
		}
		of := f.Recv.List[0].Type.(*ast.StarExpr).X.(*ast.Ident).Name
		returned := f.Body.List[0].(*ast.ReturnStmt).Results[0].(*ast.SelectorExpr).Sel.Name
		if returned != "Type"+of {
			t.Errorf("%s says that it is a %s", of, returned)
		}
		said[of] = true
	}
	file, err = parser.ParseFile(token.NewFileSet(), "../fsm/event/event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	types := 0
	ast.Inspect(file, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || len(v.Values) == 0 {
			return true
		}
		if of, ok := strings.CutPrefix(v.Names[0].Name, "Type"); ok {
			types++
			if !said[of] {
				t.Errorf("%s has no type", of)
			}
		}
		return true
	})
	if types != len(said) {
		t.Errorf("%d events and %d types", types, len(said))
	}
}

// TestEventOf shows a trade to an auditor and to one of its sides: who stood on
// the other side, and whose command it was, is the auditor's to see.
func TestEventOf(t *testing.T) {
	fill := &event.Fill{
		TradeID: 7, Price: 100, Quantity: 3, Notional: 300, TakerSide: market.Buy,
		Taker: event.Order{ID: 1, Account: "bob", Instrument: "BTC-USD"}, Maker: event.Order{ID: 2, Account: "alice", Instrument: "BTC-USD"},
		FeeAsset: "USD",
		Postings: []event.Posting{{Account: "bob", Balances: []event.Balance{{Asset: "USD", Delta: -300}}}},
	}
	b := block(10, fill)
	b.Groups[0].Context = event.Context{Participant: "BOB", Actor: "key", CommandID: "c1"}
	var all []event.Public
	b.Events(func(e event.Public) bool { all = append(all, e); return true })
	for _, c := range []struct {
		viewer gateways.Viewer
		knows  bool // whose command it was
	}{
		{gateways.Viewer{Full: true}, true},
		{gateways.Viewer{Participant: "BOB"}, true},
		{gateways.Viewer{Participant: "ALICE"}, false},
		{gateways.Viewer{}, false},
	} {
		for i := range all {
			e := gateways.EventOf(&all[i], c.viewer)
			if e.Data.EventType() != e.Type || e.Sequence != all[i].Sequence {
				t.Errorf("event %d is a %s and holds a %s", e.Sequence, e.Type, e.Data.EventType())
			}
			if (e.By != nil) != c.knows {
				t.Errorf("%+v: by %+v", c.viewer, e.By)
			}
			switch d := e.Data.(type) {
			case *gateways.TradeExecuted:
				if (d.Parties != nil) != c.viewer.Full {
					t.Errorf("%+v sees the parties %+v", c.viewer, d.Parties)
				}
			case *gateways.OrderFilled:
				if (d.Fill.Counterparty != "") != c.viewer.Full {
					t.Errorf("%+v sees the counterparty %q", c.viewer, d.Fill.Counterparty)
				}
			case *gateways.FundsPosted:
				d.Balances[0].Total = 99
				if fill.Postings[0].Balances[0].Total == 99 {
					t.Error("who is told of an event can change the journal")
				}
			}
		}
	}
}
