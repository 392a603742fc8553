package fsm

import "github.com/rialto-exchange/rialto/fsm/slab"

// Tables returns the machine's big tables.
func Tables(m *Machine) []slab.Table { return m.tables() }

// Steps returns how many steps the last entry took: see Bounds.StepsPerEntry.
func (m *Machine) Steps() uint32 { return m.out.steps }
