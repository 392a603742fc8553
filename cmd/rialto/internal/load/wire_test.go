package load

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
)

// TestWireReadsAnswers shows that answers of Go's own server are read, long and
// short, in chunks and with a length, over one connection until the server ends
// it.
func TestWireReadsAnswers(t *testing.T) {
	conns := 0
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/long":
			_, _ = io.WriteString(w, strings.Repeat(string(body), 10_000))
		case "/last":
			w.Header().Set("Connection", "close")
			_, _ = w.Write(body)
		case "/refused":
			http.Error(w, r.Header.Get("Authorization")+r.Header.Get("Content-Type"), http.StatusConflict)
		}
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns++
		}
	}
	server.Start()
	defer server.Close()
	w := newWire(server.URL, "id.secret")
	defer w.close()
	for _, c := range []struct {
		path   string
		status int
		want   string
	}{
		{"/long", 200, strings.Repeat("abc", 10_000)},
		{"/refused", 409, "Bearer id.secretapplication/json\n"},
		{"/last", 200, "abc"},
		{"/long", 200, strings.Repeat("abc", 10_000)},
	} {
		status, body, err := w.post(t.Context(), c.path, []byte("abc"))
		if err != nil || status != c.status || string(body) != c.want {
			t.Errorf("%s: %d, %d bytes, %v", c.path, status, len(body), err)
		}
	}
	if conns != 2 {
		t.Errorf("%d connections, want one until the server ended it, and another", conns)
	}
}

// TestWireRefuses shows that what is no plain answer is an error, and so is a
// server that is silent when the time is over.
func TestWireRefuses(t *testing.T) {
	for _, answer := range []string{
		"", "\r\n", "HTTP/1.1 2", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
		"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcde\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\n" + strings.Repeat("a", 2*maxLine),
	} {
		w := newWire("http://"+serve(t, answer), "")
		if status, body, err := w.post(t.Context(), "/", nil); err == nil {
			t.Errorf("%.60q: read as %d, %q", answer, status, body)
		}
		w.close()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	w := newWire("http://"+serve(t, "HTTP/1.1 200 OK\r\n"), "")
	if _, _, err := w.post(ctx, "/", nil); err == nil {
		t.Error("a silent server: no error")
	}
	if newWire("https://venue:443", "") != nil || newWire("http://venue/path", "") != nil {
		t.Error("a wire to what is not plain HTTP of a host")
	}
}

// serve answers one request and says nothing more; what is cut short ends.
func serve(t *testing.T, answer string) (address string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	silent := answer == "HTTP/1.1 200 OK\r\n"
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = http.ReadRequest(bufio.NewReader(conn))
		_, _ = io.WriteString(conn, answer)
		if silent {
			_, _ = io.Copy(io.Discard, conn) // until the client has enough
		}
	}()
	return l.Addr().String()
}

// TestBriefs shows what is made of a batch's answer: nothing is decoded where all
// were executed, refusals keep their codes, and what is not final is no answer.
func TestBriefs(t *testing.T) {
	const good, refused = `{"command_id":"a","http_status":200,"answer":{"text":"\"http_status\":200,"}}`, `{"command_id":"b","http_status":409,"problem":{"code":"duplicate"}}`
	const busy = `{"command_id":"b","http_status":503,"problem":{"code":"no_leader"}}`
	for _, c := range []struct {
		answer string
		n      int
		want   string
		err    error
	}{
		{"[" + good + "," + good + "]", 2, ",", nil},
		{"[" + good + "," + refused + "]", 2, ",duplicate", nil},
		{"[" + good + "," + busy + "]", 2, "", errNotFinal},
		{"[" + good + "]", 2, "", errNotFinal},
	} {
		results, err := briefs(http.StatusOK, []byte(c.answer), c.n)
		var codes []string
		for _, r := range results {
			if r.Problem == nil {
				r.Problem = &client.BriefProblem{}
			}
			codes = append(codes, r.Problem.Code)
		}
		if got := strings.Join(codes, ","); got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %q, %v; want %q, %v", c.answer, got, err, c.want, c.err)
		}
	}
	if _, err := briefs(http.StatusServiceUnavailable, nil, 1); !errors.Is(err, errNotFinal) {
		t.Errorf("a refusal of the whole batch: %v", err)
	}
}
