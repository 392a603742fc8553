package fsm

import "github.com/rialto-exchange/rialto/fsm/slab"

// Tables returns the machine's big tables.
func Tables(m *Machine) []slab.Table { return m.tables() }

// Steps returns how many steps the last entry took: see Bounds.StepsPerEntry.
func (m *Machine) Steps() uint32 { return m.out.steps }

// SmallState returns pointers to everything that is kept outside the big
// tables and has to come back from a snapshot.
func SmallState(m *Machine) []any {
	return []any{
		&m.bounds, &m.clock, &m.out.last, &m.venueLimits,
		&m.assets.rows, &m.instruments.rows, &m.participants.rows, &m.work,
	}
}

// NotInSnapshots are the fields of those that are made anew by a restored
// machine: of what lives only while an entry is applied, or is derived.
func NotInSnapshots() []string {
	return []string{"clock.before", "clock.raised", "instrument.triggering"}
}

// StoreRows stores the rows of the small tables, as at the end of an entry that
// has written to all of them.
func StoreRows(m *Machine) {
	m.assets.written = make([]bool, len(m.assets.rows))
	m.instruments.written = make([]bool, len(m.instruments.rows))
	m.participants.written = make([]bool, len(m.participants.rows))
	m.touchRows()
	m.storeRows()
}

// ForceLevel puts a level in force without an entry.
func ForceLevel(m *Machine, level uint16) {
	m.clock.level = level
	m.enterTables()
}

// SetHistory makes the venue's past another one, as a restore of a backup does.
func SetHistory(m *Machine, history uint64) { m.clock.history = history }
