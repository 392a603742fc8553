// Package eventindex (no promise) is the view that finds events by type and by
// aggregate: which blocks of the journal hold some, at any point of the past.
//
// The journal is divided into strides of so many events. Of each stride the
// view keeps one item: the 32-bit hashes of the types and aggregates in it,
// each with the blocks that it occurs in, sorted. So a rare thing is looked for
// by a binary search a stride, and only the blocks that have it are read. A
// hash that two names share costs a block read in vain and nothing else: the
// reader filters what it reads.
package eventindex

import (
	"sync"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// Name is the view's name.
const Name = "event_index"

// DefaultStride is after how many events a stride is closed, by the block that
// reaches it.
const DefaultStride = 8192

// MaxStride is what a block's offset in its stride leaves room for.
const MaxStride = 1 << 16

// View folds blocks into strides. Its queries may run beside Fold.
type View struct {
	stride market.Sequence
	reader readmodels.Reader

	mu sync.RWMutex // guards what follows
	// open is the stride that is filled, closed the one before it, which a
	// reader may not see in the store yet; nil without one since the start.
	open   *stride
	closed *stride
}

var _ readmodels.View = (*View)(nil)

// New returns the view, with strides of so many events; 0 = DefaultStride.
func New(every market.Sequence) *View {
	if every == 0 {
		every = DefaultStride
	}
	return &View{stride: min(every, MaxStride-1), open: &stride{}}
}

// Name implements readmodels.View.
func (*View) Name() string { return Name }

// Format implements readmodels.View.
func (*View) Format() uint32 { return 1 }

// list is the one list of the store: an item a stride, at its last sequence.
func list() []byte { return []byte{'s'} }

// Open implements readmodels.View. It goes on behind the last stride that was
// closed.
func (v *View) Open(r readmodels.Reader, cursor market.Sequence) (market.Sequence, error) {
	var from market.Sequence
	if cursor > 0 {
		err := r.List(list(), readmodels.Span{At: cursor, Descending: true}, func(_ []byte, at market.Sequence) bool {
			from = at
			return false
		})
		if err != nil {
			return 0, err
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.open, v.closed = &stride{}, nil
	if from > 0 {
		v.open.first = from + 1
	}
	if v.reader == nil {
		v.reader = r
	}
	return from, nil
}

// Fold implements readmodels.View.
func (v *View) Fold(b *event.Block, w readmodels.Writer) error {
	if b.Count == 0 {
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.open.add(b)
	if b.Last()-v.open.first+1 < v.stride {
		return nil
	}
	v.open.sort()
	w.Append(list(), v.open.append(nil), b.Last())
	v.open, v.closed = &stride{first: b.Last() + 1}, v.open
	return nil
}
