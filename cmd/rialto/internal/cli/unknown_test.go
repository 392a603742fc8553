package cli_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/cli"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// fakeNode answers each request as told now, and remembers the last one.
type fakeNode struct {
	*httptest.Server
	arrived chan struct{} // one for each request

	mu     sync.Mutex
	answer http.HandlerFunc
	line   string
	body   string
}

func newFakeNode(t *testing.T, answer http.HandlerFunc) *fakeNode {
	t.Helper()
	n := &fakeNode{answer: answer, arrived: make(chan struct{}, 10_000)}
	n.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		n.mu.Lock()
		n.line, n.body = r.Method+" "+r.URL.EscapedPath(), string(body)
		answer := n.answer
		n.mu.Unlock()
		n.arrived <- struct{}{}
		answer(w, r)
	}))
	t.Cleanup(n.CloseClientConnections)
	t.Cleanup(n.Close)
	return n
}

func (n *fakeNode) will(answer http.HandlerFunc) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.answer = answer
}

func (n *fakeNode) last() (line, body string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.line, n.body
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// What a node can do to a request.
var (
	hangs = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	cuts  = func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	// tears sends half an answer.
	tears = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `{"command_id":`)
	}
)

const (
	deposit  = "account deposit alice 1 USD"
	accepted = `{"command_id":"c1","status":"accepted","aggregate_id":"alice","sequence":7}`
)

// A write whose outcome no node told ends with status 3 and says how to settle
// it, by the id that it was sent under; one that surely was not executed ends
// with status 1.
func TestUnknownOutcome(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		status int
	}{
		"hangs":                         {hangs, 3},
		"cuts the connection":           {cuts, 3},
		"tears the answer":              {tears, 3},
		"answers what can't be read":    {says(200, `{`), 3},
		"is a proxy without a node":     {says(502, ""), 3},
		"does not know":                 {says(503, `{"code":"degraded","outcome":"unknown"}`), 3},
		"says nothing of the outcome":   {says(503, `{"code":"degraded"}`), 3},
		"has no leader":                 {says(503, `{"code":"no_leader","outcome":"not_executed"}`), 1},
		"throttles":                     {says(429, `{"code":"throttled","outcome":"not_executed"}`), 1},
		"refuses":                       {says(422, `{"code":"insufficient_funds"}`), 1},
		"does not know the caller":      {says(401, `{"code":"unauthenticated"}`), 1},
		"accepts":                       {says(200, accepted), 0},
		"is not there, whatever others": {nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := gone.URL
			if c.answer != nil {
				url = newFakeNode(t, c.answer).URL
			}
			line := deposit + " --timeout 2s --server " + url
			status, stdout, stderr := run(t, strings.Fields(line)...)
			if status != c.status {
				t.Fatalf("status %d, want %d: %s", status, c.status, stderr)
			}
			if c.status != shell.ExitUnknown {
				if strings.Contains(stderr, "unknown, settle") {
					t.Errorf("it says that the outcome is unknown: %s", stderr)
				}
				return
			}
			id := regexp.MustCompile(`rialto command show (\S+)`).FindStringSubmatch(stderr)
			if id == nil || !strings.Contains(stderr, "outcome unknown, settle it with: rialto command show") ||
				!strings.Contains(stderr, "rialto command fence "+id[1]) || !strings.Contains(stderr, "--command-id "+id[1]) || stdout != "" {
				t.Errorf("it says %q", stderr)
			}
			if _, stdout, _ := run(t, strings.Fields(line+" --command-id mine --output json")...); stdout != "{\n  \"outcome\": \"unknown\",\n  \"command_ids\": [\n    \"mine\"\n  ]\n}\n" {
				t.Errorf("as JSON: %q", stdout)
			}
		})
	}
}

