package rest_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/rest"
)

// strict is a door at which a caller has 10 refusals a second, and 5 at once.
func strict(t testing.TB, v *venue) *rest.Handler {
	h := rest.New(rest.Config{Commands: v, Reads: v, Operations: v, NodeID: "n1", MaxRefusalsPerSecond: 10, MaxRefusalsAtOnce: 5})
	t.Cleanup(h.Close)
	return h
}

// took returns how long something takes in the bubble.
func took(do func()) time.Duration {
	began := time.Now()
	do()
	return time.Since(began)
}

const (
	foreign = "GET /v1/queries/accounts/other/balance" // to p1
	own     = "GET /v1/queries/accounts/linked/balance"
)

// A caller has so many refusals at once and then so many a second: the next is
// late. What it does right is answered at once all the time, and so is
// everybody else; whoever stops asking is as good as new.
func TestRefusalsBeyondTheRateAreLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue()
		v.secondKey = true
		h := strict(t, v)
		refused := func(who ...string) time.Duration {
			return took(func() { do(t, h, foreign, "", who...).want(t, 403, "forbidden") })
		}
		for range 5 {
			if late := refused(bearer("p1")...); late != 0 {
				t.Fatalf("within the bound: %v late", late)
			}
		}
		if late := refused(bearer("p1")...); late != 100*time.Millisecond {
			t.Errorf("one past the bound: %v late, want 100ms", late)
		}
		// With another key of the participant, and over another address.
		if late := refused("Authorization", "Bearer key2.p1.s.e", "remote", "10.9.9.9:1"); late != 100*time.Millisecond {
			t.Errorf("with the participant's other key: %v late, want 100ms", late)
		}
		if late := took(func() {
			do(t, h, own, "", bearer("p1")...).want(t, 200)
			do(t, h, foreign, "", bearer("ops")...).want(t, 200)
			do(t, h, "GET /v1/queries/accounts/linked/balance", "", bearer("p2")...).want(t, 403)
			do(t, h, "GET /healthz", "").want(t, 200)
			do(t, h, "GET /metrics", "").want(t, 200)
			do(t, h, "POST /v1/commands/orders/cancel-all", `{"payload":{"account":"linked"}}`, bearer("p1")...).want(t, 200)
		}); late != 0 {
			t.Errorf("others, and what the caller does right, were %v late", late)
		}
		time.Sleep(600 * time.Millisecond)
		for i := range 6 {
			if late, want := refused(bearer("p1")...), time.Duration(i/5)*100*time.Millisecond; late != want {
				t.Errorf("refusal %d after a pause: %v late, want %v", i, late, want)
			}
		}
	})
}

// However many connections the door takes, each may have a refusal that is late:
// whoever has many does not get rid of it.
func TestEveryConnectionMayHaveALateRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := strict(t, newVenue())
		late(t, h, 0)()
		const most = 9800
		ln := &pipes{conns: make(chan net.Conn, most), closed: make(chan struct{})}
		server, err := rest.NewServer(rest.ServerConfig{Handler: h, Listener: ln})
		if err != nil {
			t.Fatal(err)
		}
		var wait sync.WaitGroup
		wait.Go(func() {
			if err := server.Serve(); err != nil {
				t.Error(err)
			}
		})
		var closed atomic.Int64
		for range most {
			client, theirs := net.Pipe()
			ln.conns <- theirs
			wait.Go(func() {
				defer client.Close()
				_, _ = io.WriteString(client, "GET /nowhere HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key.p1.s.e\r\n\r\n")
				r, err := http.ReadResponse(bufio.NewReaderSize(client, 512), nil)
				if err != nil || r.StatusCode != 404 || r.Close {
					closed.Add(1)
				}
				if err == nil {
					_ = r.Body.Close()
				}
			})
		}
		synctest.Wait()
		waiting(t, h, most)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		waiting(t, h, 0)
		if n := closed.Load(); n != 0 {
			t.Errorf("%d connections were closed or answered something else", n)
		}
		if err := server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		wait.Wait()
	})
}

