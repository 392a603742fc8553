package chaos_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/fixtraffic"
	"github.com/rialto-exchange/rialto/chaos/internal/venue"
	"github.com/rialto-exchange/rialto/cmd/rialto/fixclient"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// watcher is a session that has one order under way at a time, and knows how
// long each took.
type watcher struct {
	client *fixclient.Client
	mu     sync.Mutex
	id     string
	began  time.Time
	took   []time.Duration
	count  int
	ended  []error // why its connections ended
}

func watch(t *testing.T, v *venue.Venue) *watcher {
	t.Helper()
	w := &watcher{}
	c, err := fixclient.New(fixclient.Options{
		Addresses: v.FIX(0)[:1], Sender: "TRADER1", Target: fixtraffic.Target, Password: "rialto", Persist: true,
		HeartBeat: 10 * time.Second, Receive: w.report, Change: w.change,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.client = c
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	w.order()
	return w
}

func (w *watcher) change(c fixclient.Change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !c.Up {
		w.ended = append(w.ended, c.Err)
	}
}

func (w *watcher) order() {
	w.mu.Lock()
	w.count++
	o := fixtraffic.Order{ID: "watch-" + strconv.Itoa(w.count), Account: "trader1", Buy: w.count%2 == 0}
	w.id, w.began = o.ID, time.Now()
	w.mu.Unlock()
	_, _ = w.client.Send("D", func(b *fixclient.Builder) { // what is not sent shows as time
		for tag, value := range o.Fields(time.Now()) {
			b.Text(wire.Tag(tag), value)
		}
	})
}

func (w *watcher) report(m *fixclient.Message) {
	id, _ := m.Get(11)
	w.mu.Lock()
	mine := string(id) == w.id
	if mine {
		w.took = append(w.took, time.Since(w.began))
		w.id = ""
	}
	w.mu.Unlock()
	if mine {
		w.order()
	}
}

// lap returns how long orders took since the last lap, sorted, and begins a new
// one. The order under way counts as long as it has taken.
func (w *watcher) lap() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	took := append(w.took, time.Since(w.began))
	w.took = nil
	slices.Sort(took)
	return took
}

func percentile(sorted []time.Duration, share float64) time.Duration {
	return sorted[int(share*float64(len(sorted)-1)+0.5)].Round(10 * time.Microsecond)
}

// memory returns the resident memory of a process, in bytes.
func memory(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

// What an attack may cost: memory of the node, which trades meanwhile, less than
// half of the flood; and time of another session's orders on a busy machine.
const (
	maxGrowth = 96 << 20
	maxWait   = 5 * time.Second
)

// TestHostileClients shows that nothing that arrives on the FIX port ends a
// node, holds much of its memory, or slows another session down, whose orders
// are timed meanwhile.
func TestHostileClients(t *testing.T) {
	v := startFIXVenue(t)
	w := watch(t, v)
	if err := v.Until(t.Context(), "the watching session trades", func(context.Context) bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.took) > 200
	}); err != nil {
		t.Fatal(err)
	}
	quiet := w.lap()
	t.Logf("%-34s p50 %v, p99 %v, longest %v", "undisturbed", percentile(quiet, 0.5), percentile(quiet, 0.99), percentile(quiet, 1))
	pid, address := v.PID(0), v.FIX(0)[0]
	for _, a := range attacks() {
		if !t.Run(a.name, func(t *testing.T) {
			before := memory(t, pid)
			a.do(t, address)
			took := w.lap()
			grown := (memory(t, pid) - before) >> 20
			t.Logf("%-34s p50 %v, p99 %v, longest %v; %d MiB more", a.name, percentile(took, 0.5), percentile(took, 0.99), percentile(took, 1), grown)
			switch {
			case !v.Running(0) || v.PID(0) != pid:
				t.Fatal("the node is gone")
			case grown > maxGrowth>>20:
				t.Errorf("the node holds %d MiB more", grown)
			case percentile(took, 1) > maxWait:
				t.Errorf("another session waited %v", percentile(took, 1))
			}
		}) && !v.Running(0) {
			t.Fatal("the node is gone")
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.ended) > 0 {
		t.Errorf("the watching session lost its connection: %v", w.ended)
	}
}
