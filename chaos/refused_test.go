package chaos_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/venue"
)

// flood asks the same thing again and again over so many connections, each as
// soon as it is answered, until ctx ends; and counts the answers of a status.
type flood struct {
	request     string
	connections int
	status      int
	answers     atomic.Int64
}

func (f *flood) run(ctx context.Context, address string, running *sync.WaitGroup) {
	for range f.connections {
		running.Go(func() {
			for ctx.Err() == nil {
				f.connection(ctx, address)
			}
		})
	}
}

// connection lasts until the node closes it, or ctx ends.
func (f *flood) connection(ctx context.Context, address string) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	in := bufio.NewReaderSize(conn, 1024)
	for {
		if _, err := io.WriteString(conn, f.request); err != nil {
			return
		}
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			return
		}
		if res.StatusCode == f.status {
			f.answers.Add(1)
		}
		if res.Close {
			return
		}
	}
}

// trader defines a participant with an account, both of a name, and its key.
func trader(t *testing.T, v *venue.Venue, name string) (credential string) {
	t.Helper()
	for _, c := range []struct{ verb, payload string }{
		{"accounts/open", fmt.Sprintf(`{"account":%q}`, name)},
		{"accounts/deposit", fmt.Sprintf(`{"account":%q,"asset":"USD","amount":"1000000"}`, name)},
		{"participants/define", fmt.Sprintf(`{"participant":%q,"role":"trader","accounts":[%q],"keys":[{"id":%q,"secret_hash":"%x"}]}`,
			strings.ToUpper(name), name, name, sha256.Sum256([]byte("secret")))},
	} {
		if status, body := command(t, v, 0, c.verb, `{"payload":`+c.payload+`}`); status != 200 {
			t.Fatalf("%s: %d %s", c.verb, status, body)
		}
	}
	return name + ".secret"
}

// orders sends orders of a trader to a node one after the other for a while and
// returns how long the half of them took at most. Each must be accepted.
func orders(t *testing.T, v *venue.Venue, node int, account, credential, run string, lasts time.Duration) time.Duration {
	t.Helper()
	var took []time.Duration
	for end := time.Now().Add(lasts); time.Now().Before(end); {
		began := time.Now()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, v.URL(node)+"/v1/commands/orders/place", strings.NewReader(fmt.Sprintf(
			`{"command_id":"%s-%d","payload":{"account":%q,"instrument":"BTC-USD","side":"buy","type":"limit","time_in_force":"ioc","price":"50000.00","quantity":"0.0100"}}`,
			run, len(took), account)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+credential)
		res, err := v.Client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Fatalf("an order of another trader: %d %s", res.StatusCode, body)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took[len(took)/2]
}

// TestRefusedFlood shows that callers who are refused and ask again at once, one
// key over hundreds of connections and hundreds of made-up keys, are not served
// at the rate of the node's processor but at their own, and that another trader
// goes on at the same node.
func TestRefusedFlood(t *testing.T) {
	v := startVenue(t)
	good, bad := trader(t, v, "good"), trader(t, v, "bad")
	leader, err := v.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	node := (leader + 1) % v.Size()
	const lasts = 5 * time.Second
	quiet := orders(t, v, node, "good", good, "quiet", lasts)
	get := func(path, credential string) string {
		return "GET /v1/queries/accounts/bad/balance" + path + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + credential + "\r\n\r\n"
	}
	floods := map[string]*flood{
		"waits beyond those of a participant": {request: get("?min_aggregate_sequence=999999&timeout=30", bad), connections: 500, status: 429},
		"keys that are made up":               {request: get("", "no.body"), connections: 250, status: 401},
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	began := time.Now()
	for _, f := range floods {
		f.run(ctx, strings.TrimPrefix(v.URL(node), "http://"), &running)
	}
	flooded := orders(t, v, node, "good", good, "flooded", lasts)
	stop()
	running.Wait()
	over := time.Since(began)
	for what, f := range floods {
		// 200 at once, 50 a second or one a connection in 2.5 s, and what was
		// on its way.
		most := 200 + max(50*over.Seconds(), float64(f.connections)*over.Seconds()/2.5) + float64(f.connections)
		if n := f.answers.Load(); n < 200 || float64(n) > most {
			t.Errorf("%s: %d refusals in %v, want 200 … %.0f", what, n, over, most)
		}
		t.Logf("%s: %.0f refusals a second", what, float64(f.answers.Load())/over.Seconds())
	}
	t.Logf("half of the other trader's orders took %v at most, without the flood %v", flooded, quiet)
}