// A caller who gives a query next to no time has a refusal like another, though
// it is for want of a turn, or because the answer was cut short.
func TestATinyTimeoutIsTheCallers(t *testing.T) {
	for _, c := range []struct {
		timeout string
		each    time.Duration // of a refusal that is not late
		held    bool
	}{{"0", 0, true}, {"0.01", 10 * time.Millisecond, true}, {"1", time.Second, false}} {
		t.Run(c.timeout, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := &slowReads{venue: newVenue(), each: time.Hour}
				v.grow(3)
				h := rest.New(rest.Config{
					Commands: v, Reads: v, Operations: v, NodeID: "n1", MaxScans: 1, MaxRefusalsPerSecond: 10, MaxRefusalsAtOnce: 5,
				})
				t.Cleanup(h.Close)
				var wait sync.WaitGroup
				wait.Go(func() { do(t, h, "GET /v1/queries/events", "", bearer("p2")...) })
				synctest.Wait()
				var total time.Duration
				for range 20 {
					total += took(func() {
						do(t, h, "GET /v1/queries/events?limit=1000&timeout="+c.timeout, "", bearer("p1")...).want(t, 429, "throttled", "its turn came")
					}) - c.each
				}
				if held := total > time.Second; held != c.held {
					t.Errorf("20 refusals were %v late together", total)
				}
				wait.Wait()
			})
		})
	}
}

// What a stranger is answered has a bound too: so many a second and an address,
// whatever it is; a scrape of the metrics counts as ten. A probe or a scraper
// at another address, and whoever has a key, notices nothing.
func TestAnswersOfOpenRoutesAreShaped(t *testing.T) {
	for line, c := range map[string]struct{ status, atOnce, perSecond int }{
		"GET /healthz":         {200, 500, 200},
		"GET /readyz":          {200, 500, 200},
		"GET /readyz?for=x":    {400, 500, 200},
		"DELETE /healthz":      {405, 500, 200},
		"GET /openapi.json":    {200, 500, 200},
		"GET /docs":            {200, 500, 200},
		"GET /docs?x=y":        {400, 500, 200},
		"GET /":                {200, 500, 200},
		"GET /metrics":         {200, 50, 20},
		"GET /metrics?name=no": {200, 50, 20},
	} {
		t.Run(line, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVenue()
				v.demo = false
				h := rest.New(rest.Config{Commands: v, Reads: v, Operations: v, NodeID: "n1"})
				t.Cleanup(h.Close)
				ask := func() time.Duration {
					return took(func() { do(t, h, line, "", "remote", "10.0.0.1:1").want(t, c.status) })
				}
				for i := range c.atOnce {
					if late := ask(); late != 0 {
						t.Fatalf("answer %d: %v late", i, late)
					}
				}
				if late, want := ask(), time.Second/time.Duration(c.perSecond); late != want {
					t.Errorf("one more: %v late, want %v", late, want)
				}
				if late := took(func() {
					do(t, h, line, "", "remote", "10.0.0.2:1").want(t, c.status)
					do(t, h, own, "", append(bearer("p1"), "remote", "10.0.0.1:1")...).want(t, 200)
					do(t, h, own, "", "remote", "10.0.0.1:1").want(t, 401)
				}); late != 0 {
					t.Errorf("others were %v late", late)
				}
				h.Close()
				if late := ask(); late != 0 {
					t.Errorf("of a node that drains: %v late", late)
				}
			})
		})
	}
}

