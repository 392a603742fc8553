package flow_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/flow"
)

func actions(seed uint64, n int) []flow.Action {
	g := flow.NewGenerator(seed, flow.Instruments())
	out := make([]flow.Action, n)
	for i := range out {
		out[i] = g.Next()
	}
	return out
}

// TestSeed shows that a seed makes one flow, and another seed another.
func TestSeed(t *testing.T) {
	if diff := cmp.Diff(actions(1, 1000), actions(1, 1000)); diff != "" {
		t.Errorf("one seed, two flows:\n%s", diff)
	}
	if cmp.Equal(actions(1, 1000), actions(2, 1000)) {
		t.Error("two seeds, one flow")
	}
}

// TestGentle shows what the flow is like over ten minutes: 20–50 actions a
// second, in order of time, clustered (the gaps vary more than those of
// independent actions, whose variance is the square of their mean), with
// positive prices that stay within 20 % of the reference, orders that stay
// bounded, and cancels of nothing but its own open orders.
func TestGentle(t *testing.T) {
	const n = 18_000
	list := flow.Instruments()
	open := map[uint64]bool{}
	all := actions(7, n)
	gaps, squares, last := 0.0, 0.0, time.Duration(0)
	for i, a := range all {
		if a.At < last {
			t.Fatalf("action %d goes back in time", i)
		}
		gap := (a.At - last).Seconds()
		gaps, squares, last = gaps+gap, squares+gap*gap, a.At
		switch in := list[a.Instrument]; a.Kind {
		case flow.Cancel:
			if !open[a.Target] {
				t.Fatalf("action %d cancels %d, which is not open", i, a.Target)
			}
			delete(open, a.Target)
			continue
		case flow.Rest:
			open[a.Number] = true
			fallthrough
		case flow.Take:
			if a.Quantity < 1 || a.Price < in.Reference*8/10 || a.Price > in.Reference*12/10 {
				t.Fatalf("action %d: %d at %d, reference %d", i, a.Quantity, a.Price, in.Reference)
			}
		}
		if len(open) > 120*len(list) {
			t.Fatalf("%d orders are open", len(open))
		}
	}
	if rate := n / last.Seconds(); rate < 20 || rate > 50 {
		t.Errorf("%.1f actions a second, want 20–50", rate)
	}
	mean := gaps / n
	if spread := (squares/n - mean*mean) / (mean * mean); spread < 1.1 {
		t.Errorf("variance of the gaps is %.2f of the squared mean, want above 1.1: it is not clustered", spread)
	}
}

// TestReplaysHaveTheirInstrument shows that the flow leaves AAPL-USD alone.
func TestReplaysHaveTheirInstrument(t *testing.T) {
	for _, in := range flow.Instruments() {
		if in.Name == "AAPL-USD" {
			t.Error("the flow trades AAPL-USD")
		}
	}
}
