package contract_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestForeignAndAbsentLookTheSame shows that a trader learns nothing of
// accounts and orders of others, on any node, however it asks: one that is
// there and one that never was get the same answer, and neither is waited for.
func TestForeignAndAbsentLookTheSame(t *testing.T) {
	m := newMarket(t, nil)
	key := m.participant("KNOW", "trader", m.maker)
	placed := m.must("orders/place", m.limit(m.taker, "buy", "1", "1000"))
	order, _ := placed.text("order.order_id")
	sequence := placed.number(t, "sequence")
	none := strings.Repeat("x", len(m.taker))
	const noOrder = "O00000010FFFFF"
	for node := range m.Size() {
		trader := m.as(key)
		for _, path := range []string{
			"accounts/A/balance?min_aggregate_sequence=1000000", "accounts/A/balance", "accounts/A/orders", "accounts/A/trades?as_of=1",
			"orders/O?min_aggregate_sequence=1000000", "orders/O?min_aggregate_sequence=1", "orders/O", "orders/O/history", "orders/O/fills",
			"orders/O?consistency=linearizable", "events?aggregate_id=A", "events?aggregate_id=O",
		} {
			began := time.Now()
			ask := func(account, order string) string {
				named := strings.NewReplacer("/A/", "/"+account+"/", "=A", "="+account, "/O", "/"+order, "=O", "="+order).Replace(path)
				r := trader.get(node, "/v1/queries/"+named, fmt.Sprintf("Rialto-Sequence: %d", sequence))
				body, _, _ := strings.Cut(string(r.body), `"next"`) // a cursor holds the parameters
				return fmt.Sprint(r.status, " ", body)
			}
			foreign, absent := ask(m.taker, order), ask(none, noOrder)
			if strings.Contains(path, "events") { // the sequence of a page may have moved on
				foreign, absent = foreign[strings.Index(foreign, `"items"`):], absent[strings.Index(absent, `"items"`):]
			} else if !strings.HasPrefix(foreign, "403 ") {
				t.Errorf("%s on node %d: %s", path, node, foreign)
			}
			if foreign != absent {
				t.Errorf("%s on node %d: of another %s, never issued %s", path, node, foreign, absent)
			}
			if took := time.Since(began); took > 1900*time.Millisecond {
				t.Errorf("%s on node %d: it was waited for, %v", path, node, took)
			}
		}
		for _, verb := range []string{"orders/cancel", "orders/amend"} {
			for _, id := range []string{order, noOrder} {
				trader.raw(node, verb, fields{"expected_sequence": 7, "payload": fields{"order_id": id, "quantity": "2"}}.only(verb)).refused(t, 403, "forbidden")
			}
		}
	}
	m.holds(m.taker, "USD", "998999.500000", "1000.500000")
}

// only leaves a cancel without the quantity of an amend.
func (f fields) only(verb string) fields {
	if verb == "orders/cancel" {
		delete(f["payload"].(fields), "quantity")
	}
	return f
}

// TestAccountTakenFromAStream shows that a stream loses an account with the
// event that takes it away, and ends when its key is revoked.
func TestAccountTakenFromAStream(t *testing.T) {
	d := open(t)
	d.account("streamed", "1")
	d.account("streamed-too", "1")
	key := d.participant("STREAM", "trader", "streamed", "streamed-too")
	deposit := func(account string) uint64 {
		return d.must("accounts/deposit", fields{"account": account, "amount": "1", "asset": "USD"}).number(t, "sequence")
	}
	first := deposit("streamed")
	// The key was made on another node: the token of what came after it has
	// this one wait until it knows the key too.
	s := d.follow(1, fmt.Sprintf("?after=%d", first-1), "Authorization: Bearer "+key, fmt.Sprintf("Rialto-Sequence: %d", first))
	if got := s.next().sequence(t); got != first {
		t.Fatalf("the stream begins at %d, want %d", got, first)
	}
	d.participant("STREAM", "trader", "streamed-too")
	deposit("streamed")
	after := deposit("streamed-too")
	if got := s.next().sequence(t); got != after {
		t.Fatalf("the stream goes on at %d, want %d: the account was taken away", got, after)
	}
	d.must("participants/define", fields{"participant": "STREAM", "role": "trader", "accounts": []string{"streamed-too"}})
	deposit("streamed-too")
	var said string
	for s.lines.Scan() {
		if line := s.lines.Text(); line != "" && line != ": heartbeat" && !strings.HasPrefix(line, "id: ") {
			said += line
		}
	}
	if s.lines.Err() != nil || said != ": the key of this stream is not in force any more" {
		t.Errorf("the stream of a revoked key ended with %q, %v", said, s.lines.Err())
	}
}
