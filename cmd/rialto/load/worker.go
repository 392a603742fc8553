package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/rialto-exchange/rialto/cmd/rialto/client"
)

// instrument is what the load has to know of it, as the query shows it.
type instrument struct {
	Instrument     string `json:"instrument"`
	Base           string `json:"base"`
	Quote          string `json:"quote"`
	PriceTick      string `json:"price_tick"`
	QuantityStep   string `json:"quantity_step"`
	ReferencePrice string `json:"reference_price"`
}

// worker is one client: it places orders around the reference price and
// cancels some of them again.
type worker struct {
	client   *client.Client
	account  string
	options  Options
	rng      *rand.Rand
	prices   []string
	quantity string
	placed   int // orders so far
	sent     int // commands so far
	open     []string
}

// prices on each side of the reference; few, so that orders trade.
const levels = 10

func newWorker(cl *client.Client, o Options, in instrument, i int) (*worker, error) {
	prices, err := around(in.ReferencePrice, in.PriceTick, levels)
	if err != nil {
		return nil, fmt.Errorf("instrument %s: %w", in.Instrument, err)
	}
	return &worker{
		client: cl, account: fmt.Sprintf("%s-%d", o.Run, i), options: o,
		rng: rand.New(rand.NewPCG(uint64(i), 1)), prices: prices, quantity: in.QuantityStep,
	}, nil
}

func (w *worker) setup(in instrument) []client.Command {
	commands := []client.Command{{
		Verb: "accounts/open", ID: w.account + "-open", Aggregate: w.account, Payload: map[string]string{"account": w.account},
	}}
	for _, asset := range []string{in.Base, in.Quote} {
		commands = append(commands, client.Command{
			Verb: "accounts/deposit", ID: w.account + "-fund-" + asset, Aggregate: w.account,
			Payload: map[string]string{"asset": asset, "amount": "100000000", "reference": "load"},
		})
	}
	return commands
}

// run sends requests until ctx ends. In the open loop they are due at a fixed
// interval whether or not the last one was answered in time.
func (w *worker) run(ctx context.Context, t *tally, due time.Time, interval time.Duration) error {
	for ctx.Err() == nil {
		if interval == 0 {
			due = time.Now()
		} else if err := sleepUntil(ctx, due); err != nil {
			return nil
		}
		commands := w.next()
		results, err := w.send(ctx, commands)
		switch {
		case ctx.Err() != nil:
			return nil // cut off by the end, which is no error
		case err != nil:
			t.lost(len(commands))
		default:
			t.add(time.Since(due), results)
		}
		due = due.Add(interval)
	}
	return nil
}

// send uses the single command's route for a batch of one: that is what is
// then measured.
func (w *worker) send(ctx context.Context, commands []client.Command) ([]client.Brief, error) {
	if len(commands) > 1 {
		return w.client.BatchBrief(ctx, commands)
	}
	_, err := w.client.Execute(ctx, commands[0])
	// A refusal that is final, not what the last of many attempts was told.
	if p := (*client.Problem)(nil); errors.As(err, &p) && !errors.Is(err, client.ErrNoAnswer) {
		return []client.Brief{{Problem: &client.BriefProblem{Code: p.Code}}}, nil
	}
	if err != nil {
		return nil, err
	}
	return []client.Brief{{}}, nil
}

// placing and cancelling are the payloads of the load: structs, so that
// encoding them costs the generator little of the machine that it shares.
type placing struct {
	Account       string `json:"account"`
	Instrument    string `json:"instrument"`
	Side          string `json:"side"`
	Type          string `json:"type"`
	TimeInForce   string `json:"time_in_force"`
	Price         string `json:"price"`
	Quantity      string `json:"quantity"`
	ClientOrderID string `json:"client_order_id"`
}

type cancelling struct {
	Account       string `json:"account"`
	ClientOrderID string `json:"client_order_id"`
}

func (w *worker) next() []client.Command {
	commands := make([]client.Command, w.options.Batch)
	for i := range commands {
		w.sent++
		commands[i] = w.command()
		commands[i].ID = fmt.Sprintf("%s-%d", w.account, w.sent)
	}
	return commands
}

// maxOpen bounds what one client leaves in the book.
const maxOpen = 50

func (w *worker) command() client.Command {
	if n := len(w.open); n > 0 && (n >= maxOpen || w.rng.Float64() < w.options.Cancels) {
		name := w.open[0]
		w.open = w.open[1:]
		return client.Command{Verb: "orders/cancel", Payload: &cancelling{w.account, name}}
	}
	w.placed++
	name := fmt.Sprintf("%s-o%d", w.account, w.placed)
	w.open = append(w.open, name)
	side, price := "buy", w.rng.IntN(levels+1)
	if w.rng.IntN(2) == 0 {
		side, price = "sell", levels-1+w.rng.IntN(levels+1)
	}
	return client.Command{Verb: "orders/place", Payload: &placing{
		Account: w.account, Instrument: w.options.Instrument, Side: side, Type: "limit", TimeInForce: "gtc",
		Price: w.prices[price], Quantity: w.quantity, ClientOrderID: name,
	}}
}

// around returns 2n prices, a tick apart, around a reference price. It counts
// in units of the tick's last digit.
func around(reference, tick string, n int) ([]string, error) {
	_, fraction, _ := strings.Cut(tick, ".")
	digits := len(fraction)
	step, err := units(tick, digits)
	if err != nil {
		return nil, err
	}
	middle, err := units(reference, digits)
	if err != nil || middle <= int64(n)*step {
		return nil, fmt.Errorf("needs a reference price of more than %d ticks, has %q", n, reference)
	}
	prices := make([]string, 2*n)
	for i := range prices {
		prices[i] = fixed(middle+int64(i-n)*step, digits)
	}
	return prices, nil
}

func sleepUntil(ctx context.Context, at time.Time) error {
	t := time.NewTimer(time.Until(at))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
