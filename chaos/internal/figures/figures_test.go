package figures_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/internal/figures"
)

const ms = history.Nanos(time.Millisecond)

// run is ten seconds in which two clients are answered every 10 ms each, but
// for a fault at 4 s that silences one for 300 ms and all for 200.
func run(t *testing.T, evidence string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "history.jsonl")
	w, err := history.Create(path, history.Head{Nodes: []string{"n1", "n2"}})
	if err != nil {
		t.Fatal(err)
	}
	w.Mark(history.Mark{At: 1, What: history.LoadBegins})
	for at := ms; at < 10_000*ms; at += 10 * ms {
		for c, silent := range map[string]history.Nanos{"c0": 300, "c1": 200} {
			if at > 4_000*ms && at < (4_000+silent)*ms {
				continue
			}
			w.Operation(history.Operation{Client: c, Kind: history.Command, Began: at - ms/2, Ended: at, Outcome: history.Acked, Sequence: 1, Sent: make([]history.Copy, 2)})
		}
	}
	w.Mark(history.Mark{At: 4_000 * ms, What: history.FaultBegins, Fault: "kill#1", Node: "n1"})
	w.Mark(history.Mark{At: 5_000 * ms, What: history.FaultHeals, Fault: "kill#1"})
	w.Mark(history.Mark{At: 5_100 * ms, What: history.FaultOver, Fault: "kill#1"})
	w.Mark(history.Mark{At: 6_000 * ms, What: history.Recovered, Fault: "kill#1"})
	w.Mark(history.Mark{At: 6_000 * ms, What: history.FaultBitten, Fault: "kill#1", Text: evidence})
	w.Mark(history.Mark{At: 4_150 * ms, What: history.LeaderIs, Node: "n2", Term: 3})
	w.Mark(history.Mark{At: 10_000 * ms, What: history.LoadEnds})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestGaps shows what a fault cost: for how long nobody was answered, how long
// one client waited, and how long healing took.
func TestGaps(t *testing.T) {
	f, err := figures.Of(run(t, "it died"))
	if err != nil {
		t.Fatal(err)
	}
	near := func(what string, got, want time.Duration) {
		t.Helper()
		if got < want-15*time.Millisecond || got > want+15*time.Millisecond {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	near("gap", f.Gap.Length(), 200*time.Millisecond)
	near("client's gap", f.ClientGap.Length(), 300*time.Millisecond)
	if len(f.Faults) != 1 || f.Faults[0].Node != "n1" || f.Faults[0].Evidence != "it died" {
		t.Fatalf("faults %+v", f.Faults)
	}
	near("the fault's gap", f.Faults[0].Gap.Length(), 200*time.Millisecond)
	near("the fault's longest wait", f.Faults[0].ClientGap.Length(), 300*time.Millisecond)
	near("healing", f.Faults[0].ToHeal(), 900*time.Millisecond)
	if f.ClientGap.Client != "c0" || f.Again != f.Commands.Acked || len(f.Leaders) != 1 {
		t.Errorf("client %s, %d sent again of %d, leaders %v", f.ClientGap.Client, f.Again, f.Commands.Acked, f.Leaders)
	}
	near("latency", f.Latency.P99, ms.Duration()/2)
}

// TestWork shows how much was answered before the first fault and after the last.
func TestWork(t *testing.T) {
	f, err := figures.Of(run(t, "it died"))
	if err != nil {
		t.Fatal(err)
	}
	if before, after := f.Work(); before < 700 || before > 800 || after < 900 || after > 1000 {
		t.Errorf("%d before and %d after, want some 800 and some 980", before, after)
	}
}
