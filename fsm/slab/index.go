package slab

import "math/bits"

// Index finds record numbers by a 64-bit hash of the record's key. It is a
// linear-hashing table: it grows by one bucket an insertion, so that no
// command pays for a rehash of everything.
//
// It keeps no keys: the caller's equality callback looks at the record. Its
// buckets are pages like all others, captured, hashed and restored with the
// state, so that a restored node is ready at once.
//
// Only the low 32 bits of the hash are used, so it must be a good one, and
// where clients choose the keys a keyed one.
type Index struct {
	// buckets[0] counts the entries; buckets 1 … n are bucket numbers 0 … n-1.
	buckets *Slab[bucket]
	// overflow holds what a bucket has no room for.
	overflow *Pool[bucket]
}

// bucketEntries is what one cache line of 64 bytes has room for.
const bucketEntries = 7

// fill is the average number of entries in a bucket before one is added: at
// five of seven about one bucket in eight overflows.
const fill = 5

// bucket is one cache line. Entries 0 … count-1 are in use.
type bucket struct {
	next   uint32 // in overflow, 0: none
	count  uint32 // in buckets[0]: of all entries
	hash   [bucketEntries]uint32
	record [bucketEntries]uint32
}

// NewIndex returns an empty index whose pages come from alloc; nil is the heap.
func NewIndex(alloc Allocator) *Index {
	x := &Index{buckets: New[bucket](alloc), overflow: NewPool[bucket](alloc)}
	x.buckets.Grow(2)
	return x
}

// Len returns the number of entries.
func (x *Index) Len() uint32 { return x.buckets.Get(0).count }

// place returns the bucket record in which entries of the hash begin.
func place(hash, buckets uint32) uint32 {
	mask := uint32(1)<<bits.Len32(buckets-1) - 1
	b := hash & mask
	if b >= buckets {
		b &= mask >> 1 // its bucket is yet to be split
	}
	return b + 1
}

func (x *Index) place(hash uint32) uint32 { return place(hash, x.buckets.Len()-1) }

// Find returns the record with this hash for which equal says yes.
func (x *Index) Find(hash uint64, equal func(record uint32) bool) (uint32, bool) {
	h := uint32(hash)
	for b := x.buckets.Get(x.place(h)); ; b = x.overflow.Get(b.next) {
		for i := range b.count {
			if b.hash[i] == h && equal(b.record[i]) {
				return b.record[i], true
			}
		}
		if b.next == 0 {
			return 0, false
		}
	}
}

// Insert adds an entry. That the key is not there yet is the caller's care.
func (x *Index) Insert(hash uint64, record uint32) {
	head := x.buckets.Mut(0)
	head.count++
	if n := x.buckets.Len() - 1; head.count > n*fill {
		x.split(n)
	}
	h := uint32(hash)
	x.add(x.place(h), h, record)
}

// Delete removes the entry of this hash and record and reports whether there
// was one.
func (x *Index) Delete(hash uint64, record uint32) bool {
	h := uint32(hash)
	head := x.place(h)
	b := x.buckets.Mut(head)
	for {
		for i := range b.count {
			if b.hash[i] == h && b.record[i] == record {
				x.remove(x.buckets.Mut(head), b, i)
				x.buckets.Mut(0).count--
				return true
			}
		}
		if b.next == 0 {
			return false
		}
		b = x.overflow.Mut(b.next)
	}
}

// A bucket with overflow is full, and so is all its overflow but the first:
// add and remove work there and look no further.

// add puts an entry into the bucket that begins at head.
func (x *Index) add(head, hash, record uint32) {
	b := x.buckets.Mut(head)
	if b.count == bucketEntries {
		if b.next == 0 || x.overflow.Get(b.next).count == bucketEntries {
			o := x.overflow.Alloc()
			x.overflow.Mut(o).next = b.next
			b.next = o
		}
		b = x.overflow.Mut(b.next)
	}
	b.hash[b.count], b.record[b.count] = hash, record
	b.count++
}

// remove fills the hole at entry i of b, a bucket of the chain at head, with
// the chain's last entry.
func (x *Index) remove(head, b *bucket, i uint32) {
	last := head
	if head.next != 0 {
		last = x.overflow.Mut(head.next)
	}
	last.count--
	b.hash[i], b.record[i] = last.hash[last.count], last.record[last.count]
	last.hash[last.count], last.record[last.count] = 0, 0
	if last != head && last.count == 0 {
		empty := head.next
		head.next = last.next
		x.overflow.Free(empty)
	}
}

// split adds bucket number n and moves to it what belongs there.
func (x *Index) split(n uint32) {
	x.buckets.Append()
	from := n&^(1<<(bits.Len32(n)-1)) + 1
	chain := *x.buckets.Get(from)
	*x.buckets.Mut(from) = bucket{}
	for {
		for i := range chain.count {
			x.add(x.place(chain.hash[i]), chain.hash[i], chain.record[i])
		}
		if chain.next == 0 {
			return
		}
		o := chain.next
		chain = *x.overflow.Get(o)
		x.overflow.Free(o)
	}
}

// bucketLayout is a bucket's, in both tables.
const bucketLayout = "next 4, count 4, hash 28, record 28"

// Describe names the tables that hold the index, which is there from a level
// on: its name and ".buckets", and ".overflow".
func (x *Index) Describe(name string, level uint16) {
	layouts := []Layout{{level, bucketLayout}}
	x.buckets.Describe(Shape{name + ".buckets", layouts})
	x.overflow.Describe(Shape{name + ".overflow", layouts})
}

// Tables returns the tables that hold the index, to be hashed, captured and
// restored with the rest of a state.
func (x *Index) Tables() []Table { return []Table{x.buckets, x.overflow} }
