package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/commandcodec"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
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
	order   cluster.Submitter
	journal *journal.Journal
	// fetch gets the block that holds a sequence from another node.
	fetch    func(ctx context.Context, sequence market.Sequence) (*event.Block, error)
	deadline time.Duration
	venue    *venueTime
	answered *watermark
	// level returns the feature level that commands are encoded at.
	level    func() uint16
	inFlight inFlight
	waiting  waiting
	fetches  *fetches
	// takes is why what is taken by no such intake is refused, nil if it is
	// taken.
	takes func(taken func(gateways.Intake) bool) error
	// slow waits for the place of so many new orders while intake is slow, and
	// refuses those that would wait too long.
	slow func(ctx context.Context, orders int) error
}

var _ gateways.Commands = (*commands)(nil)

// Submit implements gateways.Commands.
func (c *commands) Submit(ctx context.Context, batch []*command.Command) ([]event.Outcome, error) {
	orders := 0
	for _, cmd := range batch {
		if err := c.Takes(cmd.Role, cmd.Body); err != nil {
			return nil, err
		}
		if gateways.NewOrder(cmd.Body) {
			orders++
		}
	}
	if err := c.slow(ctx, orders); err != nil {
		return nil, err
	}
	c.inFlight.add(batch)
	defer c.inFlight.remove(batch)
	defer c.waiting.begin()()
	outcomes, err := c.again(ctx, batch)
	if len(outcomes) == 0 {
		return outcomes, err
	}
	last := market.Sequence(0)
	for i := range outcomes {
		last = max(last, outcomes[i].Sequence)
	}
	c.catchUp(ctx, last)
	if n, unread := c.complete(ctx, batch, outcomes); unread != nil {
		return outcomes[:n], submitError(fmt.Errorf("%w: the answer can't be read: %w", cluster.ErrUnknownOutcome, unread))
	}
	return outcomes, err
}

// again submits a batch, and stamps it anew and submits it once more if it was
// refused whole because this node's idea of venue time lay too far ahead.
func (c *commands) again(ctx context.Context, batch []*command.Command) ([]event.Outcome, error) {
	outcomes, err := c.submit(ctx, batch)
	if err == nil && allTooFarAhead(outcomes) {
		c.venue.correct(outcomes[len(outcomes)-1].At)
		outcomes, err = c.submit(ctx, batch)
	}
	return outcomes, err
}

func allTooFarAhead(outcomes []event.Outcome) bool {
	return len(outcomes) > 0 && !slices.ContainsFunc(outcomes, func(o event.Outcome) bool {
		return o.Kind != event.OutcomeTooFarAhead
	})
}

// submit stamps, orders and decodes. What the leader answers says what time it
// is.
func (c *commands) submit(ctx context.Context, batch []*command.Command) ([]event.Outcome, error) {
	encoded, err := c.encode(ctx, batch)
	if err != nil {
		return nil, err
	}
	raw, submitted := c.order.Submit(ctx, encoded)
	outcomes := make([]event.Outcome, len(raw))
	for i := range raw {
		o, err := eventcodec.DecodeOutcome(raw[i].Data)
		if err != nil { // executed, but who can say how
			outcomes, submitted = outcomes[:i], fmt.Errorf("decode outcome of entry %d: %w", raw[i].Index, err)
			break
		}
		outcomes[i] = *o
	}
	if n := len(outcomes); n > 0 {
		c.venue.learn(outcomes[n-1].At)
	}
	if submitted != nil {
		return outcomes, submitError(submitted)
	}
	return outcomes, nil
}

// Takes implements gateways.Commands.
func (c *commands) Takes(role market.Role, body command.Body) error {
	return c.takes(func(i gateways.Intake) bool { return i.Takes(role, body) })
}

// encode stamps each copy with a deadline of its own, after which the machine
// refuses it.
func (c *commands) encode(ctx context.Context, batch []*command.Command) ([][]byte, error) {
	deadline, err := c.deadlineOf(ctx, batch)
	if err != nil {
		return nil, err
	}
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
		if buffer, err = commandcodec.Append(buffer, &stamped, c.level()); err != nil {
			if errors.Is(err, commandcodec.ErrLevel) {
				return nil, fmt.Errorf("%w: %w", gateways.ErrUnavailable, err)
			}
			return nil, fmt.Errorf("%w: %w", gateways.ErrTooLarge, err)
		}
		encoded[i] = buffer[from:len(buffer):len(buffer)]
	}
	return encoded, nil
}

// deadlineOf returns the deadline of copies that are made now. Markers have
// none: they do nothing.
func (c *commands) deadlineOf(ctx context.Context, batch []*command.Command) (market.Nanos, error) {
	if !slices.ContainsFunc(batch, func(cmd *command.Command) bool { return cmd.Body.Kind() != command.KindProbe }) {
		return 0, nil
	}
	now, err := c.VenueTime(ctx)
	if err != nil {
		return 0, err
	}
	return now + market.Nanos(c.deadline), nil
}

// VenueTime implements gateways.Commands. A node that has not heard venue time
// from the leader asks for it, by a marker in the log; without an answer it must
// not invent one, and nothing that needs it is sent.
func (c *commands) VenueTime(ctx context.Context) (market.Nanos, error) {
	now, known := c.venue.now()
	if known {
		return now, nil
	}
	marker := &command.Command{
		Header: command.Header{Source: market.SourceSystem, Role: market.RoleAdmin}, Body: &command.Probe{},
	}
	if _, err := c.submit(ctx, []*command.Command{marker}); err != nil {
		return 0, fmt.Errorf("%w: venue time is not known here: %w", gateways.ErrNoLeader, notExecuted(err))
	}
	if now, known = c.venue.now(); !known {
		return 0, fmt.Errorf("%w: this node's clock was set while it asked for venue time", gateways.ErrNoLeader)
	}
	return now, nil
}

// notExecuted keeps what went wrong for people, and nothing that errors.Is
// could take for the fate of commands that were never sent.
func notExecuted(err error) error { return errors.New(err.Error()) }

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
