package rest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/rest"
)

// Requests that wait, of callers without a key or of one participant from many
// addresses, keep nobody else out of a node: neither traders nor probes.
func TestWaitingRequestsShutNobodyOut(t *testing.T) {
	for _, c := range []struct{ who, head string }{
		{"no key", "GET /v1/cluster HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer no.no\r\nRialto-Sequence: 999999999\r\n\r\n"},
		{"one trader", "GET /v1/queries/accounts/mine/balance?min_sequence=999999999&timeout=30 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key.p1.s.e\r\n\r\n"},
	} {
		t.Run(c.who, func(t *testing.T) {
			v := newVenue()
			v.demo = false
			address, server := open(t, v, rest.ServerConfig{MaxConnections: 40, ReservedConnections: 4})
			for i := range 44 { // 20 from each of two addresses, and the reserved places
				if _, err := io.WriteString(dial(t, address, fmt.Sprintf("127.0.0.%d", 11+i%2)), c.head); err != nil {
					t.Fatal(err)
				}
			}
			until(t, "all have come", func() bool { return server.Connections() > 0 })
			for _, path := range []string{"/v1/queries/instruments", "/readyz"} {
				status := 0
				until(t, path+" is answered", func() bool { // whoever is closed comes again
					honest := dial(t, address, "127.0.0.50")
					honest.send(t, "GET "+path, "p2", 0, "")
					r, err := http.ReadResponse(honest.in, nil)
					if err == nil {
						status = r.StatusCode
					}
					return status == 200
				})
			}
		})
	}
}

// Of those whose key is unknown and who name a sequence ahead, eight of an
// address and 64 of all wait for it; one more is answered at once.
func TestStrangersWaitWithinBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue()
		h := handler(t, v)
		ask := func(from string) reply {
			return do(t, h, "GET /v1/cluster", "", "Authorization", "Bearer no.no", "Rialto-Sequence", "999", "remote", from+":1")
		}
		var wait sync.WaitGroup
		for i := range 64 {
			wait.Go(func() { ask(fmt.Sprintf("10.0.0.%d", i/8)).want(t, 401) })
		}
		synctest.Wait()
		began := time.Now()
		ask("10.0.0.0").want(t, 401)
		ask("10.0.0.99").want(t, 401)
		if took := time.Since(began); took != 0 {
			t.Errorf("one past the bound was answered after %v, want at once", took)
		}
		wait.Wait()
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("within the bound the sequence was waited for %v, want 2 s", took)
		}
		wait.Go(func() { ask("10.0.0.99").want(t, 401) })
		synctest.Wait()
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("the places of those who are gone are not free")
		}
		wait.Wait()
	})
}

// A participant has a bounded number of reads that wait, whatever they wait for
// and with however many keys; others are not concerned.
func TestWaitsOfAParticipant(t *testing.T) {
	for _, what := range []string{
		"accounts/linked/balance?min_sequence=999&timeout=30",
		"accounts/linked/balance?min_aggregate_sequence=999&timeout=30",
		"accounts/linked/balance?as_of=999&timeout=30",
		"accounts/linked/balance?consistency=linearizable&timeout=30",
		"accounts/linked/orders?min_aggregate_sequence=999&timeout=30",
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVenue()
				v.ahead = 1000
				v.secondKey = true
				h := rest.New(rest.Config{Commands: v, Reads: v, Operations: v, NodeID: "n1", MaxWaitsPerParticipant: 2})
				t.Cleanup(h.Close)
				path := "GET /v1/queries/" + what
				var wait sync.WaitGroup
				for _, key := range []string{"key.p1", "key2.p1"} {
					wait.Go(func() { do(t, h, path, "", "Authorization", "Bearer "+key+".s.e").want(t, 504, "not_caught_up") })
				}
				synctest.Wait()
				began := time.Now()
				for _, key := range []string{"key.p1", "key2.p1"} {
					r := do(t, h, path, "", "Authorization", "Bearer "+key+".s.e")
					r.want(t, 429, `"code":"throttled"`)
					if r.header.Get("Retry-After") == "" {
						t.Error("no Retry-After")
					}
				}
				do(t, h, "GET /v1/queries/accounts/linked/balance", "", "Authorization", "Bearer key.p1.s.e").want(t, 200)
				wait.Go(func() {
					do(t, h, strings.ReplaceAll(path, "linked", "other"), "", bearer("p2")...).want(t, 504)
				})
				if took := time.Since(began); took != 0 {
					t.Errorf("answered after %v, want at once", took)
				}
				wait.Wait()
			})
		})
	}
}