// Doubt stays: when a later copy is surely not executed, an earlier one may
// have been.
func TestDoubtStays(t *testing.T) {
	n := newFakeNode(t, nil)
	n.will(func(http.ResponseWriter, *http.Request) {
		n.will(says(503, `{"code":"no_leader","outcome":"not_executed"}`))
		panic(http.ErrAbortHandler)
	})
	if status, _, stderr := run(t, strings.Fields(deposit+" --timeout 2s --server "+n.URL)...); status != shell.ExitUnknown {
		t.Errorf("status %d: %s", status, stderr)
	}
}

// A refused question about a command, and a refused fence, leave open what became
// of it: the exit status says so, with the id and what the node said; that it was
// refused as too much changes nothing.
func TestRefusedSettlingIsUnknown(t *testing.T) {
	for _, answer := range []http.HandlerFunc{
		says(429, `{"code":"throttled","command_id":"c1","outcome":"unknown","detail":"[throttled] the id is not settled: too much in hand"}`),
		says(503, `{"code":"degraded","command_id":"c1","outcome":"unknown","detail":"[degraded] the id is not settled yet: too much in hand"}`),
	} {
		n := newFakeNode(t, answer)
		for _, line := range []string{"command fence c1", "command show c1"} {
			status, stdout, stderr := run(t, strings.Fields(line+" --timeout 300ms --server "+n.URL)...)
			if status != shell.ExitUnknown || stdout != "" {
				t.Errorf("%s: status %d, said %q", line, status, stdout)
			}
			for _, part := range []string{"the id is not settled", "too much in hand", "rialto command show c1\n", "rialto command fence c1\n"} {
				if !strings.Contains(stderr, part) {
					t.Errorf("%s does not say %q: %s", line, part, stderr)
				}
			}
			if strings.Contains(stderr, "no node answered") {
				t.Errorf("%s: one did answer: %s", line, stderr)
			}
			status, stdout, _ = run(t, strings.Fields(line+" --output json --timeout 300ms --server "+n.URL)...)
			if want := "{\n  \"outcome\": \"unknown\",\n  \"command_ids\": [\n    \"c1\"\n  ]\n}\n"; status != shell.ExitUnknown || stdout != want {
				t.Errorf("%s as JSON: status %d, %q", line, status, stdout)
			}
		}
	}
}

// A write that was refused as too much, and not executed, leaves no doubt.
func TestThrottledIsNotExecuted(t *testing.T) {
	for _, body := range []string{`{"code":"throttled","outcome":"not_executed"}`, `{"code":"throttled"}`} {
		n := newFakeNode(t, says(429, body))
		status, _, stderr := run(t, strings.Fields(deposit+" --timeout 300ms --server "+n.URL)...)
		if status != shell.ExitFailed || !strings.Contains(stderr, "throttled") {
			t.Errorf("%s: status %d: %s", body, status, stderr)
		}
	}
}

// Since when commands are known is shown where one was not found.
func TestKnownSince(t *testing.T) {
	n := newFakeNode(t, says(200, `{"command_id":"c1","status":"never","http_status":409,"known_since":"2026-05-23T10:00:00Z","problem":{"code":"command_fenced"}}`))
	if status, _, stderr := run(t, strings.Fields("command fence c1 --server "+n.URL)...); status != 0 || !strings.Contains(stderr, "known since 2026-05-23T10:00:00Z") {
		t.Errorf("fence: status %d: %s", status, stderr)
	}
	n.will(says(404, `{"code":"unknown_command","known_since":"2026-05-23T10:00:00Z"}`))
	if status, _, stderr := run(t, strings.Fields("command show c1 --server "+n.URL)...); status != shell.ExitFailed || !strings.Contains(stderr, "known since 2026-05-23T10:00:00Z") {
		t.Errorf("show: status %d: %s", status, stderr)
	}
}

