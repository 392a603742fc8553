package fsm

// Steps returns how many steps the last entry took: see Bounds.StepsPerEntry.
func (m *Machine) Steps() uint32 { return m.out.steps }
