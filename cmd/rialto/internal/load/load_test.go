package load_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/load"
)

// node accepts everything. The stall-th order is answered only after a while.
func node(t *testing.T, stall int64, pause time.Duration) *client.Client {
	t.Helper()
	var orders atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/v1/queries/instruments/"):
			_, _ = io.WriteString(w, `{"instrument":"A-B","base":"A","quote":"B","price_tick":"0.05","quantity_step":"1","reference_price":"100"}`)
		case r.Method == http.MethodGet:
			_, _ = io.WriteString(w, `{"nodes":[{"read_models":[{"lag_ms":2}]}]}`)
		case r.URL.Path == "/v1/commands":
			body, _ := io.ReadAll(r.Body)
			n := bytes.Count(body, []byte(`"command_id"`))
			_, _ = io.WriteString(w, "["+strings.TrimSuffix(strings.Repeat(`{"http_status":200,"answer":{}},`, n), ",")+"]")
		default:
			if orders.Add(1) == stall {
				timer := time.NewTimer(pause)
				defer timer.Stop()
				<-timer.C
			}
			_, _ = io.WriteString(w, `{}`)
		}
	}))
	t.Cleanup(server.Close)
	cl, err := client.New([]string{server.URL}, "")
	if err != nil {
		t.Fatal(err)
	}
	return cl
}

// TestOpenLoopCountsStalls shows that a stall of the venue counts for every
// request that was due meanwhile, not for the one that hung alone, and that
// the offered rate is made up for afterwards.
func TestOpenLoopCountsStalls(t *testing.T) {
	const pause = 200 * time.Millisecond
	report, err := load.Run(t.Context(), node(t, 10, pause), load.Options{
		Run: "t", Clients: 1, Batch: 1, Rate: 200, Duration: time.Second, Instrument: "A-B",
	})
	if err != nil {
		t.Fatal(err)
	}
	// 200 were due, 40 of them during the stall: a fifth waited, on average
	// half of it.
	if report.Commands < 100 || report.Commands > 201 {
		t.Errorf("%d commands, want about 200", report.Commands)
	}
	if report.Latency.P99 < 100 {
		t.Errorf("p99 %.1f ms: the stall was left out", report.Latency.P99)
	}
	if report.Errors != 0 || report.ProjectionLag.Max < 1.9 {
		t.Errorf("report %+v", report)
	}
}

// TestUnknownIsAnError shows that commands whose outcome stays unknown are
// counted as errors, not among what the venue refused.
func TestUnknownIsAnError(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/queries/instruments/A-B":
			_, _ = io.WriteString(w, `{"instrument":"A-B","base":"A","quote":"B","price_tick":"0.05","quantity_step":"1","reference_price":"100"}`)
		case "/v1/commands":
			body, _ := io.ReadAll(r.Body)
			n := bytes.Count(body, []byte(`"command_id"`))
			_, _ = io.WriteString(w, "["+strings.TrimSuffix(strings.Repeat(`{"http_status":200,"answer":{}},`, n), ",")+"]")
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"code":"degraded","outcome":"unknown"}`)
		}
	}))
	t.Cleanup(server.Close)
	cl, err := client.New([]string{server.URL}, "")
	if err != nil {
		t.Fatal(err)
	}
	report, err := load.Run(t.Context(), cl.WithPatience(300*time.Millisecond), load.Options{
		Run: "t", Clients: 1, Batch: 1, Duration: time.Second, Instrument: "A-B",
	})
	if err != nil || report.Errors == 0 || len(report.Rejected) > 0 {
		t.Errorf("report %+v, %v; want errors only", report, err)
	}
}

// TestBatches shows that a closed loop counts the commands of batches.
func TestBatches(t *testing.T) {
	report, err := load.Run(t.Context(), node(t, 0, 0), load.Options{
		Run: "t", Clients: 3, Batch: 7, Duration: 100 * time.Millisecond, Instrument: "A-B", Cancels: 0.5,
	})
	if err != nil {
		t.Fatal(err)
	}
	if report.Commands == 0 || report.Commands%7 != 0 || report.CommandsPerSecond <= 0 {
		t.Errorf("report %+v", report)
	}
}

// TestRequestsBesideSnapshots shows that requests which were under way while a
// node took a snapshot are told from the others.
func TestRequestsBesideSnapshots(t *testing.T) {
	inner := node(t, 0, 0)
	var taking atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/admin/snapshot" {
			taking.Store(true)
			pause(200 * time.Millisecond)
			taking.Store(false)
			_, _ = io.WriteString(w, `{}`)
			return
		}
		if taking.Load() && strings.HasPrefix(r.URL.Path, "/v1/commands/") {
			pause(50 * time.Millisecond)
		}
		target, _ := url.Parse(inner.Servers()[0])
		httputil.NewSingleHostReverseProxy(target).ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	cl, err := client.New([]string{server.URL}, "")
	if err != nil {
		t.Fatal(err)
	}
	report, err := load.Run(t.Context(), cl, load.Options{
		Run: "t", Clients: 4, Batch: 1, Rate: 50, Duration: 2 * time.Second, Instrument: "A-B", Snapshots: 300 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	s := report.Snapshots
	if s == nil || s.Taken < 1 || s.Seconds < 0.2 || s.Beside.P50 < 40 || s.Apart.P50 > s.Beside.P50/2 || s.Ratio <= 0 {
		t.Errorf("snapshots %+v", s)
	}
}

func pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	<-timer.C
}
