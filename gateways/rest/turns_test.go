package rest_test

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/rest"
)

// slowReads is a venue whose lists and folds take a second each or as told, and which
// notes who was served.
type slowReads struct {
	*venue
	each       time.Duration // 0 = a second
	mu         sync.Mutex
	now, worst int
	order      []string
}

func (v *slowReads) read(who string) {
	v.mu.Lock()
	v.now++
	v.worst = max(v.worst, v.now)
	v.order = append(v.order, who)
	v.mu.Unlock()
	time.Sleep(cmp.Or(v.each, time.Second))
	v.mu.Lock()
	v.now--
	v.mu.Unlock()
}

func (v *slowReads) Events(ctx context.Context, at event.Pin, f gateways.EventFilter, page event.Page) (event.List[event.Public], error) {
	v.read(f.Aggregate)
	return v.venue.Events(ctx, at, f, page)
}

func (v *slowReads) Book(ctx context.Context, at event.Pin, instrument string, depth int) (event.Book, error) {
	v.read(instrument)
	return v.venue.Book(ctx, at, instrument, depth)
}

func slowHandler(t *testing.T, v *slowReads, scans, perKey int) *rest.Handler {
	h := rest.New(rest.Config{Commands: v, Reads: v, Operations: v, NodeID: "n1", MaxScans: scans, MaxScansPerParticipant: perKey})
	t.Cleanup(h.Close)
	return h
}

func bearer(who string) []string { return []string{"Authorization", "Bearer key." + who + ".s.e"} }

// Lists and folds are served one after the other, the callers in rotation: who
// asks for one thing does not wait for all that another has asked for. Others
// than administrators don't hold them up, and what neither lists nor folds
// waits for nobody.
func TestReadersTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &slowReads{venue: newVenue()}
		v.grow(3)
		h := slowHandler(t, v, 1, 64)
		var wait sync.WaitGroup
		ask := func(who, line string) {
			wait.Go(func() { do(t, h, line, "", bearer(who)...).want(t, 200) })
			synctest.Wait()
		}
		for i := range 8 {
			ask("p1", fmt.Sprintf("GET /v1/queries/events?aggregate_id=busy%d&timeout=20", i))
		}
		ask("p2", "GET /v1/queries/events?aggregate_id=other&timeout=20")
		ask("view", "GET /v1/queries/instruments/BTC-USD/book?as_of=2&timeout=20")
		began := time.Now()
		do(t, h, "GET /v1/queries/accounts/mine/balance", "", bearer("p1")...).want(t, 200)
		do(t, h, "POST /v1/commands/orders/place", place, bearer("p1")...).want(t, 200)
		if took := time.Since(began); took != 0 {
			t.Errorf("a balance and a command waited %v", took)
		}
		do(t, h, "GET /v1/queries/events?aggregate_id=ops", "", bearer("ops")...).want(t, 200)
		if took := time.Since(began); took != time.Second {
			t.Errorf("an administrator waited %v, want its own second", took)
		}
		wait.Wait()
		if v.worst != 2 {
			t.Errorf("%d at a time, want one of the administrators and one of the others", v.worst)
		}
		if got := strings.Join(v.order, " "); got != "busy0 ops busy1 other BTC-USD busy2 busy3 busy4 busy5 busy6 busy7" {
			t.Errorf("served in the order %s", got)
		}
	})
}

// A key has a bounded number of readings in hand; one more is told to come
// again, and others are not.
func TestReadingsOfAKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &slowReads{venue: newVenue()}
		h := slowHandler(t, v, 1, 3)
		var wait sync.WaitGroup
		const line = "GET /v1/queries/events?timeout=20"
		for range 3 { // the third is at the bound
			wait.Go(func() { do(t, h, line, "", bearer("p1")...).want(t, 200) })
		}
		synctest.Wait()
		r := do(t, h, line, "", bearer("p1")...)
		r.want(t, 429, `"code":"throttled"`)
		if r.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		do(t, h, line, "", bearer("p2")...).want(t, 200)
		wait.Wait()
		do(t, h, line, "", bearer("p1")...).want(t, 200)
	})
}

