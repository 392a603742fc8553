package chaos_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/internal/check"
	"github.com/rialto-exchange/rialto/chaos/internal/traffic"
	"github.com/rialto-exchange/rialto/chaos/internal/venue"
)

// buildRialto builds the binary that the processes run.
func buildRialto(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "rialto")
	out, err := exec.Command("go", "build", "-o", binary, "github.com/rialto-exchange/rialto/cmd/rialto").CombinedOutput()
	if err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// startVenue starts three processes and declares what the traffic trades.
func startVenue(t *testing.T) *venue.Venue {
	t.Helper()
	if testing.Short() {
		t.Skip("real processes: skipped with -short")
	}
	return startVenueOf(t, buildRialto(t))
}

func startVenueOf(t *testing.T, binary string) *venue.Venue {
	t.Helper()
	return startVenueWith(t, venue.Options{Binary: binary, Nodes: 3})
}

func startVenueWith(t *testing.T, o venue.Options) *venue.Venue {
	t.Helper()
	o.Dir = t.TempDir()
	v, err := venue.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			for i := range v.Size() {
				t.Logf("log of node %d:\n%s", i+1, v.Log(i))
			}
		}
		if err := v.Stop(); err != nil {
			t.Error(err)
		}
	})
	declare(t, v)
	return v
}

func declare(t *testing.T, v *venue.Venue) {
	t.Helper()
	for _, c := range []struct {
		verb    string
		payload map[string]any
	}{
		{"assets/define", map[string]any{"asset": "USD", "scale": 6, "minor_unit": 2}},
		{"assets/define", map[string]any{"asset": "BTC", "scale": 8}},
		{"assets/define", map[string]any{"asset": "AAPL", "scale": 0}},
		{"instruments/define", map[string]any{"instrument": "AAPL-USD", "base": "AAPL", "quote": "USD",
			"price_tick": "0.01", "quantity_step": "1", "reference_price": "585.00"}},
		{"instruments/define", map[string]any{"instrument": "BTC-USD", "base": "BTC", "quote": "USD",
			"price_tick": "0.01", "quantity_step": "0.0001", "reference_price": "60000.00"}},
		{"venue/set-limits", map[string]any{
			"max_order_quantity": "none", "max_order_notional": "none", "max_open_orders": "10000", "max_position": "none",
			"max_gross_exposure": "none", "max_net_exposure": "none", "max_concentration_bps": "none", "max_orders_per_second": "none"}},
	} {
		body, err := json.Marshal(map[string]any{"payload": c.payload})
		if err != nil {
			t.Fatal(err)
		}
		res, err := v.Client.Post(v.URL(0)+"/v1/commands/"+c.verb, "application/json", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		answer := new(bytes.Buffer)
		_, _ = answer.ReadFrom(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %s", c.verb, res.Status, answer)
		}
	}
}

// reach waits until so many commands have been acknowledged.
func reach(t *testing.T, v *venue.Venue, r *traffic.Run, n int64) {
	t.Helper()
	err := v.Until(t.Context(), fmt.Sprintf("%d commands are acknowledged", n), func(context.Context) bool { return r.Done() >= n })
	if err != nil {
		t.Fatal(err)
	}
}

// prove stops the traffic and checks everything that must hold.
func prove(t *testing.T, v *venue.Venue, r *traffic.Run, prefix string) {
	t.Helper()
	sent := r.Stop()
	acknowledged, replayed := 0, 0
	for _, s := range sent {
		if !s.Acknowledged {
			t.Errorf("command %s was never settled", s.ID)
			continue
		}
		acknowledged++
		replayed += s.Replayed
	}
	last, err := check.Converged(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	var first []check.Event
	for i := range v.Size() {
		events, err := check.Events(t.Context(), v, i, last)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = events
			if err := check.Gapless(events); err != nil {
				t.Error(err)
			}
			if err := check.ExactlyOnce(events, sent, prefix); err != nil {
				t.Error(err)
			}
		} else if err := check.Same(first, events); err != nil {
			t.Errorf("node 1 and node %d: %v", i+1, err)
		}
		if err := check.Conserved(t.Context(), v, i); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d commands acknowledged, %d answered again, %d events, longest gap at a client %v",
		acknowledged, replayed, last, r.LongestGap())
}

const clients = 8

func trade(v *venue.Venue, run string) *traffic.Run {
	return traffic.Start(context.Background(), traffic.Options{
		URLs: v.URLs(), Clients: clients, Seed: 1, Run: run, Client: v.Client,
	})
}
