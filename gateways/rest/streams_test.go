package rest_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/gateways/rest"
	"github.com/rialto-exchange/rialto/gateways/rest/decode"
)

func placeOf(participant string) *decode.Request {
	d := decode.New()
	verb, _ := d.Verb("orders/place")
	var r decode.Request
	d.Single(verb, []byte(place), &r)
	r.Command.Participant, r.Command.Actor = participant, "key."+participant
	return &r
}

// serve runs the gateway on a real socket.
func serve(t *testing.T, v *venue) (url string, server *rest.Server) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, err = rest.NewServer(rest.ServerConfig{Handler: handler(t, v), Listener: ln})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve() }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return "http://" + ln.Addr().String(), server
}

type reader struct {
	*bufio.Scanner
	response *http.Response
}

func follow(t *testing.T, url string, headers ...string) reader {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	if response.StatusCode != 200 {
		t.Fatalf("status %d", response.StatusCode)
	}
	return reader{bufio.NewScanner(response.Body), response}
}

// next returns the next line that begins with a prefix.
func (r reader) next(t *testing.T, prefix string) string {
	t.Helper()
	for r.Scan() {
		if text, ok := strings.CutPrefix(r.Text(), prefix); ok {
			return text
		}
	}
	t.Fatalf("the stream ended: %v", r.Err())
	return ""
}

func (v *venue) grow(n int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for range n {
		v.append(&placeOf("").Command, "mine", &event.OrderChanged{Type: event.TypeOrderAccepted, Order: testOrder("mine", "")})
	}
}

// A stream begins at the start, at a position or now, and goes on where the
// reader was, gapless.
func TestStreamResumes(t *testing.T) {
	v := newVenue()
	v.grow(3)
	url, _ := serve(t, v)
	url += "/v1/streams/events"

	all := follow(t, url+"?after=0")
	for name, want := range map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "X-Accel-Buffering": "no"} {
		if got := all.response.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for _, want := range []string{"1", "2", "3"} {
		if got := all.next(t, "id: "); got != "00000000000000ab-"+want {
			t.Fatalf("id %s, want %s", got, want)
		}
		if got := all.next(t, "event: "); got != "OrderAccepted" {
			t.Fatalf("event %s", got)
		}
		if got := all.next(t, "data: "); !strings.HasPrefix(got, `{"sequence":`+want+`,"type":"OrderAccepted"`) {
			t.Fatalf("data %s", got)
		}
	}
	resumed := follow(t, url+"?after=0", "Last-Event-ID", "00000000000000ab-2")
	live := follow(t, url)
	live.next(t, ": connected")
	if got := resumed.next(t, "id: "); got != "00000000000000ab-3" {
		t.Fatalf("resumed at %s, want 3", got)
	}
	v.grow(1)
	for name, r := range map[string]reader{"from the start": all, "resumed": resumed, "live": live} {
		if got := r.next(t, "id: "); got != "00000000000000ab-4" {
			t.Errorf("%s: id %s, want 4", name, got)
		}
	}
}

// Below the retention floor there is no stream to resume.
func TestStreamBelowFloor(t *testing.T) {
	v := newVenue()
	v.grow(3)
	v.floor = event.Pin{Sequence: 3, At: v.at()}
	do(t, handler(t, v), "GET /v1/streams/events?after=1", "").want(t, 410, `"code":"before_retention_floor"`, `"floor_sequence":3`)
}

// A command goes over a real socket as it does in the tables.
func TestCommandOverSocket(t *testing.T) {
	v := newVenue()
	url, _ := serve(t, v)
	for range 2 {
		response, err := http.Post(url+"/v1/commands/orders/place", "application/json", strings.NewReader(place))
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != 200 {
			t.Errorf("status %d", response.StatusCode)
		}
	}
}

// A server that drains ends its streams and refuses none that are waiting.
func TestShutdownEndsStreams(t *testing.T) {
	v := newVenue()
	url, server := serve(t, v)
	r := follow(t, url+"/v1/streams/events")
	r.next(t, ": connected")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	for r.Scan() {
	}
	if r.Err() != nil {
		t.Errorf("the stream was cut: %v", r.Err())
	}
}
