package book

import (
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/fsm/slab"
)

// Ticks is a price in ticks of its instrument, 1 … 2^63-1; 0 means none.
type Ticks int64

// Lots is a quantity in steps of its instrument, 0 … 2^63-1. The caller sees
// to it that the open orders of a side sum to less than 2^63.
type Lots int64

// Slot is where an open order lies; 0 is none. Calls that take a slot panic if
// no open order lies there: references from outside go through Find.
type Slot uint32

// Book holds the resting orders of all instruments. Make one with New. It is
// owned by one goroutine.
type Book struct {
	orders  *slab.Pool[order]
	peaks   *slab.Pool[peak]
	ladders *slab.Slab[ladder]
	nodes   *slab.Pool[node]
	leaves  *slab.Pool[leaf]

	// hidden is Preview's memory, empty between calls.
	hidden []hiddenRest
}

// order is what matching touches. It is free when level is 0.
type order struct {
	next       uint32 // the one behind it in the queue
	generation uint32
	prev       uint32
	level      uint32 // its number, or detached
	remaining  Lots   // shown and hidden
	owner      uint32
	peak       uint32 // 0: all of it is shown
}

// detached is the level of an open order that is in no queue: just opened,
// taken out to be amended, or waiting for the caller.
const detached = 1

// peak is what an iceberg order shows (FIX 1138).
type peak struct {
	//lint:ignore U1000 the pool reads and writes it while the record is free
	link, _ uint32
	display Lots // of each new tip
	tip     Lots // shown now, 1 … display
}

// New returns an empty book whose pages come from alloc; nil is the heap.
func New(alloc slab.Allocator) *Book {
	return &Book{
		orders:  slab.NewGenerationPool[order](alloc),
		peaks:   slab.NewPool[peak](alloc),
		ladders: slab.New[ladder](alloc),
		nodes:   slab.NewPool[node](alloc),
		leaves:  slab.NewPool[leaf](alloc),
	}
}

// AddInstrument makes room for an instrument's books. Numbers are the
// caller's and should be dense; adding one again changes nothing. All other
// calls panic for an instrument beyond the largest that was added.
func (b *Book) AddInstrument(instrument uint32) {
	b.ladders.Grow((instrument + 1) * kinds)
}

// ReuseOldestFirst gives the slots of closed orders away in the order in which
// they were closed, and none twice under one id: see slab.Pool. A restored
// book is told again.
func (b *Book) ReuseOldestFirst() { b.orders.ReuseOldestFirst() }

// Describe names the tables, and says how their records lie.
func (b *Book) Describe(name string) {
	describe := func(t slab.Table, part, fields string) {
		t.Describe(slab.Shape{Name: name + part, Layouts: []slab.Layout{{Level: 1, Fields: fields}}})
	}
	describe(b.orders, ".orders", "next 4, generation 4, prev 4, level 4, remaining 8, owner 4, peak 4")
	describe(b.peaks, ".peaks", "link 4, _ 4, display 8, tip 8")
	describe(b.ladders, ".ladders", "bestPrice 8, best 4, root 4, height 4, levels 4, orders 4, _ 4")
	describe(b.nodes, ".nodes", "parent 4, _ 4, used 8, child 256")
	describe(b.leaves, ".leaves", "parent 4, _ 4, used 8, _ 48, level 2048")
}

// Tables returns the book's state, to be hashed, captured and restored
// (slab.Hash, slab.Capture, slab.ReadFrom) in this order.
func (b *Book) Tables() []slab.Table {
	return []slab.Table{b.orders, b.peaks, b.ladders, b.nodes, b.leaves}
}

// Open takes a slot for a new order, which is in no queue yet. It ends as a
// resting or waiting one (Execute, Rest, Arm) or is given back by Close.
func (b *Book) Open() Slot {
	slot := b.orders.Alloc()
	b.orders.Mut(slot).level = detached
	return Slot(slot)
}

// ID returns the id of the order in a slot.
func (b *Book) ID(slot Slot) market.OrderID {
	return market.NewOrderID(uint32(slot), b.orders.Get(uint32(slot)).generation)
}

// Find returns the slot of an open order. When it is not open, issued says
// whether there ever was one of that id.
func (b *Book) Find(id market.OrderID) (slot Slot, open, issued bool) {
	i := id.Slot()
	if i == 0 || i >= b.orders.Len() || id.Generation() == 0 {
		return 0, false, false
	}
	o := b.orders.Get(i)
	if o.generation != id.Generation() || o.level == 0 {
		return 0, false, id.Generation() <= o.generation
	}
	return Slot(i), true, true
}

// Slots returns a bound above every slot ever opened, for the size of the
// caller's own slab.
func (b *Book) Slots() uint32 { return b.orders.Len() }

