package book

import (
	"math/bits"

	"github.com/rialto-exchange/rialto/fsm/market"
)

// Kind says which of an instrument's four ladders an order is in.
type Kind uint8

// The ladders of an instrument. In Bids and Falling the highest price comes
// first, in Asks and Rising the lowest.
const (
	Bids Kind = iota
	Asks
	// Rising orders wait for a price at or above theirs, Falling ones for one
	// at or below.
	Rising
	Falling
	kinds = 4
)

// kindOf returns where orders of a side rest. Here and below arithmetic stands
// for branches on the side: it is as good as random, so they would be mispredicted.
func kindOf(side market.Side) Kind {
	k := Kind(side - market.Buy)
	if k > Asks {
		panic("book: order without a side")
	}
	return k
}

// Side returns the side of the orders that rest in Bids or Asks.
func (k Kind) Side() market.Side {
	switch k {
	case Bids:
		return market.Buy
	case Asks:
		return market.Sell
	}
	return market.SideNone
}

// descending reports whether the highest price of a ladder comes first.
func descending(ladder uint32) bool {
	return (ladder+1)&2 == 0 // of four: the first and the last
}

// ladder is one kind's prices of one instrument.
type ladder struct {
	bestPrice Ticks
	best      uint32 // level number, 0: the ladder is empty
	root      uint32 // a node, a leaf if height is 0, 0: the ladder is empty
	height    uint32 // nodes above each leaf
	levels    uint32
	orders    uint32
	_         uint32
}

// node stands for one digit of the price in base 64.
type node struct {
	parent, _ uint32
	used      uint64 // bit i: child[i] is there
	child     [64]uint32
}

// leaf holds the levels of 64 neighbouring prices. The first 64 bytes are its
// own so that a level never straddles a cache line.
type leaf struct {
	parent, _ uint32
	used      uint64 // bit i: level[i] has orders
	_         [6]uint64
	level     [64]level
}

const (
	digit     = 6
	digitMask = 1<<digit - 1
)

// level is the queue of one price. Its number is that of its leaf × 64 plus
// the last digit of the price. All of it is zero while it has no orders.
type level struct {
	price  Ticks
	shown  Lots // Σ of what its orders show
	head   uint32
	tail   uint32
	count  uint32
	ladder uint32
}

// level returns a level, for reading.
func (b *Book) level(i uint32) *level {
	return &b.leaves.Get(i >> digit).level[i&digitMask]
}

// levelMut returns a level, for writing.
func (b *Book) levelMut(i uint32) *level {
	b.leaves.Touch(i >> digit)
	return &b.leaves.Get(i >> digit).level[i&digitMask]
}

// ladderMut returns a ladder, for writing.
func (b *Book) ladderMut(n uint32) *ladder {
	b.ladders.Touch(n)
	return b.ladders.Get(n)
}

// link appends an order to the queue of a price.
func (b *Book) link(n, slot uint32, o *order, price Ticks) {
	l := b.ladderMut(n)
	leafNo := b.leafFor(l, price)
	b.leaves.Touch(leafNo)
	leaf := b.leaves.Get(leafNo)
	i := uint32(price) & digitMask
	lv := &leaf.level[i]
	o.level, o.next, o.prev = leafNo<<digit|i, 0, lv.tail
	if lv.tail != 0 {
		b.orders.Touch(lv.tail)
		b.orders.Get(lv.tail).next = slot
	} else {
		lv.price, lv.ladder, lv.head = price, n, slot
		leaf.used |= 1 << i
		l.levels++
		if l.best == 0 || (price > l.bestPrice) == descending(n) {
			l.best, l.bestPrice = o.level, price
		}
	}
	lv.tail = slot
	lv.count++
	lv.shown += b.shown(o)
	l.orders++
}

// unlink takes an order out of its queue, and the level out of the ladder
// when it was the last one.
func (b *Book) unlink(slot uint32, o *order) {
	lv := b.levelMut(o.level)
	if o.prev != 0 {
		b.orders.Touch(o.prev)
		b.orders.Get(o.prev).next = o.next
	} else {
		lv.head = o.next
	}
	if o.next != 0 {
		b.orders.Touch(o.next)
		b.orders.Get(o.next).prev = o.prev
	} else {
		lv.tail = o.prev
	}
	lv.count--
	lv.shown -= b.shown(o)
	b.ladderMut(lv.ladder).orders--
	if lv.count == 0 {
		b.dropLevel(o.level, lv)
	}
	o.level, o.next, o.prev = detached, 0, 0
}

// dropLevel takes an empty level out of its ladder.
func (b *Book) dropLevel(i uint32, lv *level) {
	n, price := lv.ladder, lv.price
	l := b.ladderMut(n)
	if l.best == i {
		l.best, l.bestPrice = 0, 0
		if next := b.worse(n, i); next != 0 {
			l.best, l.bestPrice = next, b.level(next).price
		}
	}
	l.levels--
	*lv = level{}
	leafNo := i >> digit
	leaf := b.leaves.Get(leafNo)
	leaf.used &^= 1 << (i & digitMask)
	if leaf.used == 0 {
		b.dropLeaf(l, leafNo, leaf, price)
	}
}

// worse returns the level that comes after a level, best first, or 0.
func (b *Book) worse(n, i uint32) uint32 {
	l, lf, down := b.ladders.Get(n), b.leaves.Get(i>>digit), descending(n)
	if next, ok := after(lf.used, i&digitMask, down); ok {
		return i&^digitMask | next
	}
	key, up := uint64(lf.level[i&digitMask].price)>>digit, lf.parent
	for height := uint32(1); height <= l.height; height++ {
		nd := b.nodes.Get(up)
		if next, ok := after(nd.used, uint32(key)&digitMask, down); ok {
			return b.first(nd.child[next], height-1, down)
		}
		key, up = key>>digit, nd.parent
	}
	return 0
}

// first returns the first level at or below a node (a leaf at height 0).
func (b *Book) first(at, height uint32, down bool) uint32 {
	for ; height > 0; height-- {
		nd := b.nodes.Get(at)
		at = nd.child[end(nd.used, down)]
	}
	return at<<digit | end(b.leaves.Get(at).used, down)
}

// after returns the set bit that follows bit i, upwards or downwards.
func after(used uint64, i uint32, down bool) (uint32, bool) {
	if down {
		used &= 1<<i - 1
	} else {
		used &^= 2<<i - 1
	}
	return end(used, down), used != 0
}

// end returns the last set bit downwards or the first upwards.
func end(used uint64, down bool) uint32 {
	if down {
		return uint32(bits.Len64(used)-1) & digitMask
	}
	return uint32(bits.TrailingZeros64(used)) & digitMask
}
