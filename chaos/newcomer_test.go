package chaos_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/check"
	"github.com/rialto-exchange/rialto/chaos/internal/venue"
)

// newcomerLoad is for how long a venue is loaded before somebody joins it;
// RIALTO_JOIN_LOAD sets another time.
const newcomerLoad = 2 * time.Second

// TestNewcomer shows that a node which joins a venue whose log no longer has its
// beginning gets the state by a snapshot and everything that happened before it
// from the others, and answers every query as they do. It prints how long each
// part takes.
func TestNewcomer(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("real processes: skipped with -short")
	}
	load := newcomerLoad
	if set, err := time.ParseDuration(os.Getenv("RIALTO_JOIN_LOAD")); err == nil {
		load = set
	}
	binary := buildRialto(t)
	v := startVenueWith(t, venue.Options{Binary: binary, Nodes: 1, Extra: "consensus:\n  trailing_entries: 1\n"})
	// The log gives up what the archive has taken, 4,096 entries at once.
	r := trade(v, "n")
	err := v.Until(t.Context(), "the log is long", func(context.Context) bool { return applied(t, v, 0) > 4200 })
	if err != nil {
		t.Fatal(err)
	}
	r.Stop()
	out, err := exec.Command(binary, "bench", "rest", "--server", v.URL(0), "--clients", "8", "--batch", "100", "--duration", load.String()).CombinedOutput()
	if err != nil {
		t.Fatalf("load: %v\n%s", err, out)
	}
	res, err := v.Client.Post(v.URL(0)+"/v1/admin/snapshot", "application/json", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("snapshot: %s", res.Status)
	}
	venueHas, err := v.Twin(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	events := venueHas.Nodes[0].Sequence

	begun := time.Now()
	joined, err := v.Join("")
	if err != nil {
		t.Fatal(err)
	}
	since := func(what string, condition func(twin venue.Twin) bool) {
		t.Helper()
		err := v.Until(t.Context(), what, func(ctx context.Context) bool {
			twin, err := v.Twin(ctx, joined)
			return err == nil && condition(twin)
		})
		if err != nil {
			t.Fatal(err)
		}
		took := time.Since(begun)
		t.Logf("%s after %v: %.0f events/s", what, took.Round(10*time.Millisecond), float64(events)/took.Seconds())
	}
	own := func(twin venue.Twin) (sequence uint64, views int) {
		for _, n := range twin.Nodes {
			if n.ID != "n2" {
				continue
			}
			for _, r := range n.ReadModels {
				if r.State == "live" && r.Sequence >= events {
					views++
				}
			}
			return n.Sequence, views
		}
		return 0, 0
	}
	all := len(venueHas.Nodes[0].ReadModels)
	since("the state is there", func(twin venue.Twin) bool { s, _ := own(twin); return s >= events })
	since("the first view has all", func(twin venue.Twin) bool { _, n := own(twin); return n > 0 })
	since("all views have all", func(twin venue.Twin) bool { _, n := own(twin); return n == all })
	if err := v.Until(t.Context(), "it is ready", func(ctx context.Context) bool { return v.Ready(ctx, joined) }); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d events; ready after %v", events, time.Since(begun).Round(10*time.Millisecond))
	for line := range strings.Lines(v.Log(joined)) {
		if strings.Contains(line, "read model taken over") || strings.Contains(line, "journal filled") {
			t.Log(strings.TrimSpace(line))
		}
	}
	if installs := v.Log(joined); !strings.Contains(installs, "a snapshot of the leader's is installed") {
		t.Error("it got no snapshot: the test shows too little")
	}
	if load == newcomerLoad { // of a long one the events are too many to compare here
		same(t, v, joined)
	}
	for i := range v.Size() {
		if err := check.Conserved(t.Context(), v, i); err != nil {
			t.Error(err)
		}
	}
}

// same compares a node's events with the first node's.
func same(t *testing.T, v *venue.Venue, with int) {
	t.Helper()
	last, err := check.Converged(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	first, err := check.Events(t.Context(), v, 0, last)
	if err != nil {
		t.Fatal(err)
	}
	second, err := check.Events(t.Context(), v, with, last)
	if err != nil {
		t.Fatal(err)
	}
	if err := check.Same(first, second); err != nil {
		t.Error(err)
	}
}
