package fsm

import (
	"slices"

	"github.com/rialto-exchange/rialto/fsm/slab"
)

// The big tables. To add one, or a field to a record: a line in tables (the
// order of those of level 1 is that of their snapshots), its shape beside its
// type, and the level that it is there from.

// tables lists the big tables, in the order of the snapshot.
func (m *Machine) tables() []slab.Table {
	return slices.Concat(m.ids.first.Tables(), m.clientIDs.Tables(), m.otherTables(),
		m.ids.recent.Tables(), m.ids.pins.Tables(), m.ids.fences.Tables(), m.ids.shares.Tables())
}

// hashed lists those of them that the state hash covers: all but what is
// made of others and expensive.
func (m *Machine) hashed() []slab.Table {
	return slices.Concat(m.ids.first.Records(), m.clientIDs.Records(), m.otherTables(),
		m.ids.recent.Records(), m.ids.pins.Records(), m.ids.fences.Records(), m.ids.shares.Tables())
}

func (m *Machine) otherTables() []slab.Table {
	return slices.Concat(
		m.accountNames.Tables(), []slab.Table{m.accounts}, m.ownerNames.Tables(), []slab.Table{m.owners, m.limits},
		m.ledger.Tables(), m.orders.book.Tables(), []slab.Table{m.orders.cold}, m.timers.Tables(),
		m.working.tables(), []slab.Table{m.buys, m.paces},
		m.assets.stored.tables(), m.instruments.stored.tables(), m.participants.stored.tables(),
		m.sessions.tables(),
	)
}

// describe names the tables and says how their records lie. A name is in
// snapshots, and never another table's.
func (m *Machine) describe() {
	m.ids.first.Describe("ids")
	m.ids.recent.Describe("recent_ids", levelWorstDay)
	m.ids.pins.Describe("pinned_ids", levelWorstDay)
	m.ids.fences.Describe("fenced_ids", levelWorstDay)
	m.ids.shares.Describe("id_shares", levelWorstDay)
	m.clientIDs.Describe("client_ids")
	m.accountNames.Describe("account_names", LevelFirst)
	m.accounts.Describe(slab.Shape{Name: "accounts", Layouts: []slab.Layout{
		{Level: LevelFirst, Fields: "owner 4, participant 4, limits 4, flags 4, first 4, last 4, open 4, _ 4, sequence 8"},
		{Level: levelWorstDay, Fields: "owner 4, participant 4, limits 4, flags 4, first 4, last 4, open 4, pace 4, sequence 8"},
	}})
	m.ownerNames.Describe("owner_names", LevelFirst)
	m.owners.Describe(slab.Shape{Name: "owners", Layouts: []slab.Layout{{Level: LevelFirst, Fields: "limits 4, _ 4, sequence 8"}}})
	m.limits.Describe(slab.Shape{Name: "limits", Layouts: []slab.Layout{{Level: LevelFirst, Fields: "link 4, _ 4, row 128"}}})
	m.ledger.Describe("ledger")
	m.orders.book.Describe("book")
	m.orders.cold.Describe(slab.Shape{Name: "orders", Layouts: []slab.Layout{{Level: LevelFirst, Fields: orderLayout}}})
	m.timers.Describe("timers", LevelFirst)
	m.working.describe("working")
	m.sessions.describe("fix_sessions")
	m.assets.stored.describe("assets")
	m.instruments.stored.describe("instruments")
	m.participants.stored.describe("participants")
	m.buys.Describe(slab.Shape{Name: "open_buys", Layouts: []slab.Layout{{Level: levelWorstDay, Fields: "high 8, low 8"}}})
	m.paces.Describe(slab.Shape{Name: "paces", Layouts: []slab.Layout{{Level: levelWorstDay, Fields: "slice 8, total 4, counts 204"}}})
}

// orderLayout is how an order lies beside the book.
const orderLayout = "generation 4, prev 4, next 4, account 4, instrument 4, base 4, quote 4, clientRef 4, number 8, sequence 8, " +
	"quantity 8, filled 8, display 8, price 8, stop 8, worst 8, quoteQuantity 8, notional 8, fees 8, created 8, updated 8, expireAt 8, " +
	"makerFee 4, takerFee 4, side 1, orderType 1, tif 1, stp 1, status 1, reason 1, postOnly 1, clientLength 1, client 64"

// enterTables puts the layouts of the level in force in force.
func (m *Machine) enterTables() {
	for _, t := range m.tables() {
		t.Enter(m.clock.level)
	}
}
