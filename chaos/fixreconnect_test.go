package chaos_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/venue"
)

// The short run of TestFIXReconnect; RIALTO_FIX_KILLS sets another number.
const fewKills = 2

// TestFIXReconnect measures what a killed leader costs FIX clients that log on
// again every 20 ms: `rialto bench fix` trades with a session at each node, and
// the gap of the one that lost its node is held against those of the others at
// the same time, which is what the venue itself needed.
func TestFIXReconnect(t *testing.T) {
	v := startFIXVenue(t)
	kills := fewKills
	if n, err := strconv.Atoi(os.Getenv("RIALTO_FIX_KILLS")); err == nil {
		kills = n
	}
	// Each kill may take as long as a restart does on a busy machine.
	const each = 12 * time.Second
	var report, errs bytes.Buffer
	bench := exec.CommandContext(t.Context(), buildRialto(t), "bench", "fix", "--output", "json", "--server", strings.Join(v.URLs(), ","),
		"--fix", strings.Join(v.FIX(0), ","), "--sessions", "TRADER1,TRADER2,TRADER3", "--rate", "300", "--duration", (time.Duration(kills) * each).String())
	bench.Stdout, bench.Stderr = &report, &errs
	if err := bench.Start(); err != nil {
		t.Fatal(err)
	}
	ended := time.Now().Add(time.Duration(kills)*each - each/2)
	done := 0
	for ; done < kills && time.Now().Before(ended); done++ {
		loggedOnAll(t, v)
		leader, err := v.Leader(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		v.Kill(leader)
		if _, err := v.Leader(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := v.Restart(leader); err != nil {
			t.Fatal(err)
		}
		if err := v.WaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := bench.Wait(); err != nil {
		t.Fatalf("bench fix: %v\n%s", err, errs.String())
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
	if r.Orders == 0 || r.Unanswered != 0 || len(r.Rejected) != 0 || done == 0 {
		t.Errorf("%d orders, %d unanswered, %v rejected, %d kills", r.Orders, r.Unanswered, r.Rejected, done)
	}
	t.Logf("%d leaders killed: node lost p50 %.0f ms, p99 %.0f ms (%d); node kept p50 %.0f ms, p99 %.0f ms (%d); a lost node costs %.0f ms more, median",
		done, r.Lost.P50, r.Lost.P99, r.Lost.Count, r.Kept.P50, r.Kept.P99, r.Kept.Count, r.Lost.P50-r.Kept.P50)
}

// loggedOnAll waits until all three sessions are held by some node, and sees to
// it that the leader has one of them and not all: else its end would cost
// nobody his node, or everybody.
func loggedOnAll(t *testing.T, v *venue.Venue) {
	t.Helper()
	err := v.Until(t.Context(), "three sessions are logged on, some of them at the leader", func(ctx context.Context) bool {
		twin, err := v.Twin(ctx, 0)
		if err != nil {
			return false
		}
		owners := map[string]int{}
		on := 0
		for _, owner := range sessionOwners(ctx, v) {
			owners[owner]++
			on++
		}
		if on < 3 {
			return false
		}
		if owners[twin.Leader] > 0 && (owners[twin.Leader] < on || len(owners) == 1) {
			return true
		}
		for owner := range owners {
			_, _ = v.Client.Post(v.URL(0)+"/v1/admin/leader/transfer", "application/json", strings.NewReader(`{"to":"`+owner+`"}`))
			break
		}
		return false
	})
	if err != nil {
		t.Fatal(err)
	}
}

// sessionOwners returns the nodes of the sessions that are logged on.
func sessionOwners(ctx context.Context, v *venue.Venue) []string {
	var list struct {
		Items []struct {
			State string `json:"state"`
			Owner string `json:"owner"`
		} `json:"items"`
	}
	if v.Get(ctx, 0, "/v1/queries/sessions?limit=1000", &list) != nil {
		return nil
	}
	var owners []string
	for _, s := range list.Items {
		if s.State == "active" {
			owners = append(owners, s.Owner)
		}
	}
	return owners
}

type gapFigures struct {
	Count    int64
	P50, P99 float64
}