// Ctrl-C in the middle of a write leaves it unknown, and says so; before
// anything was sent, and in the middle of a read, it just ends.
func TestInterrupted(t *testing.T) {
	n := newFakeNode(t, hangs)
	interrupt := func(line string) (int, string) {
		var out, stderr bytes.Buffer
		ctx, cancel := context.WithCancel(t.Context())
		status := make(chan int)
		go func() {
			status <- cli.Run(ctx, newShell(&out, &stderr), strings.Fields(line+" --server "+n.URL))
		}()
		<-n.arrived
		cancel()
		return <-status, stderr.String()
	}
	for _, line := range []string{deposit + " --command-id c1", "command fence c1"} {
		if status, stderr := interrupt(line); status != shell.ExitUnknown || !strings.Contains(stderr, "rialto command show c1\n") {
			t.Errorf("%s: status %d: %s", line, status, stderr)
		}
	}
	if _, stderr := interrupt("command fence c1"); strings.Contains(stderr, "--command-id") || !strings.Contains(stderr, "repeat the same command line\n") {
		t.Errorf("a fence has no --command-id, and it says: %s", stderr)
	}
	if status, stderr := interrupt("snapshot"); status != shell.ExitUnknown || !strings.Contains(stderr, "look before you repeat it") {
		t.Errorf("snapshot: status %d: %s", status, stderr)
	}
	if status, stderr := interrupt("account balance alice"); status != shell.ExitFailed || stderr != "" {
		t.Errorf("a read: status %d: %s", status, stderr)
	}
	var out, stderr bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if status := cli.Run(ctx, newShell(&out, &stderr), strings.Fields(deposit+" --server "+n.URL)); status != shell.ExitFailed || stderr.Len() > 0 {
		t.Errorf("before it was sent: status %d: %s", status, stderr.String())
	}
}

// What is unknown is settled by the same line under the same id, by asking, and
// by a fence.
func TestSettle(t *testing.T) {
	n := newFakeNode(t, cuts)
	server := " --timeout 2s --server " + n.URL
	if status, _, _ := run(t, strings.Fields(deposit+" --command-id c1"+server)...); status != shell.ExitUnknown {
		t.Fatalf("status %d", status)
	}
	n.will(says(200, accepted))
	status, stdout, _ := run(t, strings.Fields(deposit+" --command-id c1"+server)...)
	if _, body := n.last(); status != 0 || !strings.Contains(body, `"command_id":"c1"`) || stdout != "alice accepted (sequence 7)\n" {
		t.Errorf("the repeat: status %d, sent %s, said %q", status, body, stdout)
	}
	for _, c := range []struct {
		line, request string
		answer        http.HandlerFunc
		status        int
		stdout        string
		stderr        string
	}{
		{"command show c1", "GET /v1/commands/c1", says(200, `{"command_id":"c1","status":"accepted","http_status":200,"answer":`+accepted+`}`), 0,
			"COMMAND  STATUS    HTTP  WHY\nc1       accepted  200\n\nalice accepted (sequence 7)\n", ""},
		{"command show k/7", "GET /v1/commands/k%2F7", says(200, `{"command_id":"k/7","status":"rejected","http_status":422,"problem":{"code":"order_closed","detail":"[order] it is closed"}}`), 0,
			"COMMAND  STATUS    HTTP  WHY\nk/7      rejected  422   order_closed: [order] it is closed\n", ""},
		{"command show c1", "GET /v1/commands/c1", says(200, `{"command_id":"c1","status":"pending","http_status":202}`), 3,
			"COMMAND  STATUS   HTTP  WHY\nc1       pending  202\n", ""},
		{"command show c1", "GET /v1/commands/c1", says(404, `{"code":"unknown_command","detail":"[unknown_command] the id was never seen"}`), 1,
			"", "settle it for good with: rialto command fence c1"},
		{"command fence c1", "POST /v1/commands/c1/fence", says(200, `{"command_id":"c1","status":"never","http_status":409,"problem":{"code":"command_fenced"}}`), 0,
			"COMMAND  STATUS  HTTP  WHY\nc1       never   409   command_fenced\n", ""},
		{"command fence c1", "POST /v1/commands/c1/fence", cuts, 3, "", "rialto command fence c1"},
		{"command show c1", "GET /v1/commands/c1", cuts, 1, "", "no node answered"},
		{"command show c1 --output json", "GET /v1/commands/c1", says(200, `{"command_id":"c1","status":"pending","http_status":202}`), 3,
			"{\n  \"command_id\": \"c1\",\n  \"status\": \"pending\",\n  \"http_status\": 202\n}\n", ""},
	} {
		n.will(c.answer)
		status, stdout, stderr := run(t, strings.Fields(c.line+server)...)
		if request, _ := n.last(); status != c.status || stdout != c.stdout || !strings.Contains(stderr, c.stderr) || request != c.request {
			t.Errorf("%s: status %d, want %d; asked %s\nsaid %q\nwant %q\nand %q", c.line, status, c.status, request, stdout, c.stdout, stderr)
		}
	}
}

