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
	// maxBytesInFront is how many bytes of bodies those of batches have, and
	// those of single commands, so that the window has room for bytes too.
	maxBytesInFront = 8 << 20
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
	bytes            int // bound of each

	mu        sync.Mutex
	inBatches burden
	alone     burden
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
	cost   burden
	called chan struct{} // closed when it is its turn
}

func newFront(batches, singles, bytes int) *front {
	return &front{batches: batches, singles: singles, bytes: bytes, callers: map[string]*sender{}}
}

// single takes a place for one command; leaveSingle must follow if there was
// one.
func (f *front) single(cost burden) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	sum := f.alone.plus(cost)
	if sum.commands > f.singles || sum.bytes > f.bytes {
		return false
	}
	f.alone = sum
	return true
}

func (f *front) leaveSingle(cost burden) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.alone = f.alone.minus(cost)
}

// batch waits until it is the turn of a batch that is within the bounds by
// itself; leaveBatch must follow. It fails when ctx ends first.
func (f *front) batch(ctx context.Context, who string, cost burden) error {
	f.mu.Lock()
	s := f.callers[who]
	if s == nil {
		s = &sender{who: who}
		f.callers[who] = s
		f.rotation = append(f.rotation, s)
	}
	t := &ticket{cost: cost, called: make(chan struct{})}
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

func (f *front) leaveBatch(cost burden) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inBatches = f.inBatches.minus(cost)
	f.call()
}

// call lets batches in, one of each participant in rotation, as long as the next
// one fits.
func (f *front) call() {
	for len(f.rotation) > 0 {
		s := f.rotation[0]
		t := s.queue[0]
		sum := f.inBatches.plus(t.cost)
		if sum.commands > f.batches || sum.bytes > f.bytes {
			return
		}
		f.inBatches = sum
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
func (x *call) submitBatch(commands []*command.Command, bytes int) ([]event.Outcome, error) {
	ctx, cancel := context.WithTimeout(x.r.Context(), frontPatience)
	defer cancel()
	cost := burden{requests: 1, commands: len(commands), bytes: bytes}
	if err := x.h.front.batch(ctx, x.who(), cost); err != nil {
		return nil, err
	}
	defer x.h.front.leaveBatch(cost)
	if !x.still() {
		return nil, errWithdrawn
	}
	return x.h.commands.Submit(x.r.Context(), commands)
}

// submitSingle submits one command; what is urgent always gets in.
func (x *call) submitSingle(c *command.Command, bytes int, urgent bool) ([]event.Outcome, error) {
	if !urgent {
		cost := burden{requests: 1, commands: 1, bytes: bytes}
		if !x.h.front.single(cost) {
			return nil, fmt.Errorf("%w: at this node", gateways.ErrOverloaded)
		}
		defer x.h.front.leaveSingle(cost)
	}
	return x.h.commands.Submit(x.r.Context(), []*command.Command{c})
}
