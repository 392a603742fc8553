package rest_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/gateways/rest"
)

// held is a venue whose commands are under way until they are let go.
type held struct {
	*venue
	letGo chan struct{}

	mu    sync.Mutex
	under map[string]int // commands under way, by participant
}

func newHeld() *held {
	return &held{venue: newVenue(), letGo: make(chan struct{}), under: map[string]int{}}
}

func (v *held) Submit(ctx context.Context, commands []*command.Command) ([]event.Outcome, error) {
	who := commands[0].Participant
	v.add(who, len(commands))
	<-v.letGo
	v.add(who, -len(commands))
	return v.venue.Submit(ctx, commands)
}

func (v *held) add(who string, n int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.under[who] += n
}

func (v *held) has(who string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.under[who]
}

// batchOf returns a batch of nonsense that can be submitted.
func batchOf(n int) string {
	one := `{"command":"orders/cancel-all","payload":{"account":"mine"}}`
	if n == 0 {
		return "[]"
	}
	return "[" + strings.Repeat(one+",", n-1) + one + "]"
}

const cancelAll = `{"payload":{"account":"mine"}}`

func heldHandler(t testing.TB, v *held, cfg rest.Config) *rest.Handler {
	cfg.Commands, cfg.Reads, cfg.Operations, cfg.NodeID = v, v, v, "n1"
	h := rest.New(cfg)
	t.Cleanup(h.Close)
	return h
}

// A participant has so many commands under way, at the bound and one past it:
// then it is refused before its body is read, and nobody else is. Its own
// cancels, and administrators, get in all the same.
func TestBurdenOfAParticipant(t *testing.T) {
	for _, c := range []struct {
		what string
		cfg  rest.Config
	}{
		{"requests", rest.Config{MaxRequestsPerParticipant: 2}},
		{"commands", rest.Config{MaxCommandsPerParticipant: 2000}},
		{"bytes", rest.Config{MaxBytesPerParticipant: 2 * len(batchOf(1000))}},
	} {
		t.Run(c.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newHeld()
				v.secondKey = true
				h := heldHandler(t, v, c.cfg)
				post := func(path, body, key string) reply {
					return do(t, h, "POST /v1/commands"+path, body, "Authorization", "Bearer "+key+".s.e")
				}
				var wait sync.WaitGroup
				for _, key := range []string{"key.p1", "key2.p1"} {
					wait.Go(func() { post("", batchOf(1000), key).want(t, 200) })
				}
				synctest.Wait()
				if n := v.has("p1"); n != 2000 {
					t.Fatalf("%d commands are under way at the bound, want 2,000", n)
				}
				for _, key := range []string{"key.p1", "key2.p1"} {
					r := post("", batchOf(1000), key)
					r.want(t, 429, `"code":"throttled"`, `"outcome":"not_executed"`)
					if r.header.Get("Retry-After") == "" {
						t.Error("no Retry-After")
					}
				}
				if c.what != "bytes" {
					post("/orders/place", place, "key.p1").want(t, 429, `"code":"throttled"`)
				}
				wait.Go(func() { post("/orders/cancel-all", cancelAll, "key.p1").want(t, 200) })
				wait.Go(func() { post("", batchOf(1000), "key.p2").want(t, 200) })
				wait.Go(func() { post("/orders/place", place, "key.p2") })
				wait.Go(func() { post("/accounts/deposit", deposit, "key.ops").want(t, 200) })
				synctest.Wait()
				for who, want := range map[string]int{"p1": 2001, "p2": 1001, "ops": 1} {
					if n := v.has(who); n != want {
						t.Errorf("%d commands of %s are under way, want %d", n, who, want)
					}
				}
				close(v.letGo)
				wait.Wait()
				post("/orders/place", place, "key.p1").want(t, 200)
			})
		})
	}
}

