package load

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sync/errgroup"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
)

// Options say what load to make.
type Options struct {
	Run string // begins all ids
	// Clients send at once, each over its own connection.
	Clients int
	// Batch is how many commands go into one request.
	Batch int
	// Rate is how many commands a second are offered in all (open loop); 0 =
	// each client sends when it was answered (closed loop).
	Rate       float64
	Duration   time.Duration
	Instrument string
	// Cancels is the share of commands that cancel the order before, 0 … 1.
	Cancels float64
	// Snapshots is the pause between two snapshots, of one node after the other;
	// 0 = none is asked for.
	Snapshots time.Duration
}

// Latency is in milliseconds.
type Latency struct {
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p99.9"`
	Max  float64 `json:"max"`
}

// Report is what came out. Latency is of a request, from when it was due
// (open loop: so that a stall counts for all that it held up) or sent.
type Report struct {
	Clients           int            `json:"clients"`
	Batch             int            `json:"batch"`
	OfferedPerSecond  float64        `json:"offered_per_second,omitempty"`
	Seconds           float64        `json:"seconds"`
	Commands          int64          `json:"commands"`
	CommandsPerSecond float64        `json:"commands_per_second"`
	Latency           Latency        `json:"latency_ms"`
	Rejected          map[string]int `json:"rejected"`
	// Errors are commands whose outcome stayed unknown.
	Errors int64 `json:"errors"`
	// Retries are requests that were sent again.
	Retries int64 `json:"retries"`
	// BalanceRead is the latency of balance reads beside the load.
	BalanceRead Latency `json:"balance_read_ms"`
	// ProjectionLag is how far the slowest read model was behind, sampled.
	ProjectionLag Latency `json:"projection_lag_ms"`
	// Snapshots is absent where none was asked for.
	Snapshots *Snapshots `json:"snapshots,omitempty"`
}

// The histograms' range is a minute, in microseconds.
const maxMicros = 60_000_000

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, maxMicros, 3) }

func record(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(min(max(d.Microseconds(), 1), maxMicros)) // within the range, so it can't fail
}

func latencyOf(h *hdrhistogram.Histogram) Latency {
	ms := func(micros int64) float64 { return float64(micros) / 1000 }
	return Latency{ms(h.ValueAtPercentile(50)), ms(h.ValueAtPercentile(99)), ms(h.ValueAtPercentile(99.9)), ms(h.Max())}
}

// tally collects what the clients see.
type tally struct {
	snapshots *snapshots // nil: none are asked for

	mu       sync.Mutex
	latency  *hdrhistogram.Histogram
	commands int64
	errors   int64
	repeated int64 // requests that were sent again, before the client's own
	rejected map[string]int
}

func (t *tally) add(latency time.Duration, results []client.Brief) {
	t.snapshots.add(latency)
	t.mu.Lock()
	defer t.mu.Unlock()
	record(t.latency, latency)
	t.commands += int64(len(results))
	for i := range results {
		if p := results[i].Problem; p != nil {
			t.rejected[p.Code]++
		}
	}
}

func (t *tally) again() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.repeated++
}

func (t *tally) lost(commands int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.errors += int64(commands)
}

// Run makes the load and returns the report. Client i begins at node i.
func Run(ctx context.Context, cl *client.Client, o Options) (*Report, error) {
	workers, err := prepare(ctx, cl, o)
	if err != nil {
		return nil, err
	}
	t := &tally{latency: newHistogram(), rejected: map[string]int{}}
	if o.Snapshots > 0 {
		t.snapshots = &snapshots{beside: newHistogram(), apart: newHistogram()}
	}
	watch := &watcher{reads: newHistogram(), lag: newHistogram()}
	retried, begin := cl.Failures(), time.Now()
	running, stop := context.WithTimeout(ctx, o.Duration)
	defer stop()
	group, groupCtx := errgroup.WithContext(running)
	group.Go(func() error { return watch.balances(groupCtx, cl, workers[0].account) })
	group.Go(func() error { return watch.lags(groupCtx, cl) })
	if o.Snapshots > 0 {
		group.Go(func() error { return t.snapshots.take(groupCtx, cl, o.Snapshots) })
	}
	for i, w := range workers {
		group.Go(func() error { return w.run(groupCtx, t, begin.Add(o.offset(i)), o.interval()) })
	}
	err = group.Wait()
	if errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	seconds := time.Since(begin).Seconds()
	return &Report{
		Clients: o.Clients, Batch: o.Batch, OfferedPerSecond: o.Rate, Seconds: seconds,
		Commands: t.commands, CommandsPerSecond: float64(t.commands) / seconds,
		Latency: latencyOf(t.latency), Rejected: t.rejected, Errors: t.errors, Retries: cl.Failures() - retried + t.repeated,
		BalanceRead: latencyOf(watch.reads), ProjectionLag: latencyOf(watch.lag),
		Snapshots: t.snapshots.report(),
	}, err
}

// interval is the time between two requests of one client in the open loop.
func (o Options) interval() time.Duration {
	if o.Rate == 0 {
		return 0
	}
	return time.Duration(float64(time.Second) * float64(o.Clients) * float64(o.Batch) / o.Rate)
}

// offset spreads the clients over the interval.
func (o Options) offset(i int) time.Duration {
	return o.interval() * time.Duration(i) / time.Duration(o.Clients)
}

// prepare opens and funds an account for each client.
func prepare(ctx context.Context, cl *client.Client, o Options) ([]*worker, error) {
	var in instrument
	if err := cl.Get(ctx, "/v1/queries/instruments/"+o.Instrument, nil, &in); err != nil {
		return nil, fmt.Errorf("instrument %s: %w", o.Instrument, err)
	}
	if plain := quote(nil, in.Instrument); string(plain) != strconv.Quote(in.Instrument) {
		return nil, fmt.Errorf("instrument %s: its name can't be sent", plain)
	}
	workers := make([]*worker, o.Clients)
	var setup []client.Command
	for i := range workers {
		w, err := newWorker(cl.At(i), o, in, i)
		if err != nil {
			return nil, err
		}
		workers[i] = w
		setup = append(setup, w.setup(in)...)
	}
	for len(setup) > 0 {
		n := min(len(setup), client.MaxBatch)
		results, err := cl.Batch(ctx, setup[:n])
		if err != nil {
			return nil, fmt.Errorf("open accounts: %w", err)
		}
		for i := range results {
			if p := results[i].Problem; p != nil {
				return nil, fmt.Errorf("open accounts: %w", p)
			}
		}
		setup = setup[n:]
	}
	return workers, nil
}
