package definitions_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/definitions"
	"github.com/rialto-exchange/rialto/chaos/internal/venue"
)

// forDefinitions are the settings under which the definitions run: they log on
// with heartbeats of two seconds, and more often than a client may.
const forDefinitions = `fix:
  min_heartbeat: 1s
  logons_per_minute: 100000
  max_connections_per_address: 1000
  max_sessions_per_participant: 1000
`

// The definitions' participants: each connection has a comp id of its own.
const (
	participants = 6
	compIDs      = 30 // of each
	password     = "definitions"
)

// startRialto starts a node with a participant's sessions to spend.
func startRialto(t *testing.T) definitions.Venue {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "rialto")
	if out, err := exec.Command("go", "build", "-o", binary, "github.com/rialto-exchange/rialto/cmd/rialto").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	v, err := venue.Start(t.Context(), venue.Options{Binary: binary, Dir: t.TempDir(), Nodes: 1, Extra: forDefinitions})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of the node:\n%s", v.Log(0))
		}
		_ = v.Stop()
	})
	declare(t, v)
	err = v.Until(t.Context(), "the node takes FIX clients", func(ctx context.Context) bool {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", v.FIX(0)[0])
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var next atomic.Int64
	return definitions.Venue{
		Target: "RIALTO", Password: password, Account: "definitions", Instrument: "AAPL-USD", Price: "580.00",
		Address: v.FIX(0)[0],
		Fresh:   func() string { return comp(int(next.Add(1)) - 1) },
	}
}

func comp(n int) string { return fmt.Sprintf("AT%03d", n) }

// declare makes the instrument that the definitions trade, and who they are.
func declare(t *testing.T, v *venue.Venue) {
	t.Helper()
	do := func(verb string, payload map[string]any) {
		body, err := json.Marshal(map[string]any{"payload": payload})
		if err != nil {
			t.Fatal(err)
		}
		res, err := v.Client.Post(v.URL(0)+"/v1/commands/"+verb, "application/json", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if answer, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %s", verb, res.Status, answer)
		}
	}
	do("assets/define", map[string]any{"asset": "USD", "scale": 6, "minor_unit": 2})
	do("assets/define", map[string]any{"asset": "AAPL", "scale": 0})
	do("instruments/define", map[string]any{"instrument": "AAPL-USD", "base": "AAPL", "quote": "USD",
		"price_tick": "0.01", "quantity_step": "1", "reference_price": "585.00"})
	do("venue/set-limits", map[string]any{
		"max_order_quantity": "none", "max_order_notional": "none", "max_open_orders": "10000", "max_position": "none",
		"max_gross_exposure": "none", "max_net_exposure": "none", "max_concentration_bps": "none", "max_orders_per_second": "none"})
	do("accounts/open", map[string]any{"account": "definitions"})
	do("accounts/deposit", map[string]any{"account": "definitions", "asset": "USD", "amount": "100000000"})
	hash := sha256.Sum256([]byte(password))
	for p := range participants {
		var ids []string
		for i := range compIDs {
			ids = append(ids, comp(p*compIDs+i))
		}
		do("participants/define", map[string]any{"participant": fmt.Sprintf("AT%d", p), "role": "trader",
			"accounts": []string{"definitions"}, "fix_comp_ids": ids, "fix_password_hash": hex.EncodeToString(hash[:])})
	}
}

// atOnce is how many definitions run side by side: most of the time they wait
// for a heartbeat.
const atOnce = 12

// TestRialto shows that all definitions hold at a node, in both versions; what
// is changed in them for a venue stands in ofVenue, with the reason.
func TestRialto(t *testing.T) {
	if testing.Short() {
		t.Skip("real processes: skipped with -short")
	}
	rialto := startRialto(t)
	for _, version := range versions() {
		var all sync.WaitGroup
		places := make(chan struct{}, atOnce)
		held := atomic.Int64{}
		for _, d := range read(t, version) {
			all.Go(func() {
				places <- struct{}{}
				defer func() { <-places }()
				d := rialto.Adapt(ofVenue(d))
				if err := definitions.Run(t.Context(), rialto.Address, d, rialto.Compare()); err != nil {
					t.Errorf("%s: %v", version, err)
					return
				}
				held.Add(1)
			})
		}
		all.Wait()
		t.Logf("%s: %d definitions hold", version, held.Load())
	}
}
