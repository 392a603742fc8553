package fixload

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sync/errgroup"

	"github.com/rialto-exchange/rialto/cmd/rialto/fixclient"
)

// The bounds of a run.
const (
	// MaxWindow is how many orders of a session may be without a report; in the
	// open loop what is due beyond it is not sent, and counted.
	MaxWindow = 1 << 16
	// settling is how long the last reports are waited for.
	settling = 10 * time.Second
	// minGap is the shortest time between two reports that counts as a gap.
	minGap = 10 * time.Millisecond
	// The histograms' range is a minute, in microseconds.
	maxMicros = 60_000_000
)

// Login is one session, and the account that it trades for.
type Login struct {
	Client  fixclient.Options
	Account string
}

// Options say what load to make.
type Options struct {
	Run    string // begins all ClOrdIDs
	Logins []Login
	// Window is how many orders of a session are without a report in the closed
	// loop, 1 … MaxWindow.
	Window int
	// Rate is how many orders a second are offered in all (open loop); 0: the
	// closed loop.
	Rate     float64
	Duration time.Duration
	// Instrument, and the price and quantity of each order: bought and sold in
	// turn, so that every second order trades.
	Instrument, Price, Quantity string
	// Metrics are the nodes' /metrics, whose commits are read beside.
	Metrics []string
	HTTP    *http.Client
}

// Latency is in milliseconds.
type Latency struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p99.9"`
	Max   float64 `json:"max"`
}

// Report is what came out.
type Report struct {
	Sessions         int     `json:"sessions"`
	Window           int     `json:"window,omitempty"`
	OfferedPerSecond float64 `json:"offered_per_second,omitempty"`
	Seconds          float64 `json:"seconds"`
	Orders           int64   `json:"orders"`  // answered with a report
	Reports          int64   `json:"reports"` // messages that came, once each
	OrdersPerSecond  float64 `json:"orders_per_second"`
	// Latency is from an order's sending, or from when it was due in the open
	// loop, to its first report.
	Latency  Latency          `json:"order_to_report_ms"`
	Rejected map[string]int64 `json:"rejected"`
	// Unanswered orders got no report; Skipped ones were due and not sent, since
	// MaxWindow were without one.
	Unanswered int64 `json:"unanswered"`
	Skipped    int64 `json:"skipped"`
	// Commits is how long a node's own commits took meanwhile, by node.
	Commits map[string]Latency `json:"node_commit_ms"`
	// LostGaps are the times without a report at sessions that lost their node,
	// KeptGaps the longest ones meanwhile at each session that kept its own: what
	// the venue itself needed (10 ms where it was less).
	LostGaps Latency `json:"gap_node_lost_ms"`
	KeptGaps Latency `json:"gap_node_kept_ms"`
	// Client counts what the sessions did to lose and double nothing.
	Client fixclient.Stats `json:"client"`
}

// Run makes the load and returns the report, also with the error of ctx if that
// ends it. Session i begins at address i of
// its client's, modulo their number.
func Run(ctx context.Context, o Options) (*Report, error) {
	traders := make([]*trader, len(o.Logins))
	for i := range o.Logins {
		t, err := newTrader(o, i)
		if err != nil {
			return nil, err
		}
		traders[i] = t
	}
	alive, leave := context.WithCancel(ctx)
	defer leave()
	group, alive := errgroup.WithContext(alive)
	for _, t := range traders {
		group.Go(func() error { return t.client.Run(alive) })
	}
	seconds, commits, err := load(alive, o, traders)
	for _, t := range traders {
		t.client.Logout("")
	}
	end := time.AfterFunc(time.Second, leave) // whoever has no node to say goodbye to
	defer end.Stop()
	err = errors.Join(err, group.Wait())
	switch {
	case ctx.Err() != nil && seconds > 0:
		err = ctx.Err() // whoever ended it is told what came out so far
	case err != nil:
		return nil, err
	}
	return report(o, traders, seconds, commits), err
}

// load trades for the duration, and returns it and the nodes' commits
// meanwhile.
func load(ctx context.Context, o Options, traders []*trader) (seconds float64, commits map[string]Latency, err error) {
	for _, t := range traders {
		select {
		case <-t.up:
		case <-ctx.Done():
			return 0, nil, errors.New("a session did not come up")
		case <-time.After(settling):
			return 0, nil, fmt.Errorf("no node takes the logon of %s", t.login.Client.Sender)
		}
	}
	before := scrape(ctx, o)
	begin := time.Now()
	running, stop := context.WithTimeout(ctx, o.Duration)
	defer stop()
	group, running := errgroup.WithContext(running)
	for i, t := range traders {
		group.Go(func() error { return t.trade(running, begin.Add(o.offset(i)), o.interval()) })
	}
	err = group.Wait()
	seconds = time.Since(begin).Seconds()
	for _, t := range traders {
		t.settle(ctx)
	}
	return seconds, since(before, scrape(ctx, o)), err
}

// interval is the time between two orders of one session in the open loop.
func (o Options) interval() time.Duration {
	if o.Rate == 0 {
		return 0
	}
	return time.Duration(float64(time.Second) * float64(len(o.Logins)) / o.Rate)
}

// offset spreads the sessions over the interval.
func (o Options) offset(i int) time.Duration {
	return o.interval() * time.Duration(i) / time.Duration(len(o.Logins))
}

func report(o Options, traders []*trader, seconds float64, commits map[string]Latency) *Report {
	r := &Report{
		Sessions: len(traders), Window: o.Window, OfferedPerSecond: o.Rate, Seconds: seconds,
		Rejected: map[string]int64{}, Commits: commits,
	}
	if o.Rate > 0 {
		r.Window = 0
	}
	all := hdrhistogram.New(1, maxMicros, 3)
	for _, t := range traders {
		t.mu.Lock()
		all.Merge(t.latency)
		r.Orders += t.answered
		r.Unanswered += t.sent - t.answered
		r.Skipped += t.skipped
		for code, n := range t.rejected {
			r.Rejected[code] += n
		}
		t.mu.Unlock()
		s := t.client.Stats()
		r.Reports += s.Received
		r.Client = sum(r.Client, s)
	}
	r.OrdersPerSecond = float64(r.Orders) / seconds
	r.Latency = latencyOf(all)
	r.LostGaps, r.KeptGaps = gapsOf(traders)
	return r
}

func sum(a, b fixclient.Stats) fixclient.Stats {
	return fixclient.Stats{
		Logons: a.Logons + b.Logons, Refused: a.Refused + b.Refused, Asked: a.Asked + b.Asked, Answered: a.Answered + b.Answered,
		Resent: a.Resent + b.Resent, PossDups: a.PossDups + b.PossDups, Received: a.Received + b.Received,
	}
}

func record(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(min(max(d.Microseconds(), 1), maxMicros)) // within the range, so it can't fail
}

func latencyOf(h *hdrhistogram.Histogram) Latency {
	ms := func(micros int64) float64 { return float64(micros) / 1000 }
	return Latency{h.TotalCount(), ms(h.ValueAtPercentile(50)), ms(h.ValueAtPercentile(99)), ms(h.ValueAtPercentile(99.9)), ms(h.Max())}
}
