package failover

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// openClients share the offered rate; attemptTimeout bounds a request.
const (
	openClients    = 64
	attemptTimeout = 10 * time.Second
)

// load is what the clients of one trial do and see: one sends when it was
// answered, the others keep a rate whatever the answers do. None goes to the
// leader that ends, and none sends anything twice.
type load struct {
	run     string
	clients sync.WaitGroup

	mu     sync.Mutex
	closed []sample
	open   []sample
}

// sample is one request: when it was due or sent, when it was answered, and
// whether by a good answer.
type sample struct {
	sent, answered time.Time
	problem        string // "" = a good answer
}

// begin starts the clients, which end with ctx.
func begin(ctx context.Context, targets []string, rate float64, run string) *load {
	l := &load{run: run}
	l.clients.Go(func() { l.closedLoop(ctx, targets[0]) })
	if rate == 0 {
		return l
	}
	interval := time.Duration(float64(openClients) / rate * float64(time.Second))
	begun := time.Now()
	for i := range openClients {
		l.clients.Go(func() {
			l.openLoop(ctx, i, targets[i%len(targets)], begun.Add(interval*time.Duration(i)/openClients), interval)
		})
	}
	return l
}

func (l *load) wait() { l.clients.Wait() }

func (l *load) closedLoop(ctx context.Context, target string) {
	c := newCaller(target)
	defer c.http.CloseIdleConnections()
	for i := 0; ctx.Err() == nil; i++ {
		sent := time.Now()
		s := sample{sent: sent, problem: c.order(ctx, fmt.Sprintf("%s-c-%d", l.run, i))}
		s.answered = time.Now()
		if ctx.Err() != nil {
			return
		}
		l.mu.Lock()
		l.closed = append(l.closed, s)
		l.mu.Unlock()
		if s.problem != "" {
			_ = sleep(ctx, time.Millisecond) // a refusal is no reason to turn in circles
		}
	}
}

// openLoop sends at its times; latency counts from when a request was due.
func (l *load) openLoop(ctx context.Context, number int, target string, due time.Time, interval time.Duration) {
	c := newCaller(target)
	defer c.http.CloseIdleConnections()
	for i := 0; ; i++ {
		if sleep(ctx, time.Until(due)) != nil {
			return
		}
		s := sample{sent: due, problem: c.order(ctx, fmt.Sprintf("%s-%d-%d", l.run, number, i))}
		s.answered = time.Now()
		if ctx.Err() != nil {
			return
		}
		l.mu.Lock()
		l.open = append(l.open, s)
		l.mu.Unlock()
		due = due.Add(interval)
	}
}

// caller sends orders over one connection.
type caller struct {
	url  string
	http *http.Client
}

func newCaller(target string) *caller {
	return &caller{
		url: "http://" + target + "/v1/commands/orders/place",
		http: &http.Client{Timeout: attemptTimeout, Transport: &http.Transport{
			DialContext: (&net.Dialer{Timeout: time.Second}).DialContext, MaxIdleConnsPerHost: 1,
		}},
	}
}

// order places one that rests nowhere, and returns what was wrong with the
// answer.
func (c *caller) order(ctx context.Context, id string) (problem string) {
	body := fmt.Sprintf(`{"command_id":"%s","payload":{"account":"trader1","instrument":"BTC-USD","side":"buy",`+
		`"type":"limit","time_in_force":"ioc","price":"1","quantity":"0.0001"}}`, id)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader([]byte(body)))
	if err != nil {
		return err.Error()
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	switch {
	case err != nil:
		return err.Error()
	case resp.StatusCode >= 300:
		return fmt.Sprintf("%d %s", resp.StatusCode, text)
	}
	return ""
}

// until waits until at, and until the closed client had a good answer after
// it, at the latest until last.
func (l *load) until(ctx context.Context, at, last time.Time) error {
	if err := sleep(ctx, time.Until(at)); err != nil {
		return err
	}
	for time.Now().Before(last) {
		l.mu.Lock()
		n := len(l.closed)
		answered := n > 0 && l.closed[n-1].problem == "" && l.closed[n-1].answered.After(at)
		l.mu.Unlock()
		if answered {
			return nil
		}
		if err := sleep(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("no good answer for %v", patience)
}

// trial says what the clients saw around the moment at which the leader ended.
func (l *load) trial(at time.Time) Trial {
	l.mu.Lock()
	defer l.mu.Unlock()
	var t Trial
	t.QuietMs, t.GapMs = gaps(l.closed, at)
	_, t.OpenGapMs = gaps(l.open, at)
	for _, s := range slices.Concat(l.closed, l.open) {
		if s.problem != "" {
			t.Errors++
			if t.Error == "" {
				t.Error = s.problem
			}
			continue
		}
		if s.answered.After(at) {
			t.SlowestMs = max(t.SlowestMs, milliseconds(s.answered.Sub(s.sent)))
		}
	}
	t.Commands = len(l.closed) + len(l.open)
	return t
}

// gaps returns the longest times between two good answers, before a moment and
// from the last one before it on.
func gaps(samples []sample, at time.Time) (before, from float64) {
	var answered []time.Time
	for _, s := range samples {
		if s.problem == "" {
			answered = append(answered, s.answered)
		}
	}
	slices.SortFunc(answered, time.Time.Compare)
	for i := 1; i < len(answered); i++ {
		gap := milliseconds(answered[i].Sub(answered[i-1]))
		if answered[i].Before(at) {
			before = max(before, gap)
		} else {
			from = max(from, gap)
		}
	}
	return before, from
}
