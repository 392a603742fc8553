package rest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/gateways"
)

const (
	// maxInFront is how many commands of batches a node has on their way at
	// once: so many are in front of a single command that comes. It is about
	// 100 ms of what a small venue executes.
	maxInFront = 4096
	// maxSingles is how many ordinary commands that came by themselves a node
	// has on their way: with those of batches about half of what its window
	// holds, so that what is urgent finds room there.
	maxSingles = 28 << 10
	// frontPatience is how long a batch waits for its turn.
	frontPatience = 5 * time.Second
)

// front is what stands before the node's window of commands, which keeps them in
// the order in which they come. Batches go in as those before them are answered,
// the participants in rotation: so nobody's commands stand behind more than a
// bounded number of another's, however much that one sends. Single commands
// don't wait here, and what is urgent is not even counted.
type front struct {
	batches, singles int // bounds, in commands

	mu        sync.Mutex
	inBatches int
	alone     int
	callers   map[string]*sender
	rotation  []*sender // those that wait, the next first
}

// sender is a participant with batches that wait, in their order.
type sender struct {
	who   string
	queue []*ticket
}

// ticket is a batch that waits.
type ticket struct {
	commands int
	called   chan struct{} // closed when it is its turn
}

func newFront(batches, singles int) *front {
	return &front{batches: batches, singles: singles, callers: map[string]*sender{}}
}

// single takes a place for one command; leaveSingle must follow if there was
// one.
func (f *front) single() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.alone >= f.singles {
		return false
	}
	f.alone++
	return true
}

func (f *front) leaveSingle() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.alone--
}

// batch waits until it is the turn of a batch of so many commands, 1 to the
// bound; leaveBatch must follow. It fails when ctx ends first.
func (f *front) batch(ctx context.Context, who string, commands int) error {
	f.mu.Lock()
	s := f.callers[who]
	if s == nil {
		s = &sender{who: who}
		f.callers[who] = s
		f.rotation = append(f.rotation, s)
	}
	t := &ticket{commands: commands, called: make(chan struct{})}
	s.queue = append(s.queue, t)
	f.call()
	f.mu.Unlock()
	select {
	case <-t.called:
		return nil
	case <-ctx.Done():
		return f.abandon(s, t)
	}
}

// abandon takes a batch out of its queue, unless it was called in that moment.
func (f *front) abandon(s *sender, t *ticket) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.Index(s.queue, t)
	if i < 0 {
		return nil
	}
	s.queue = slices.Delete(s.queue, i, i+1)
	if len(s.queue) == 0 {
		f.rotation = slices.DeleteFunc(f.rotation, func(o *sender) bool { return o == s })
		delete(f.callers, s.who)
	}
	f.call() // a smaller one may be the next now
	return fmt.Errorf("%w: the batches of others are before it", gateways.ErrOverloaded)
}

func (f *front) leaveBatch(commands int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inBatches -= commands
	f.call()
}

// call lets batches in, one of each participant in rotation, as long as the next
// one fits.
func (f *front) call() {
	for len(f.rotation) > 0 {
		s := f.rotation[0]
		t := s.queue[0]
		if f.inBatches+t.commands > f.batches {
			return
		}
		f.inBatches += t.commands
		close(t.called)
		f.rotation = f.rotation[1:]
		if s.queue = s.queue[1:]; len(s.queue) > 0 {
			f.rotation = append(f.rotation, s)
		} else {
			delete(f.callers, s.who)
		}
	}
}

// submitBatch submits the commands of a batch when it is their turn. Whoever has
// waited for that is taken anew.
func (x *exchange) submitBatch(commands []*command.Command) ([]event.Outcome, error) {
	ctx, cancel := context.WithTimeout(x.r.Context(), frontPatience)
	defer cancel()
	if err := x.h.front.batch(ctx, x.who(), len(commands)); err != nil {
		return nil, err
	}
	defer x.h.front.leaveBatch(len(commands))
	if !x.still() {
		return nil, errWithdrawn
	}
	return x.h.commands.Submit(x.r.Context(), commands)
}

// submitSingle submits one command; what is urgent always gets in.
func (x *exchange) submitSingle(c *command.Command, urgent bool) ([]event.Outcome, error) {
	if !urgent {
		if !x.h.front.single() {
			return nil, fmt.Errorf("%w: at this node", gateways.ErrOverloaded)
		}
		defer x.h.front.leaveSingle()
	}
	return x.h.commands.Submit(x.r.Context(), []*command.Command{c})
}
