package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/cli"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// interrupted runs a command line on a venue that answers by answer, and is broken
// off when that closes over.
func interrupted(t *testing.T, terminal bool, answer func(w http.ResponseWriter, r *http.Request, interrupt func()), args ...string) (status int, stdout, stderr string) {
	t.Helper()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	n := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // else nobody sees that the client has gone
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer(w, r, interrupt)
	}))
	defer n.Close()
	var out, err bytes.Buffer
	sh := newShell(&out, &err)
	sh.ErrTerminal = terminal
	status = cli.Run(ctx, sh, append(args, "--server", n.URL))
	return status, out.String(), err.String()
}

// TestInterruptedExport shows that Ctrl-C ends an export with what was written and
// where to go on, after a bar on a terminal, as JSON where that was asked for.
func TestInterruptedExport(t *testing.T) {
	two := func(w http.ResponseWriter, r *http.Request, interrupt func()) {
		if r.URL.Query().Has("cursor") {
			interrupt()
			<-r.Context().Done()
			return
		}
		_, _ = io.WriteString(w, `{"sequence":8,"items":[{"sequence":3},{"sequence":4}],"next":"c"}`)
	}
	status, stdout, stderr := interrupted(t, true, two, "events", "export", "--after", "2")
	if status != shell.ExitFailed || strings.Count(stdout, "\n") != 2 {
		t.Errorf("status %d: %s", status, stdout)
	}
	for _, want := range []string{"interrupted: 2 events were written, through sequence 4; --after 4 goes on", "export", "0/6"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("%q is not in %q", want, stderr)
		}
	}
	_, _, stderr = interrupted(t, false, two, "events", "export", "--output", "json")
	if want := `{"error":{"code":"interrupted","message":"2 events were written`; !strings.HasPrefix(stderr, want) || strings.Count(stderr, "\n") != 1 {
		t.Errorf("got %q, want %s…", stderr, want)
	}
}

// TestInterruptedBench shows that Ctrl-C ends a measurement with what was measured.
func TestInterruptedBench(t *testing.T) {
	var sent atomic.Int64
	status, stdout, stderr := interrupted(t, false, func(w http.ResponseWriter, r *http.Request, interrupt func()) {
		switch {
		case strings.Contains(r.URL.Path, "instruments/"):
			_, _ = io.WriteString(w, `{"instrument":"BTC-USD","base":"BTC","quote":"USD","price_tick":"0.01","quantity_step":"0.0001","reference_price":"60000.00"}`)
		case r.Method == http.MethodGet:
			_, _ = io.WriteString(w, `{"nodes":[]}`)
		case r.URL.Path != "/v1/commands":
			_, _ = io.WriteString(w, `{"command_id":"x","status":"accepted"}`)
		default:
			var ids []string
			body, _ := io.ReadAll(r.Body)
			for part := range strings.SplitSeq(string(body), `"command_id":`) {
				if id, _, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(part), `"`), `"`); ok && strings.HasPrefix(strings.TrimSpace(part), `"`) {
					ids = append(ids, fmt.Sprintf(`{"command_id":%q,"http_status":200,"answer":{"status":"accepted"}}`, id))
				}
			}
			_, _ = io.WriteString(w, "["+strings.Join(ids, ",")+"]")
			if sent.Add(1) == 20 {
				interrupt()
			}
		}
	}, "bench", "rest", "--clients", "1", "--batch", "2", "--duration", "1h")
	if status != shell.ExitFailed || !strings.Contains(stdout, "commands per second") || !strings.Contains(stderr, "interrupted: this is of ") || !strings.Contains(stderr, " of 1h0m0s") {
		t.Errorf("status %d: %s %s", status, stdout, stderr)
	}
}

// TestRebuildWaits shows that a rebuild is waited for, with how far it is, unless
// --no-wait, and that Ctrl-C says that the node goes on.
func TestRebuildWaits(t *testing.T) {
	var looks atomic.Int64
	last := int64(3)
	venue := func(w http.ResponseWriter, r *http.Request, interrupt func()) {
		switch r.URL.Path {
		case "/healthz":
			_, _ = io.WriteString(w, `{"status":"ok","node":"n2"}`)
		case "/v1/cluster":
			n := looks.Add(1)
			state, at := "rebuilding", n*100
			if n >= last {
				state, at = "live", 400
			}
			if last > 10 && n == 2 {
				interrupt()
			}
			_, _ = fmt.Fprintf(w, `{"nodes":[{"id":"n1","read_models":[{"name":"orders","state":"live","sequence":1}]},
				{"id":"n2","read_models":[{"name":"orders","state":"%s","sequence":%d,"lag":%d}]}],"findings":[]}`, state, at, 400-at)
		default:
			_, _ = io.WriteString(w, `{"status":"rebuilding"}`)
		}
	}
	status, stdout, stderr := interrupted(t, true, venue, "readmodel", "rebuild", "orders")
	if status != 0 || !strings.Contains(stdout, "rebuilt orders in ") || !strings.Contains(stdout, "through sequence 400") || !strings.Contains(stderr, "25%") {
		t.Errorf("status %d: %q %q", status, stdout, stderr)
	}
	looks.Store(0)
	if status, stdout, _ := interrupted(t, true, venue, "readmodel", "rebuild", "orders", "--no-wait"); status != 0 || stdout != "rebuilding orders\n" || looks.Load() != 0 {
		t.Errorf("--no-wait: status %d, %q, %d looks", status, stdout, looks.Load())
	}
	looks.Store(0)
	last = 100
	status, _, stderr = interrupted(t, false, venue, "readmodel", "rebuild", "orders")
	if status != shell.ExitFailed || !strings.Contains(stderr, "interrupted: orders is folded through sequence") {
		t.Errorf("interrupted: status %d, %q", status, stderr)
	}
}

// TestApplySaysHowFar shows that an apply that is refused says what of it was done.
func TestApplySaysHowFar(t *testing.T) {
	file := filepath.Join(t.TempDir(), "venue.yaml")
	text := "assets:\n  - {asset: USD, scale: 2}\n  - {asset: EUR, scale: 2}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var sent atomic.Int64
	status, _, stderr := interrupted(t, false, func(w http.ResponseWriter, r *http.Request, interrupt func()) {
		switch {
		case r.Method == http.MethodGet:
			_, _ = io.WriteString(w, `{"sequence":1,"items":[]}`)
		case sent.Add(1) == 2:
			interrupt()
			<-r.Context().Done()
		default:
			_, _ = io.WriteString(w, `[{"http_status":200,"answer":{"status":"accepted"}}]`)
		}
	}, "apply", "-f", file)
	if status == 0 || !strings.Contains(stderr, "1 of 2 changes were made") && !strings.Contains(stderr, "outcome unknown") {
		t.Errorf("status %d: %s", status, stderr)
	}
}