// Whoever waits is taken anew before it is answered, on every route that waits
// and whatever for: a key that is revoked meanwhile is 401, an account that is
// taken away is as if it had never been the caller's.
func TestCallerIsTakenAnewAfterEveryWait(t *testing.T) {
	owned := []string{
		"accounts/linked", "accounts/linked/balance", "accounts/linked/balances", "accounts/linked/limits",
		"accounts/linked/orders", "accounts/linked/trades",
	}
	public := []string{
		"assets", "assets/USD", "instruments", "instruments/BTC-USD", "instruments/BTC-USD/book",
		"instruments/BTC-USD/trades", "instruments/BTC-USD/limits", "venue/limits", "events",
	}
	waits := []string{"min_sequence=2", "as_of=2", "min_aggregate_sequence=14"}
	for _, route := range append(owned, public...) {
		isOwned := strings.HasPrefix(route, "accounts/")
		for _, for1 := range waits {
			if !isOwned && strings.HasPrefix(for1, "min_agg") {
				continue
			}
			for _, what := range []string{"revoked", "taken"} {
				if what == "taken" && !isOwned {
					continue
				}
				t.Run(route+" "+for1+" "+what, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						v := &aging{venue: newVenue()}
						v.skips = true
						h := handlerOfReads(t, v)
						done := make(chan reply)
						go func() {
							done <- do(t, h, "GET /v1/queries/"+route+"?"+for1+"&timeout=30", "", bearer("p1")...)
						}()
						synctest.Wait()
						v.mu.Lock()
						want := 401
						if what == "revoked" {
							v.revoked = "p1"
						} else {
							v.taken, v.reopened, want = "linked", true, 403
						}
						v.mu.Unlock()
						for i := range 3 {
							do(t, h, "POST /v1/commands/accounts/deposit", strings.Replace(deposit, "880099", strconv.Itoa(i), 1)).want(t, 200)
						}
						r := <-done
						if r.status != want || strings.Contains(r.body, `"total"`) {
							t.Errorf("answered %d %s, want %d", r.status, r.body, want)
						}
					})
				})
			}
		}
	}
}

// However many wait for an aggregate, what happens to others neither wakes one of
// them nor reads its version; the change that they wait for does, at once.
func TestWaitsForAnAggregateSleepUntilItChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &aging{venue: newVenue()}
		h := handlerOfReads(t, v)
		began := time.Now()
		var wait sync.WaitGroup
		for i := range 100 {
			wait.Go(func() {
				do(t, h, fmt.Sprintf("GET /v1/queries/accounts/linked/balance?min_aggregate_sequence=%d&timeout=1", 14+i%2), "", bearer("p1")...).want(t, 200+304*(i%2))
			})
		}
		synctest.Wait()
		if n := v.readings(); n > 2 {
			t.Errorf("100 who begin to wait read the account's version %d times", n)
		}
		waits, before := v.waits(), v.readings()
		for i := range 10 {
			do(t, h, "POST /v1/commands/accounts/deposit", strings.Replace(deposit, "880099", strconv.Itoa(i), 1)).want(t, 200)
			synctest.Wait()
		}
		if woken, read := v.waits()-waits, v.readings()-before; woken+read != 0 {
			t.Errorf("10 events of another account woke %d of 100 and read the version %d times", woken, read)
		}
		time.Sleep(100 * time.Millisecond)
		do(t, h, "POST /v1/commands/accounts/deposit", strings.ReplaceAll(deposit, "acc-998811", "linked")).want(t, 200)
		synctest.Wait()
		if woken, read := v.waits()-waits, v.readings()-before; woken != 50 || read != 0 {
			t.Errorf("its own event woke %d of 50 who wait for it and read the version %d times", woken, read)
		}
		wait.Wait()
		if took := time.Since(began); took != time.Second {
			t.Errorf("those who wait for more waited %v, want their second", took)
		}
	})
}

