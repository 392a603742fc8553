package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/twin"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/rest/decode"
	"github.com/rialto-exchange/rialto/gateways/rest/render"
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
	verb         string
	body         []byte
	// Of an acknowledged one: the first answer. What it says is rendered where it
	// was executed anew; a repeat has none.
	acknowledged bool
	index        uint64
	sequence     market.Sequence
	status       int
	answer       []byte
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
	floor   market.Sequence
	decoder *decode.Decoder
	views   []view
}

// client is one of them.
type client struct {
	*traffic
	n      int
	random *rand.Rand
	next   int
	mixer  *twin.Mixer
	wishes []twin.Wish // what it does next
	seen   market.Sequence
	done   []settled // the last that were acknowledged
}

// settled is a command that was acknowledged.
type settled struct {
	s   *sent
	cmd *command.Command
}

// What a client sends again though it knows the answer: one of its last, within
// the time that an id is kept whatever comes.
const (
	lastDone   = 20
	sendsAgain = 8 * time.Second
)

func newClient(t *traffic, n int, random *rand.Rand) *client {
	return &client{traffic: t, n: n, random: random, mixer: twin.NewMixerAt(random, func() time.Time { return time.Now().UTC() })}
}

// resumed is how many events back most streams are resumed.
const resumed = 2000

// accounts are those of the venue that twin.Small sets up.
const accounts = 6

func account(n int) string { return fmt.Sprintf("a%d", n+1) }

// found sets the venue up: assets, instruments, limits, accounts with money.
func (c *client) found(ctx context.Context) {
	for _, w := range append(twin.Small(), declared()...) {
		for ctx.Err() == nil && !c.do(ctx, w) {
		}
	}
}

// trade does what clients do until ctx ends.
func (c *client) trade(ctx context.Context) {
	for ctx.Err() == nil {
		switch {
		case c.random.IntN(10) == 0:
			c.read(ctx)
		case c.random.IntN(10) == 0:
			c.again(ctx)
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

// draw makes a command: two in three are of all kinds, good and bad, as the
// model's own tests mix them; the others are orders that meet and transfers, so
// that whatever the mix has halted or limited, most of the time there is trading.
func (c *client) draw() twin.Wish {
	if len(c.wishes) == 0 {
		c.wishes = c.mixer.Entry()
	}
	switch r := c.random; r.IntN(6) {
	case 0:
		return twin.Do("orders/place", "", map[string]any{
			"account": account(r.IntN(accounts)), "instrument": "ETH-USD", "side": pick(r, "buy", "sell"), "type": "limit",
			"quantity": fmt.Sprintf("0.%03d", 1+r.IntN(999)), "price": fmt.Sprintf("%d.%02d", 2998+r.IntN(4), r.IntN(100)),
			"time_in_force": pick(r, "gtc", "gtc", "gtc", "ioc", "fok"),
		})
	case 1:
		return twin.Do("accounts/transfer", account(r.IntN(accounts)), map[string]any{
			"to": account(r.IntN(accounts)), "asset": "USD", "amount": fmt.Sprint(1 + r.IntN(1000)),
		})
	}
	w := c.wishes[0]
	c.wishes = c.wishes[1:]
	return w
}

// command is a wish as the door for REST takes it, under the id of s.
func (c *client) command(w twin.Wish, s *sent) (*command.Command, bool) {
	w.Body["command_id"] = s.id
	text, err := json.Marshal(w.Body)
	if err != nil {
		return nil, false
	}
	s.verb, s.body = w.Verb, text
	verb, ok := c.decoder.Verb(w.Verb)
	if !ok {
		return nil, false
	}
	var r decode.Request
	if c.decoder.Single(verb, text, &r); r.Fault != nil {
		return nil, false // the door refuses it
	}
	r.Command.Source, r.Command.Role = market.SourceREST, market.RoleAdmin
	if w.Participant != "" {
		r.Command.Participant, r.Command.Actor, r.Command.Role = w.Participant, w.Key, market.RoleTrader
	}
	return &r.Command, true
}

// do sends a command until its outcome is known, under one id, through one node
// after the other, and reports whether it was acknowledged.
func (c *client) do(ctx context.Context, w twin.Wish) bool {
	c.next++
	s := &sent{id: fmt.Sprintf("%s%d-%d", prefix, c.n, c.next), begun: time.Now(), never: true}
	cmd, ok := c.command(w, s)
	if !ok {
		return false
	}
	c.note(s)
	for ctx.Err() == nil && s.tries < attempts {
		s.tries++
		o, err := c.submit(ctx, cmd)
		if err == nil && (o.Kind == event.OutcomeExecuted || o.Kind == event.OutcomeRepeat) {
			c.acknowledge(s, o)
			c.learn(s)
			c.done = append(c.done[max(0, len(c.done)-lastDone):], settled{s, cmd})
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

// learn takes from an answer what the client goes on with.
func (c *client) learn(s *sent) {
	c.seen = max(c.seen, s.sequence)
	var answer struct {
		Aggregate string `json:"aggregate_id"`
	}
	if s.verb == "orders/place" && s.status == 200 && json.Unmarshal(s.answer, &answer) == nil {
		c.mixer.Know(answer.Aggregate)
	}
}

// again sends a command that was acknowledged once more, as clients do that did
// not hear it: it must get its first answer.
func (c *client) again(ctx context.Context) {
	if len(c.done) == 0 {
		return
	}
	d := pick(c.random, c.done...)
	if time.Since(d.s.ended) > sendsAgain {
		return
	}
	o, err := c.submit(ctx, d.cmd)
	if err != nil || o.Kind != event.OutcomeExecuted && o.Kind != event.OutcomeRepeat {
		return
	}
	c.run.truth.acknowledged(d.s.id, o)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.repeats++
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

func (t *traffic) acknowledgedSoFar() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.acks
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
	if o.Kind == event.OutcomeExecuted && o.Group != nil {
		s.answer, s.status = render.Answer(nil, o.Group, o.At)
	}
	t.acks++
	if o.Kind == event.OutcomeRepeat {
		t.repeats++
	}
	t.floor = max(t.floor, p.last)
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
