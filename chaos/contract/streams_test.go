package contract_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// message is one Server-Sent Event.
type message struct{ id, event, data string }

// stream is a reader of a node's event stream.
type stream struct {
	t     *testing.T
	lines *bufio.Scanner
}

// patience bounds the wait for a message that must come.
const patience = 10 * time.Second

// follow opens the event stream; it is closed with the test.
func (d *door) follow(node int, query string, headers ...string) *stream {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	d.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", d.URL(node)+"/v1/streams/events"+query, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = res.Body.Close() })
	if got := res.Header.Get("Content-Type"); res.StatusCode != 200 || !strings.HasPrefix(got, "text/event-stream") {
		d.t.Fatalf("got %s of type %q", res.Status, got)
	}
	s := &stream{t: d.t, lines: bufio.NewScanner(res.Body)}
	s.lines.Buffer(nil, mebibyte)
	return s
}

// next waits for the next message; comments and heartbeats are passed over.
func (s *stream) next() message {
	s.t.Helper()
	var m message
	for s.lines.Scan() {
		switch name, value, _ := strings.Cut(s.lines.Text(), ": "); {
		case name == "id":
			m.id = value
		case name == "event":
			m.event = value
		case name == "data":
			m.data = value
		case name == "" && value != "": // a comment
		case m.data != "":
			return m
		default:
			m = message{} // of a heartbeat: it has an id only
		}
	}
	s.t.Fatalf("the stream ended: %v", s.lines.Err())
	return m
}

func (m message) sequence(t *testing.T) uint64 {
	t.Helper()
	var e struct {
		Sequence uint64 `json:"sequence"`
		Type     string `json:"type"`
	}
	if err := json.Unmarshal([]byte(m.data), &e); err != nil {
		t.Fatal(err)
	}
	if e.Type != m.event || !strings.HasSuffix(m.id, fmt.Sprintf("-%d", e.Sequence)) {
		t.Errorf("id %s, event %s, data %s", m.id, m.event, m.data)
	}
	return e.Sequence
}

// TestStreamFromTheBeginning shows that after=0 tells every event, gapless,
// as the event store does, with the history in its ids.
func TestStreamFromTheBeginning(t *testing.T) {
	d := open(t)
	history := d.get(0, "/healthz").header.Get("Rialto-History")
	s := d.follow(1, "?after=0")
	for want := uint64(1); want <= 40; want++ {
		m := s.next()
		if got := m.sequence(t); got != want {
			t.Fatalf("got sequence %d, want %d", got, want)
		}
		if m.id != fmt.Sprintf("%s-%d", history, want) {
			t.Errorf("got id %s of history %s", m.id, history)
		}
	}
	stored := d.get(1, "/v1/queries/events?after=40&limit=1")
	var told any
	if err := json.Unmarshal([]byte(s.next().data), &told); err != nil {
		t.Fatal(err)
	}
	if got, _ := stored.at("items.0.data"); show(got) != show(told.(map[string]any)["data"]) {
		t.Errorf("the store says %s, the stream %s", show(got), show(told))
	}
}

// TestStreamResumes shows that Last-Event-ID goes on exactly after the last
// event, on another node, into live events; and that it goes before after=.
func TestStreamResumes(t *testing.T) {
	d := open(t)
	s := d.follow(0, "?after=10")
	first := s.next()
	if got := first.sequence(t); got != 11 {
		t.Fatalf("got sequence %d after 10", got)
	}
	for node := range d.Size() {
		s = d.follow(node, "", "Last-Event-ID: "+first.id)
		if got := s.next().sequence(t); got != 12 {
			t.Errorf("node %d: got sequence %d, want 12", node+1, got)
		}
	}
}

// TestStreamFilters shows a stream of one type, of one aggregate, and of both,
// from the past into what happens now, on every node; and that what is passed
// over moves the reader on.
func TestStreamFilters(t *testing.T) {
	d := open(t)
	opened := d.must("accounts/open", fields{"account": "filtered"}).number(t, "sequence")
	deposit := func() uint64 {
		return d.must("accounts/deposit", fields{"account": "filtered", "amount": "1", "asset": "USD"}).number(t, "sequence")
	}
	first := deposit()
	for node := range d.Size() {
		both := d.follow(node, "?after=0&aggregate_id=filtered&type=FundsDeposited")
		for _, want := range []uint64{first, deposit()} {
			for got := uint64(0); got < want; { // and those of the nodes before
				if got = both.next().sequence(t); got > want {
					t.Fatalf("node %d: got sequence %d, want %d", node+1, got, want)
				}
			}
		}
		if got := d.follow(node, "?after=0&aggregate_id=filtered").next().sequence(t); got != opened {
			t.Errorf("node %d: the account begins at %d, want %d", node+1, got, opened)
		}
		if m := d.follow(node, "?after=0&type=AssetDefined").next(); m.event != "AssetDefined" {
			t.Errorf("node %d: got %s", node+1, m.event)
		}
	}
}

// TestStreamLive shows that without a position the stream begins with now, and
// carries what any node executes.
func TestStreamLive(t *testing.T) {
	d := open(t)
	opened := d.must("accounts/open", fields{"account": "live"}).number(t, "sequence")
	d.get(2, fmt.Sprintf("/v1/queries/accounts/live/balance?min_sequence=%d", opened)).want(t, 200, nil) // now is after it
	s := d.follow(2, "")
	last := d.raw(0, "accounts/deposit", fields{"aggregate_id": "live", "payload": fields{"amount": "1", "asset": "USD"}}).number(t, "sequence")
	if got := s.next().sequence(t); got != last {
		t.Errorf("got sequence %d, want %d", got, last)
	}
}

// TestStreamRefused shows how a bad position is answered.
func TestStreamRefused(t *testing.T) {
	d := open(t)
	d.get(0, "/v1/streams/events", "Last-Event-ID: 00000000deadbeef-5").refused(t, 409, "history_changed")
	d.get(0, "/v1/streams/events", "Last-Event-ID: five").refused(t, 400, "malformed")
	d.get(0, "/v1/streams/events?after=five").refused(t, 400, "malformed")
	d.get(0, "/v1/streams/events?colour=red").refused(t, 400, "malformed")
	d.get(1, "/v1/streams/events?after=1000000000").refused(t, 400, "malformed")
	history := d.get(0, "/healthz").header.Get("Rialto-History")
	d.get(2, "/v1/streams/events", "Last-Event-ID: "+history+"-1000000000").refused(t, 400, "malformed")
	d.get(0, "/v1/streams/events?aggregate_id=a/b").refused(t, 400, "malformed")
}
