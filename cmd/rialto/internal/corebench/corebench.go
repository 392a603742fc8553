// Package corebench drives the venue's core, one thread and no network, with
// workload files: what `rialto bench core` runs.
//
// A workload fills a book and then streams commands at it; its header says
// what must come out, so a run proves that the same trades were made, with the
// same makers, at the same prices, in the same order.
package corebench

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// ErrDiffers: the run did not make the trades that the file says.
var ErrDiffers = errors.New("trades differ from the workload's")

// Hex prints as "0x" and sixteen hexadecimal digits.
type Hex uint64

// MarshalText implements encoding.TextMarshaler.
func (h Hex) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "0x%016x", uint64(h)), nil }

// Tally is what the measured part did.
type Tally struct {
	Trades    uint64 `json:"trades"`
	Volume    uint64 `json:"volume"`
	Notional  uint64 `json:"notional"`
	TradeHash Hex    `json:"trade_hash"`
	Rejects   uint64 `json:"rejects"`
}

// trade adds one trade to the tally.
func (t *Tally) trade(maker, price, quantity uint64) {
	t.Trades++
	t.Volume += quantity
	t.Notional += quantity * price
	t.TradeHash = (t.TradeHash ^ Hex(maker<<32|price<<16|quantity&0xffff)) * 1099511628211
}

// newTally is that of no trades: its hash is FNV's offset basis.
func newTally() Tally { return Tally{TradeHash: 14695981039346656037} }

// Latency is that of single commands, in nanoseconds, the clock's own cost
// (some 40 ns) included.
type Latency struct {
	P50   int64 `json:"p50"`
	P99   int64 `json:"p99"`
	P999  int64 `json:"p99.9"`
	P9999 int64 `json:"p99.99"`
	Max   int64 `json:"max"`
}

// Result is a run's report.
type Result struct {
	Tally
	Commands          int     `json:"commands"`
	CommandsPerSecond float64 `json:"commands_per_second"`
	Latency           Latency `json:"latency_ns"`
}

// engine is what a workload drives.
type engine interface {
	// do executes one command.
	do(c *wire)
	// tally returns what was done since the last call of restart.
	tally() Tally
	restart()
}

// run measures twice, each on a fresh engine: commands a second without
// looking at the clock in between, then the latency of each command.
func run(path string, fresh func(*workload) engine) (Result, error) {
	w, err := load(path)
	if err != nil {
		return Result{}, err
	}
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	measured := w.commands[w.before:]
	e := prefilled(w, fresh)
	start := time.Now()
	for i := range measured {
		e.do(&measured[i])
	}
	took := time.Since(start)
	r := Result{Tally: e.tally(), Commands: len(measured), CommandsPerSecond: float64(len(measured)) / took.Seconds()}
	if r.Tally != w.want {
		return r, fmt.Errorf("%s: got %+v, want %+v: %w", path, r.Tally, w.want, ErrDiffers)
	}
	r.Latency = latencies(measured, prefilled(w, fresh))
	return r, nil
}

func prefilled(w *workload, fresh func(*workload) engine) engine {
	e := fresh(w)
	for i := range w.before {
		e.do(&w.commands[i])
	}
	e.restart()
	return e
}

func latencies(commands []wire, e engine) Latency {
	h := hdrhistogram.New(1, int64(time.Second), 3)
	before := time.Now()
	for i := range commands {
		e.do(&commands[i])
		now := time.Now()
		_ = h.RecordValue(int64(now.Sub(before))) // over a second: the maximum
		before = time.Now()
	}
	return Latency{
		P50: h.ValueAtQuantile(50), P99: h.ValueAtQuantile(99),
		P999: h.ValueAtQuantile(99.9), P9999: h.ValueAtQuantile(99.99), Max: h.Max(),
	}
}
