// Package commandindex (no promise) is the view that finds commands by their
// ids: what a participant's command id was first executed as, for as long as its
// events are retained. The machine remembers ids for a time only; the journal
// holds every command that left an event, refused ones too.
//
// The journal is divided into strides of so many commands. Of each stride the
// view keeps what little tells its commands apart: a fingerprint of participant
// and id, and where the command begins, in one of 1,024 lists by the beginning
// of the id's hash. So an id is looked for in a thousandth of what there is, and
// a command costs eight bytes. A fingerprint is not believed: the group that it
// leads to says whose it is.
package commandindex

import (
	"encoding/binary"
	"sync"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// Name is the view's name.
const Name = "command_index"

const (
	// DefaultStride is after how many commands a stride is closed, by the block
	// that reaches it.
	DefaultStride = 32768
	// MaxStride keeps the largest item (all ids of a stride in one list) small
	// enough for a store.
	MaxStride = DefaultStride
	// strideEvents closes a stride in which few events are of commands with ids:
	// what is folded again after a start, at most and a block.
	strideEvents = 1 << 18
)

// View folds commands into strides. Its queries may run beside Fold.
type View struct {
	every   int
	journal readmodels.Journal
	reader  readmodels.Reader

	mu sync.RWMutex // guards what follows
	// open is the stride that is filled, closed the one before it, which a
	// reader may not see in the store yet; nil without one since the start.
	open   *stride
	closed *stride
	spare  []entry // the memory of a stride that nobody looks into any more
}

var _ readmodels.View = (*View)(nil)

// New returns the view of a journal, with strides of so many commands, at most
// MaxStride; 0 = DefaultStride.
func New(journal readmodels.Journal, every int) *View {
	if every == 0 {
		every = DefaultStride
	}
	return &View{every: min(every, MaxStride), journal: journal, open: &stride{}}
}

// Name implements readmodels.View.
func (*View) Name() string { return Name }

// Format implements readmodels.View.
func (*View) Format() uint32 { return 1 }

// strides is the list of the closed ones: an empty item at the last sequence of
// each.
func strides() []byte { return []byte{'s'} }

// listOf is the list of the ids of a bucket: an item a stride that has some, at
// the stride's last sequence.
func listOf(bucket uint16) []byte { return binary.BigEndian.AppendUint16([]byte{'c'}, bucket) }

// Open implements readmodels.View. It goes on behind the last stride that was
// closed.
func (v *View) Open(r readmodels.Reader, cursor market.Sequence) (market.Sequence, error) {
	var from market.Sequence
	if cursor > 0 {
		err := r.List(strides(), readmodels.Span{At: cursor, Descending: true}, func(_ []byte, at market.Sequence) bool {
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
	if len(v.open.entries) < v.every && b.Last()-v.open.first+1 < strideEvents {
		return nil
	}
	v.open.write(w, b.Last())
	if v.closed != nil {
		v.spare = v.closed.entries[:0]
	}
	v.open, v.closed = &stride{first: b.Last() + 1, entries: v.spare}, v.open
	v.spare = nil
	return nil
}
