package rest_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/rest"
)

// handler returns the gateway of a venue, with a clock that stands and ids
// that count.
func handler(t testing.TB, v *venue) *rest.Handler { return handlerOf(t, v, v) }

func handlerOf(t testing.TB, v *venue, commands gateways.Commands) *rest.Handler {
	t.Helper()
	var n atomic.Int64
	h := rest.New(rest.Config{
		Commands: commands, Reads: v, Operations: v, NodeID: "n1",
		Clock: func() time.Time { return time.Unix(0, int64(v.at())) },
		NewID: func() string { return "made-" + string(rune('0'+n.Add(1)%10)) },
	})
	t.Cleanup(h.Close)
	return h
}

// reply is a response with its body read.
type reply struct {
	status int
	header http.Header
	body   string
}

// request is one request of a test: "METHOD path", and headers in pairs.
func do(t testing.TB, h http.Handler, line, body string, headers ...string) reply {
	t.Helper()
	return doContext(context.Background(), t, h, line, body, headers...)
}

// doContext is do for a client that leaves when ctx ends.
func doContext(ctx context.Context, t testing.TB, h http.Handler, line, body string, headers ...string) reply {
	t.Helper()
	method, path, _ := strings.Cut(line, " ")
	r := httptest.NewRequestWithContext(ctx, method, "http://127.0.0.1"+path, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:5000"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "remote" {
			r.RemoteAddr = headers[i+1]
		} else if headers[i+1] == "" {
			r.Header.Del(headers[i])
		} else {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	if i := slices.Index(headers, "Host"); i >= 0 {
		r.Host = headers[i+1]
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	text, _ := io.ReadAll(w.Result().Body)
	return reply{w.Code, w.Result().Header, string(text)}
}

func (r reply) want(t testing.TB, status int, parts ...string) {
	t.Helper()
	if r.status != status {
		t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	for _, p := range parts {
		if !strings.Contains(r.body, p) {
			t.Errorf("answer lacks %s:\n%s", p, r.body)
		}
	}
}