// Who asks what became of all that it had under way, as after a failover, is
// told at once that nobody has seen it: so many ids, then 1,000 a second.
func TestUnseenCommandsAreAskedForAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue()
		h := rest.New(rest.Config{
			Commands: v, Reads: v, Operations: v, NodeID: "n1", MaxRefusalsPerSecond: 10, MaxRefusalsAtOnce: 5, MaxCommandsPerParticipant: 2000,
		})
		t.Cleanup(h.Close)
		ask := func(i int) time.Duration {
			return took(func() {
				do(t, h, fmt.Sprintf("GET /v1/commands/lost-%d", i), "", bearer("p1")...).want(t, 404, "unknown_command")
			})
		}
		for i := range 2000 {
			if late := ask(i); late != 0 {
				t.Fatalf("id %d: %v late", i, late)
			}
		}
		for i := range 10 {
			if late := ask(2000 + i); late != time.Millisecond {
				t.Errorf("one past the bound: %v late, want 1ms", late)
			}
		}
		if late := took(func() { do(t, h, foreign, "", bearer("p1")...).want(t, 403) }); late != 0 {
			t.Errorf("another refusal: %v late", late)
		}
	})
}

// Strangers are told apart by address, and a key that is in force is not
// concerned by what others do at its address.
func TestRefusalsOfAnAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue()
		v.demo = false
		h := strict(t, v)
		for i := range 8 {
			late := took(func() {
				do(t, h, own, "", "Authorization", fmt.Sprintf("Bearer random%d.x", i), "remote", "10.0.0.1:1").want(t, 401)
			})
			if want := time.Duration(i/5) * 100 * time.Millisecond; late != want {
				t.Errorf("made-up key %d: %v late, want %v", i, late, want)
			}
		}
		if late := took(func() {
			do(t, h, own, "", append(bearer("p1"), "remote", "10.0.0.1:1")...).want(t, 200)
			do(t, h, foreign, "", append(bearer("p1"), "remote", "10.0.0.1:1")...).want(t, 403)
			do(t, h, "GET /v1/queries/positions", "", append(bearer("p1"), "remote", "10.0.0.1:1")...).want(t, 404)
			do(t, h, own, "", "Authorization", "Bearer no.no", "remote", "10.0.0.2:1").want(t, 401)
			do(t, h, "GET /nowhere", "", append(bearer("ops"), "remote", "10.0.0.1:1")...).want(t, 404)
			do(t, h, "GET /readyz?for=x", "", "remote", "10.0.0.1:1").want(t, 400)
		}); late != 0 {
			t.Errorf("others were %v late", late)
		}
		if late := took(func() { do(t, h, "GET /nowhere", "", "remote", "10.0.0.1:1").want(t, 404) }); late == 0 {
			t.Error("without a key at the same address: not late")
		}
	})
}

// However many connections a caller has, it has no more refusals than its rate
// or one a connection in 2.5 s, never one that is more than 5 s late, and they
// are not answered all at the same moment.
func TestFloodOfRefusalsIsSlow(t *testing.T) {
	for _, flooders := range []int{10, 40, 1000} {
		t.Run(fmt.Sprint(flooders), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := strict(t, newVenue())
				const lasts = time.Minute
				end := time.Now().Add(lasts)
				var answered atomic.Int64
				var latest atomic.Int64
				moments := map[time.Time]int{}
				var mu sync.Mutex
				var wait sync.WaitGroup
				for range flooders {
					wait.Go(func() {
						for time.Now().Before(end) {
							time.Sleep(10 * time.Millisecond) // on the way
							late := took(func() { do(t, h, foreign, "", bearer("p1")...).want(t, 403) })
							answered.Add(1)
							mu.Lock()
							latest.Store(max(latest.Load(), int64(late)))
							moments[time.Now()]++
							mu.Unlock()
						}
					})
				}
				wait.Wait()
				most := 5 + flooders + max(10*int(lasts/time.Second), flooders*int(lasts/(2500*time.Millisecond)))
				if n := int(answered.Load()); n > most || n < 500 {
					t.Errorf("%d refusals in %v, want %d at most", n, lasts, most)
				}
				if late := time.Duration(latest.Load()); late > 5*time.Second {
					t.Errorf("one was %v late", late)
				}
				for at, n := range moments {
					if n > max(6, flooders/10) {
						t.Errorf("%d at one moment, %v after the beginning", n, at.Sub(end.Add(-lasts)))
					}
				}
			})
		})
	}
}

