package decode_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rialto-exchange/rialto/gateways/fix/internal/fixtest"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

var (
	inputs = flag.Int("inputs", 40_000, "how many messages TestCampaign sends through the door")
	seed   = flag.Uint64("seed", 1, "of TestCampaign's messages")
)

// TestCampaign sends messages of every type through the door, bent in every
// way: fields left out, doubled, moved, with values from a list of nasty ones,
// tags from all tables, bytes changed before and after the checksum was
// computed. They arrive in a stream, in pieces. Nothing may panic, hold more
// than its bound, or break what door checks. It prints what became of them.
func TestCampaign(t *testing.T) {
	d := dictionaries(t)
	workers := runtime.GOMAXPROCS(0)
	results := make([]map[string]map[answer]int, workers)
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			b := campaign{Bender: fixtest.NewBender(*seed, uint64(w)), door: door{dictionary: d}, became: map[string]map[answer]int{}}
			results[w] = b.became
			for n := 0; n < *inputs/workers; {
				sent, err := b.stream()
				if err != nil {
					t.Errorf("seed %d: %v", *seed, err)
					return
				}
				n += sent
			}
		})
	}
	wait.Wait()
	report(t, results)
}

// report adds up what became of each type, and fails where an answer was never
// seen: then the campaign shows nothing.
func report(t *testing.T, results []map[string]map[answer]int) {
	t.Helper()
	sum, all, total := map[string]map[answer]int{}, map[answer]int{}, 0
	for _, r := range results {
		for kind, became := range r {
			if sum[kind] == nil {
				sum[kind] = map[answer]int{}
			}
			for a, n := range became {
				sum[kind][a] += n
				all[a] += n
				total += n
			}
		}
	}
	answers := []answer{taken, declined, business, rejected, garbled, hungUp}
	t.Logf("%d messages sent with seed %d, %d arrived as such", *inputs, *seed, total)
	for _, kind := range slices.Sorted(maps.Keys(sum)) {
		var line strings.Builder
		for _, a := range answers {
			fmt.Fprintf(&line, "  %s %d", a, sum[kind][a])
		}
		t.Logf("35=%-3s%s", kind, line.String())
	}
	for _, a := range answers {
		if all[a] == 0 {
			t.Errorf("no message was %s", a)
		}
	}
}

// campaign sends streams of bent messages.
type campaign struct {
	*fixtest.Bender
	door   door
	became map[string]map[answer]int
}

// stream sends some messages through a reader, in pieces, and returns how many.
func (c *campaign) stream() (int, error) {
	p, count := fix44, 1+c.IntN(8)
	if c.IntN(2) == 0 {
		p = sp2
	}
	var sent []byte
	kinds := map[string]string{}
	for range count {
		kind, raw := c.Message(header(p))
		kinds[string(raw)] = kind
		sent = append(sent, raw...)
	}
	r := wire.NewReader(c.InPieces(sent), wire.MaxMessage)
	for {
		raw, err := r.Next()
		if err != nil {
			var e *wire.Error
			if errors.As(err, &e) && e.Class == wire.Garbled {
				continue
			}
			return count, c.ended(err)
		}
		if r.Buffered() > wire.MaxMessage {
			return count, fmt.Errorf("%d bytes are held", r.Buffered())
		}
		a, err := c.door.take(raw, p)
		if err != nil {
			return count, fmt.Errorf("%v %q: %w", p, raw, err)
		}
		kind := kinds[string(raw)]
		if kind == "" {
			kind = "cut"
		}
		c.count(kind, a)
	}
}

// ended checks that a stream ended as streams do.
func (c *campaign) ended(err error) error {
	var e *wire.Error
	switch {
	case errors.As(err, &e):
		c.count("cut", hungUp)
	case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	}
	return nil
}

func (c *campaign) count(kind string, a answer) {
	if c.became[kind] == nil {
		c.became[kind] = map[answer]int{}
	}
	c.became[kind][a]++
}
