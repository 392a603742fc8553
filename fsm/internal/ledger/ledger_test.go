package ledger_test

import (
	"testing"

	"github.com/rialto-exchange/rialto/fsm/internal/ledger"
	"github.com/rialto-exchange/rialto/fsm/market"
)

const external = 1

// Money moves by legs that sum to zero; only the external account goes below
// zero.
func TestPost(t *testing.T) {
	l := ledger.New(nil, external)
	out, a := l.Open(external, 1), l.Open(2, 1)
	l.Post(ledger.Entry{Ref: a, Delta: 10}, ledger.Entry{Ref: out, Delta: -10})
	l.Hold(a, 7)
	if got, want := l.Get(a), (ledger.Balance{Total: 10, Held: 7}); got != want || got.Available() != 3 {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	l.Post(ledger.Entry{Ref: a, Delta: -7, Hold: -7}, ledger.Entry{Ref: out, Delta: 7})
	if got, want := l.Get(out), (ledger.Balance{Total: -3}); got != want {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	if l.Open(2, 1) != a || l.Find(2, 2) != 0 || l.Get(0) != (ledger.Balance{}) {
		t.Fatal("a balance is found by account and asset, and only so")
	}
}

// What cannot be is a bug of the caller and stops the machine.
func TestImpossiblePostings(t *testing.T) {
	for name, post := range map[string]func(l *ledger.Ledger, out, a, b ledger.Ref){
		"not balanced": func(l *ledger.Ledger, out, a, _ ledger.Ref) { l.Post(ledger.Entry{Ref: a, Delta: 1}) },
		"two assets": func(l *ledger.Ledger, _, a, b ledger.Ref) {
			l.Post(ledger.Entry{Ref: a, Delta: -1}, ledger.Entry{Ref: b, Delta: 1})
		},
		"below zero": func(l *ledger.Ledger, out, a, _ ledger.Ref) {
			l.Post(ledger.Entry{Ref: a, Delta: -11}, ledger.Entry{Ref: out, Delta: 11})
		},
		"held is not there": func(l *ledger.Ledger, _, a, _ ledger.Ref) { l.Hold(a, 11) },
		"released too much": func(l *ledger.Ledger, _, a, _ ledger.Ref) { l.Hold(a, -1) },
		"overflow": func(l *ledger.Ledger, out, a, _ ledger.Ref) {
			l.Post(ledger.Entry{Ref: a, Delta: market.Amount(1<<63 - 1)}, ledger.Entry{Ref: out, Delta: -market.Amount(1<<63 - 1)})
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := ledger.New(nil, external)
			out, a, b := l.Open(external, 1), l.Open(2, 1), l.Open(2, 2)
			l.Post(ledger.Entry{Ref: a, Delta: 10}, ledger.Entry{Ref: out, Delta: -10})
			defer func() {
				if recover() == nil {
					t.Fatal("it was let through")
				}
			}()
			post(l, out, a, b)
		})
	}
}