// By default 200 refusals at once and 50 a second are nothing to mind.
func TestHonestRefusalsAreNotLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := rest.New(rest.Config{Commands: newVenue(), Reads: newVenue(), Operations: newVenue(), NodeID: "n1"})
		t.Cleanup(h.Close)
		ask := func() time.Duration {
			return took(func() { do(t, h, foreign, "", bearer("p1")...).want(t, 403) })
		}
		for i := range 200 {
			if late := ask(); late != 0 {
				t.Fatalf("refusal %d of a burst: %v late", i, late)
			}
		}
		for range 60 * 50 {
			time.Sleep(20 * time.Millisecond)
			if late := ask(); late != 0 {
				t.Fatalf("at 50 a second: %v late", late)
			}
		}
		if late := ask(); late != 20*time.Millisecond {
			t.Errorf("one more: %v late, want 20ms", late)
		}
	})
}

// What the venue or the node can't do, and what the machine decides, are not
// held against anybody.
func TestRefusalsThatAreNotTheCallers(t *testing.T) {
	for _, c := range []struct {
		what   string
		make   func(v *venue)
		line   string
		body   string
		status int
	}{
		{"the machine is full", func(v *venue) { v.kind = event.OutcomeThrottled }, "POST /v1/commands/accounts/withdraw", withdrawal, 429},
		{"the node is full", func(v *venue) { v.fail = gateways.ErrOverloaded }, "POST /v1/commands/accounts/withdraw", withdrawal, 429},
		{"no leader", func(v *venue) { v.fail = gateways.ErrNoLeader }, "POST /v1/commands/accounts/withdraw", withdrawal, 503},
		{"room is short", func(v *venue) { v.intake = gateways.IntakeCancels }, "POST /v1/commands/orders/place", order, 503},
		{"room is short for a batch", func(v *venue) { v.intake = gateways.IntakeCancels }, "POST /v1/commands", batchOne(order), 200},
		{"catching up", func(v *venue) { v.unknown = true }, own, "", 503},
		{"the machine refuses", func(*venue) {}, "POST /v1/commands/orders/place", strings.Replace(order, "linked", "ghost", 1), 404},
		{"not caught up in two seconds", func(*venue) {}, own + "?min_sequence=99", "", 504},
	} {
		t.Run(c.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVenue()
				c.make(v)
				h := strict(t, v)
				var first time.Duration
				for i := range 30 {
					late := took(func() { do(t, h, c.line, c.body, bearer("p1")...).want(t, c.status) })
					if i == 0 {
						first = late
					} else if late != first {
						t.Fatalf("refusal %d after %v, the first after %v", i, late, first)
					}
				}
			})
		})
	}
}

const (
	withdrawal = `{"payload":{"account":"linked","asset":"USD","amount":"1"}}`
	order      = `{"payload":{"account":"linked","instrument":"BTC-USD","side":"buy","type":"limit","quantity":"1","price":"1"}}`
)

func batchOne(order string) string {
	return "[" + strings.Replace(order, "{", `{"command":"orders/place",`, 1) + "]"
}

// Whatever is answered in no time is held against its caller: also a wait for
// the venue that gives it no time, and a batch of which nothing is submitted.
func TestRefusalsThatAreTheCallers(t *testing.T) {
	for _, c := range []struct {
		what, line, body string
		status           int
	}{
		{"a wait of no time", own + "?min_sequence=99&timeout=0", "", 504},
		{"nonsense", "POST /v1/commands/orders/place", "{", 400},
		{"a verb of another role", "POST /v1/commands/accounts/deposit", deposit, 403},
		{"a batch of nonsense", "POST /v1/commands", `[{"command":"no"},{}]`, 200},
		{"another method", "DELETE /v1/commands", "", 405},
		{"no such thing", "GET /v1/queries/instruments/none", "", 404},
		{"no body", "POST /v1/commands/orders/place", "", 415},
	} {
		t.Run(c.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := strict(t, newVenue())
				for i := range 7 {
					late := took(func() { do(t, h, c.line, c.body, bearer("p1")...).want(t, c.status) })
					if want := time.Duration(i/5) * 100 * time.Millisecond; late != want {
						t.Errorf("refusal %d: %v late, want %v", i, late, want)
					}
				}
			})
		})
	}
}

