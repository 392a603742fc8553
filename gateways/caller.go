package gateways

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Errors of a Caller.
var (
	// ErrForbidden: it is not his, or his role does not allow it. What belongs to
	// another and what does not exist are the same to a caller.
	ErrForbidden = errors.New("forbidden")
	// ErrBadRequest: a request that no venue could execute. Not executed.
	ErrBadRequest = errors.New("bad request")
)

// MaxRequests is how many requests may be submitted together.
const MaxRequests = 1000

// Caller is somebody who has shown a credential: what is sent by it is his, and
// what is read by it is what he may see. Each call looks whether his key is
// still in force, and fails with ErrStranger if it is not. Its methods may be
// called from any goroutine.
type Caller struct {
	venue      *Venue
	credential string

	mu        sync.Mutex
	identity  Identity
	authority *Authority // that the identity was taken from
}

// Who returns whom the credential belongs to now: ErrStranger once it is
// withdrawn, or stands for another participant or role.
func (c *Caller) Who() (Identity, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.venue.config.Reads.Authority()
	if now == c.authority {
		return c.identity, nil
	}
	identity, err := c.venue.keys.Check(c.credential)
	if err != nil {
		return Identity{}, err
	}
	if !identity.Same(&c.identity) {
		return Identity{}, ErrStranger
	}
	c.identity, c.authority = identity, now
	return identity, nil
}

// Request is a command to submit.
type Request struct {
	// ID is the idempotency key, unique to the participant, 1–64 characters of
	// [A-Za-z0-9._:-], not beginning with market.ReservedPrefix. What is submitted
	// again under an id with the same body has the first one's result.
	ID string
	// Body is what is asked for. It is not changed, and may be used again.
	Body command.Body
	// Label, Correlation and Traceparent follow the command through log and
	// events; each may be "".
	Label, Correlation, Traceparent string
	// Aggregate is what the request is about, in the client's words, or "". If
	// Expected is not nil the command is refused unless that is at this version; 0:
	// it must not exist yet.
	Aggregate string
	Expected  *uint64
	// ValidUntil, if it is not 0, is the venue time after which the command is
	// refused.
	ValidUntil market.Nanos
}

// Result is what became of a request.
type Result struct {
	ID   string
	Kind event.OutcomeKind
	// Sequence is one to wait for, to read what the request has done.
	Sequence market.Sequence
	At       market.Nanos // venue time
	// Repeated: the id was executed before, and the rest is of that time.
	Repeated          bool
	Aggregate         string
	AggregateSequence uint64
	// Events are those of the command that the caller may see, in order. None
	// where nothing was executed, and of a repeat whose first answer this node
	// can't read now.
	Events []Event
}

// Refused returns why the machine refused the command, nil if it did not.
func (r *Result) Refused() *CommandRejected {
	if len(r.Events) == 0 {
		return nil
	}
	rejected, _ := r.Events[0].Data.(*CommandRejected)
	return rejected
}

// Submit executes the requests in their order, and returns one result for each.
// With an error come the results of the first requests, as many as are known:
// the error is of the others. Errors are those of Commands.Submit, ErrForbidden
// for a role that sends nothing, ErrBadRequest, and ErrOverloaded also where the
// participant has too much under way.
func (c *Caller) Submit(ctx context.Context, requests ...Request) ([]Result, error) {
	who, err := c.Who()
	if err != nil {
		return nil, err
	}
	if who.Role != market.RoleAdmin && who.Role != market.RoleTrader {
		return nil, fmt.Errorf("%w: a key of the role %v sends no commands", ErrForbidden, who.Role)
	}
	batch, err := c.commands(ctx, &who, requests)
	if err != nil {
		return nil, err
	}
	if err := c.venue.commands.take(who.Participant, len(batch)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOverloaded, err)
	}
	defer c.venue.commands.give(who.Participant, len(batch))
	outcomes, err := c.venue.config.Commands.Submit(ctx, batch)
	results := make([]Result, len(outcomes))
	for i := range outcomes {
		results[i] = c.result(ctx, &who, batch[i], &outcomes[i])
	}
	return results, err
}

