package chaos_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/internal/venue"
)

// The short run of TestFIXReconnect; RIALTO_FIX_KILLS sets another number.
const fewKills = 2

// TestFIXReconnect measures what a killed leader costs FIX clients that log on
// again every 20 ms: `rialto bench fix` trades with a session at each node, and
// the gap of the one that lost its node is held against those of the others at
// the same time, which is what the venue itself needed.
func TestFIXReconnect(t *testing.T) {
	v := startFIXVenue(t)
	binary, kills := buildRialto(t), fewKills
	if n, err := strconv.Atoi(os.Getenv("RIALTO_FIX_KILLS")); err == nil {
		kills = n
	}
	var lost, kept, more []float64
	for range kills {
		l, k := killUnderBench(t, v, binary)
		lost, kept, more = append(lost, l), append(kept, k), append(more, l-k)
	}
	t.Logf("%d leaders killed: node lost %s; node kept %s; a lost node costs %s more", kills, figures(lost), figures(kept), figures(more))
}

// figures says how milliseconds are spread.
func figures(ms []float64) string {
	slices.Sort(ms)
	at := func(share float64) float64 { return ms[int(share*float64(len(ms)-1)+0.5)] }
	return fmt.Sprintf("p50 %.0f ms, p99 %.0f ms", at(0.5), at(0.99))
}

// killUnderBench kills the leader while a bench trades, and returns the gap of
// the session that was at it, and the longest of the others, in milliseconds.
func killUnderBench(t *testing.T, v *venue.Venue, binary string) (lost, kept float64) {
	t.Helper()
	var report, errs bytes.Buffer
	bench := exec.CommandContext(t.Context(), binary, "bench", "fix", "--output", "json", "--server", strings.Join(v.URLs(), ","),
		"--fix", strings.Join(v.FIX(0), ","), "--sessions", "TRADER1,TRADER2,TRADER3", "--rate", "600", "--duration", "8s")
	bench.Stdout, bench.Stderr = &report, &errs
	before := nextOut(t.Context(), v)
	if err := bench.Start(); err != nil {
		t.Fatal(err)
	}
	tradeAll(t, v, before)
	leader, err := v.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v.Kill(leader)
	if err := bench.Wait(); err != nil {
		t.Fatalf("bench fix: %v\n%s", err, errs.String())
	}
	if err := v.Restart(leader); err != nil {
		t.Fatal(err)
	}
	if err := v.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	var r struct {
		Orders     int64            `json:"orders"`
		Unanswered int64            `json:"unanswered"`
		Rejected   map[string]int64 `json:"rejected"`
		Lost       gapFigures       `json:"gap_node_lost_ms"`
		Kept       gapFigures       `json:"gap_node_kept_ms"`
	}
	if err := json.Unmarshal(report.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if r.Unanswered != 0 || len(r.Rejected) != 0 || r.Lost.Count == 0 {
		t.Errorf("%d orders, %d unanswered, %v rejected, %d sessions lost their node", r.Orders, r.Unanswered, r.Rejected, r.Lost.Count)
	}
	return r.Lost.Max, r.Kept.Max
}

// tradeAll waits until the three sessions have been told of some orders each,
// as they are a moment after a bench begins.
func tradeAll(t *testing.T, v *venue.Venue, before map[string]uint64) {
	t.Helper()
	err := v.Until(t.Context(), "three sessions trade", func(ctx context.Context) bool {
		trading := 0
		for comp, next := range nextOut(ctx, v) {
			if next > before[comp]+100 && strings.Count(comp, "-") == 0 { // no drop copy
				trading++
			}
		}
		return trading >= 3
	})
	if err != nil {
		t.Fatal(err)
	}
}

// nextOut returns the next number of each session.
func nextOut(ctx context.Context, v *venue.Venue) map[string]uint64 {
	var list struct {
		Items []struct {
			CompID  string `json:"comp_id"`
			NextOut uint64 `json:"next_out"`
		} `json:"items"`
	}
	next := map[string]uint64{}
	if v.Get(ctx, 0, "/v1/queries/sessions?limit=1000", &list) == nil {
		for _, s := range list.Items {
			next[s.CompID] = s.NextOut
		}
	}
	return next
}

type gapFigures struct {
	Count int64
	Max   float64
}