// The commands of batches that are on their way at once are few, so that they
// don't stand in front of others: 4,096 of a node. What is more waits, the
// participants in rotation, and single commands pass it.
func TestBatchesWaitForTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newHeld()
		h := heldHandler(t, v, rest.Config{})
		var wait sync.WaitGroup
		batch := func(who string) {
			wait.Go(func() { do(t, h, "POST /v1/commands", batchOf(1000), bearer(who)...).want(t, 200) })
			synctest.Wait()
		}
		under := func(p1, p2 int) {
			t.Helper()
			if a, b := v.has("p1"), v.has("p2"); a != p1 || b != p2 {
				t.Fatalf("%d and %d commands of p1 and p2 are on their way, want %d and %d", a, b, p1, p2)
			}
		}
		for range 8 {
			batch("p1")
		}
		under(4000, 0)
		wait.Go(func() { do(t, h, "POST /v1/commands/orders/place", place, bearer("p2")...) })
		wait.Go(func() { do(t, h, "POST /v1/commands/orders/cancel-all", cancelAll, bearer("p1")...).want(t, 200) })
		wait.Go(func() { do(t, h, "POST /v1/commands/accounts/deposit", deposit, bearer("ops")...).want(t, 200) })
		synctest.Wait()
		if n := v.has("ops"); n != 1 {
			t.Errorf("the administrator's command waits")
		}
		under(4001, 1)
		for range 2 {
			batch("p2") // after four of p1 that wait
		}
		for range 7 { // whichever they are, the singles among them
			v.letGo <- struct{}{}
			synctest.Wait()
		}
		if n := v.has("p2"); n != 2000 {
			t.Errorf("%d commands of p2 are on their way, want 2,000: it is in rotation with who sent more", n)
		}
		close(v.letGo)
		wait.Wait()
	})
}

// A batch that waits and whose client leaves is not sent, and neither is one
// whose key is revoked meanwhile.
func TestBatchThatWaitsIsNotSentForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newHeld()
		h := heldHandler(t, v, rest.Config{})
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() { do(t, h, "POST /v1/commands", batchOf(1000), bearer("p1")...).want(t, 200) })
		}
		synctest.Wait()
		gone, leave := context.WithCancel(t.Context())
		wait.Go(func() { doContext(gone, t, h, "POST /v1/commands", batchOf(1000), bearer("p1")...) })
		wait.Go(func() { do(t, h, "POST /v1/commands", batchOf(1000), bearer("p2")...).want(t, 401) })
		synctest.Wait()
		leave()
		v.venue.mu.Lock()
		v.revoked = "p2"
		v.venue.mu.Unlock()
		synctest.Wait()
		close(v.letGo)
		wait.Wait()
		if n := len(v.received); n != 4000 {
			t.Errorf("%d commands were sent, want 4,000", n)
		}
		wait.Go(func() { do(t, h, "POST /v1/commands", batchOf(1000), bearer("p1")...).want(t, 200) })
		wait.Wait()
	})
}

// The bodies of batches that are on their way at once have 8 MiB, so that the
// window keeps room for bytes too: what is urgent gets in.
func TestBytesInFront(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newHeld()
		h := heldHandler(t, v, rest.Config{MaxBytesPerParticipant: 64 << 20})
		large := batchOf(10) + strings.Repeat(" ", 1<<20-len(batchOf(10))) // 1 MiB
		var wait sync.WaitGroup
		for range 9 {
			wait.Go(func() { do(t, h, "POST /v1/commands", large, bearer("p1")...).want(t, 200) })
		}
		synctest.Wait()
		if n := v.has("p1"); n != 80 {
			t.Errorf("%d commands in 1 MiB bodies of ten are on their way, want 80", n)
		}
		wait.Go(func() { do(t, h, "POST /v1/commands/orders/cancel-all", cancelAll, bearer("p2")...) })
		synctest.Wait()
		if n := v.has("p2"); n != 1 {
			t.Error("a cancel waits for batches of another")
		}
		close(v.letGo)
		wait.Wait()
	})
}

// What a batch has is known once it is decoded: then it counts by that, not by
// its length.
func TestBatchCountsByItsCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newHeld()
		h := heldHandler(t, v, rest.Config{MaxCommandsPerParticipant: 1000})
		padded := batchOf(10) + strings.Repeat(" ", 100_000) // as long as of 600
		var wait sync.WaitGroup
		for range 3 {
			wait.Go(func() { do(t, h, "POST /v1/commands", padded, bearer("p1")...).want(t, 200) })
			synctest.Wait()
		}
		do(t, h, "POST /v1/commands", batchOf(971), bearer("p1")...).want(t, 429, `"outcome":"not_executed"`)
		wait.Go(func() { do(t, h, "POST /v1/commands", batchOf(970), bearer("p1")...).want(t, 200) })
		synctest.Wait()
		if n := v.has("p1"); n != 1000 {
			t.Errorf("%d commands are under way, want the bound of 1,000", n)
		}
		close(v.letGo)
		wait.Wait()
	})
}
