package slab

// Release gives all pages back at once: no record is left. A view that was
// captured before keeps the pages that it reads until it is released.
func (s *Slab[T]) Release() { s.reset() }

// Release gives all pages back at once and leaves an empty pool.
func (p *Pool[T]) Release() {
	p.reset()
	p.Grow(1)
}

// Release gives all memory back at once and leaves an empty index.
func (x *Index) Release() {
	x.buckets.reset()
	x.buckets.Grow(2)
	x.overflow.Release()
}

// InsertSweeping is Insert for a table whose records disappear without being
// deleted here: it first takes out the entries of gone records that lie in the
// way of the new one. So an index sweeps itself as it is used: each bucket has
// five entries, and is swept once for each new one.
func (x *Index) InsertSweeping(hash uint64, record uint32, gone func(record uint32) bool) {
	head := x.place(uint32(hash))
	for x.sweep(head, gone) {
		continue
	}
	x.Insert(hash, record)
}

// sweep takes one entry of a gone record out of a chain, if there is one.
func (x *Index) sweep(head uint32, gone func(record uint32) bool) bool {
	b, mut := x.buckets.Get(head), uint32(0)
	for {
		for i := range b.count {
			if !gone(b.record[i]) {
				continue
			}
			first := x.buckets.Mut(head)
			if mut == 0 {
				x.remove(first, first, i)
			} else {
				x.remove(first, x.overflow.Mut(mut), i)
			}
			x.buckets.Mut(0).count--
			return true
		}
		if b.next == 0 {
			return false
		}
		mut = b.next
		b = x.overflow.Get(mut)
	}
}
