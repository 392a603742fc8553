package fixload_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cmd/rialto/fixclient"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/fixload"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// venue is one session's: it reports every order, but for every refuse-th,
// which it rejects. It drops the connection instead of answering order `drop`.
type venue struct {
	address      string
	in, out      uint64
	orders       int
	refuse, drop int
	back         time.Duration // how long it is gone then
	gone         atomic.Bool
}

func startVenue(t *testing.T, v *venue) *venue {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	v.address, v.in, v.out = l.Addr().String(), 1, 1
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if !v.gone.Load() {
				v.serve(conn)
			}
			_ = conn.Close()
		}
	}()
	return v
}

func (v *venue) serve(conn net.Conn) {
	in := wire.NewReader(conn, wire.MaxMessage)
	var b wire.Builder
	var m wire.Message
	say := func(kind, fields string, id []byte) {
		b.Begin("FIX.4.4", kind, "RIALTO", "T", v.out, market.Nanos(time.Now().UnixNano()), 3)
		b.Bytes(11, id)
		b.Fields([]byte(fields))
		v.out++
		_, _ = conn.Write(b.Finish(nil))
	}
	for {
		raw, err := in.Next()
		if err != nil || wire.Parse(raw, &m) != nil {
			return
		}
		if m.SeqNum() > v.in && m.Type() == "A" {
			say("A", "98=0\x01108=10\x01", nil)
			say("2", fmt.Sprintf("7=%d\x0116=0\x01", v.in), nil)
			continue
		}
		if m.SeqNum() < v.in {
			continue
		}
		v.in++
		id, _ := m.Get(11)
		switch m.Type() {
		case "A":
			say("A", "98=0\x01108=10\x01", nil)
		case "4":
			next, _ := m.Get(wire.NewSeqNo)
			v.in, _ = wire.ParseUint(next)
		case "D":
			v.orders++
			switch {
			case v.drop > 0 && v.orders == v.drop:
				v.in-- // it never came
				v.orders, v.drop = v.orders-1, 0
				v.gone.Store(true)
				time.AfterFunc(v.back, func() { v.gone.Store(false) })
				return
			case v.refuse > 0 && v.orders%v.refuse == 0:
				say("8", "150=8\x0139=8\x0158=insufficient_funds: no\x01", id)
			default:
				say("8", "150=0\x0139=0\x01", id)
				say("8", "150=F\x0139=2\x01", id)
			}
		case "5":
			say("5", "", nil)
			return
		}
	}
}

func options(v *venue) fixload.Options {
	return fixload.Options{
		Run: "t", Window: 20, Duration: 300 * time.Millisecond, Instrument: "A-B", Price: "1", Quantity: "1", HTTP: http.DefaultClient,
		Logins: []fixload.Login{{Account: "a", Client: fixclient.Options{
			Addresses: []string{v.address}, Sender: "T", Target: "RIALTO", Persist: true, Pause: time.Millisecond,
		}}},
	}
}

// TestClosedLoop shows that every order is counted once, by its first report,
// and refusals by their code.
func TestClosedLoop(t *testing.T) {
	r, err := fixload.Run(t.Context(), options(startVenue(t, &venue{refuse: 10})))
	if err != nil {
		t.Fatal(err)
	}
	if r.Orders < 100 || r.Unanswered != 0 || r.Latency.Count != r.Orders || r.Latency.P50 <= 0 {
		t.Errorf("%+v", r)
	}
	if got := r.Rejected["insufficient_funds"]; got != r.Orders/10 {
		t.Errorf("%d of %d orders refused, want a tenth", got, r.Orders)
	}
	if want := 2*(r.Orders-r.Orders/10) + r.Orders/10; r.Reports != want {
		t.Errorf("%d reports, want %d", r.Reports, want)
	}
}

// TestGap shows that a lost node costs no order, and that the time without a
// report is measured and charged to who was due then.
func TestGap(t *testing.T) {
	const back = 150 * time.Millisecond
	o := options(startVenue(t, &venue{drop: 30, back: back}))
	o.Rate, o.Duration = 200, time.Second
	r, err := fixload.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Client.Logons != 2 || r.Unanswered != 0 || r.Orders < 150 || r.Client.Resent == 0 {
		t.Errorf("%+v", r)
	}
	ms := float64(back.Milliseconds())
	if r.LostGaps.Count != 1 || r.LostGaps.P50 < ms || r.Latency.Max < ms || r.KeptGaps.Count != 0 {
		t.Errorf("gaps %+v and %+v, latency %+v; the node was gone for %v", r.LostGaps, r.KeptGaps, r.Latency, back)
	}
}

// TestCommits shows that a node's own commits are read from the difference of
// two readings of its histogram.
func TestCommits(t *testing.T) {
	var reads atomic.Int64
	metrics := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := reads.Add(1) * 100 // 100 more by the second reading, all between 1 and 2 ms
		_, _ = io.WriteString(w, fmt.Sprintf("rialto_commit_seconds_bucket{node=\"n1\",le=\"0.001\"} 7\n"+
			"rialto_commit_seconds_bucket{node=\"n1\",le=\"0.002\"} %d\nrialto_commit_seconds_bucket{node=\"n1\",le=\"+Inf\"} %d\n", n, n))
	}))
	defer metrics.Close()
	o := options(startVenue(t, &venue{}))
	o.Metrics = []string{metrics.URL}
	r, err := fixload.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if c := r.Commits["n1"]; c.Count != 100 || c.P50 < 1.4 || c.P50 > 1.6 {
		t.Errorf("%+v, want 100 with half of them below 1.5 ms", c)
	}
}
