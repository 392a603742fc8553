package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
)

// The bounds of a client's patience.
const (
	patience = 3 * time.Second // for one answer
	attempts = 6               // of one command, under one id
)

// sent is what a client sent, and what it was told.
type sent struct {
	id           string
	begun, ended time.Time
	tries        int
	// Of an acknowledged one: the first answer.
	acknowledged bool
	index        uint64
	sequence     market.Sequence
	// never: every copy was answered with the promise that it never executes.
	never bool
}

// traffic is all clients of a run.
type traffic struct {
	run      *run
	mu       sync.Mutex
	history  []*sent
	acks     int
	unknown  int
	repeats  int
	reads    int
	streamed int
	// floor is the highest sequence that any client was told.
	floor market.Sequence
}

// client is one of them.
type client struct {
	*traffic
	n      int
	random *rand.Rand
	next   int
	open   []string // client order ids that it may cancel
}

// resumed is how many events back most streams are resumed.
const resumed = 2000

const (
	accounts = 8
	funds    = 1_000_000
)

func account(n int) string { return fmt.Sprintf("a%d", n) }

// found sets the venue up: assets, an instrument, limits, accounts with money.
func (c *client) found(ctx context.Context) {
	instrument := func(name string) command.Body {
		return &command.DefineInstrument{
			Instrument: name, Base: "BTC", Quote: "USD",
			PriceTick: market.Decimal{Units: 1}, QuantityStep: market.Decimal{Units: 1},
			ReferencePrice: set(100), MakerFeeBps: set(1), TakerFeeBps: set(5),
		}
	}
	unlimited := command.SetLimits{Scope: command.ScopeVenue}
	for i := range unlimited.Limits {
		unlimited.Named[i], unlimited.Limits[i] = true, command.Limit{State: command.LimitUnlimited}
	}
	bodies := []command.Body{
		&command.DefineAsset{Asset: "USD", Scale: 6}, &command.DefineAsset{Asset: "BTC", Scale: 0},
		instrument("BTC-USD"), instrument("BTC-USD-2"), &unlimited,
	}
	for n := range accounts {
		bodies = append(bodies, &command.OpenAccount{Account: account(n)})
		for _, asset := range []string{"USD", "BTC"} {
			bodies = append(bodies, &command.Deposit{Account: account(n), Money: command.Money{Asset: asset, Value: market.Decimal{Units: funds}}})
		}
	}
	for _, b := range bodies {
		for ctx.Err() == nil && !c.do(ctx, b) {
		}
	}
}

func set(units int64) command.Optional {
	return command.Optional{Set: true, Value: market.Decimal{Units: units}}
}

// trade does what clients do until ctx ends.
func (c *client) trade(ctx context.Context) {
	for ctx.Err() == nil {
		switch {
		case c.random.IntN(20) == 0:
			c.read(ctx)
		default:
			c.do(ctx, c.draw())
		}
		sleep(ctx, between(c.random, 0, c.run.plan.Think))
	}
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// draw makes a command: orders that meet, orders that rest, cancels, transfers,
// money in and out.
func (c *client) draw() command.Body {
	r := c.random
	who := account(r.IntN(accounts))
	instrument := pick(r, "BTC-USD", "BTC-USD-2")
	side := pick(r, market.Buy, market.Sell)
	switch n := r.IntN(100); {
	case n < 55:
		name := fmt.Sprintf("o%d-%d", c.n, c.next)
		if r.IntN(2) == 0 && len(c.open) < 50 {
			c.open = append(c.open, who+" "+name)
		}
		return &command.PlaceOrder{
			Account: who, Instrument: instrument, ClientOrderID: name, Side: side, Type: market.Limit,
			TimeInForce: pick(r, market.GoodTillCancel, market.GoodTillCancel, market.ImmediateOrCancel, market.FillOrKill),
			Quantity:    set(int64(1 + r.IntN(20))), Price: set(int64(95 + r.IntN(11))),
		}
	case n < 70 && len(c.open) > 0:
		at := r.IntN(len(c.open))
		ref := c.open[at]
		c.open = append(c.open[:at], c.open[at+1:]...)
		var owner, name string
		_, _ = fmt.Sscan(ref, &owner, &name)
		return &command.CancelOrder{Order: command.OrderRef{Account: owner, ClientOrderID: name}}
	case n < 75:
		return &command.CancelAll{Account: who, Instrument: instrument}
	case n < 90:
		to := account(r.IntN(accounts))
		return &command.Transfer{From: who, To: to, Money: command.Money{Asset: "USD", Value: market.Decimal{Units: int64(1 + r.IntN(1000))}}}
	case n < 95:
		return &command.Deposit{Account: who, Money: command.Money{Asset: "USD", Value: market.Decimal{Units: 100}}}
	}
	return &command.Withdraw{Account: who, Money: command.Money{Asset: "USD", Value: market.Decimal{Units: 100}}}
}

// do sends a command until its outcome is known, under one id, through one node
// after the other, and reports whether it was acknowledged.
func (c *client) do(ctx context.Context, body command.Body) bool {
	c.next++
	s := &sent{id: fmt.Sprintf("%s%d-%d", prefix, c.n, c.next), begun: time.Now(), never: true}
	cmd := &command.Command{Header: command.Header{ID: s.id, Source: market.SourceREST, Role: market.RoleAdmin}, Body: body}
	c.note(s)
	for ctx.Err() == nil && s.tries < attempts {
		s.tries++
		o, err := c.submit(ctx, cmd)
		if err == nil && (o.Kind == event.OutcomeExecuted || o.Kind == event.OutcomeRepeat) {
			c.acknowledge(s, o)
			return true
		}
		if !nothingHappened(o, err) {
			s.never = false
		}
		sleep(ctx, between(c.random, 0, 200*time.Millisecond))
	}
	c.giveUp()
	return false
}

// nothingHappened reports whether an answer promises that this copy has not been
// executed and never will be.
func nothingHappened(o event.Outcome, err error) bool {
	switch {
	case err != nil:
		return errors.Is(err, errNobody) || !errors.Is(err, gateways.ErrUnknownOutcome) &&
			(errors.Is(err, gateways.ErrNoLeader) || errors.Is(err, gateways.ErrOverloaded) || errors.Is(err, gateways.ErrDegraded))
	case o.Kind == event.OutcomeThrottled, o.Kind == event.OutcomeTooFarAhead, o.Kind == event.OutcomeForbidden:
		return true
	}
	return false
}

// errNobody: no process runs on the machine, so nothing was sent.
var errNobody = errors.New("nobody is there")

// submit sends one copy through a node. A node that dies answers nothing more,
// whatever its goroutines still do.
func (c *client) submit(ctx context.Context, cmd *command.Command) (event.Outcome, error) {
	p := c.run.machines[c.random.IntN(len(c.run.machines))].life()
	if p == nil || p.node.Load() == nil {
		return event.Outcome{}, errNobody
	}
	type answer struct {
		outcomes []event.Outcome
		err      error
	}
	asking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answered := make(chan answer, 1)
	go func() {
		outcomes, err := p.node.Load().Commands().Submit(asking, []*command.Command{cmd})
		answered <- answer{outcomes, err}
	}()
	var a answer
	select {
	case a = <-answered:
	case <-asking.Done():
		return event.Outcome{}, asking.Err()
	case <-p.ctx.Done():
		return event.Outcome{}, errors.New("the node died")
	}
	switch {
	case p.dead.Load():
		return event.Outcome{}, errors.New("the node died")
	case a.err != nil:
		return event.Outcome{}, a.err
	case len(a.outcomes) != 1:
		c.run.fail("answers", "command %s has %d outcomes", cmd.ID, len(a.outcomes))
		return event.Outcome{}, errors.New("no outcome")
	}
	return a.outcomes[0], nil
}

func (t *traffic) note(s *sent) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.history = append(t.history, s)
}

