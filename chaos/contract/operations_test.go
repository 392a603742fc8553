package contract_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestProbes shows health, readiness, metrics, documentation and console.
func TestProbes(t *testing.T) {
	d := open(t)
	for _, c := range []struct{ path, kind, contains string }{
		{"/healthz", "application/json", `"ok"`},
		{"/readyz", "application/json", `"ready"`},
		{"/readyz?for=reads", "application/json", `"ready"`},
		{"/metrics", "text/plain", "# TYPE rialto_"},
		{"/openapi.json", "application/json", `"/v1/commands/orders/place"`},
		{"/docs", "text/html", "<html"},
		{"/", "text/html", "<html"},
	} {
		t.Run(c.path, func(t *testing.T) {
			for node := range d.Size() {
				r := d.get(node, c.path).want(t, 200, nil)
				if got := r.header.Get("Content-Type"); !strings.HasPrefix(got, c.kind) || !strings.Contains(string(r.body), c.contains) {
					t.Errorf("got type %q and no %s", got, c.contains)
				}
			}
		})
	}
}

// TestOpenAPIIsComplete shows that the description is OpenAPI 3 and tells of
// every command and query.
func TestOpenAPIIsComplete(t *testing.T) {
	d := open(t)
	var doc struct {
		OpenAPI string                    `json:"openapi"`
		Paths   map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(d.get(0, "/openapi.json").body, &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.") {
		t.Errorf("got openapi %q", doc.OpenAPI)
	}
	for _, path := range strings.Fields(`
		/v1/commands/assets/define /v1/commands/instruments/define /v1/commands/instruments/halt /v1/commands/instruments/resume
		/v1/commands/instruments/set-phase /v1/commands/instruments/retire /v1/commands/instruments/set-limits
		/v1/commands/participants/define /v1/commands/accounts/open /v1/commands/accounts/close /v1/commands/accounts/deposit
		/v1/commands/accounts/withdraw /v1/commands/accounts/transfer /v1/commands/accounts/set-limits /v1/commands/accounts/suspend
		/v1/commands/accounts/resume /v1/commands/owners/set-limits /v1/commands/venue/set-limits
		/v1/commands/orders/place /v1/commands/orders/amend /v1/commands/orders/cancel /v1/commands/orders/cancel-all
		/v1/commands /v1/commands/{id} /v1/commands/{id}/fence
		/v1/queries/accounts/{id}/balance /v1/queries/accounts/{id}/balances /v1/queries/accounts/{id}/orders /v1/queries/accounts/{id}/trades
		/v1/queries/orders/{id} /v1/queries/orders/{id}/history /v1/queries/orders/{id}/fills
		/v1/queries/instruments /v1/queries/instruments/{id} /v1/queries/instruments/{id}/book /v1/queries/instruments/{id}/trades
		/v1/queries/events /v1/queries/ledger/trial-balance /v1/streams/events /v1/cluster /healthz /readyz`) {
		if doc.Paths[path] == nil {
			t.Errorf("nothing is said of %s", path)
		}
	}
}

// TestTwin shows the cluster as every node tells it.
func TestTwin(t *testing.T) {
	d := open(t)
	for node := range d.Size() {
		r := d.get(node, "/v1/cluster").want(t, 200, fields{"cluster_id": "chaos", "nodes.#": 3,
			"dedup_horizon.capacity": 4 << 20, "dedup_horizon.min_age": "12s",
			"dedup_horizon.fences.share": 131_072, "dedup_horizon.fences.min_age": "24h0m0s"})
		if retained, _ := r.at("dedup_horizon.retained"); retained == nil || show(retained) == "0" {
			t.Errorf("got %v ids retained", retained)
		}
		for _, name := range []string{"leader", "dedup_horizon", "findings"} {
			if _, ok := r.at(name); !ok {
				t.Errorf("no %s", name)
			}
		}
		leaders := 0
		for i := range 3 {
			r.want(t, 200, fields{fmt.Sprintf("nodes.%d.state", i): "alive"})
			at := func(name string) any { v, _ := r.at(fmt.Sprintf("nodes.%d.%s", i, name)); return v }
			if at("role") == "leader" {
				leaders++
				if leader, _ := r.at("leader"); leader != at("id") {
					t.Errorf("the leader is %v, and %v says so of itself", leader, at("id"))
				}
			} else if at("role") != "follower" {
				t.Errorf("got role %v", at("role"))
			}
			for _, name := range strings.Fields("id pid version term commit_index applied_index sequence state_hash state_hash_index read_models gateways") {
				if at(name) == nil {
					t.Errorf("node %d has no %s", i, name)
				}
			}
			for _, name := range strings.Fields("http_address fix_address peer_address gossip_address") {
				address, _ := at(name).(string)
				if _, _, err := net.SplitHostPort(address); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			if got := show(at("read_models")); !strings.Contains(got, `"lag"`) {
				t.Errorf("read models without lag: %s", got)
			}
		}
		if leaders != 1 {
			t.Errorf("%d leaders", leaders)
		}
	}
}

// TestTrialBalance shows that all accounts, the venue's own included, sum to
// nothing, in every asset, on every node.
func TestTrialBalance(t *testing.T) {
	d := open(t)
	d.account("trial", "12.345678")
	for node := range d.Size() {
		r := d.get(node, "/v1/queries/ledger/trial-balance?consistency=linearizable").want(t, 200, nil)
		n, _ := r.at("assets.#")
		for i := range n.(int) {
			p := fmt.Sprintf("assets.%d.", i)
			net, _ := r.text(p + "net")
			debits, _ := r.text(p + "debits")
			credits, _ := r.text(p + "credits")
			if strings.Trim(net, "0.") != "" || debits != credits || r.names(strings.TrimSuffix(p, ".")) != "asset credits debits net" {
				t.Errorf("%s", r.body)
			}
		}
	}
	r := d.get(0, "/v1/queries/accounts/venue:external/balance").want(t, 200, nil)
	if total, _ := r.text("total"); !strings.HasPrefix(total, "-") {
		t.Errorf("the other side of all deposits holds %s", total)
	}
}

// TestLeaderTransfer shows that leadership moves on request and that writes
// and reads go on.
func TestLeaderTransfer(t *testing.T) {
	d := open(t)
	d.must("accounts/open", fields{"account": "transfer"})
	before, err := d.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d.send(0, "POST", "/v1/admin/leader/transfer", "").want(t, 200, nil)
	err = d.Until(t.Context(), "another node leads", func(ctx context.Context) bool {
		now, err := d.Leader(ctx)
		return err == nil && now != before
	})
	if err != nil {
		t.Fatal(err)
	}
	for node := range d.Size() {
		d.raw(node, "accounts/deposit", fields{"aggregate_id": "transfer", "payload": fields{"amount": "1", "asset": "USD"}}).want(t, 200, nil)
	}
	d.holds("transfer", "USD", "3.000000", "0.000000")
	d.send(0, "DELETE", "/v1/admin/nodes/n9", "").refused(t, 404, "not_found")
}

// TestDemoVenue shows the venue that a newcomer finds.
func TestDemoVenue(t *testing.T) {
	d := open(t)
	for _, c := range []struct{ instrument, base, quote, tick, step, maker, taker string }{
		{"BTC-USD", "BTC", "USD", "0.01", "0.0001", "0", "0"},
		{"ETH-USD", "ETH", "USD", "0.01", "0.001", "2", "5"},
		{"EUR-USD", "EUR", "USD", "0.0001", "1", "0", "0"},
		{"USD-JPY", "USD", "JPY", "0.01", "0.0001", "0", "0"},
		{"EUR-JPY", "EUR", "JPY", "0.01", "1", "0", "0"},
		{"AAPL-USD", "AAPL", "USD", "0.01", "1", "0", "0"},
	} {
		r := d.get(1, "/v1/queries/instruments/"+c.instrument).want(t, 200, fields{
			"base": c.base, "quote": c.quote, "price_tick": c.tick, "quantity_step": c.step,
			"maker_fee_bps": c.maker, "taker_fee_bps": c.taker, "market_protection_bps": "500",
			"price_band_bps": absent{}, "phase": "continuous"})
		if _, ok := r.text("reference_price"); !ok {
			t.Errorf("%s has no reference price", c.instrument)
		}
	}
	for asset, total := range map[string]string{
		"USD": "1000000.000000", "EUR": "1000000.000000", "JPY": "1000000.000000", "BTC": "1000.00000000", "ETH": "1000.00000000", "AAPL": "1000",
	} {
		for n := 1; n <= 4; n++ {
			d.get(n%3, fmt.Sprintf("/v1/queries/accounts/trader%d/balance?asset=%s&consistency=linearizable", n, asset)).want(t, 200, fields{"total": total})
		}
	}
	d.get(0, "/v1/queries/accounts/trader1/balance?asset=JPY").want(t, 200, fields{"current_balance_cents": 1000000})
	d.get(0, "/v1/queries/accounts/trader1/balance").want(t, 200, fields{"currency": "USD", "current_balance_cents": 100000000})
}

// TestApply shows that applying a venue file again changes nothing, and that
// --dry-run shows the difference and writes none of it.
func TestApply(t *testing.T) {
	d := open(t)
	if !strings.Contains(d.secondApply, "0 new, 0 changed") {
		t.Errorf("applied again: %s", d.secondApply)
	}
	file := filepath.Join(t.TempDir(), "venue.yaml")
	const more = "assets:\n  - {asset: XAU, scale: 3}\naccounts:\n  - account: applied\n    deposit: [{asset: XAU, amount: 1.5}]\n"
	if err := os.WriteFile(file, []byte(more), 0o600); err != nil {
		t.Fatal(err)
	}
	out, code := d.rialto("apply", "-f", file, "--dry-run")
	if code != 0 || !strings.Contains(out, "XAU") || !strings.Contains(out, "applied") {
		t.Errorf("exit %d: %s", code, out)
	}
	d.get(0, "/v1/queries/accounts/applied/balance?consistency=linearizable").refused(t, 404, "unknown_account")
	for range 2 {
		if out, code := d.rialto("apply", "-f", file); code != 0 {
			t.Errorf("exit %d: %s", code, out)
		}
		d.holds("applied", "XAU", "1.500", "0.000")
	}
}

// TestCommandLine shows exit statuses, and that --output json is JSON.
func TestCommandLine(t *testing.T) {
	d := open(t)
	d.account("cli", "100")
	const ok, failed, usage = 0, 1, 2
	for _, c := range []struct {
		line string
		code int
	}{
		{"status", ok},
		{"status --output json", ok},
		{"book BTC-USD --output json", ok},
		{"account balance cli --output json", ok},
		{"account balances cli --output json", ok},
		{"account deposit cli 5 USD --output json", ok},
		{"order place cli buy 0.001 BTC-USD 1000 --output json", ok},
		{"order list cli --output json", ok},
		{"order cancel-all cli --output json", ok},
		{"version", ok},
		{"help", ok},
		{"account balance nobody", failed},
		{"order place cli buy 1000 BTC-USD 1000", failed},
		{"order cancel none", failed},
		{"apply -f /does/not/exist.yaml", failed},
		{"account balance", usage},
		{"order place cli sideways 1 BTC-USD 1000", usage},
		{"status --output xml", usage},
		{"status --colour red", usage},
		{"apply", usage},
		{"rob", usage},
	} {
		t.Run(c.line, func(t *testing.T) {
			out, code := d.rialto(strings.Fields(c.line)...)
			if code != c.code {
				t.Errorf("exit %d, want %d: %s", code, c.code, out)
			}
			if strings.HasSuffix(c.line, "json") && !json.Valid([]byte(out)) {
				t.Errorf("not JSON: %s", out)
			}
		})
	}
}
