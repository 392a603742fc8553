package contract_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"
)

// TestOutage shows a venue that lost its majority: writes and linearizable
// reads are refused with when to come again and what is known of the outcome,
// stale reads go on, the node says that it is not ready. When the nodes are
// back, the same id settles what was unknown, and a stream goes on elsewhere.
func TestOutage(t *testing.T) {
	d := open(t)
	d.account("outage", "1")
	last := d.must("accounts/deposit", fields{"account": "outage", "amount": "1", "asset": "USD"}).number(t, "sequence")
	stream := d.follow(1, fmt.Sprintf("?after=%d", last-1))
	seen := stream.next()
	d.holds("outage", "USD", "2.000000", "0.000000")

	d.Kill(1)
	d.Kill(2)
	defer d.recover(1, 2)
	const deposit = `{"command_id":"outage-1","aggregate_id":"outage","payload":{"amount":"1","asset":"USD"}}`
	begin := time.Now()
	r, err := d.suite.send(0, "POST", "/v1/commands/accounts/deposit", deposit)
	if err != nil {
		t.Fatal(err)
	}
	d.unavailable(r)
	if took := time.Since(begin); took > 8*time.Second {
		t.Errorf("the gateway tried for %v", took)
	}
	if r, err = d.suite.send(0, "GET", "/v1/queries/accounts/outage/balance?consistency=linearizable&timeout=500ms", ""); err != nil {
		t.Fatal(err)
	} else if r.status != 503 && r.status != 504 {
		t.Errorf("a linearizable read without a majority: %d %s", r.status, r.body)
	}
	d.get(0, "/v1/queries/accounts/outage/balance").want(t, 200, fields{"available": "2.000000"})
	d.get(0, "/healthz").want(t, 200, nil)
	if r, err = d.suite.send(0, "GET", "/readyz", ""); err != nil || r.status != 503 {
		t.Errorf("/readyz: %v %d %s", err, r.status, r.body)
	}

	d.recover(1, 2)
	settled := d.send(1, "POST", "/v1/commands/accounts/deposit", deposit).want(t, 200, nil)
	d.get(2, "/v1/commands/outage-1").want(t, 200, fields{"status": "accepted", "answer": settled.tree()})
	d.holds("outage", "USD", "3.000000", "0.000000")
	stream = d.follow(0, "", "Last-Event-ID: "+seen.id)
	for want := last + 1; want <= settled.number(t, "sequence"); want++ {
		if got := stream.next().sequence(t); got != want {
			t.Fatalf("the stream goes on at %d, want %d", got, want)
		}
	}
}

// unavailable checks a 503: a problem that says whether the command took
// effect, and when to come again.
func (d *door) unavailable(r reply) {
	d.t.Helper()
	if r.status != 503 {
		d.t.Errorf("got %d %s, want 503", r.status, r.body)
		return
	}
	if code, _ := r.text("code"); code != "no_leader" && code != "degraded" {
		d.t.Errorf("got code %s", code)
	}
	if outcome, _ := r.text("outcome"); outcome != "not_executed" && outcome != "unknown" {
		d.t.Errorf("the outcome is %q: %s", outcome, r.body)
	}
	if n, err := strconv.Atoi(r.header.Get("Retry-After")); err != nil || n < 0 {
		d.t.Errorf("got Retry-After %q", r.header.Get("Retry-After"))
	}
}

// recover starts nodes that were killed and waits until all are ready.
func (d *door) recover(nodes ...int) {
	d.t.Helper()
	for _, n := range nodes {
		if err := d.Restart(n); err != nil {
			d.t.Fatal(err)
		}
	}
	if err := d.WaitReady(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
}