// commands makes commands of requests, all of one sender.
func (c *Caller) commands(ctx context.Context, who *Identity, requests []Request) ([]*command.Command, error) {
	if n := len(requests); n == 0 || n > MaxRequests {
		return nil, fmt.Errorf("%w: %d requests are not 1–%d", ErrBadRequest, n, MaxRequests)
	}
	var until market.Nanos
	if who.MaxAge != 0 {
		now, err := c.venue.config.Commands.VenueTime(ctx)
		if err != nil {
			return nil, err
		}
		until = now + min(market.Nanos(who.MaxAge), market.MaxValidity)
	}
	batch := make([]*command.Command, len(requests))
	for i := range requests {
		r := &requests[i]
		if !market.ValidID(r.ID) || market.Reserved(r.ID) {
			return nil, fmt.Errorf("%w: %q is not an id", ErrBadRequest, r.ID)
		}
		if r.Body == nil {
			return nil, fmt.Errorf("%w: %s has no body", ErrBadRequest, r.ID)
		}
		batch[i] = c.command(who, r)
		if batch[i].ValidUntil == 0 {
			batch[i].ValidUntil = until
		}
	}
	return batch, nil
}

func (c *Caller) command(who *Identity, r *Request) *command.Command {
	out := &command.Command{
		Header: command.Header{
			ID: r.ID, Participant: who.Participant, Actor: who.Actor, Role: who.Role, Source: market.SourceConsole,
			Label: r.Label, Correlation: r.Correlation, Traceparent: r.Traceparent, Aggregate: r.Aggregate,
			ValidUntil: r.ValidUntil,
		},
		Body: r.Body,
	}
	if r.Expected != nil {
		out.HasExpected, out.Expected = true, *r.Expected
	}
	if who.Role == market.RoleTrader {
		out.Body = HideOrder(r.Body, func(id market.OrderID) bool { return c.mayName(who, id) })
	}
	return out
}

// mayName reports whether a caller may name an order: it is his, or this node
// can't say whose it is, and the machine will.
func (c *Caller) mayName(who *Identity, id market.OrderID) bool {
	reads := c.venue.config.Reads
	o, err := reads.Order(reads.Now(), id)
	return err != nil || who.Owns(reads, o.Value.Account)
}

// HideOrder makes a command about somebody else's order one about an order that
// was never issued; others it returns as they are. Such a command takes the same
// way as one about an order that is not there, and the machine forbids it:
// neither answer nor time tells the two apart.
//
// The machine knows whose an order is only while it is open or its place in
// memory is not another's. Of an older one it can say no more than that it is
// closed, and that would tell a stranger that it was there.
func HideOrder(body command.Body, mayName func(market.OrderID) bool) command.Body {
	switch b := body.(type) {
	case *command.AmendOrder:
		if hidden := hide(&b.Order, mayName); hidden != nil {
			own := *b
			own.Order = *hidden
			return &own
		}
	case *command.CancelOrder:
		if hidden := hide(&b.Order, mayName); hidden != nil {
			own := *b
			own.Order = *hidden
			return &own
		}
	}
	return body
}

// hide returns the reference in another's place, nil if it may stay.
func hide(ref *command.OrderRef, mayName func(market.OrderID) bool) *command.OrderRef {
	if ref.ID == 0 || mayName(ref.ID) {
		return nil
	}
	return &command.OrderRef{Unparsed: ref.ID.String()}
}

// result is what a caller is told of an outcome.
func (c *Caller) result(ctx context.Context, who *Identity, sent *command.Command, o *event.Outcome) Result {
	r := Result{ID: sent.ID, Kind: o.Kind, Sequence: o.Sequence, At: o.At}
	block := &event.Block{Index: o.Index, At: o.At, History: o.History}
	group := o.Group
	if o.Kind == event.OutcomeRepeat {
		r.Repeated = true
		var err error
		if block, group, err = c.venue.config.Commands.Executed(ctx, who.Participant, asked(sent), o.First); err != nil {
			c.venue.config.Logger.Warn("a repeated command's first answer could not be read", "sequence", uint64(o.First), "error", err)
			return r
		}
		r.At = block.At
	}
	if group == nil {
		return r
	}
	r.Aggregate, r.AggregateSequence, r.Sequence = group.Aggregate, group.AggregateSequence, max(r.Sequence, group.Last())
	alone := *block
	alone.First, alone.Count, alone.Groups = group.First, group.Count, []event.Group{*group}
	for e := range alone.Events {
		if who.Sees(c.venue.config.Reads, &e) {
			r.Events = append(r.Events, EventOf(&e, who.Viewer()))
		}
	}
	return r
}

// asked is the id that an outcome speaks of: of a question, the one that was
// asked about.
func asked(c *command.Command) string {
	switch b := c.Body.(type) {
	case *command.Probe:
		return b.Target
	case *command.Fence:
		return b.Target
	}
	return c.ID
}
