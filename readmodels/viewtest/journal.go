package viewtest

import (
	"context"
	"sort"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// Journal is a journal in memory, for tests.
type Journal struct {
	mu     sync.Mutex
	blocks []*event.Block
	grown  chan struct{}
}

var _ readmodels.Journal = (*Journal)(nil)

// NewJournal returns a journal with these blocks.
func NewJournal(blocks ...*event.Block) *Journal {
	return &Journal{blocks: blocks, grown: make(chan struct{})}
}

// Append adds a block.
func (j *Journal) Append(b *event.Block) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.blocks = append(j.blocks, b)
	close(j.grown)
	j.grown = make(chan struct{})
}

func (j *Journal) all() ([]*event.Block, chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.blocks, j.grown
}

// Last implements readmodels.Journal.
func (j *Journal) Last() event.Pin {
	blocks, _ := j.all()
	if len(blocks) == 0 {
		return event.Pin{}
	}
	b := blocks[len(blocks)-1]
	return event.Pin{Sequence: b.Last(), At: b.At}
}

// Floor implements readmodels.Journal.
func (j *Journal) Floor() event.Pin {
	blocks, _ := j.all()
	if len(blocks) == 0 {
		return event.Pin{}
	}
	return event.Pin{Sequence: blocks[0].First, At: blocks[0].At}
}

// Block implements readmodels.Journal.
func (j *Journal) Block(sequence market.Sequence) (*event.Block, error) {
	blocks, _ := j.all()
	i := sort.Search(len(blocks), func(i int) bool { return blocks[i].Last() >= sequence })
	if i == len(blocks) || sequence < blocks[i].First {
		return nil, readmodels.ErrNotFound
	}
	return blocks[i], nil
}

// Read implements readmodels.Journal.
func (j *Journal) Read(after market.Sequence, yield func(*event.Block) bool) error {
	blocks, _ := j.all()
	i := sort.Search(len(blocks), func(i int) bool { return blocks[i].Last() > after })
	for _, b := range blocks[i:] {
		if !yield(b) {
			break
		}
	}
	return nil
}

// SequenceAt implements readmodels.Journal.
func (j *Journal) SequenceAt(at market.Nanos) (market.Sequence, error) {
	blocks, _ := j.all()
	i := sort.Search(len(blocks), func(i int) bool { return blocks[i].At > at })
	if i == 0 {
		return 0, nil
	}
	return blocks[i-1].Last(), nil
}

// Wait implements readmodels.Journal.
func (j *Journal) Wait(ctx context.Context, sequence market.Sequence) error {
	for {
		_, grown := j.all()
		if j.Last().Sequence >= sequence {
			return nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// AppendedAt implements readmodels.Journal: it knows nothing.
func (j *Journal) AppendedAt(market.Sequence) (time.Time, bool) { return time.Time{}, false }
