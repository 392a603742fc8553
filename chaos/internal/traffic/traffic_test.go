package traffic_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/internal/traffic"
)

// venue executes each command id once, counts its copies, and answers every
// third copy with "unknown" although it was executed.
type venue struct {
	mu       sync.Mutex
	copies   map[string]int
	bodies   map[string]string
	changed  []string // ids that came with two bodies
	sequence int
	first    map[string]int
	asked    int
}

func (v *venue) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !strings.HasPrefix(req.URL.Path, "/v1/commands/") {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	body, _ := io.ReadAll(req.Body)
	_, id, _ := strings.Cut(string(body), `"command_id":"`)
	id, _, _ = strings.Cut(id, `"`)
	if before, seen := v.bodies[id]; seen && before != string(body) {
		v.changed = append(v.changed, id)
	}
	v.bodies[id] = string(body)
	v.copies[id]++
	if v.first[id] == 0 {
		v.sequence++
		v.first[id] = v.sequence
	} else {
		w.Header().Set("Rialto-Replayed", "true")
	}
	if v.asked++; v.asked%3 == 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, `{"outcome":"unknown"}`)
		return
	}
	_, _ = fmt.Fprintf(w, `{"sequence":%d,"order":{"order_id":"o%d","status":"open"}}`, v.first[id], v.first[id])
}

// TestRepeatsWhatIsUnknown shows that a command whose outcome is unknown is sent
// again under its id, 1 to 5 times more, byte for byte the same, on another node
// each time; that some are given up as unknown; and that the history has every
// copy and no operation that is not settled or unknown.
func TestRepeatsWhatIsUnknown(t *testing.T) {
	v := &venue{copies: map[string]int{}, bodies: map[string]string{}, first: map[string]int{}}
	a, b := httptest.NewServer(v), httptest.NewServer(v)
	t.Cleanup(a.Close)
	t.Cleanup(b.Close)
	path := filepath.Join(t.TempDir(), "history.jsonl")
	h, err := history.Create(path, history.Head{Run: "r", Nodes: []string{"n1", "n2"}})
	if err != nil {
		t.Fatal(err)
	}
	r := traffic.Start(t.Context(), traffic.Options{
		URLs: []string{a.URL, b.URL}, Clients: 4, Transfers: 2, Seed: 3, Run: "r", Client: http.DefaultClient, Rich: true, History: h,
	})
	for end := time.Now().Add(30 * time.Second); r.Done() < 2000 && time.Now().Before(end); {
		<-time.After(time.Millisecond)
	}
	r.Stop()
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if len(v.changed) > 0 {
		t.Errorf("%v were sent again with another body", v.changed)
	}
	repeats, unknown := map[int]int{}, 0
	for o, err := range history.Operations(path, history.Command) {
		if err != nil {
			t.Fatal(err)
		}
		if len(o.Sent) != v.copies[o.ID] {
			t.Errorf("%s: the history has %d copies and %d came", o.ID, len(o.Sent), v.copies[o.ID])
		}
		doubted := -1
		for i, c := range o.Sent {
			if c.Outcome == history.Unknown && doubted < 0 {
				doubted = i
			}
			if c.Ended < c.Began || c.Began < o.Began {
				t.Errorf("%s: copy from %d to %d of an operation from %d", o.ID, c.Began, c.Ended, o.Began)
			}
		}
		switch {
		case o.Outcome == history.Unknown:
			unknown++
		case o.Outcome != history.Acked || o.Sequence == 0:
			t.Errorf("%s is %s with sequence %d", o.ID, o.Outcome, o.Sequence)
		}
		if doubted >= 0 && o.Sent[0].Outcome == history.Unknown {
			repeats[len(o.Sent)-1]++
			if o.Sent[1].Node == o.Sent[0].Node && o.Sent[1].Began >= o.Sent[0].Ended {
				t.Errorf("%s was sent again to %s", o.ID, o.Sent[0].Node)
			}
		}
	}
	for n := 1; n <= 5; n++ {
		if repeats[n] == 0 {
			t.Errorf("no unknown command was sent %d times more: %v", n, repeats)
		}
	}
	if repeats[0] > 0 {
		t.Errorf("%d unknown commands were not sent again", repeats[0])
	}
	if unknown == 0 {
		t.Error("no command was given up")
	}
}

// TestStreamsResumeAndHash shows that a stream's history says from where to
// where it came, where there is a hole, and hashes that do not depend on where
// a connection ended.
func TestStreamsResumeAndHash(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path != "/v1/streams/events" {
			_, _ = io.WriteString(w, `{"sequence":3000}`)
			return
		}
		after := 0
		_, _ = fmt.Sscanf(req.URL.Query().Get("after")+req.Header.Get("Last-Event-ID"), "%d", &after)
		_, _ = fmt.Sscanf(req.Header.Get("Last-Event-ID"), "h-%d", &after)
		w.Header().Set("Content-Type", "text/event-stream")
		for n := after + 1; n <= 3000; n++ {
			if n == 2500 {
				continue // the hole
			}
			_, _ = fmt.Fprintf(w, "id: h-%d\nevent: e\ndata: {\"n\":%d}\n\n", n, n)
		}
	}))
	t.Cleanup(s.Close)
	path := filepath.Join(t.TempDir(), "history.jsonl")
	h, err := history.Create(path, history.Head{Run: "r", Nodes: []string{"n1"}})
	if err != nil {
		t.Fatal(err)
	}
	r := traffic.Start(t.Context(), traffic.Options{URLs: []string{s.URL}, Clients: 1, Streams: 2, Seed: 1, Run: "r", Client: http.DefaultClient, Rate: 100, Rich: true, History: h})
	for end := time.Now().Add(30 * time.Second); r.Done() < 60 && time.Now().Before(end); {
		<-time.After(time.Millisecond)
	}
	r.Stop()
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	hashes := map[history.Block]string{}
	holes, resumed, last := 0, 0, map[string]uint64{}
	for o, err := range history.Operations(path, history.Stream) {
		if err != nil {
			t.Fatal(err)
		}
		e := o.Events
		switch {
		case e.Count > 0 && e.First != e.After+1 && e.Hole != e.First:
			t.Errorf("begins at %d after %d, and the hole is %d", e.First, e.After, e.Hole)
		case e.First <= 2499 && e.Last >= 2501 && e.Hole != 2501:
			t.Errorf("events %d to %d: hole %d, want 2501", e.First, e.Last, e.Hole)
		}
		if e.Hole > 0 {
			holes++
		}
		if last[o.Client] > 0 && e.After == last[o.Client] {
			resumed++
		}
		last[o.Client] = e.Last
		for _, b := range e.Blocks {
			key := history.Block{First: b.First, Last: b.Last}
			if before := hashes[key]; before != "" && before != b.Hash {
				t.Errorf("events %d to %d have two hashes", b.First, b.Last)
			}
			hashes[key] = b.Hash
			if (b.Last-1)/history.BlockSize != (b.First-1)/history.BlockSize {
				t.Errorf("a block is from %d to %d", b.First, b.Last)
			}
		}
	}
	if holes == 0 || resumed == 0 {
		t.Errorf("%d holes seen, %d connections resumed", holes, resumed)
	}
}
