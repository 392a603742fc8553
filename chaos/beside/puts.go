package main

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// puts has clients put values, each its own key in turn, and reports.
func puts(address string, clients int, rate float64, duration time.Duration) (report, error) {
	var (
		all     sync.WaitGroup
		errors  atomic.Int64
		first   atomic.Pointer[error]
		begin   = time.Now()
		end     = begin.Add(duration)
		latency = make([]*hdrhistogram.Histogram, clients)
	)
	interval := time.Duration(0)
	if rate > 0 {
		interval = time.Duration(float64(time.Second) * float64(clients) / rate)
	}
	for i := range clients {
		latency[i] = hdrhistogram.New(1, 60_000_000, 3)
		all.Go(func() {
			due := begin.Add(interval * time.Duration(i) / time.Duration(clients))
			if err := client(address, i, due, interval, end, latency[i]); err != nil {
				errors.Add(1)
				first.CompareAndSwap(nil, &err)
			}
		})
	}
	all.Wait()
	took := time.Since(begin).Seconds()
	sum := latency[0]
	for _, h := range latency[1:] {
		sum.Merge(h)
	}
	if e := first.Load(); e != nil {
		return report{}, fmt.Errorf("%d of %d clients failed: %w", errors.Load(), clients, *e)
	}
	return reportOf(sum, took), nil
}

func reportOf(h *hdrhistogram.Histogram, seconds float64) report {
	ms := func(q float64) float64 { return float64(h.ValueAtPercentile(q)) / 1000 }
	return report{PerSecond: float64(h.TotalCount()) / seconds, P50: ms(50), P99: ms(99)}
}

// client puts one value after the other on a connection of its own. With an
// interval they are due at fixed times, and latency counts from when.
func client(address string, number int, due time.Time, interval time.Duration, end time.Time, latency *hdrhistogram.Histogram) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	stream, err := newStream(conn, address)
	if err != nil {
		return err
	}
	value := make([]byte, 128) // about what a command has
	for n := 0; ; n++ {
		if interval == 0 {
			due = time.Now()
		} else if wait := time.Until(due); wait > 0 {
			time.Sleep(wait)
		}
		if !due.Before(end) {
			return nil
		}
		if err := stream.put(fmt.Appendf(nil, "beside-%d-%d", number, n), value); err != nil {
			return err
		}
		_ = latency.RecordValue(max(time.Since(due).Microseconds(), 1)) // a minute is within its range
		due = due.Add(interval)
	}
}