// late has n refusals of p1 wait, and returns a function that waits for them.
func late(t *testing.T, h http.Handler, n int) (answered func()) {
	t.Helper()
	for range 5 {
		do(t, h, foreign, "", bearer("p1")...).want(t, 403)
	}
	var wait sync.WaitGroup
	for range n {
		wait.Go(func() { do(t, h, foreign, "", bearer("p1")...).want(t, 403) })
	}
	synctest.Wait()
	waiting(t, h, n)
	return wait.Wait
}

// waiting checks how many refusals are late now.
func waiting(t *testing.T, h http.Handler, want int) {
	t.Helper()
	do(t, h, "GET /metrics", "").want(t, 200, fmt.Sprintf("\nrialto_http_refusals_waiting %d\n", want))
}

// A node that drains answers what is late at once, and nothing is late then.
func TestDrainAnswersLateRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := strict(t, newVenue())
		answered := late(t, h, 20)
		if took := took(func() {
			h.Close()
			answered()
			do(t, h, foreign, "", bearer("p1")...).want(t, 403)
		}); took != 0 {
			t.Errorf("answered after %v", took)
		}
		waiting(t, h, 0)
	})
}

// Nothing waits for a client that has gone.
func TestLateRefusalOfAClientThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := strict(t, newVenue())
		defer late(t, h, 1)()
		ctx, cancel := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		wait.Go(func() { doContext(ctx, t, h, foreign, "", bearer("p1")...) })
		synctest.Wait()
		waiting(t, h, 2)
		if took := took(func() { cancel(); wait.Wait() }); took != 0 {
			t.Errorf("left after %v", took)
		}
		waiting(t, h, 1)
	})
}

// So many refusals beyond one a connection are late at once; one more is answered
// at once, and its connection closed.
func TestLateRefusalsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := strict(t, newVenue())
		answered := late(t, h, 8192)
		var r reply
		if took := took(func() { r = do(t, h, foreign, "", bearer("p1")...) }); took != 0 || r.status != 403 || r.header.Get("Connection") != "close" {
			t.Errorf("one past the bound: %d after %v, %q", r.status, took, r.header.Get("Connection"))
		}
		waiting(t, h, 8192)
		answered()
		if r := do(t, h, foreign, "", bearer("p1")...); r.header.Get("Connection") != "" {
			t.Error("the bound is still reached")
		}
	})
}

// So many addresses are told apart; those that come then are taken together,
// until the others have paid.
func TestDebtorsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue()
		v.demo = false
		h := rest.New(rest.Config{Commands: v, Reads: v, Operations: v, NodeID: "n1", MaxRefusalsPerSecond: 1, MaxRefusalsAtOnce: 1})
		t.Cleanup(h.Close)
		ask := func(i int) time.Duration {
			return took(func() {
				do(t, h, own, "", "remote", fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255)).want(t, 401)
			})
		}
		const most = 16384
		for i := range most + 1 {
			if late := ask(i); late != 0 {
				t.Fatalf("address %d: %v late", i, late)
			}
		}
		if late := ask(most + 1); late != time.Second {
			t.Errorf("one past the bound: %v late, want with the one before it", late)
		}
		time.Sleep(5 * time.Second)
		for i := range 2 {
			if late := ask(most + 2 + i); late != 0 {
				t.Errorf("when the others have paid: %v late", late)
			}
		}
	})
}

