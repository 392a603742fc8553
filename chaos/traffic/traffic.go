// Package traffic sends commands as traders do who must know what became of
// each: every command has an id, and is repeated under that id on whichever
// node answers until the answer is definitive.
package traffic

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Sent is one command and what came of it.
type Sent struct {
	ID string
	// Acknowledged: an answer said that it was executed (Status 200) or
	// refused by the machine (a problem with a sequence).
	Acknowledged bool
	Status       int
	Sequence     uint64
	// Copies is how often it was sent; Replayed how many answers said that
	// they were the first one's.
	Copies, Replayed int
	// Body is the definitive answer.
	Body []byte
}

// Options of a run of traffic.
type Options struct {
	URLs    []string
	Clients int
	Seed    uint64
	Run     string // prefix of all ids
	Client  *http.Client
}

// Run is traffic under way.
type Run struct {
	options Options
	done    atomic.Int64
	stop    context.CancelFunc
	wait    sync.WaitGroup
	results [][]Sent
	gap     atomic.Int64
}

// Start begins the traffic: each client has an account of its own, deposits,
// and then places, cancels and amends orders on BTC-USD until Stop.
func Start(ctx context.Context, o Options) *Run {
	ctx, cancel := context.WithCancel(ctx)
	r := &Run{options: o, stop: cancel, results: make([][]Sent, o.Clients)}
	for i := range o.Clients {
		r.wait.Go(func() { r.results[i] = r.client(ctx, i) })
	}
	return r
}

// Done returns how many commands have been acknowledged so far.
func (r *Run) Done() int64 { return r.done.Load() }

// LongestGap returns the longest time between two acknowledgements at one
// client, the unavailability that a client saw.
func (r *Run) LongestGap() time.Duration { return time.Duration(r.gap.Load()) }

// Stop ends the traffic and returns what was sent. A command under way is
// settled first.
func (r *Run) Stop() []Sent {
	r.stop()
	r.wait.Wait()
	var all []Sent
	for _, s := range r.results {
		all = append(all, s...)
	}
	return all
}

// settling bounds how long a command is repeated.
const settling = 60 * time.Second

func (r *Run) client(ctx context.Context, number int) []Sent {
	p := newPlan(r.options.Run, number, r.options.Seed)
	var sent []Sent
	last := time.Now()
	for ctx.Err() == nil {
		c := p.next()
		s := r.settle(number, c)
		sent = append(sent, s)
		if !s.Acknowledged {
			return sent // the checker will say what became of it
		}
		now := time.Now()
		for gap := now.Sub(last); ; {
			old := r.gap.Load()
			if int64(gap) <= old || r.gap.CompareAndSwap(old, int64(gap)) {
				break
			}
		}
		last = now
		r.done.Add(1)
		p.learn(s)
	}
	return sent
}

// settle repeats a command, on one node after the other, until an answer
// settles it.
func (r *Run) settle(number int, c planned) Sent {
	ctx, cancel := context.WithTimeout(context.Background(), settling)
	defer cancel()
	s := Sent{ID: c.id}
	for at := number; ctx.Err() == nil; at++ {
		s.Copies++
		if r.send(ctx, r.options.URLs[at%len(r.options.URLs)], c, &s) {
			return s
		}
		pause(ctx, 5*time.Millisecond)
	}
	return s
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// send reports whether the answer is definitive.
func (r *Run) send(ctx context.Context, url string, c planned, s *Sent) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/commands/"+c.verb, bytes.NewReader(c.body))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := r.options.Client.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return false
	}
	var answer struct {
		Sequence uint64 `json:"sequence"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Sequence == 0 {
		return false
	}
	if res.Header.Get("Rialto-Replayed") == "true" {
		s.Replayed++
	}
	s.Acknowledged, s.Status, s.Sequence, s.Body = true, res.StatusCode, answer.Sequence, body
	return true
}

// planned is a command ready to be sent, and sent again.
type planned struct {
	id, verb string
	body     []byte
}

// plan makes one client's commands.
type plan struct {
	run     string
	number  int
	count   int
	account string
	random  *rand.Rand
	open    []string // ids of orders that were accepted and may be open
}

func newPlan(run string, number int, seed uint64) *plan {
	return &plan{run: run, number: number, account: fmt.Sprintf("%s-a%d", run, number),
		random: rand.New(rand.NewPCG(seed, uint64(number)))}
}

func (p *plan) next() planned {
	p.count++
	switch p.count {
	case 1:
		return p.command("accounts/open", p.account, map[string]any{"account": p.account})
	case 2:
		return p.command("accounts/deposit", p.account, map[string]any{"asset": "USD", "amount": "100000000"})
	case 3:
		return p.command("accounts/deposit", p.account, map[string]any{"asset": "BTC", "amount": "10000"})
	}
	switch n := p.random.IntN(10); {
	case n < 2 && len(p.open) > 0:
		return p.command("orders/cancel", p.takeOpen(), map[string]any{})
	case n < 3 && len(p.open) > 0:
		id := p.open[p.random.IntN(len(p.open))]
		return p.command("orders/amend", id, map[string]any{"price": p.price()})
	default:
		return p.command("orders/place", p.account, map[string]any{
			"account": p.account, "instrument": "BTC-USD", "type": "limit",
			"side": []string{"buy", "sell"}[p.random.IntN(2)], "price": p.price(),
			"quantity": fmt.Sprintf("0.%04d", 1+p.random.IntN(9999)),
		})
	}
}

func (p *plan) price() string {
	return fmt.Sprintf("%d.%02d", 59990+p.random.IntN(20), p.random.IntN(100))
}

func (p *plan) takeOpen() string {
	i := p.random.IntN(len(p.open))
	id := p.open[i]
	p.open[i] = p.open[len(p.open)-1]
	p.open = p.open[:len(p.open)-1]
	return id
}

func (p *plan) command(verb, aggregate string, payload map[string]any) planned {
	id := fmt.Sprintf("%s-%d-%d", p.run, p.number, p.count)
	body, err := json.Marshal(map[string]any{"command_id": id, "aggregate_id": aggregate, "payload": payload})
	if err != nil {
		panic(err) // maps of strings
	}
	return planned{id: id, verb: verb, body: body}
}

// maxOpen bounds what a client leaves resting.
const maxOpen = 50

// learn remembers an accepted order that rests.
func (p *plan) learn(s Sent) {
	var answer struct {
		Order struct {
			ID     string `json:"order_id"`
			Status string `json:"status"`
		} `json:"order"`
	}
	if s.Status != http.StatusOK || json.Unmarshal(s.Body, &answer) != nil || answer.Order.Status != "open" {
		return
	}
	if len(p.open) < maxOpen {
		p.open = append(p.open, answer.Order.ID)
	}
}
