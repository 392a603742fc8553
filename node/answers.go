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
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// An outcome comes from the leader as kind, index and sequence. What the
// command did is in the block of its entry, which this node makes itself: so
// an answer is rendered from this node's own journal. On the leader it is there
// before the outcome is. A node that has not applied the entry after
// readYourWrites fetches the block from one that has.

const (
	// fetchPause lies between two rounds of asking the others, executedTimeout
	// bounds them all: who asks is told that the answer can't be read now.
	fetchPause      = 50 * time.Millisecond
	executedTimeout = 5 * time.Second
	// fetchesAtOnce bounds the blocks that are being fetched: a node that is only
	// a little behind must not burden the others with every entry. Who finds no
	// place waits, and may be answered by the own journal meanwhile.
	fetchesAtOnce = 2
)

// errOtherBlock: what is at a sequence here is not what the leader made there,
// errOtherCommand: it is not what the command was executed with.
var (
	errOtherBlock   = errors.New("the journal holds another entry's block there")
	errOtherCommand = errors.New("the journal holds another command's outcome there")
)

// complete gives the brief outcomes of commands their groups. With an error it
// says how many of the first ones are complete.
func (c *commands) complete(ctx context.Context, batch []*command.Command, outcomes []event.Outcome) (n int, err error) {
	var b *event.Block
	for i := range outcomes {
		o := &outcomes[i]
		if !o.IsBrief() {
			continue
		}
		if b == nil || b.Index != o.Index {
			if b, err = c.blockOf(ctx, o); err != nil {
				return i, err
			}
		}
		if o.Group = b.GroupAt(o.First); o.Group == nil || b.Index != o.Index {
			return i, fmt.Errorf("sequence %d of entry %d: %w", o.First, o.Index, errOtherBlock)
		}
		if !isOf(o.Group, batch[i].Participant, batch[i].ID) || o.Group.Context.CommandKind != uint8(batch[i].Body.Kind()) {
			o.Group = nil
			return i, fmt.Errorf("sequence %d of entry %d: %w", o.First, o.Index, errOtherCommand)
		}
	}
	return len(outcomes), nil
}

// isOf reports whether a group is what a command of a participant was executed
// with. Where this node's past is not the leader's, as with another build or a
// void that not all know of, a sequence alone would name a stranger's.
func isOf(g *event.Group, participant, id string) bool {
	return g.Context.CommandKind != 0 && g.Context.Participant == participant && g.Context.CommandID == id
}

// blockOf returns the block of an outcome's entry. The caller has waited for
// the journal: where it is still behind, or lacks the block, others are asked,
// once for all commands of the entry.
func (c *commands) blockOf(ctx context.Context, o *event.Outcome) (*event.Block, error) {
	if b, err := c.ownBlock(o.First); b != nil || err != nil {
		return b, err
	}
	return c.fetches.share(ctx, o.Index, func(ctx context.Context) (*event.Block, error) { return c.ownOrFetched(ctx, o.First) })
}

// wholeOutcomes gives encoded brief outcomes their groups, for nodes of a build
// that can't. This node leads and has applied them, so its journal has them,
// unless events of before an installed snapshot are still missing there.
func (n *Node) wholeOutcomes(brief []cluster.Outcome) ([]cluster.Outcome, error) {
	whole := make([]cluster.Outcome, len(brief))
	for i := range brief {
		o, err := eventcodec.DecodeOutcome(brief[i].Data)
		if err != nil {
			return nil, err
		}
		whole[i] = brief[i]
		if !o.IsBrief() {
			continue
		}
		b, err := n.journal.Block(o.First)
		if err != nil {
			return nil, err
		}
		if o.Group = b.GroupAt(o.First); o.Group == nil || b.Index != o.Index {
			return nil, errOtherBlock
		}
		o.First = 0
		whole[i].Data = eventcodec.AppendOutcome(nil, o)
	}
	return whole, nil
}

// Executed implements gateways.Commands.
func (c *commands) Executed(ctx context.Context, participant, id string, first market.Sequence) (*event.Block, *event.Group, error) {
	b, err := c.block(ctx, first)
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.Is(err, journal.ErrClosed):
		return nil, nil, fmt.Errorf("%w: %w", gateways.ErrNotCaughtUp, err)
	case err != nil:
		return nil, nil, readError(err)
	}
	switch g := b.GroupAt(first); {
	case g == nil:
	case !isOf(g, participant, id):
		return nil, nil, fmt.Errorf("sequence %d of entry %d: %w", first, b.Index, errOtherCommand)
	default:
		return b, g, nil
	}
	return nil, nil, fmt.Errorf("no command's outcome begins at sequence %d", first)
}