// aging is a venue in which an account's balance changes with each event, from
// version 0 on, and "linked" may have been opened for nobody.
type aging struct {
	*venue
	reopened bool
	count    int // readings of an account
	waited   int // calls of Wait
}

func handlerOfReads(t testing.TB, v *aging) *rest.Handler {
	h := rest.New(rest.Config{Commands: v, Reads: v, Operations: v, NodeID: "n1"})
	t.Cleanup(h.Close)
	return h
}

func (v *aging) readings() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.count
}

func (v *aging) waits() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.waited
}

func (v *aging) Wait(ctx context.Context, sequence market.Sequence) (event.Pin, error) {
	v.mu.Lock()
	v.waited++
	v.mu.Unlock()
	return v.venue.Wait(ctx, sequence)
}

func (v *aging) OpenedFor(account string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.reopened {
		return ""
	}
	return v.venue.OpenedFor(account)
}

func (v *aging) Account(at event.Pin, id string) (event.Reading[event.Account], error) {
	v.mu.Lock()
	v.count++
	v.mu.Unlock()
	return v.venue.Account(at, id)
}

func (v *aging) Balances(at event.Pin, account string) ([]event.Reading[event.Balance], error) {
	all, err := v.venue.Balances(at, account)
	for i := range all {
		all[i].Version = 0
		if at.Sequence >= 3 {
			all[i].Version = 14
		}
	}
	return all, err
}

var _ gateways.Reads = (*aging)(nil)

// A request with both a length and chunks, which may be two requests for
// somebody on its way, is the last of its connection (RFC 9112 §6.3).
func TestLengthAndChunksEndTheConnection(t *testing.T) {
	address, _ := open(t, newVenue(), rest.ServerConfig{})
	c := dial(t, address, "")
	_, err := io.WriteString(c, "POST /v1/commands/accounts/deposit HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer key.ops.s.e\r\n"+
		"Content-Type: application/json\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"+
		fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(deposit), deposit)+"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	if r := c.answer(t); !r.Close {
		t.Errorf("answered %d, and the connection stays open", r.StatusCode)
	}
	rest, err := io.ReadAll(c.in)
	if err != nil || len(rest) != 0 {
		t.Errorf("after the answer: %q (%v), want the end", rest, err)
	}
}

// A participant has at work half of the places of a node: one past it is
// refused and its connection closed, while others, and the participant itself
// once one is free, are served.
func TestPlacesOfAParticipant(t *testing.T) {
	address, _ := open(t, newVenue(), rest.ServerConfig{MaxConnections: 4, MaxPerAddress: 4})
	held := streamAs(t, address, "p1")
	streamAs(t, address, "p1")
	c := dial(t, address, "")
	c.send(t, "GET /v1/queries/assets", "p1", 0, "")
	if r := c.answer(t); r.StatusCode != 429 || !r.Close || r.Header.Get("Retry-After") == "" {
		t.Errorf("one past the bound: %d, closed %t", r.StatusCode, r.Close)
	}
	c.closed(t)
	other := dial(t, address, "")
	other.send(t, "GET /v1/queries/assets", "p2", 0, "")
	if r := other.answer(t); r.StatusCode != 200 {
		t.Errorf("another participant: %d", r.StatusCode)
	}
	_ = held.Close()
	until(t, "the place is free", func() bool {
		c := dial(t, address, "")
		defer c.Close()
		c.send(t, "GET /v1/queries/assets", "p1", 0, "")
		return c.answer(t).StatusCode == 200
	})
}