// Whoever gives up waiting, or is gone, leaves the queue: its turn is the next
// one's.
func TestReaderThatIsGoneLeavesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &slowReads{venue: newVenue()}
		h := slowHandler(t, v, 1, 64)
		var wait sync.WaitGroup
		wait.Go(func() { do(t, h, "GET /v1/queries/events", "", bearer("p1")...).want(t, 200) })
		synctest.Wait()
		began := time.Now()
		do(t, h, "GET /v1/queries/events?timeout=0.5", "", bearer("p2")...).want(t, 429, `"code":"throttled"`)
		if took := time.Since(began); took != 500*time.Millisecond {
			t.Errorf("waited %v, want the timeout", took)
		}
		do(t, h, "GET /v1/queries/events", "", bearer("view")...).want(t, 200)
		if took := time.Since(began); took != 2250*time.Millisecond {
			t.Errorf("the next was served after %v, want 2.25 s: a second of the first, the longest pause, a second of its own", took)
		}
		wait.Wait()
	})
}

// Streams are bounded by participant and by node, at the bound and one past it;
// administrators have some beyond the node's bound.
func TestStreamsOfAParticipant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue()
		h := rest.New(rest.Config{Commands: v, Reads: v, Operations: v, NodeID: "n1", MaxStreams: 3, MaxStreamsPerParticipant: 2})
		ctx, leave := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		stream := func(who string) {
			t.Helper()
			wait.Go(func() { doContext(ctx, t, h, "GET /v1/streams/events", "", bearer(who)...).want(t, 200) })
			synctest.Wait()
		}
		refused := func(who string, status int, code string) {
			t.Helper()
			do(t, h, "GET /v1/streams/events", "", bearer(who)...).want(t, status, code)
		}
		stream("p1")
		stream("p1")
		refused("p1", 429, "throttled")
		stream("p2")
		refused("view", 503, "degraded")
		stream("ops")
		stream("ops")
		refused("ops", 429, "throttled")
		leave()
		wait.Wait()
		ctx, leave = context.WithCancel(t.Context())
		stream("p1")
		leave()
		wait.Wait()
		h.Close()
	})
}

// Between two turns there is a pause as long as the first of them, so that
// readings leave half of the time to others; the one who reads doesn't wait for
// it.
func TestPauseBetweenTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &slowReads{venue: newVenue(), each: 40 * time.Millisecond}
		h := slowHandler(t, v, 1, 64)
		began := time.Now()
		for i := range 5 {
			do(t, h, "GET /v1/queries/events", "", bearer("p1")...).want(t, 200)
			want := time.Duration(i+1)*40*time.Millisecond + time.Duration(i)*40*time.Millisecond
			if took := time.Since(began); took != want {
				t.Fatalf("reading %d was answered after %v, want %v", i, took, want)
			}
		}
	})
}

// A stream that replays the past takes turns with those who list and fold; one
// that keeps up does not.
func TestReplayTakesTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &slowReads{venue: newVenue()}
		v.grow(6000)
		h := slowHandler(t, v, 1, 64)
		ctx, leave := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer leave()
		var wait sync.WaitGroup
		wait.Go(func() { do(t, h, "GET /v1/queries/events", "", bearer("p1")...).want(t, 200) })
		synctest.Wait()
		count := func(ctx context.Context, line string) int {
			return strings.Count(doContext(ctx, t, h, line, "", bearer("aud")...).body, "\nevent: ")
		}
		if n := count(ctx, "GET /v1/streams/events?after=0"); n != 0 {
			t.Errorf("%d events of the past while it was another's turn", n)
		}
		ctx, leave = context.WithTimeout(t.Context(), 400*time.Millisecond)
		defer leave()
		if n := count(ctx, "GET /v1/streams/events?after=5000"); n != 1000 {
			t.Errorf("%d of 1,000 events for a reader that keeps up", n)
		}
		wait.Wait()
		ctx, leave = context.WithTimeout(t.Context(), 10*time.Second)
		defer leave()
		if n := count(ctx, "GET /v1/streams/events?after=0"); n != 6000 {
			t.Errorf("%d of 6,000 events when it was its turn", n)
		}
	})
}
