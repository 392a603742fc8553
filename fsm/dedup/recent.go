package dedup

import (
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/fsm/slab"
)

// The time that a used id is kept whatever comes.
const (
	// MaxDeadline is how far ahead of venue time a gateway puts the deadline
	// of a copy: 10 seconds.
	MaxDeadline = market.Nanos(10e9)
	// Tolerance is what a gateway's idea of venue time may be ahead of it: 2
	// seconds. A deadline that lies further ahead than both is refused.
	Tolerance = market.Nanos(2e9)
	// ValidityTolerance is what a gateway's clock, by which it judges a client's
	// valid_until, may be ahead of venue time: a minute.
	ValidityTolerance = market.Nanos(60e9)
	// MinAge is how long after its entry an id is kept at least: no copy that
	// was on its way when the entry was applied can execute later.
	MinAge = MaxDeadline + Tolerance
)

const (
	// parts is how many generations fill the bound, and the window: one is
	// closed when it has an eighth of the ids, or is 3 hours old.
	parts = 8
	// slots is how many generations there can be: 8 closed by number, 10 by
	// age, and some for ids beyond the bound. When all are taken the newest
	// one grows.
	slots = 32
)

// Recent remembers used ids in generations of venue time: tables that are
// dropped whole once their youngest id may be forgotten. So forgetting costs
// nothing by the id, and memory comes back at once.
//
//	oldest                                         newest
//	┌──────────┬──────────┬─────────┬──────────┬───────┐
//	│ due: may │          │         │ younger than MinAge
//	│ be dropped          │         │ are kept, also beyond the bound
//	└──────────┴──────────┴─────────┴──────────┴───────┘
//
// One index finds them all, so that an id is looked for once and not in each
// generation. It keeps the entries of what was dropped until new ones sweep
// them out.
type Recent struct {
	state       *slab.Slab[recent]
	generations [slots]*slab.Slab[used]
	index       *slab.Index
	capacity    uint32
}

// used is an id, in the order of use.
type used struct{ hi, lo, digest, first uint64 }

// place is where an id lies, as the index knows it: the slot of its generation
// and its number there.
type place uint32

// numberBits leave 134 million ids a generation.
const numberBits = 27

func (p place) slot() uint32   { return uint32(p) >> numberBits }
func (p place) number() uint32 { return uint32(p) & (1<<numberBits - 1) }

// recent is the one record that says which generations there are: live ones
// from first on, around the ring.
type recent struct {
	first, live uint32
	total       uint64 // ids in all of them
	spans       [slots]span
}

// span is when the first and the last id of a generation were used.
type span struct{ opened, newest int64 }

// NewRecent returns an empty table that keeps capacity ids beyond MinAge.
func NewRecent(alloc slab.Allocator, capacity uint32) *Recent {
	t := &Recent{state: slab.New[recent](alloc), index: slab.NewIndex(alloc), capacity: capacity}
	t.state.Append()
	for i := range t.generations {
		t.generations[i] = slab.New[used](alloc)
	}
	return t
}

// Find returns what is known of an id.
func (t *Recent) Find(k Key) (Record, bool) {
	i, ok := t.index.Find(k.Lo, func(i uint32) bool {
		if t.gone(i) {
			return false
		}
		r := t.at(place(i))
		return r.lo == k.Lo && r.hi == k.Hi
	})
	if !ok {
		return Record{}, false
	}
	r := t.at(place(i))
	return Record{r.digest, market.Sequence(r.first)}, true
}

func (t *Recent) at(p place) *used { return t.generations[p.slot()].Get(p.number()) }

// gone reports whether an entry of the index leads to an id that was dropped.
// It may say no when the slot has another generation since: what is found
// there is another id.
func (t *Recent) gone(i uint32) bool {
	p := place(i)
	return p.number() >= t.generations[p.slot()].Len()
}

// Forget drops the generations, at most two, whose window has passed or, where
// others keep so many ids beside this table that the bound is reached, whose
// ids are due.
func (t *Recent) Forget(now market.Nanos, others uint64) {
	for range 2 {
		s := t.state.Get(0)
		if s.live == 0 {
			return
		}
		newest := market.Nanos(s.spans[s.first].newest)
		full := s.total+others >= uint64(t.capacity)
		if now <= newest+MinAge || !full && now <= newest+MinAge+Window {
			return
		}
		t.drop()
	}
}

func (t *Recent) drop() {
	s := t.state.Mut(0)
	ids := t.generations[s.first]
	s.total -= uint64(ids.Len())
	ids.Release()
	s.spans[s.first] = span{}
	s.first = (s.first + 1) % slots
	if s.live--; s.live == 0 {
		t.index.Release()
	}
}

// Add remembers an id; Find found it not.
func (t *Recent) Add(k Key, r Record, now market.Nanos) {
	s := t.state.Mut(0)
	n := (s.first + s.live - 1) % slots
	if s.live == 0 || s.live < slots && t.closed(n, s.spans[n], now) {
		n = (s.first + s.live) % slots
		s.live++
		s.spans[n].opened = int64(now)
	}
	s.total++
	s.spans[n].newest = int64(now)
	ids := t.generations[n]
	i := ids.Append()
	if i >= 1<<numberBits {
		panic("dedup: more undue ids than a generation has numbers for")
	}
	*ids.Mut(i) = used{k.Hi, k.Lo, r.Digest, uint64(r.First)}
	t.index.InsertSweeping(k.Lo, n<<numberBits|i, t.gone)
}

// closed reports whether the newest generation takes no more.
func (t *Recent) closed(n uint32, s span, now market.Nanos) bool {
	return t.generations[n].Len() >= (t.capacity+parts-1)/parts || int64(now)-s.opened >= int64(Window)/parts
}

// Len returns how many ids are remembered.
func (t *Recent) Len() uint64 { return t.state.Get(0).total }

// Oldest returns when the oldest remembered id was used, 0 if there is none.
func (t *Recent) Oldest() market.Nanos {
	s := t.state.Get(0)
	if s.live == 0 {
		return 0
	}
	return market.Nanos(s.spans[s.first].opened)
}

// Describe names the tables, which are there from a level on, and says how their
// records lie.
func (t *Recent) Describe(name string, level uint16) {
	t.index.Describe(name+".index", level)
	t.state.Describe(slab.Shape{Name: name + ".state", Layouts: []slab.Layout{
		{Level: level, Fields: "first 4, live 4, total 8, spans 512"},
	}})
	for i, ids := range t.generations {
		ids.Describe(slab.Shape{Name: fmt.Sprintf("%s.%d", name, i), Layouts: []slab.Layout{
			{Level: level, Fields: "hi 8, lo 8, digest 8, first 8"},
		}})
	}
}

// Tables lists the slabs, for capture and restoration.
func (t *Recent) Tables() []slab.Table { return append(t.Records(), t.index.Tables()...) }

// Records lists what a state hash covers: all but the index, whose live entries
// are made of the ids. Ids are only ever appended, so that a hash reads the
// last pages.
func (t *Recent) Records() []slab.Table {
	tables := []slab.Table{t.state}
	for i := range t.generations {
		tables = append(tables, t.generations[i])
	}
	return tables
}

// SetCapacity sets the bound, after restoration.
func (t *Recent) SetCapacity(n uint32) { t.capacity = n }
