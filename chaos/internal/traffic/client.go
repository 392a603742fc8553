package traffic

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
)

// Bounds of a client.
const (
	// Settling bounds how long a command is repeated.
	Settling = 60 * time.Second
	// attempt bounds one copy: a gateway itself looks for a leader for 5 s.
	attempt = 8 * time.Second
	// retryPause is between two copies.
	retryPause = 5 * time.Millisecond
	// maxRepeats is how often a command whose outcome was unknown is sent again,
	// at least once and at most so often beyond what it takes to settle it.
	maxRepeats = 5
	// giveUp and twoAtOnce are one of how many: unknown commands that a client
	// forgets, and commands that are sent to two nodes at the same time.
	giveUp, twoAtOnce = 20, 100
)

// client is one client: it keeps to a node until that fails it.
type client struct {
	run    *Run
	name   string
	at     int // the node that is asked next
	random *rand.Rand
	count  int // of reads or streams, which have no id otherwise
}

func newClient(r *Run, kind string, number int) *client {
	return &client{
		run: r, name: fmt.Sprint(kind, number), at: number % len(r.options.URLs),
		random: rand.New(rand.NewPCG(r.options.Seed, uint64(kind[0])<<32|uint64(number))),
	}
}

// move turns to the next node.
func (c *client) move() { c.at = (c.at + 1) % len(c.run.options.URLs) }

// any turns to some node.
func (c *client) any() { c.at = c.random.IntN(len(c.run.options.URLs)) }

// settle repeats a command, on one node after the other, until an answer
// settles it. One that was unknown once is sent 1 to 5 times more, settled or
// not, so that its id meets the venue before and after it was executed; some of
// them are then given up, as by a client that dies.
func (c *client) settle(p planned) history.Operation {
	ctx, cancel := context.WithTimeout(c.run.hard, Settling)
	defer cancel()
	t := take{Operation: history.Operation{
		Client: c.name, Kind: history.Command, ID: p.id, Verb: p.verb, Body: p.body, Began: c.run.now(),
	}}
	rich, doubted, forgets, more := c.run.options.Rich, false, false, 0
	if rich && c.random.IntN(twoAtOnce) == 0 {
		c.both(ctx, p, &t)
	}
	for ctx.Err() == nil && !(t.final && more == 0) && !(forgets && more == 0) {
		t.copy(c.send(ctx, c.at, p))
		more = max(0, more-1)
		if t.Outcome == history.Unknown && !doubted && rich {
			doubted, more, forgets = true, 1+c.random.IntN(maxRepeats), c.random.IntN(giveUp) == 0
		}
		if t.final && more == 0 {
			break
		}
		c.move()
		pause(ctx, retryPause)
	}
	if t.Ended == 0 {
		t.Ended = c.run.now()
	}
	return t.Operation
}

// both sends a command to two nodes at the same time.
func (c *client) both(ctx context.Context, p planned, t *take) {
	var two sync.WaitGroup
	copies, answers := make([]history.Copy, 2), make([][]byte, 2)
	for i := range copies {
		at := (c.at + i) % len(c.run.options.URLs)
		two.Go(func() { copies[i], answers[i] = c.send(ctx, at, p) })
	}
	two.Wait()
	if copies[1].Ended < copies[0].Ended {
		copies[0], copies[1], answers[0], answers[1] = copies[1], copies[0], answers[1], answers[0]
	}
	for i := range copies {
		t.copy(copies[i], answers[i])
	}
}

// take is what a client knows of an operation while copies of it come back.
type take struct {
	history.Operation
	final bool // no further copy can tell more
}

// copy takes down what came of a copy. The first answer that settles the
// operation counts; what was unknown stays so until then.
func (t *take) copy(c history.Copy, answer []byte) {
	t.Sent = append(t.Sent, c)
	if t.final {
		return
	}
	t.Node = c.Node
	decided := (c.Outcome == history.Acked || c.Outcome == history.Refused) && c.Sequence > 0
	switch {
	case decided:
		t.final, t.Outcome, t.Status, t.Sequence, t.Answer, t.Ended = true, c.Outcome, c.Status, c.Sequence, answer, c.Ended
	case c.Outcome == history.Refused:
		// Refused at the door. That says nothing of a copy that was unknown.
		t.final, t.Status, t.Answer, t.Ended = true, c.Status, answer, c.Ended
		if t.Outcome != history.Unknown {
			t.Outcome = history.Refused
		}
	case c.Outcome == history.Unknown || t.Outcome == "":
		t.Outcome = c.Outcome
	}
}
