package load

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
)

// Snapshots is what requests took while a node wrote a snapshot (those that
// were under way at any moment of it), and what all others took.
type Snapshots struct {
	Taken   int     `json:"taken"`
	Seconds float64 `json:"seconds"` // that one took, on average
	Beside  Latency `json:"beside_ms"`
	Apart   Latency `json:"apart_ms"`
	// Ratio is Beside's p99.9 by that of Apart.
	Ratio float64 `json:"p99.9_ratio"`
}

// snapshots has nodes take snapshots and tells requests that were under way
// meanwhile from the others.
type snapshots struct {
	mu            sync.Mutex
	under         bool
	ended         time.Time
	took          time.Duration
	taken         int
	beside, apart *hdrhistogram.Histogram
}

// take asks one node after the other, with a pause after each, until ctx ends.
// A snapshot that ctx cuts off does not count.
func (s *snapshots) take(ctx context.Context, cl *client.Client, pause time.Duration) error {
	for i := 0; ; i++ {
		if sleepUntil(ctx, time.Now().Add(pause)) != nil {
			return nil
		}
		begun := s.begin()
		err := cl.Only(i).Post(ctx, "/v1/admin/snapshot", map[string]any{}, nil)
		s.end(begun, err == nil)
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("snapshot: %w", err)
		}
	}
}

func (s *snapshots) begin() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.under = true
	return time.Now()
}

func (s *snapshots) end(begun time.Time, taken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.under, s.ended = false, time.Now()
	if taken {
		s.taken++
		s.took += s.ended.Sub(begun)
	}
}

// add counts a request that was answered just now.
func (s *snapshots) add(latency time.Duration) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.under || time.Now().Add(-latency).Before(s.ended) {
		record(s.beside, latency)
	} else {
		record(s.apart, latency)
	}
}

func (s *snapshots) report() *Snapshots {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &Snapshots{Taken: s.taken, Beside: latencyOf(s.beside), Apart: latencyOf(s.apart)}
	if s.taken > 0 {
		r.Seconds = (s.took / time.Duration(s.taken)).Seconds()
	}
	if r.Apart.P999 > 0 {
		r.Ratio = r.Beside.P999 / r.Apart.P999
	}
	return r
}
