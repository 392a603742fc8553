package fsm

import (
	"crypto/sha256"
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/commandcodec"
	"github.com/rialto-exchange/rialto/fsm/entry"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
)

// HashInterval is how many log indexes lie between two state hashes.
const HashInterval = 4096

// Apply executes one entry of the log and returns its block and one outcome
// for each of its commands, in their order. Both are the caller's.
//
// Indexes rise; those that never come are raft's own entries. Apply panics
// with a *Fault if the entry cannot be decoded or is not this venue's.
func (m *Machine) Apply(index, term uint64, data []byte) (*event.Block, []event.Outcome) {
	header, commands := m.open(index, data)
	m.hashBefore(index)
	c := &m.clock
	c.index, c.term = index, term
	m.takeLevel(header.Level)
	c.before = c.now
	c.now = max(c.now, header.At)
	m.extendGrace(commands, c.before)
	block := &event.Block{Index: index, Term: term, At: c.now, First: m.out.last + 1}
	if m.level() >= levelWorstDay {
		block.Digest = sha256.Sum256(data)
	} else {
		c.chain = ChainEntry(c.chain, data)
		block.Chain = c.chain
	}
	m.out.open(block, len(commands))
	m.sessions.touched.open()
	m.runMassEffects()
	outcomes := make([]event.Outcome, len(commands))
	groups := make([]int, len(commands))
	for i, cmd := range commands {
		groups[i] = len(m.out.block.Groups)
		outcomes[i] = m.execute(cmd)
	}
	return m.seal(outcomes, groups), outcomes
}

// open decodes an entry whole before anything of it is executed.
func (m *Machine) open(index uint64, data []byte) (entry.Header, []*command.Command) {
	header, encoded, err := entry.Open(data)
	if err != nil {
		panic(&Fault{index, "undecodable entry", err})
	}
	if index <= m.clock.index {
		panic(&Fault{Index: index, What: "index does not rise"})
	}
	if header.Level < LevelFirst || header.Level > FeatureLevel {
		panic(&Fault{Index: index, What: fmt.Sprintf("entry of feature level %d, this build knows %d", header.Level, FeatureLevel)})
	}
	if header.Cluster != m.cluster {
		panic(&Fault{Index: index, What: "entry of another cluster"})
	}
	if header.History != 0 && m.clock.history != 0 && header.History != m.clock.history {
		panic(&Fault{Index: index, What: "entry of another history"})
	}
	commands := make([]*command.Command, 0, encoded.Len())
	for _, b := range encoded.All() {
		c, err := commandcodec.Decode(b)
		if err != nil {
			panic(&Fault{index, "undecodable command", err})
		}
		commands = append(commands, c)
	}
	return header, commands
}

// seal finishes the block, and ties the outcomes to the groups that they
// began, now that these stay where they are.
func (m *Machine) seal(outcomes []event.Outcome, groups []int) *event.Block {
	b := m.out.close()
	b.Sessions = m.sessions.touched.close()
	b.History = m.clock.history
	for i := range outcomes {
		o := &outcomes[i]
		o.History = m.clock.history
		if o.Kind == event.OutcomeExecuted {
			o.Group = &b.Groups[groups[i]]
		}
	}
	m.encoded = nil
	if b.Digest != [32]byte{} {
		m.buffer = eventcodec.Seal(m.buffer[:0], b, m.clock.chain)
		m.clock.chain, m.encoded = b.Chain, m.buffer
	}
	m.enterLevel()
	m.storeRows()
	if m.clock.index%HashInterval == 0 {
		m.beginHash(m.clock.index)
	}
	m.ContinueHash()
	return b
}

// hashBefore takes the hash of a multiple of HashInterval that was jumped
// over since the last entry: the state has not changed from it to now.
func (m *Machine) hashBefore(index uint64) {
	last := (index - 1) / HashInterval * HashInterval
	if last > m.clock.index && last > m.lastHashed() {
		m.beginHash(last)
	}
}

// Encoded returns the encoding of the block that Apply returned last, until
// the next Apply; nil if the machine did not need it.
func (m *Machine) Encoded() []byte { return m.encoded }

// ChainEntry is the hash chain of the first level, SHA-256(head ‖ entry). From the
// second on it covers the events too: eventcodec.Seal.
func ChainEntry(head [32]byte, data []byte) [32]byte {
	h := sha256.New()
	h.Write(head[:])
	h.Write(data)
	var sum [32]byte
	h.Sum(sum[:0])
	return sum
}
