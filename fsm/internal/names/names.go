// Package names gives every id of an open-ended kind (accounts, owners) a
// small number, in the order in which the ids appeared, so that the machine's
// records can refer to them without strings.
//
// The table is state: pointer-free records and an index in slabs. The strings
// that events carry are a cache beside it, made once an id, so that emitting
// an event allocates none.
package names

import (
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/fsm/slab"
)

// Number stands for an id. 0 is no id.
type Number uint32

// record is an id: its length and its bytes.
type record struct {
	//lint:ignore U1000 the pool reads and writes it while the record is free
	link   uint32 // the pool's
	length uint32
	text   [market.MaxIDLength]byte
}

// Table maps ids to numbers and back. Numbers are never given back.
type Table struct {
	records *slab.Pool[record]
	index   *slab.Index
	seed    uint64
	cache   []string // by number
}

// New returns an empty table. The seed keys the hash, so that whoever chooses
// ids cannot choose their collisions; it is the same on every node.
func New(alloc slab.Allocator, seed uint64) *Table {
	return &Table{
		records: slab.NewPool[record](alloc), index: slab.NewIndex(alloc),
		seed: seed, cache: []string{""},
	}
}

// Find returns the number of an id, 0 if it has none.
func (t *Table) Find(id string) Number {
	n, _ := t.index.Find(t.hash(id), func(i uint32) bool { return t.cache[i] == id })
	return Number(n)
}

// Intern returns the number of an id and gives it one if it has none. The
// empty id is 0. The id has at most market.MaxIDLength bytes.
func (t *Table) Intern(id string) Number {
	if id == "" {
		return 0
	}
	if n := t.Find(id); n != 0 {
		return n
	}
	if len(id) > market.MaxIDLength {
		panic("names: id too long")
	}
	n := t.records.Alloc()
	r := t.records.Mut(n)
	r.length = uint32(len(id))
	copy(r.text[:], id)
	t.index.Insert(t.hash(id), n)
	t.cache = append(t.cache, string(r.text[:r.length]))
	return Number(n)
}

// Name returns the id of a number that the table gave, "" for 0.
func (t *Table) Name(n Number) string { return t.cache[n] }

// Len returns how many ids there are; their numbers are 1 … Len.
func (t *Table) Len() int { return len(t.cache) - 1 }

// Rebuild makes the cache anew from the records, after they were restored.
func (t *Table) Rebuild() {
	t.cache = append(t.cache[:0], "")
	for i := uint32(1); i < t.records.Len(); i++ {
		r := t.records.Get(i)
		t.cache = append(t.cache, string(r.text[:min(r.length, market.MaxIDLength)]))
	}
}

// Describe names the tables, which are there from a level on, and says how their
// records lie.
func (t *Table) Describe(name string, level uint16) {
	t.index.Describe(name+".index", level)
	t.records.Describe(slab.Shape{Name: name + ".records", Layouts: []slab.Layout{
		{Level: level, Fields: "link 4, length 4, text 64"},
	}})
}

// Tables lists the slabs, for hashing, capture and restoration.
func (t *Table) Tables() []slab.Table { return append(t.index.Tables(), t.records) }

func (t *Table) hash(id string) uint64 { return slab.HashBytes(t.seed, []byte(id)) }
