package contract_test

import (
	"encoding/json"
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
	d.account("undecided", "1")
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
	d.undecidedBatch("undecided")
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
	// What can be read here is as fresh as anything is.
	d.get(0, "/readyz?for=reads").want(t, 200, nil)
	d.get(0, "/readyz?for=writes").want(t, 400, fields{"code": "malformed"})

	d.recover(1, 2)
	settled := d.send(1, "POST", "/v1/commands/accounts/deposit", deposit).want(t, 200, nil)
	for _, id := range []string{"undecided-1", "undecided%2F2"} {
		status, _ := d.send(2, "POST", "/v1/commands/"+id+"/fence", "").want(t, 200, nil).text("status")
		if status != "accepted" && status != "never" {
			t.Errorf("%s is settled as %q", id, status)
		}
	}
	d.get(2, "/v1/commands/outage-1").want(t, 200, fields{"status": "accepted", "answer": settled.tree()})
	d.holds("outage", "USD", "3.000000", "0.000000")
	stream = d.follow(0, "", "Last-Event-ID: "+seen.id)
	for want := last + 1; want <= settled.number(t, "sequence"); want++ {
		if got := stream.next().sequence(t); got != want {
			t.Fatalf("the stream goes on at %d, want %d", got, want)
		}
	}
}

// undecidedBatch sends a batch without a majority: it is answered 200, each
// element with its id, given or made, and a problem that says what is known of
// it; what is wrong with one is said all the same.
func (d *door) undecidedBatch(account string) {
	d.t.Helper()
	const element = `{"command":"accounts/deposit",%s"aggregate_id":%q,"payload":{"amount":"1","asset":"USD"}}`
	body := "[" + fmt.Sprintf(element, `"command_id":"undecided-1",`, account) + `,{"command":"no/such","command_id":"undecided-2"},` +
		fmt.Sprintf(element, "", account) + "]"
	r, err := d.suite.send(0, "POST", "/v1/commands", body, "Idempotency-Key: undecided")
	if err != nil {
		d.t.Fatal(err)
	}
	var items []struct {
		CommandID  string `json:"command_id"`
		HTTPStatus int    `json:"http_status"`
		Problem    struct {
			Status    int    `json:"status"`
			CommandID string `json:"command_id"`
			Outcome   string `json:"outcome"`
		} `json:"problem"`
	}
	if err := json.Unmarshal([]byte(r.body), &items); err != nil || r.status != 200 || len(items) != 3 {
		d.t.Fatalf("a batch without a majority: %d %s", r.status, r.body)
	}
	for i, want := range []struct {
		id     string
		status int
	}{{"undecided-1", 503}, {"undecided-2", 400}, {"undecided/2", 503}} {
		got := items[i]
		if got.CommandID != want.id || got.Problem.CommandID != want.id || got.HTTPStatus != want.status || got.Problem.Status != want.status {
			d.t.Errorf("element %d: %+v, want %d for %s", i, got, want.status, want.id)
		}
		if o := got.Problem.Outcome; want.status == 503 && o != "unknown" && o != "not_executed" {
			d.t.Errorf("element %d: the outcome is %q", i, o)
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
