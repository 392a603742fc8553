package traffic

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/rialto-exchange/rialto/chaos/history"
)

// maxKnown bounds the orders that clients remember for each other.
const maxKnown = 512

// memory is what the clients of a run know together: how far the venue is, and
// what there is to read.
type memory struct {
	high   atomic.Uint64 // the highest sequence that was answered
	mu     sync.Mutex
	orders []string
	next   int

	answers []answer // the last ones; oldest is overwritten next
	oldest  int
}

// saw takes down a sequence that a client was told.
func (m *memory) saw(sequence uint64) {
	for {
		old := m.high.Load()
		if sequence <= old || m.high.CompareAndSwap(old, sequence) {
			return
		}
	}
}

// order takes down an order's id, in place of the oldest one.
func (m *memory) order(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.orders) < maxKnown {
		m.orders = append(m.orders, id)
		return
	}
	m.orders[m.next] = id
	m.next = (m.next + 1) % maxKnown
}

// some returns an order's id, "" if there is none.
func (m *memory) some(pick func(n int) int) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.orders) == 0 {
		return ""
	}
	return m.orders[pick(len(m.orders))]
}

// maxAnswers bounds how many of the last answers are remembered.
const maxAnswers = 1 << 16

// answer is when a node answered for certain.
type answer struct {
	node string
	at   history.Nanos
}

// heard takes down that a node answered a command.
func (m *memory) heard(node string, at history.Nanos) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.answers) < maxAnswers {
		m.answers = append(m.answers, answer{node, at})
		return
	}
	m.answers[m.oldest] = answer{node, at}
	m.oldest = (m.oldest + 1) % maxAnswers
}

// Answered counts the commands, of the last 65,536, that were answered in a time
// by other nodes than these.
func (r *Run) Answered(from, to history.Nanos, than []string) int {
	r.memory.mu.Lock()
	defer r.memory.mu.Unlock()
	n := 0
	for _, a := range r.memory.answers {
		if a.at > from && a.at < to && !slices.Contains(than, a.node) {
			n++
		}
	}
	return n
}