// block returns the block that holds a sequence: this node's own, or where that
// does not come within readYourWrites another's, whichever is first.
func (c *commands) block(ctx context.Context, sequence market.Sequence) (*event.Block, error) {
	if c.journal.Last().Sequence < sequence {
		waiting, cancel := context.WithTimeout(ctx, readYourWrites)
		err := c.journal.Wait(waiting, sequence)
		late := waiting.Err() != nil
		cancel()
		if err != nil && (!late || ctx.Err() != nil) {
			return nil, err
		}
	}
	b, err := c.journal.Block(sequence)
	if err == nil || errors.Is(err, readmodels.ErrBeforeFloor) || errors.Is(err, journal.ErrClosed) {
		return b, err
	}
	return c.ownOrFetched(ctx, sequence)
}

// ownBlock looks into this node's own journal, and returns neither block nor error
// where that is behind, or lacks the block for a while: a part of it does not
// verify and is being mended.
func (c *commands) ownBlock(sequence market.Sequence) (*event.Block, error) {
	b, err := c.journal.Block(sequence)
	if err != nil && !errors.Is(err, journal.ErrClosed) {
		return nil, nil
	}
	return b, err
}

// ownOrFetched asks the others for a block, again and again, until one has it
// or this node's own journal does. It ends with ctx, or after executedTimeout.
func (c *commands) ownOrFetched(ctx context.Context, sequence market.Sequence) (*event.Block, error) {
	ctx, cancel := context.WithTimeout(ctx, executedTimeout)
	defer cancel()
	fetching, stop := context.WithCancel(ctx)
	var waiting sync.WaitGroup
	var own *event.Block
	var closed error
	waiting.Go(func() {
		own, closed = c.ownWhenThere(fetching, sequence)
		stop()
	})
	b := c.keepFetching(fetching, sequence)
	stop()
	waiting.Wait()
	switch {
	case b != nil:
		return b, nil
	case own != nil:
		return own, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	return nil, closed
}

// ownWhenThere waits until this node's own journal has a block, or is closed.
func (c *commands) ownWhenThere(ctx context.Context, sequence market.Sequence) (*event.Block, error) {
	for {
		if err := c.journal.Wait(ctx, sequence); err != nil {
			return nil, err
		}
		if b, err := c.ownBlock(sequence); b != nil || err != nil {
			return b, err
		}
		if err := pause(ctx, fetchPause); err != nil {
			return nil, err
		}
	}
}

// keepFetching returns nil when ctx ends first.
func (c *commands) keepFetching(ctx context.Context, sequence market.Sequence) *event.Block {
	if !c.fetches.enter(ctx) {
		return nil
	}
	defer c.fetches.exit()
	for {
		if b, err := c.fetch(ctx, sequence); err == nil {
			return b
		}
		if pause(ctx, fetchPause) != nil {
			return nil
		}
	}
}

// fetches are the blocks that are being fetched, or wait for a place, by their
// entries: at most one for each entry that somebody here waits for.
type fetches struct {
	places chan struct{} // capacity fetchesAtOnce

	mu    sync.Mutex
	under map[uint64]*fetching
}

func newFetches() *fetches {
	return &fetches{places: make(chan struct{}, fetchesAtOnce), under: map[uint64]*fetching{}}
}

// enter takes a place, and reports false if ctx ends before there is one.
func (f *fetches) enter(ctx context.Context) bool {
	select {
	case f.places <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (f *fetches) exit() { <-f.places }

type fetching struct {
	done  chan struct{} // closed when the fields below hold
	block *event.Block
	err   error
}

// share calls get unless somebody does for the same entry, and returns what
// came of it. Whose call it is may give up, or his time be over, before it has
// anything: then another one of those who wait makes it. Each has executedTimeout.
func (f *fetches) share(ctx context.Context, index uint64, get func(context.Context) (*event.Block, error)) (*event.Block, error) {
	ctx, cancel := context.WithTimeout(ctx, executedTimeout)
	defer cancel()
	for {
		one, mine := f.join(index)
		if mine {
			one.block, one.err = get(ctx)
			f.leave(index, one)
			return one.block, one.err
		}
		select {
		case <-one.done:
			if !errors.Is(one.err, context.Canceled) && !errors.Is(one.err, context.DeadlineExceeded) {
				return one.block, one.err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (f *fetches) join(index uint64) (one *fetching, mine bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one = f.under[index]; one != nil {
		return one, false
	}
	one = &fetching{done: make(chan struct{})}
	f.under[index] = one
	return one, true
}

func (f *fetches) leave(index uint64, one *fetching) {
	f.mu.Lock()
	delete(f.under, index)
	f.mu.Unlock()
	close(one.done)
}
