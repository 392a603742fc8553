package sim

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/rialto-exchange/rialto/chaos/internal/model"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
)

// level is what a read asks for.
type level string

// The consistency levels of the contract.
const (
	levelStale        level = "stale"
	levelSession      level = "session"
	levelLinearizable level = "linearizable"
	levelAsOf         level = "as_of"
)

// view is what a read of an account has shown. What it should have shown is
// known when the model has replayed the log.
type view struct {
	node     int
	level    level
	at       market.Sequence
	account  string
	balances []event.Reading[event.Balance]
}

// read reads an account on any node at any consistency, and checks that it is
// shown no older a point than it asked for.
func (c *client) read(ctx context.Context) {
	m := c.run.machines[c.random.IntN(len(c.run.machines))]
	p := m.life()
	if p == nil || p.node.Load() == nil {
		return
	}
	asking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	reads, as := p.node.Load().Reads(), pick(c.random, levelStale, levelSession, levelLinearizable, levelLinearizable, levelAsOf)
	pin, least, err := c.pin(asking, reads, as)
	if err != nil || p.dead.Load() {
		return
	}
	if pin.Sequence < least || as == levelAsOf && pin.Sequence != least {
		c.run.fail("reads", "n%d shows %d for a %s read that asked for %d", m.n+1, pin.Sequence, as, least)
	}
	of := account(c.random.IntN(accounts))
	balances, err := reads.Balances(pin, of)
	if err != nil || p.dead.Load() {
		return
	}
	lines, err := reads.TrialBalance(pin)
	if err != nil || p.dead.Load() {
		return
	}
	for _, l := range lines {
		if l.Debits != l.Credits {
			c.run.fail("reads", "n%d: the trial balance of %s at %d is off", m.n+1, l.Asset, pin.Sequence)
		}
	}
	c.seen = max(c.seen, pin.Sequence)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reads++
	c.views = append(c.views, view{m.n, as, pin.Sequence, of, balances})
}

// pin asks a node for a point to read at, and returns the least that it may be.
func (c *client) pin(ctx context.Context, reads gateways.Reads, as level) (pin event.Pin, least market.Sequence, err error) {
	switch as {
	case levelStale:
		return reads.Now(), 0, nil
	case levelSession:
		pin, err = reads.Wait(ctx, c.seen)
		return pin, c.seen, err
	case levelAsOf:
		least = c.run.truth.someEnd(c.random)
		pin, err = reads.Wait(ctx, least)
		return event.Pin{Sequence: least, At: pin.At}, least, err
	}
	c.mu.Lock()
	least = c.floor
	c.mu.Unlock()
	at, err := reads.Linearizable(ctx)
	if err != nil {
		return pin, least, err
	}
	if at < least {
		c.run.fail("reads", "a linearizable read was given %d, and somebody was told %d before", at, least)
	}
	pin, err = reads.Wait(ctx, at)
	return pin, max(at, least), err
}

// someEnd draws the last sequence of an entry.
func (t *truth) someEnd(random *rand.Rand) market.Sequence {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last == nil {
		return 0
	}
	for at := 1 + random.Uint64N(t.last.index); at <= t.last.index; at++ {
		if e := t.entries[at]; e != nil && e.count > 0 {
			return e.lastSequence()
		}
	}
	return t.last.lastSequence()
}

// differs says where a view is not what the venue was at its sequence.
func (v *view) differs(venue *model.Venue) string {
	want := venue.Balances(v.account)
	for _, b := range v.balances {
		w := want[b.Value.Asset]
		for name, got := range map[string]market.Amount{"total": b.Value.Total, "held": b.Value.Held} {
			if text, _ := w[name].(string); text == "" || units(text) != int64(got) {
				return b.Value.Asset + " " + name + " is " + strconv.FormatInt(int64(got), 10) + ", want " + text
			}
		}
	}
	for asset, w := range want {
		shown := slices.ContainsFunc(v.balances, func(b event.Reading[event.Balance]) bool { return b.Value.Asset == asset })
		if text, _ := w["total"].(string); !shown && units(text) != 0 {
			return asset + " is missing, want " + text
		}
	}
	return ""
}

// units are a decimal's of its last digit.
func units(text string) int64 {
	n, _ := strconv.ParseInt(strings.ReplaceAll(text, ".", ""), 10, 64)
	return n
}