// Every command line that writes takes --command-id.
func TestEveryWriteTakesAnID(t *testing.T) {
	n := newFakeNode(t, says(422, `{"code":"refused"}`))
	for _, line := range []string{
		"order place alice buy 1 BTC-USD", "order amend O1 --price 1", "order cancel O1", "order cancel-all alice",
		"account open alice", "account close alice", deposit, "account withdraw alice 1 USD", "account transfer alice bob 1 USD",
		"account suspend alice", "account resume alice",
	} {
		status, _, stderr := run(t, strings.Fields(line+" --command-id my-id --server "+n.URL)...)
		if _, body := n.last(); status != shell.ExitFailed || !strings.Contains(body, `"command_id":"my-id"`) {
			t.Errorf("rialto %s: status %d %s, sent %s", line, status, stderr, body)
		}
	}
}

// The status is 1 with a warning or worse, 0 with notes only.
func TestStatusOfTheStatus(t *testing.T) {
	for findings, want := range map[string]int{
		``:                    0,
		`{"severity":"note"}`: 0,
		`{"severity":"note"},{"severity":"warning","text":"x"}`: 1,
		`{"severity":"critical"}`:                               1,
		`{"severity":"something new"}`:                          1,
	} {
		n := newFakeNode(t, says(200, `{"cluster_id":"c","leader":"n1","nodes":[],"findings":[`+findings+`]}`))
		for _, output := range []string{"table", "json"} {
			status, stdout, stderr := run(t, "status", "--server", n.URL, "--output", output)
			if status != want || stdout == "" || stderr != "" {
				t.Errorf("%s, %s: status %d, want %d: %q %q", findings, output, status, want, stdout, stderr)
			}
		}
	}
	n := newFakeNode(t, cuts)
	if status, _, _ := run(t, "status", "--server", n.URL, "--timeout", "500ms"); status != shell.ExitFailed {
		t.Errorf("nobody answers: status %d", status)
	}
}

// apply --dry-run --exit-code ends with 4 where the venue differs from the
// file, with 0 where it does not, and with 1 where that can't be told.
func TestDryRunExitCode(t *testing.T) {
	file := filepath.Join(t.TempDir(), "venue.yaml")
	if err := os.WriteFile(file, []byte("assets:\n  - {asset: USD, scale: 2}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		answer http.HandlerFunc
		flags  string
		status int
	}{
		{says(404, `{"code":"unknown_asset","status":404}`), "--dry-run --exit-code", 4},
		{says(200, `{"asset":"USD","scale":3,"minor_unit":2}`), "--dry-run --exit-code", 4},
		{says(200, `{"asset":"USD","scale":2,"minor_unit":2}`), "--dry-run --exit-code", 0},
		{says(404, `{"code":"unknown_asset","status":404}`), "--dry-run", 0},
		{cuts, "--dry-run --exit-code", 1},
	} {
		n := newFakeNode(t, c.answer)
		status, _, stderr := run(t, strings.Fields("apply -f "+file+" "+c.flags+" --timeout 2s --server "+n.URL)...)
		if status != c.status {
			t.Errorf("%s: status %d, want %d: %s", c.flags, status, c.status, stderr)
		}
	}
}
