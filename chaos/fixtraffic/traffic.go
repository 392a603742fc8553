package fixtraffic

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
)

// Options of a session that trades.
type Options struct {
	Addresses []string // of the nodes' FIX ports; the first is tried first
	CompID    string
	Password  string
	Account   string
	Run       string  // begins all ClOrdIDs
	Quantity  string  // of each order; default 0.0001
	Rate      float64 // orders a second
	// HeartBeat is HeartBtInt: a client of another house leaves a stopped node
	// after two and a half times that.
	HeartBeat time.Duration
	// History is told of orders and reports. Without it the book keeps them.
	History *history.Writer
	// Nodes are the ids of the nodes at Addresses, for the history.
	Nodes []string
}

// Client is a FIX engine with a session of its own. It tells its book of each
// connection and of each message.
type Client interface {
	// Order sends an order; it is kept when there is no connection.
	Order(o Order) error
	// Stop ends the session.
	Stop()
}

// Order is what an order says.
type Order struct {
	ID, Account string
	Quantity    string // default 0.0001
	Buy         bool
}

// Target is the venue's comp id.
const Target = "RIALTO"

// Fields are the body of an order by tag: every second one trades with the one
// before.
func (o Order) Fields(now time.Time) map[int]string {
	f := o.body()
	f[60] = now.UTC().Format("20060102-15:04:05.000")
	return f
}

// body is what an order says, without the time at which it is said.
func (o Order) body() map[int]string {
	if o.Quantity == "" {
		o.Quantity = "0.0001"
	}
	side := "2"
	if o.Buy {
		side = "1"
	}
	return map[int]string{
		1: o.Account, 11: o.ID, 38: o.Quantity, 40: "2", 44: "60000.00", 54: side, 55: "BTC-USD", 59: "1",
		25001: "1", // an account may trade with itself
	}
}

// Run is a session under way.
type Run struct {
	*Book
	client Client
	diary  *diary // nil without a history
	cancel context.CancelFunc
	wait   sync.WaitGroup
}

// Start trades with a client.
func Start(ctx context.Context, o Options, engine func(Options, *Book) (Client, error)) (*Run, error) {
	b := NewBook()
	var d *diary
	if o.History != nil {
		d = newDiary(o)
		b.Tell(d)
	}
	c, err := engine(o, b)
	if err != nil {
		return nil, fmt.Errorf("start session of %s: %w", o.CompID, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	r := &Run{Book: b, client: c, cancel: cancel, diary: d}
	r.wait.Go(func() { r.trade(ctx, o) })
	return r, nil
}

// maxAhead is how many orders may be without a report: a venue that is away
// for long finds a client that waits.
const maxAhead = 4_000

// trade sends orders at the rate, whatever the answers do, and makes up for
// what it could not send in time.
func (r *Run) trade(ctx context.Context, o Options) {
	interval := time.Duration(float64(time.Second) / o.Rate)
	tick := time.NewTicker(max(interval, time.Millisecond))
	defer tick.Stop()
	due := time.Now()
	for k := 0; ; {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if sent, answered := r.Progress(); sent-answered > maxAhead {
				due = now
				continue
			}
			for ; due.Before(now); due = due.Add(interval) {
				order := Order{ID: fmt.Sprintf("%s-%d", o.Run, k), Account: o.Account, Quantity: o.Quantity, Buy: k%2 == 0}
				k++
				r.ordered(order.ID)
				if r.diary != nil {
					r.diary.ordered(order)
				}
				if err := r.client.Order(order); err != nil {
					r.mu.Lock()
					r.fault("send %s: %v", order.ID, err)
					r.mu.Unlock()
				}
			}
		}
	}
}

// StopSending ends the orders; the session stays, for the reports to come.
func (r *Run) StopSending() {
	r.cancel()
	r.wait.Wait()
}

// Stop ends the session.
func (r *Run) Stop() {
	r.StopSending()
	r.client.Stop()
	if r.diary != nil {
		r.diary.end()
	}
}
