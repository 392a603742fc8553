package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
)

// script is a node that answers one request after the other as told, and
// remembers the bodies.
type script struct {
	mu      sync.Mutex
	answers []func(w http.ResponseWriter, r *http.Request)
	bodies  []string
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.bodies = append(s.bodies, string(body))
	answer := s.answers[min(len(s.bodies), len(s.answers))-1]
	s.mu.Unlock()
	answer(w, r)
}

// sent returns the bodies so far.
func (s *script) sent() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.bodies)
}

func reply(status int, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// hangUp closes the connection without an answer, as a killed node does.
func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// nodes starts scripted nodes and returns a client of them, beginning with
// the first.
func nodes(t *testing.T, scripts ...*script) *client.Client {
	t.Helper()
	var urls []string
	for _, s := range scripts {
		server := httptest.NewServer(s)
		t.Cleanup(server.Close)
		urls = append(urls, server.URL)
	}
	c, err := client.New(urls, "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const accepted = `{"command_id":"c1","status":"accepted","sequence":7}`

// TestExecuteFailsOver shows that a command whose outcome is unknown goes to
// the next node with the very same body, and that the client stays there.
func TestExecuteFailsOver(t *testing.T) {
	for name, failure := range map[string]func(http.ResponseWriter, *http.Request){
		"connection lost": hangUp,
		"no leader":       reply(503, `{"code":"no_leader","outcome":"unknown"}`),
		"bad gateway":     reply(502, ``),
	} {
		first := &script{answers: []func(http.ResponseWriter, *http.Request){failure}}
		second := &script{answers: []func(http.ResponseWriter, *http.Request){reply(200, accepted)}}
		c := nodes(t, first, second)
		for range 2 {
			answer, err := c.Execute(t.Context(), client.Command{Verb: "orders/place", ID: "c1", Payload: 1})
			if err != nil || answer.Sequence != 7 {
				t.Fatalf("%s: got %+v, %v", name, answer, err)
			}
		}
		if len(first.sent()) != 1 || len(second.sent()) != 2 || first.sent()[0] != second.sent()[0] {
			t.Errorf("%s: bodies %q then %q, want one and twice the same", name, first.sent(), second.sent())
		}
		if c.Failures() != 1 {
			t.Errorf("%s: %d failures, want 1", name, c.Failures())
		}
	}
}

// TestOnlyOneNode shows that what is asked of one node is asked of no other,
// whatever becomes of it there.
func TestOnlyOneNode(t *testing.T) {
	first := &script{answers: []func(http.ResponseWriter, *http.Request){hangUp, reply(503, `{"code":"unavailable"}`), reply(204, ``)}}
	second := &script{answers: []func(http.ResponseWriter, *http.Request){reply(204, ``)}}
	if err := nodes(t, first, second).Only(0).Post(t.Context(), "/v1/admin/snapshot", nil, nil); err != nil {
		t.Fatal(err)
	}
	if len(first.sent()) != 3 || len(second.sent()) != 0 {
		t.Errorf("asked %d times, and another node %d times, want 3 and 0", len(first.sent()), len(second.sent()))
	}
}

// TestRefusalIsFinal shows that what the venue refuses is not sent again.
func TestRefusalIsFinal(t *testing.T) {
	first := &script{answers: []func(http.ResponseWriter, *http.Request){reply(422, `{"code":"insufficient_funds","detail":"[funds] short"}`)}}
	c := nodes(t, first, first)
	_, err := c.Execute(t.Context(), client.Command{Verb: "orders/place", ID: "c1", Payload: 1})
	var p *client.Problem
	if !errors.As(err, &p) || p.Code != "insufficient_funds" || p.Status != 422 {
		t.Errorf("error %v, want the problem", err)
	}
	if len(first.sent()) != 1 {
		t.Errorf("sent %d times, want once", len(first.sent()))
	}
}

// TestBatchIsSentAgainAsOne shows that a batch with one unsettled command is
// sent again whole and in order, elsewhere.
func TestBatchIsSentAgainAsOne(t *testing.T) {
	const settled = `[{"command_id":"a","http_status":200,"answer":{"sequence":1}},{"command_id":"b","http_status":422,"problem":{"code":"order_closed"}}]`
	const unsettled = `[{"command_id":"a","http_status":200,"answer":{"sequence":1}},{"command_id":"b","http_status":503,"problem":{"code":"no_leader"}}]`
	first := &script{answers: []func(http.ResponseWriter, *http.Request){reply(200, unsettled)}}
	second := &script{answers: []func(http.ResponseWriter, *http.Request){reply(200, settled)}}
	c := nodes(t, first, second)
	results, err := c.Batch(t.Context(), []client.Command{{Verb: "x/y", ID: "a"}, {Verb: "x/y", ID: "b"}})
	if err != nil || results[0].Answer.Sequence != 1 || results[1].Problem.Code != "order_closed" {
		t.Fatalf("got %+v, %v", results, err)
	}
	if diff := cmp.Diff(first.sent(), second.sent()); diff != "" {
		t.Errorf("bodies differ:\n%s", diff)
	}
}

// TestNoAnswer shows that the patience ends, with an error that says that the
// outcome is unknown.
func TestNoAnswer(t *testing.T) {
	dead := &script{answers: []func(http.ResponseWriter, *http.Request){hangUp}}
	_, err := nodes(t, dead).WithPatience(time.Millisecond).Execute(t.Context(), client.Command{Verb: "x/y", ID: "c1"})
	if !errors.Is(err, client.ErrNoAnswer) {
		t.Errorf("error %v, want ErrNoAnswer", err)
	}
}

// TestCommandNeedsID shows that a command without an id, which a repeat could
// execute twice, is never sent.
func TestCommandNeedsID(t *testing.T) {
	node := &script{}
	c := nodes(t, node)
	_, one := c.Execute(t.Context(), client.Command{Verb: "x/y"})
	_, many := c.Batch(t.Context(), []client.Command{{Verb: "x/y", ID: "a"}, {Verb: "x/y"}})
	if one == nil || many == nil || len(node.sent()) != 0 {
		t.Errorf("errors %v and %v, %d requests", one, many, len(node.sent()))
	}
}

// TestFollowGoesOnElsewhere shows that a stream that breaks goes on at the
// next node, after the last event that was whole or the last heartbeat.
func TestFollowGoesOnElsewhere(t *testing.T) {
	var resumed string
	first := &script{answers: []func(http.ResponseWriter, *http.Request){func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, ": heartbeat\n\nid: h-1\nevent: A\ndata: {\"n\":1}\n\n: heartbeat\nid: h-7\n\nid: h-8\ndata: {\"n\"")
	}}}
	second := &script{answers: []func(http.ResponseWriter, *http.Request){func(w http.ResponseWriter, r *http.Request) {
		resumed = r.Header.Get("Last-Event-ID")
		_, _ = fmt.Fprint(w, "id: h-8\ndata: {\"n\":2}\n\n")
	}}}
	enough := errors.New("enough")
	var got []string
	err := nodes(t, first, second).Follow(t.Context(), new(uint64(0)), client.Only{}, func(e []byte) error {
		if got = append(got, string(e)); len(got) == 2 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || resumed != "h-7" {
		t.Errorf("error %v, resumed after %q", err, resumed)
	}
	if diff := cmp.Diff([]string{`{"n":1}`, `{"n":2}`}, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// TestFollowEndsWithContext shows that following ends when it is told to.
func TestFollowEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	node := &script{answers: []func(http.ResponseWriter, *http.Request){func(w http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}}}
	if err := nodes(t, node).Follow(ctx, nil, client.Only{}, func([]byte) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

// TestLevel shows that a book level is read from its row and written back.
func TestLevel(t *testing.T) {
	const row = `["585.33","18",2]`
	var l client.Level
	if err := json.Unmarshal([]byte(row), &l); err != nil {
		t.Fatal(err)
	}
	if l != (client.Level{Price: "585.33", Quantity: "18", Orders: 2}) {
		t.Errorf("got %+v", l)
	}
	if text, err := json.Marshal(l); err != nil || string(text) != row {
		t.Errorf("got %s, %v", text, err)
	}
}

// TestNewServers shows that what is no server is refused, by name.
func TestNewServers(t *testing.T) {
	for _, servers := range [][]string{nil, {"127.0.0.1:8081"}, {"http://"}, {"ftp://x"}} {
		if _, err := client.New(servers, ""); err == nil {
			t.Errorf("%q was accepted", servers)
		}
	}
}
