package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/fsm/slab"
)

// working is an account's open orders in one instrument: a list for each side,
// in the order of acceptance. Those that are not empty are in a list of the
// account's, so that a mass cancel goes through what it cancels and nothing
// else. A record is an account's and an instrument's for ever.
//
// Level 1 had one list for an account instead, through the same links.
type working struct {
	account, instrument uint32
	// links are among the account's, while there are open orders.
	links
	// cancels says which sides a cancel-all has yet to go through, see sideBit.
	cancels uint32
	// sides are the lists of buys and sells: slots.
	sides [2]ends
}

func (w *working) empty() bool { return w.sides[0].first == 0 && w.sides[1].first == 0 }

// sideBit is a bit for each side; SideNone is both.
func sideBit(s market.Side) uint32 {
	if s == market.SideNone {
		return 1<<market.Buy | 1<<market.Sell
	}
	return 1 << s
}

// workingOrders is all of them.
type workingOrders struct {
	records *slab.Slab[working]
	index   *slab.Index
	// of says which record the order in a slot belongs to.
	of *slab.Slab[uint32]
}

func (ws *workingOrders) init(alloc slab.Allocator) {
	ws.records, ws.index, ws.of = slab.New[working](alloc), slab.NewIndex(alloc), slab.New[uint32](alloc)
	ws.records.Grow(1)
}

func (ws *workingOrders) tables() []slab.Table {
	return append(ws.index.Tables(), ws.records, ws.of)
}

// describe names the tables, and says how their records lie.
func (ws *workingOrders) describe(name string) {
	describe := func(t slab.Table, part, fields string) {
		t.Describe(slab.Shape{Name: name + part, Layouts: []slab.Layout{{Level: levelWorstDay, Fields: fields}}})
	}
	ws.index.Describe(name+".index", levelWorstDay)
	describe(ws.records, ".records", "account 4, instrument 4, prev 4, next 4, cancels 4, sides 16")
	describe(ws.of, ".of", "place 4")
}

func workingHash(account, instrument uint32) uint64 {
	return slab.Mix(uint64(account)<<32|uint64(instrument), 1)
}

// find returns the number of a record, 0 if there is none.
func (ws *workingOrders) find(account, instrument uint32) uint32 {
	n, _ := ws.index.Find(workingHash(account, instrument), func(i uint32) bool {
		w := ws.records.Get(i)
		return w.account == account && w.instrument == instrument
	})
	return n
}

func (ws *workingOrders) open(account, instrument uint32) uint32 {
	if n := ws.find(account, instrument); n != 0 {
		return n
	}
	n := ws.records.Append()
	w := ws.records.Mut(n)
	w.account, w.instrument = account, instrument
	ws.index.Insert(workingHash(account, instrument), n)
	return n
}

// links returns those of a record, for writing; nil for number 0.
func (ws *workingOrders) links(n uint32) *links {
	if n == 0 {
		return nil
	}
	return &ws.records.Mut(n).links
}

// workingOf returns the record of an order's.
func (m *Machine) workingOf(slot uint32) *working {
	return m.working.records.Get(*m.working.of.Get(slot))
}

// list puts an order at the end of the list of its account, instrument and
// side.
func (m *Machine) list(slot uint32, o *order) {
	n := m.working.open(o.account, o.instrument)
	m.working.of.Grow(slot + 1)
	*m.working.of.Mut(slot) = n
	w := m.working.records.Mut(n)
	if w.empty() {
		m.chain(n, w)
	}
	side := &w.sides[o.side-market.Buy]
	side.push(slot, &o.links, m.orders.links(side.last))
}

// unlist takes an order out of it.
func (m *Machine) unlist(slot uint32, o *order) {
	n := *m.working.of.Get(slot)
	w := m.working.records.Mut(n)
	w.sides[o.side-market.Buy].cut(o.links, m.orders.links(o.prev), m.orders.links(o.next))
	if w.empty() {
		m.unchain(w)
	}
}

// chain puts a record that gets its first order at the end of its account's
// list of instruments.
func (m *Machine) chain(n uint32, w *working) {
	a := m.accounts.Mut(w.account)
	a.push(n, &w.links, m.working.links(a.last))
}

// unchain takes a record without orders out of it.
func (m *Machine) unchain(w *working) {
	m.accounts.Mut(w.account).cut(w.links, m.working.links(w.prev), m.working.links(w.next))
	w.links, w.cancels = links{}, 0
}

// oldest returns the order of a record that was accepted first, on one side or
// on both; 0 if there is none.
func (m *Machine) oldest(w *working, side market.Side) uint32 {
	buy, sell := w.sides[0].first, w.sides[1].first
	switch {
	case side == market.Buy || sell == 0 && side == market.SideNone:
		return buy
	case side == market.Sell || buy == 0:
		return sell
	case m.orders.cold.Get(buy).number < m.orders.cold.Get(sell).number:
		return buy
	}
	return sell
}

// relist makes of the lists of level 1 those of now, and the sums of what open
// buys can add.
func (m *Machine) relist() {
	for n := uint32(1); n < m.accounts.Len(); n++ {
		slot := m.accounts.Get(n).first
		a := m.accounts.Mut(n)
		a.ends = ends{}
		for slot != 0 {
			o := m.orders.cold.Mut(slot)
			next := o.next
			m.list(slot, o)
			m.countBuy(o, o.remaining())
			slot = next
		}
	}
}
