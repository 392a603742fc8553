package check_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/internal/check"
)

// TestKeepsItsThroughput shows what is judged of a fault that may cost so much
// throughput and no more: the answers a second while it lasts, once there may be
// a new leader, beside those of as long before it. The faults beside it, and what
// comes after, count for nothing.
func TestKeepsItsThroughput(t *testing.T) {
	const second = history.Nanos(time.Second)
	for _, c := range []struct {
		name   string
		during history.Nanos // between two answers while it lasts; 10 ms before and after
		begins history.Nanos
		fault  string
		want   string // "" is nothing
	}{
		{"as much as before", second / 100, 8 * second, "disk-hung-leader", ""},
		{"a little less", second / 85, 8 * second, "disk-hung-leader", ""},
		{"too little", second / 70, 8 * second, "disk-hung-leader", "70 answers a second while it lasted"},
		{"one that has no limit", second / 20, 8 * second, "kill-leader", ""},
		{"too soon to know what there was before", second / 100, second / 2, "disk-hung-leader", "too short to compare"},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := history.Folder(t.TempDir())
			w, err := history.Create(folder.History(), history.Head{Scenario: "s", Run: "r", Nodes: []string{"n1"}})
			if err != nil {
				t.Fatal(err)
			}
			at, over := history.Nanos(0), c.begins+5*second
			w.Mark(history.Mark{At: 1, What: history.LoadBegins})
			for n := 1; at < 20*second; n++ {
				step := second / 100
				if at >= c.begins+3*second/2 && at < over {
					step = c.during
				}
				at += step
				w.Operation(history.Operation{Client: "c0", Kind: history.Command, ID: fmt.Sprint("r-", n), Began: at - 1000, Ended: at, Outcome: history.Acked, Sequence: uint64(n)})
			}
			name := c.fault + "#1"
			w.Mark(history.Mark{At: c.begins, What: history.FaultBegins, Fault: name})
			w.Mark(history.Mark{At: over, What: history.FaultHeals, Fault: name})
			w.Mark(history.Mark{At: over + second, What: history.FaultOver, Fault: name})
			w.Mark(history.Mark{At: at, What: history.LoadEnds})
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			available, _ := check.Find("availability")
			found, err := available.Run(context.Background(), check.Run{Folder: folder, Limits: map[string]check.Limits{
				"disk-hung-leader": {Gap: 1500 * time.Millisecond, Heal: 5 * time.Second, Keeps: 0.8},
			}})
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case c.want == "" && len(found) > 0:
				t.Errorf("found %+v", found)
			case c.want != "" && (len(found) != 1 || !strings.Contains(found[0].What, c.want) || found[0].Fault != name):
				t.Errorf("found %+v, want one of %s that says %q", found, name, c.want)
			}
		})
	}
}
