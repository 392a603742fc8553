package fixtraffic_test

import (
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/fixtraffic"
	"github.com/rialto-exchange/rialto/chaos/ports"
	"github.com/rialto-exchange/rialto/chaos/proxy"
)

// TestQuickFIXThroughCuts proves the traffic on an acceptor that is known to be
// good: through lost connections every order arrives once, every report counts
// once, and nothing is found to be wrong.
func TestQuickFIXThroughCuts(t *testing.T) {
	if testing.Short() {
		t.Skip("real time: skipped with -short")
	}
	free, err := ports.Free(1)
	if err != nil {
		t.Fatal(err)
	}
	a, err := fixtraffic.StartAcceptor(free[0], "CUT")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Stop()
	p, err := proxy.Start(free[0])
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	r, err := fixtraffic.Start(t.Context(), fixtraffic.Options{
		Addresses: []string{p.Address(), p.Address()}, CompID: "CUT", Password: "any", Account: "a", Run: "cut", Rate: 100, HeartBeat: 2 * time.Second,
	}, fixtraffic.QuickFIX)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Stop()
	const cuts, between = 4, 50
	waitFor(t, func() bool { _, answered := r.Progress(); return answered >= between })
	for range cuts {
		logons, before := r.Summary().Logons, sentOf(r)
		p.Cut()
		waitFor(t, func() bool {
			_, answered := r.Progress()
			return r.Summary().Logons > logons && answered >= before+between
		})
	}
	r.StopSending()
	waitFor(t, func() bool { sent, answered := r.Progress(); return sent == answered })
	s, orders := r.Summary(), a.Orders()
	if len(orders) != s.Orders || s.Reports != s.Orders || len(s.Faults) != 0 || s.Logons <= cuts {
		t.Errorf("%d orders arrived of %d, %d reports, %d logons, faults %v", len(orders), s.Orders, s.Reports, s.Logons, s.Faults)
	}
	for i, report := range s.All {
		if report.ClOrdID != orders[i] || report.Sequence != uint64(i+1) {
			t.Fatalf("report %d is %+v, want of %s", i, report, orders[i])
		}
	}
	t.Logf("%d orders, %d reports came first with PossDupFlag, %d messages came again, %d logons", s.Orders, s.Resent, s.Twice, s.Logons)
}

func sentOf(r *fixtraffic.Run) int {
	sent, _ := r.Progress()
	return sent
}

func waitFor(t *testing.T, condition func() bool) {
	t.Helper()
	timeout, tick := time.After(60*time.Second), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-timeout:
			t.Fatal("waited a minute in vain")
		case <-tick.C:
		}
	}
}
