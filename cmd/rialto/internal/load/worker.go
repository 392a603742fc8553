package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
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
	client *client.Client
	wires  []*wire // to each node by plain HTTP; empty = by the client only
	at     int     // the node that it talks to

	account  string
	options  Options
	rng      *rand.Rand
	prices   []string
	quantity string
	placed   int // orders so far
	sent     int // commands so far
	open     []string
	body     []byte // of a request, its memory used again
}

// prices on each side of the reference; few, so that orders trade.
const levels = 10

func newWorker(cl *client.Client, o Options, in instrument, i int) (*worker, error) {
	prices, err := around(in.ReferencePrice, in.PriceTick, levels)
	if err != nil {
		return nil, fmt.Errorf("instrument %s: %w", in.Instrument, err)
	}
	w := &worker{
		client: cl, at: i, account: fmt.Sprintf("%s-%d", o.Run, i), options: o,
		rng: rand.New(rand.NewPCG(uint64(i), 1)), prices: prices, quantity: in.QuantityStep,
	}
	for _, server := range cl.Servers() {
		if wire := newWire(server, cl.Key()); wire != nil {
			w.wires = append(w.wires, wire)
		}
	}
	return w, nil
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
	defer func() {
		for _, wire := range w.wires {
			wire.close()
		}
	}()
	for ctx.Err() == nil {
		if interval == 0 {
			due = time.Now()
		} else if err := sleepUntil(ctx, due); err != nil {
			return nil
		}
		commands := w.next()
		results, err := w.send(ctx, t, commands)
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

// send sends commands until their outcome is known: once as cheaply as can be,
// and what has no final answer then by the common client, under the same ids. A
// batch of one takes the single command's route: that is what is measured then.
func (w *worker) send(ctx context.Context, t *tally, commands []command) ([]client.Brief, error) {
	if len(w.wires) > 0 {
		results, err := w.post(ctx, commands)
		if err == nil || ctx.Err() != nil {
			return results, err
		}
		w.at++ // another node may do better
		t.again()
	}
	cl := w.client.At(w.at)
	batch := make([]client.Command, len(commands))
	for i, c := range commands {
		batch[i] = client.Command{Verb: c.verb, ID: c.id, Payload: json.RawMessage(c.payload)}
	}
	if len(batch) > 1 {
		return cl.BatchBrief(ctx, batch)
	}
	_, err := cl.Execute(ctx, batch[0])
	// A refusal that is final, not what the last of many attempts was told.
	if p := (*client.Problem)(nil); errors.As(err, &p) && !errors.Is(err, client.ErrNoAnswer) {
		return []client.Brief{{Problem: &client.BriefProblem{Code: p.Code}}}, nil
	}
	if err != nil {
		return nil, err
	}
	return []client.Brief{{}}, nil
}

// errNotFinal: another attempt may better the answer.
var errNotFinal = errors.New("no final answer")

// post sends commands once, and returns what became of them if that is final.
func (w *worker) post(ctx context.Context, commands []command) ([]client.Brief, error) {
	path := "/v1/commands"
	if len(commands) == 1 {
		path += "/" + commands[0].verb
	}
	w.body = appendBody(w.body[:0], commands)
	status, answer, err := w.wires[w.at%len(w.wires)].post(ctx, path, w.body)
	if err != nil {
		return nil, err
	}
	if len(commands) > 1 {
		return briefs(status, answer, len(commands))
	}
	switch {
	case status == http.StatusOK:
		return make([]client.Brief, 1), nil
	case status >= http.StatusBadRequest && status < http.StatusInternalServerError && status != http.StatusTooManyRequests:
		p := &client.BriefProblem{}
		if err := json.Unmarshal(answer, p); err != nil {
			return nil, fmt.Errorf("decode refusal: %w", err)
		}
		return []client.Brief{{HTTPStatus: status, Problem: p}}, nil
	}
	return nil, errNotFinal
}

func (w *worker) next() []command {
	commands := make([]command, w.options.Batch)
	for i := range commands {
		w.sent++
		commands[i] = w.command()
		commands[i].id = w.account + "-" + strconv.Itoa(w.sent)
	}
	return commands
}

// maxOpen bounds what one client leaves in the book.
const maxOpen = 50

func (w *worker) command() command {
	if n := len(w.open); n > 0 && (n >= maxOpen || w.rng.Float64() < w.options.Cancels) {
		name := w.open[0]
		w.open = w.open[1:]
		return command{verb: "orders/cancel", payload: object("account", w.account, "client_order_id", name)}
	}
	w.placed++
	name := w.account + "-o" + strconv.Itoa(w.placed)
	w.open = append(w.open, name)
	side, price := "buy", w.rng.IntN(levels+1)
	if w.rng.IntN(2) == 0 {
		side, price = "sell", levels-1+w.rng.IntN(levels+1)
	}
	return command{verb: "orders/place", payload: object(
		"account", w.account, "instrument", w.options.Instrument, "side", side, "type", "limit", "time_in_force", "gtc",
		"price", w.prices[price], "quantity", w.quantity, "client_order_id", name,
	)}
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