func (t *traffic) giveUp() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unknown++
}

func (t *traffic) acknowledge(s *sent, o event.Outcome) {
	t.run.truth.acknowledged(s.id, o)
	p, _ := t.run.truth.place(s.id)
	t.mu.Lock()
	defer t.mu.Unlock()
	s.ended, s.acknowledged, s.index, s.sequence = time.Now(), true, p.index, p.last
	t.acks++
	if o.Kind == event.OutcomeRepeat {
		t.repeats++
	}
	t.floor = max(t.floor, p.last)
}

// read asks a node for a linearizable point, reads there, and checks that it
// saw no less than anybody was told before.
func (c *client) read(ctx context.Context) {
	m := c.run.machines[c.random.IntN(len(c.run.machines))]
	p := m.life()
	if p == nil || p.node.Load() == nil {
		return
	}
	c.mu.Lock()
	floor := c.floor
	c.mu.Unlock()
	asking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	reads := p.node.Load().Reads()
	sequence, err := reads.Linearizable(asking)
	if err != nil || p.dead.Load() {
		return
	}
	if sequence < floor {
		c.run.fail("reads", "n%d gave %d for a linearizable read, and somebody was told %d before", m.n+1, sequence, floor)
	}
	pin, err := reads.Wait(asking, sequence)
	if err != nil {
		return
	}
	if pin.Sequence < sequence {
		c.run.fail("reads", "n%d shows %d for a read at %d", m.n+1, pin.Sequence, sequence)
	}
	lines, err := reads.TrialBalance(pin)
	if err != nil {
		return
	}
	for _, l := range lines {
		if l.Debits != l.Credits {
			c.run.fail("reads", "n%d: the trial balance of %s at %d is off", m.n+1, l.Asset, pin.Sequence)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reads++
}

// follow reads events of one node after the other, from where they were or from
// anywhere before, and checks that none is missing, doubled or another.
func (c *client) follow(ctx context.Context) {
	for ctx.Err() == nil {
		m := c.run.machines[c.random.IntN(len(c.run.machines))]
		p := m.life()
		if p == nil || p.node.Load() == nil {
			sleep(ctx, 100*time.Millisecond)
			continue
		}
		last, _ := c.run.truth.reached()
		after := market.Sequence(c.random.Uint64N(uint64(last) + 1))
		if c.random.IntN(10) != 0 { // mostly from where somebody would go on
			after = last - min(last, market.Sequence(c.random.Uint64N(resumed)))
		}
		reading, cancel := context.WithTimeout(ctx, between(c.random, 100*time.Millisecond, 3*time.Second))
		stop := context.AfterFunc(p.ctx, cancel)
		next := after + 1
		err := p.node.Load().Reads().Follow(reading, after, func(e event.Public) error {
			if p.dead.Load() {
				return errNobody
			}
			if e.Sequence != next {
				c.run.fail("streams", "n%d streams event %d after %d", m.n+1, e.Sequence, next-1)
				return errNobody
			}
			c.run.truth.streamed(m.n, e)
			next++
			return nil
		})
		stop()
		cancel()
		c.mu.Lock()
		c.streamed += int(next - after - 1)
		c.mu.Unlock()
		if err != nil {
			sleep(ctx, 100*time.Millisecond)
		}
	}
}
