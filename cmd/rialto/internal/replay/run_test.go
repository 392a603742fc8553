package replay_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/lobster"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/replay"
)

// venue stands in for the nodes of one venue: it executes each id once, gives
// every repeat the first answer, and fills an ioc order with the order that
// was placed last.
type venue struct {
	mu       sync.Mutex
	executed []string
	answers  map[string]client.Result
	last     string
	// fails says whether the n-th request is executed but answered with 503.
	fails    func(n int) bool
	requests int
	perNode  map[int]int
}

func (v *venue) node(i int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.requests++
		v.perNode[i]++
		var commands []struct {
			Command string `json:"command"`
			ID      string `json:"command_id"`
			Payload struct {
				ClientOrderID string `json:"client_order_id"`
				TimeInForce   string `json:"time_in_force"`
				Price         string `json:"price"`
				Quantity      string `json:"quantity"`
			} `json:"payload"`
		}
		if err := json.NewDecoder(r.Body).Decode(&commands); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		var results []client.Result
		for _, c := range commands {
			if _, repeated := v.answers[c.ID]; !repeated {
				v.executed = append(v.executed, c.ID)
				v.answers[c.ID] = v.execute(c.Command, c.Payload.ClientOrderID, c.Payload.TimeInForce, c.Payload.Price, c.Payload.Quantity)
			}
			results = append(results, v.answers[c.ID])
		}
		if v.fails(v.requests) {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_ = json.NewEncoder(w).Encode(results)
	}
}

func (v *venue) execute(verb, name, tif, price, quantity string) client.Result {
	a := &client.Answer{Order: &client.Order{OrderID: "O-" + name}}
	switch {
	case verb == "orders/cancel" && strings.HasSuffix(name, "-99"):
		return client.Result{HTTPStatus: 404, Problem: &client.Problem{Code: "unknown_order"}}
	case tif == "ioc":
		a.Fills = []client.Fill{{MakerOrderID: v.last, Price: price, Quantity: quantity}}
	case tif == "gtc":
		v.last = a.Order.OrderID
	}
	return client.Result{HTTPStatus: 200, Answer: a}
}

// play replays a file over three nodes.
func play(t *testing.T, file string, fails func(n int) bool) (*venue, *replay.Summary, string) {
	t.Helper()
	v := &venue{answers: map[string]client.Result{}, fails: fails, perNode: map[int]int{}}
	var urls []string
	for i := range 3 {
		server := httptest.NewServer(v.node(i))
		t.Cleanup(server.Close)
		urls = append(urls, server.URL)
	}
	cl, err := client.New(urls, "")
	if err != nil {
		t.Fatal(err)
	}
	messages, err := lobster.Read(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var fills bytes.Buffer
	summary, err := replay.Run(t.Context(), cl, messages, replay.Options{
		Run: "R", Instrument: "AAPL-USD", Batch: 2, Fills: &fills, Done: func(int) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	return v, summary, fills.String()
}

const short = `1,1,7,100,10000,1
2,4,7,40,10000,1
3,5,0,10,10000,1
4,1,8,50,10100,1
5,4,8,50,10100,1
6,3,99,10,10000,1
7,4,98,10,10000,1
8,1,9,50,10000,1
9,3,7,60,10000,1
`

// TestRun shows what the summary counts, that every node gets its turn, and
// that the order of execution is the file's.
func TestRun(t *testing.T) {
	v, s, fills := play(t, short, func(int) bool { return false })
	got := []any{s.Messages, s.Accepted, s.Rejected, s.Skipped, s.Fills, s.ExecutionsChecked, s.ExecutionsOnNamedOrder, s.Errors, s.Retries, s.Repairs}
	want := []any{9, 6, map[string]int{"unknown_order": 1}, 2, 2, 2, 2, 0, int64(0), 0}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"R-m1", "R-m2", "R-m4", "R-m5", "R-m6", "R-m8", "R-m9"}, v.executed); diff != "" {
		t.Errorf("executed (-want +got):\n%s", diff)
	}
	if fills != "2,7,1,40\n5,8,1.01,50\n" {
		t.Errorf("fills:\n%s", fills)
	}
	if len(v.perNode) != 3 {
		t.Errorf("requests by node %v, want all three", v.perNode)
	}
}

// TestRunThroughFailures shows that a replay whose answers are lost now and
// then executes the same commands in the same order, each once, and reports
// the same fills and no error.
func TestRunThroughFailures(t *testing.T) {
	calm, _, calmFills := play(t, short, func(int) bool { return false })
	v, s, fills := play(t, short, func(n int) bool { return n%2 == 1 })
	if diff := cmp.Diff(calm.executed, v.executed); diff != "" {
		t.Errorf("executed (-calm +disturbed):\n%s", diff)
	}
	if fills != calmFills || s.Errors != 0 || s.Retries == 0 {
		t.Errorf("errors %d, retries %d, fills:\n%s", s.Errors, s.Retries, fills)
	}
}

// TestUnknownCountsAsError shows that a batch whose outcome stays unknown ends
// the replay: its commands are errors, and the error says which they are.
func TestUnknownCountsAsError(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(server.Close)
	cl, err := client.New([]string{server.URL}, "")
	if err != nil {
		t.Fatal(err)
	}
	messages, err := lobster.Read(strings.NewReader(short))
	if err != nil {
		t.Fatal(err)
	}
	s, err := replay.Run(t.Context(), cl, messages, replay.Options{
		Run: "R", Instrument: "AAPL-USD", Batch: 2, Patience: 20 * time.Millisecond, Done: func(int) {},
	})
	var unknown *client.UnknownError
	if !errors.As(err, &unknown) || s.Errors != 2 {
		t.Fatalf("%d errors, %v; want 2 and an UnknownError", s.Errors, err)
	}
	if diff := cmp.Diff([]string{"R-m1", "R-m2"}, unknown.IDs); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
}

// TestSummaryJSON shows the names that other programs rely on.
func TestSummaryJSON(t *testing.T) {
	_, s, _ := play(t, short, func(int) bool { return false })
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"messages", "accepted", "rejected", "skipped", "fills", "executions_checked", "executions_on_named_order",
		"commands_per_second", "latency_ms", "longest_gap_ms", "errors",
	} {
		if _, ok := fields[name]; !ok {
			t.Errorf("%s is missing", name)
		}
	}
	latency := fmt.Sprint(fields["latency_ms"])
	for _, name := range []string{"p50:", "p99:", "max:"} {
		if !strings.Contains(latency, name) {
			t.Errorf("latency_ms %s has no %s", latency, name)
		}
	}
}