// A refusal that is late holds nothing: neither what is under way for its
// participant, nor its waits, nor its places at work.
func TestLateRefusalsHoldNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue()
		h := rest.New(rest.Config{
			Commands: v, Reads: v, Operations: v, NodeID: "n1", MaxRefusalsPerSecond: 10, MaxRefusalsAtOnce: 5,
			MaxRequestsPerParticipant: 1, MaxWaitsPerParticipant: 1, MaxScansPerParticipant: 1,
		})
		t.Cleanup(h.Close)
		answered := late(t, h, 3)
		var wait sync.WaitGroup
		for _, line := range []string{
			"POST /v1/commands/orders/cancel", "POST /v1/commands/orders/place", own + "?min_sequence=9&timeout=0.5", "GET /v1/queries/accounts/linked/orders?cursor=no",
		} {
			body := ""
			if strings.HasPrefix(line, "POST") {
				body = "{"
			}
			wait.Go(func() { do(t, h, line, body, bearer("p1")...) })
		}
		synctest.Wait()
		time.Sleep(500 * time.Millisecond)
		synctest.Wait()
		if took := took(func() {
			do(t, h, "POST /v1/commands/orders/place", order, bearer("p1")...).want(t, 200)
			do(t, h, "POST /v1/commands/orders/cancel-all", `{"payload":{"account":"linked"}}`, bearer("p1")...).want(t, 200)
			do(t, h, "GET /v1/queries/accounts/linked/orders", "", bearer("p1")...).want(t, 200)
			do(t, h, own+"?min_sequence=1&timeout=0.1", "", bearer("p1")...).want(t, 200)
		}); took != 0 {
			t.Errorf("after %v", took)
		}
		wait.Wait()
		answered()
	})
}

// refuseOften has so many refusals behind loopback without a key that the next
// is late by seconds. Its clients don't wait.
func refuseOften(t *testing.T, h http.Handler) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 5 {
		doContext(ctx, t, h, "GET /nowhere", "").want(t, 404)
	}
}

// The connection of a late refusal makes room for whoever comes when the node
// is full, before any other does.
func TestLateRefusalsMakeRoom(t *testing.T) {
	v := newVenue()
	v.demo = false
	h := rest.New(rest.Config{Commands: v, Reads: v, Operations: v, NodeID: "n1", MaxRefusalsPerSecond: 1, MaxRefusalsAtOnce: 1})
	address, _ := open(t, v, rest.ServerConfig{Handler: h, MaxConnections: 3, MaxPerAddress: 3})
	slow := dial(t, address, "")
	slow.send(t, "POST /v1/commands/orders/place", "p1", len(order), order[:10])
	idle := dial(t, address, "")
	idle.send(t, "GET /v1/queries/assets", "p2", 0, "")
	idle.answer(t)
	refuseOften(t, h)
	punished := dial(t, address, "")
	punished.send(t, "GET /nowhere", "", 0, "")
	until(t, "one is late", func() bool {
		return !strings.Contains(do(t, h, "GET /metrics", "").body, "\nrialto_http_refusals_waiting 0\n")
	})
	newcomer := dial(t, address, "")
	newcomer.send(t, "GET /v1/queries/assets", "p2", 0, "")
	if r := newcomer.answer(t); r.StatusCode != 200 {
		t.Errorf("the newcomer: %d", r.StatusCode)
	}
	punished.closed(t)
	if _, err := io.WriteString(slow, order[10:]); err != nil {
		t.Fatal(err)
	}
	if r := slow.answer(t); r.StatusCode != 200 {
		t.Errorf("who was sending a body: %d", r.StatusCode)
	}
}

// Requests that are sent one behind the other, without waiting for the answers,
// are late one after the other.
func TestPipelinedRefusalsAreLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := strict(t, newVenue())
		late(t, h, 0)()
		client, server := piped(t, h)
		go func() {
			_, _ = io.WriteString(client, strings.Repeat("GET /nowhere HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key.p1.s.e\r\n\r\n", 8))
		}()
		c := raw{client, bufio.NewReader(client)}
		for i := range 8 {
			if late := took(func() { c.answer(t) }); late != 100*time.Millisecond {
				t.Errorf("answer %d: %v after the one before it, want 100ms", i, late)
			}
		}
		_ = client.Close()
		if err := server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
}
