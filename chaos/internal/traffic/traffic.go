// Package traffic does what the venue's clients do, who must know what became
// of each thing: it trades, moves money between accounts, reads at every
// consistency and follows the event stream, through every node. A command whose
// outcome is unknown is repeated under its id, byte for byte the same.
//
// Everything is drawn from one seed, as far as the venue's answers allow.
package traffic

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
)

// Options of a run of traffic.
type Options struct {
	URLs []string
	// Nodes are the nodes' ids, as many as URLs; default n1, n2 …
	Nodes []string
	// Clients trade, each with an account of its own; Transfers move money
	// between as many accounts and two more; Readers read, Streams follow.
	Clients, Transfers, Readers, Streams int
	Seed                                 uint64
	Run                                  string // begins all ids, with a -
	Client                               *http.Client
	// Rate is how many commands a second are begun, all clients together; 0 is
	// as many as are answered.
	Rate float64
	// Rich has clients trade with every type of order on two instruments, and
	// give up some commands for good; else limits on BTC-USD, each settled.
	Rich bool
	// History is told of every operation. Without it commands are kept, and
	// returned by Stop.
	History *history.Writer
}

// Run is traffic under way.
type Run struct {
	options Options
	memory  memory
	done    atomic.Int64
	gap     atomic.Int64
	stop    context.CancelFunc
	hard    context.Context // ends what is under way; not what begins
	abort   context.CancelFunc
	wait    sync.WaitGroup
	mu      sync.Mutex
	sent    []Sent // without a history
	started time.Time
}

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

// Start begins the traffic; it goes on until Stop or the end of ctx.
func Start(ctx context.Context, o Options) *Run {
	ctx, cancel := context.WithCancel(ctx)
	r := newRun(o)
	r.stop = cancel
	commanders := o.Clients + o.Transfers
	for i := range o.Clients {
		p := r.trading(i)
		r.wait.Go(func() { r.command(ctx, newClient(r, "c", i), p, commanders) })
	}
	for i := range o.Transfers {
		p := r.money(i)
		r.wait.Go(func() { r.command(ctx, newClient(r, "t", i), p, commanders) })
	}
	for i := range o.Readers {
		r.wait.Go(func() { newClient(r, "r", i).reads(ctx) })
	}
	for i := range o.Streams {
		r.wait.Go(func() { newClient(r, "s", i).follows(ctx) })
	}
	return r
}

func newRun(o Options) *Run {
	if o.Nodes == nil {
		for i := range o.URLs {
			o.Nodes = append(o.Nodes, fmt.Sprintf("n%d", i+1))
		}
	}
	hard, abort := context.WithCancel(context.Background())
	return &Run{options: o, hard: hard, abort: abort, started: time.Now()}
}

// Abort ends the traffic at once: commands under way stay unknown.
func (r *Run) Abort() {
	r.abort()
	r.Stop()
}

// Done returns how many commands have been acknowledged so far.
func (r *Run) Done() int64 { return r.done.Load() }

// LongestGap returns the longest time between two acknowledgements at one
// client, the unavailability that a client saw.
func (r *Run) LongestGap() time.Duration { return time.Duration(r.gap.Load()) }

// Stop ends the traffic and returns the commands that were sent, where there is
// no history. A command under way is settled first.
func (r *Run) Stop() []Sent {
	r.stop()
	r.wait.Wait()
	r.abort()
	return r.sent
}

// source makes the commands of one client.
type source interface {
	next() planned
	learn(o history.Operation)
}

// command sends one command after the other.
func (r *Run) command(ctx context.Context, c *client, from source, of int) {
	interval := time.Duration(0)
	if r.options.Rate > 0 {
		interval = time.Duration(float64(of) / r.options.Rate * float64(time.Second))
	}
	last, due := time.Now(), time.Now()
	for ctx.Err() == nil {
		o := c.settle(from.next())
		r.took(o)
		if o.Outcome == history.Unknown && !r.options.Rich {
			return // the checker will say what became of it
		}
		now := time.Now()
		if o.Sequence > 0 {
			keepLongest(&r.gap, now.Sub(last))
			last = now
			r.done.Add(1)
			from.learn(o)
		}
		if due = due.Add(interval); due.Before(now) {
			due = now // what could not be sent in time is not made up for
		}
		pause(ctx, time.Until(due))
	}
}

func keepLongest(longest *atomic.Int64, d time.Duration) {
	for {
		old := longest.Load()
		if int64(d) <= old || longest.CompareAndSwap(old, int64(d)) {
			return
		}
	}
}

// took takes down a command that has ended.
func (r *Run) took(o history.Operation) {
	if r.options.History != nil {
		r.options.History.Operation(o)
		return
	}
	s := Sent{ID: o.ID, Acknowledged: o.Sequence > 0, Status: o.Status, Sequence: o.Sequence, Copies: len(o.Sent), Body: o.Answer}
	for _, c := range o.Sent {
		if c.Replayed {
			s.Replayed++
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, s)
}

// now is the time of the run.
func (r *Run) now() history.Nanos {
	if r.options.History != nil {
		return r.options.History.Now()
	}
	return history.Nanos(time.Since(r.started))
}

func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// planned is a command ready to be sent, and sent again.
type planned struct {
	id, verb string
	body     []byte
}

func plan(id, verb, aggregate string, payload map[string]any) planned {
	command := map[string]any{"command_id": id, "payload": payload}
	if aggregate != "" {
		command["aggregate_id"] = aggregate
	}
	body, err := json.Marshal(command)
	if err != nil {
		panic(err) // maps of strings
	}
	return planned{id: id, verb: verb, body: body}
}
