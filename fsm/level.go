package fsm

import (
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
)

// The feature levels. A level is a set of rules: what Apply decides, which
// bytes it makes of it and what the state hash covers. What an entry meant at
// its level it means for ever, so every change of that is asked for:
//
//	if m.level() >= levelWorstDay { the new rule } else { the old one }
//
// A venue founded by this build runs at FeatureLevel from its first entry on.
const (
	// LevelFirst is the level of the first builds.
	LevelFirst = 1
	// levelWorstDay is the level of the rules that keep the venue's word on
	// bad days; DESIGN.md says which they are.
	levelWorstDay = 2
	// LevelSessions is the level of FIX sessions that outlive their node.
	LevelSessions = 3
	// LevelCluster is the level of histories that end: a venue that was restored
	// or recovered.
	LevelCluster = 4
	// LevelQuote is the level at which an amount of quote ends at an own order of
	// which it reaches for no step.
	LevelQuote = 5
	// FeatureLevel is the highest level that this machine understands.
	FeatureLevel = LevelQuote
)

// Level returns the feature level in force, 0 before the first entry.
func (m *Machine) Level() uint16 { return m.clock.level }

// level is what a rule asks. It stays the same for a whole entry.
func (m *Machine) level() uint16 { return m.clock.level }

// takeLevel checks an entry's level, and takes it if it is the first: the
// level in force rises only by RaiseLevel. Below it is an entry that was under
// way when it rose.
func (m *Machine) takeLevel(level uint16) {
	c := &m.clock
	if c.level == 0 {
		c.level = level
		m.enterTables()
		m.adopt()
	}
	if level > c.level {
		panic(&Fault{Index: c.index, What: fmt.Sprintf("entry of feature level %d in a venue at level %d", level, c.level)})
	}
}

// raiseLevel raises the level in force by one, from the next entry on: so each
// entry is executed and written at one level. A venue that was told to go
// further than this build knows can't be followed by it.
func (m *Machine) raiseLevel(b *command.RaiseLevel, _ *subject) *refusal {
	c := &m.clock
	if b.Level != c.level+1 || c.raised != 0 {
		return refuse(event.CodeInvalidParameters, "level", "level %d does not follow %d", b.Level, max(c.level, c.raised))
	}
	if b.Level > FeatureLevel {
		panic(&Fault{Index: c.index, What: fmt.Sprintf("venue raised to feature level %d, this build knows %d", b.Level, FeatureLevel)})
	}
	c.raised = b.Level
	c.venue++
	m.out.emit(&event.LevelRaised{Level: b.Level, Sequence: c.venue})
	return nil
}

// enterLevel ends an entry: a level that it raised is in force after it.
func (m *Machine) enterLevel() {
	if c := &m.clock; c.raised != 0 {
		c.level, c.raised = c.raised, 0
		m.enterTables()
		m.convert()
		m.adopt()
	}
}

// convert makes the state that the last level left into that of the level in
// force.
func (m *Machine) convert() {
	if m.level() == levelWorstDay {
		m.touchRows()
		m.bounds.StepsPerEntry = defaultSteps // which no snapshot of level 1 told
		m.relist()
		for i := range m.work {
			m.mark(&m.work[i])
		}
	}
	if m.level() == LevelCluster {
		m.lapseWithdrawn()
	}
}

// adopt tells the tables how the level in force uses them, and what the small
// ones are about. It is no state of its own: a restored machine is told again.
func (m *Machine) adopt() {
	for i := range m.work {
		if w := &m.work[i]; w.account == 0 && w.session == 0 {
			m.mark(w)
		}
	}
	if m.level() >= levelWorstDay {
		m.orders.book.ReuseOldestFirst()
	}
}
