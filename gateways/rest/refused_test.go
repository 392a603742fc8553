package rest_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A client that sends all of its body before it looks for an answer gets the
// answer, whatever is wrong: not a connection that is cut under its hands.
func TestRefusedBodyIsAnswered(t *testing.T) {
	url, _ := serve(t, newVenue())
	for _, c := range []struct {
		name, path, media string
		size, want        int
	}{
		{"too long by a byte", "/v1/commands", "application/json", 1<<20 + 1, 413},
		{"four times too long", "/v1/commands", "application/json", 4 << 20, 413},
		{"of another type", "/v1/commands", "text/plain", 4 << 20, 415},
		{"to nowhere", "/v1/nowhere", "application/json", 4 << 20, 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
				t.Fatal(err)
			}
			head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", c.path, c.media, c.size)
			if _, err := io.WriteString(conn, head+strings.Repeat(" ", c.size)); err != nil {
				t.Fatalf("the body: %v", err)
			}
			r, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatalf("the answer: %v", err)
			}
			defer r.Body.Close()
			if body, err := io.ReadAll(r.Body); err != nil || r.StatusCode != c.want || !r.Close {
				t.Errorf("status %d, want %d, closed %v, %v: %s", r.StatusCode, c.want, r.Close, err, body)
			}
		})
	}
}

// A refusal names what it is about as far as the request says it.
func TestRefusalsNameTheirSubject(t *testing.T) {
	h := handler(t, newVenue())
	bad := strings.Replace(deposit, "50000", "5e4", 1)
	do(t, h, "POST /v1/commands/accounts/deposit", bad).want(t, 400, `"code":"malformed"`, `"command_id":"`, `"aggregate_id":"`)
	do(t, h, "POST /v1/commands", `[`+strings.Replace(bad, "{", `{"command":"accounts/deposit",`, 1)+`]`).want(t, 200, `"http_status":400`, `"aggregate_id":"`)
	do(t, h, "POST /v1/commands/accounts/deposit", deposit, bearer("p1")...).want(t, 403, `"code":"forbidden"`, `"command_id":"`, `"aggregate_id":"`)
}

// Metrics say whose they are, like every answer.
func TestMetricsSayWhose(t *testing.T) {
	v := newVenue()
	v.grow(3)
	r := do(t, handler(t, v), "GET /metrics", "")
	for name, want := range map[string]string{"Rialto-Node": "n1", "Rialto-Sequence": "3", "Rialto-History": "00000000000000ab"} {
		if got := r.header.Get(name); r.status != 200 || got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}