// Len returns the number of open orders, those in no queue included.
func (b *Book) Len() int { return int(b.orders.Live()) }

// Resting is an open order as the book knows it.
type Resting struct {
	ID         market.OrderID
	Instrument uint32
	Kind       Kind
	// Price is the limit, or the trigger price of a waiting order; 0 if the
	// order is in no queue, and Instrument and Kind then mean nothing.
	Price     Ticks
	Remaining Lots
	Shown     Lots // at most Remaining
	Display   Lots // of an iceberg, else 0
	Owner     uint32
}

// Order returns the order in a slot.
func (b *Book) Order(slot Slot) Resting {
	o := b.open(slot)
	r := Resting{ID: b.ID(slot), Remaining: o.remaining, Shown: b.shown(o), Owner: o.owner}
	if o.peak != 0 {
		r.Display = b.peaks.Get(o.peak).display
	}
	if o.level != detached {
		lv := b.level(o.level)
		r.Price, r.Instrument, r.Kind = lv.price, lv.ladder/kinds, Kind(lv.ladder%kinds)
	}
	return r
}

// Remaining returns what remains of the order in a slot, as Order does.
func (b *Book) Remaining(slot Slot) Lots { return b.open(slot).remaining }

// open returns an open order, for reading.
func (b *Book) open(slot Slot) *order {
	o := b.orders.Get(uint32(slot))
	if o.level == 0 || slot == 0 {
		panic("book: no open order in the slot")
	}
	return o
}

// write returns an open order, for writing.
func (b *Book) write(slot Slot) *order {
	b.orders.Touch(uint32(slot))
	return b.open(slot)
}

// shown returns what of an order everybody sees and trades with next.
func (b *Book) shown(o *order) Lots {
	if o.peak == 0 {
		return o.remaining
	}
	return b.peaks.Get(o.peak).tip
}

// Terms are those of a resting or waiting order.
type Terms struct {
	Price     Ticks // limit or trigger price
	Remaining Lots  // at least 1
	// Display is the most that is shown at a time; 0 shows all of it.
	Display Lots
	Owner   uint32 // 0: nobody's, never a self-trade
}

// Rest puts a detached order at the end of the queue of its price. That its
// price crosses nothing is the caller's care: Execute does both.
func (b *Book) Rest(slot Slot, instrument uint32, side market.Side, t Terms) {
	b.place(slot, instrument, kindOf(side), t)
}

// place sets a detached order's terms and queues it.
func (b *Book) place(slot Slot, instrument uint32, kind Kind, t Terms) {
	o := b.write(slot)
	if o.level != detached || t.Price <= 0 || t.Remaining <= 0 {
		panic("book: order cannot be queued")
	}
	o.remaining, o.owner = t.Remaining, t.Owner
	b.setPeak(o, t.Display)
	b.link(instrument*kinds+uint32(kind), uint32(slot), o, t.Price)
}

// setPeak makes an order show no more than display at a time.
func (b *Book) setPeak(o *order, display Lots) {
	if display <= 0 || display >= o.remaining {
		b.dropPeak(o)
		return
	}
	if o.peak == 0 {
		o.peak = b.peaks.Alloc()
	}
	p := b.peaks.Mut(o.peak)
	p.display, p.tip = display, display
}

func (b *Book) dropPeak(o *order) {
	if o.peak != 0 {
		b.peaks.Free(o.peak)
		o.peak = 0
	}
}

// Detach takes an order out of its queue; its slot and id stay its own. Rest
// or Arm puts it back, Close ends it.
func (b *Book) Detach(slot Slot) {
	o := b.write(slot)
	if o.level != detached {
		b.unlink(uint32(slot), o)
	}
}

// Close ends an order, wherever it is. Its id is never used again.
func (b *Book) Close(slot Slot) {
	o := b.write(slot)
	if o.level != detached {
		b.unlink(uint32(slot), o)
	}
	b.release(uint32(slot), o)
}

// release gives back the slot of a detached order.
func (b *Book) release(slot uint32, o *order) {
	b.dropPeak(o)
	*o = order{generation: o.generation}
	b.orders.FreeZeroed(slot)
}

// Reduce lowers what remains of a queued order to 1 … what remains now; it
// keeps its place. An iceberg's hidden part shrinks first.
func (b *Book) Reduce(slot Slot, remaining Lots) {
	o := b.write(slot)
	if o.level == detached || remaining <= 0 || remaining > o.remaining {
		panic("book: order cannot be reduced")
	}
	before := b.shown(o)
	o.remaining = remaining
	if o.peak != 0 {
		p := b.peaks.Mut(o.peak)
		p.tip = min(p.tip, remaining)
	}
	b.levelMut(o.level).shown += b.shown(o) - before
}

// Reown changes whose order it is.
func (b *Book) Reown(slot Slot, owner uint32) { b.write(slot).owner = owner }
