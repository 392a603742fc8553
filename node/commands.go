package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// readYourWrites is how long an answer waits for this node to have applied
// the command too, so that a client reads its own write where it wrote it.
const readYourWrites = 20 * time.Millisecond

// commands is the way in: it encodes, orders through the cluster, and answers
// once this node has caught up with what it answers.
type commands struct {
	order    cluster.Submitter
	journal  *journal.Journal
	deadline time.Duration
	clock    cluster.Clock
	answered *watermark
	// level returns the feature level that commands are encoded at.
	level    func() uint16
	inFlight inFlight
}

var _ gateways.Commands = (*commands)(nil)

// Submit implements gateways.Commands.
func (c *commands) Submit(ctx context.Context, batch []*command.Command) ([]event.Outcome, error) {
	encoded, err := c.encode(batch)
	if err != nil {
		return nil, err
	}
	c.inFlight.add(batch)
	defer c.inFlight.remove(batch)
	raw, err := c.order.Submit(ctx, encoded)
	if err != nil {
		return nil, submitError(err)
	}
	outcomes := make([]event.Outcome, len(raw))
	last := market.Sequence(0)
	for i := range raw {
		o, err := event.DecodeOutcome(raw[i].Data)
		if err != nil {
			return nil, fmt.Errorf("decode outcome of entry %d: %w", raw[i].Index, err)
		}
		outcomes[i] = *o
		last = max(last, o.Sequence)
	}
	c.catchUp(ctx, last)
	return outcomes, nil
}

// encode stamps each copy with a deadline of its own, after which the machine
// refuses it.
func (c *commands) encode(batch []*command.Command) ([][]byte, error) {
	deadline := market.Nanos(c.clock.Now().Add(c.deadline).UnixNano())
	encoded := make([][]byte, len(batch))
	buffer := make([]byte, 0, 192*len(batch))
	for i, cmd := range batch {
		// The deadline is this copy's: the caller's command stays as it is,
		// and the same one submitted again later gets a new deadline.
		stamped := *cmd
		if stamped.Deadline == 0 {
			stamped.Deadline = deadline
		}
		from := len(buffer)
		var err error
		if buffer, err = command.Append(buffer, &stamped, c.level()); err != nil {
			if errors.Is(err, command.ErrLevel) {
				return nil, fmt.Errorf("%w: %w", gateways.ErrUnavailable, err)
			}
			return nil, fmt.Errorf("%w: %w", gateways.ErrTooLarge, err)
		}
		encoded[i] = buffer[from:len(buffer):len(buffer)]
	}
	return encoded, nil
}

func (c *commands) catchUp(ctx context.Context, sequence market.Sequence) {
	if c.journal.Last().Sequence < sequence {
		waiting, cancel := context.WithTimeout(ctx, readYourWrites)
		defer cancel()
		// Too late is not wrong: the answer is known, and carries its sequence.
		_ = c.journal.Wait(waiting, sequence)
	}
	c.answered.raise(sequence)
}

// submitError keeps the verdict: where there is a doubt the outcome is unknown.
func submitError(err error) error {
	if errors.Is(err, cluster.ErrUnknownOutcome) {
		return fmt.Errorf("%w: %w", gateways.ErrUnknownOutcome, err)
	}
	for _, e := range []struct{ from, to error }{
		{cluster.ErrNoLeader, gateways.ErrNoLeader},
		{cluster.ErrNotLeader, gateways.ErrNoLeader},
		{cluster.ErrClosed, gateways.ErrNoLeader},
		{cluster.ErrOverloaded, gateways.ErrOverloaded},
		{cluster.ErrTooLarge, gateways.ErrTooLarge},
	} {
		if errors.Is(err, e.from) {
			return fmt.Errorf("%w: %w", e.to, err)
		}
	}
	return fmt.Errorf("%w: %w", gateways.ErrUnknownOutcome, err)
}

// Executed implements gateways.Commands.
func (c *commands) Executed(ctx context.Context, first market.Sequence) (*event.Block, *event.Group, error) {
	if err := c.journal.Wait(ctx, first); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", gateways.ErrNotCaughtUp, err)
	}
	b, err := c.journal.Block(first)
	if err != nil {
		return nil, nil, readError(err)
	}
	for i := range b.Groups {
		if b.Groups[i].First == first && b.Groups[i].Count > 0 {
			return b, &b.Groups[i], nil
		}
	}
	return nil, nil, fmt.Errorf("no command's outcome begins at sequence %d", first)
}

// InFlight implements gateways.Commands.
func (c *commands) InFlight(participant, id string) bool { return c.inFlight.has(participant, id) }

// inFlight counts the copies of each command id that wait on this node. It is
// bounded by the bounds of the forwarding window and the connections.
type inFlight struct {
	mu     sync.Mutex
	copies map[commandKey]int
}

type commandKey struct{ participant, id string }

func (f *inFlight) add(batch []*command.Command) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.copies == nil {
		f.copies = map[commandKey]int{}
	}
	for _, c := range batch {
		f.copies[commandKey{c.Participant, c.ID}]++
	}
}

func (f *inFlight) remove(batch []*command.Command) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range batch {
		key := commandKey{c.Participant, c.ID}
		if f.copies[key]--; f.copies[key] == 0 {
			delete(f.copies, key)
		}
	}
}

func (f *inFlight) has(participant, id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.copies[commandKey{participant, id}] > 0
}