func streamAs(t *testing.T, address, participant string) raw {
	t.Helper()
	c := dial(t, address, "")
	c.send(t, "GET /v1/streams/events", participant, 0, "")
	if r, err := http.ReadResponse(c.in, nil); err != nil || r.StatusCode != 200 {
		t.Fatalf("stream: %v %v", r, err)
	}
	return c
}

// A page that a cursor of another node asks for, at a point that this one has
// not reached, is not given to a key that is revoked while it is waited for.
func TestCallerIsTakenAnewAfterACursorsPoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ahead, behind := &aging{venue: newVenue()}, &aging{venue: newVenue()}
		h := handlerOfReads(t, behind)
		grow := func(h *rest.Handler) {
			for i := range 3 {
				do(t, h, "POST /v1/commands/accounts/deposit", strings.Replace(deposit, "880099", strconv.Itoa(i), 1)).want(t, 200)
			}
		}
		other := handlerOfReads(t, ahead)
		grow(other)
		page := do(t, other, "GET /v1/queries/accounts/linked/orders?limit=2", "", bearer("p1")...)
		page.want(t, 200, `"next":"`)
		_, next, _ := strings.Cut(page.body, `"next":"`)
		next, _, _ = strings.Cut(next, `"`)
		done := make(chan reply)
		go func() {
			done <- do(t, h, "GET /v1/queries/accounts/linked/orders?timeout=30&cursor="+next, "", bearer("p1")...)
		}()
		synctest.Wait()
		behind.mu.Lock()
		behind.revoked = "p1"
		behind.mu.Unlock()
		grow(h)
		if r := <-done; r.status != 401 {
			t.Errorf("answered %d %s, want 401", r.status, r.body)
		}
	})
}

// A node that drains waits half a second longer for the venue: what comes until
// then is answered, and the rest is to ask another node.
func TestDrainEndsWaits(t *testing.T) {
	for _, c := range []struct {
		line   string
		comes  bool
		status int
		after  time.Duration
	}{
		{"GET /v1/queries/assets?min_sequence=9&timeout=30s", false, 503, 500 * time.Millisecond},
		{"GET /v1/queries/accounts/mine?min_aggregate_sequence=99&timeout=30s", false, 503, 500 * time.Millisecond},
		{"GET /v1/queries/assets?min_sequence=4&timeout=30s", true, 200, 100 * time.Millisecond},
	} {
		t.Run(c.line, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVenue()
				v.grow(3)
				h := rest.New(rest.Config{Commands: v, Reads: v, Operations: v, NodeID: "n1"})
				t.Cleanup(h.Close)
				var wait sync.WaitGroup
				wait.Go(func() { do(t, h, c.line, "", bearer("p1")...).want(t, c.status) })
				synctest.Wait()
				late := took(func() {
					h.Close()
					time.Sleep(100 * time.Millisecond)
					if c.comes {
						v.grow(1)
					}
					wait.Wait()
				})
				if late != c.after {
					t.Errorf("answered after %v, want %v", late, c.after)
				}
			})
		})
	}
}

// panics is a venue whose waits fail with a panic.
type panics struct{ *venue }

func (panics) Wait(context.Context, market.Sequence) (event.Pin, error) { panic("a defect") }

// A read that panics while it waits gives its place back.
func TestWaitThatPanicsHoldsNothing(t *testing.T) {
	v := newVenue()
	h := rest.New(rest.Config{Commands: v, Reads: panics{v}, Operations: v, NodeID: "n1", MaxWaitsPerParticipant: 1})
	t.Cleanup(h.Close)
	for range 3 {
		do(t, h, "GET /v1/queries/assets?min_sequence=9", "", bearer("p1")...).want(t, 500)
	}
}
