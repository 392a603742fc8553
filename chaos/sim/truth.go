package sim

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/node"
)

// truth is what all nodes must agree on: the entries as the first node to apply
// each did, and what held after them. Everything here is checked at the moment
// when it happens, on the goroutine of the node that applies.
type truth struct {
	fail       func(check, format string, args ...any)
	auditEvery uint64

	mu       sync.Mutex
	entries  map[uint64]*entry // by index
	commands map[string]place  // by id
	byFirst  map[market.Sequence]*entry
	last     *entry
	leaders  map[uint64]string // by term
	at       map[int]uint64    // the last index of each node
	events   uint64
	// calm reports whether packets have come in time for so long.
	calm func(time.Duration) bool
}

// entry is one entry's outcome.
type entry struct {
	index, term uint64
	at          market.Nanos
	first       market.Sequence
	count       uint32
	digest      [32]byte // of the block's bytes
	chain       [32]byte
	hash        uint64
	hashed      bool
}

func (e *entry) lastSequence() market.Sequence { return e.first + market.Sequence(e.count) - 1 }

// place is where a command was executed.
type place struct {
	index       uint64
	first, last market.Sequence
	rejected    bool
}

func newTruth(p Plan, calm func(time.Duration) bool, fail func(check, format string, args ...any)) *truth {
	return &truth{
		fail: fail, calm: calm, auditEvery: p.AuditEvery,
		entries: map[uint64]*entry{}, commands: map[string]place{}, byFirst: map[market.Sequence]*entry{},
		leaders: map[uint64]string{}, at: map[int]uint64{},
	}
}

// applied is called after each entry on each node.
func (t *truth) applied(n int, a node.Applied) {
	b := a.Block
	looks := b.Index%t.auditEvery == 0
	if looks {
		if err := a.Audit(); err != nil {
			t.fail("audit", "n%d after entry %d: %v", n+1, b.Index, err)
		}
	}
	digest := sha256.Sum256(a.Encoded)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at[n] = b.Index
	known := t.entries[b.Index]
	if known == nil {
		known = t.learn(b, digest)
	}
	if known.digest != digest || known.chain != b.Chain || known.term != b.Term {
		t.fail("determinism", "n%d executed entry %d of term %d to other events than the first node did, of term %d (chain %x, was %x)",
			n+1, b.Index, b.Term, known.term, b.Chain[:6], known.chain[:6])
		return
	}
	if !looks {
		return
	}
	hash := a.Hash()
	if known.hashed && known.hash != hash {
		t.fail("determinism", "n%d has state %016x after entry %d, the first node to look had %016x", n+1, hash, b.Index, known.hash)
	}
	known.hash, known.hashed = hash, true
}

// learn takes an entry that nobody has applied before.
func (t *truth) learn(b *event.Block, digest [32]byte) *entry {
	e := &entry{index: b.Index, term: b.Term, at: b.At, first: b.First, count: b.Count, digest: digest, chain: b.Chain}
	t.entries[b.Index] = e
	if before := t.last; before != nil {
		switch {
		case b.Index <= before.index:
			t.fail("order", "entry %d is applied for the first time after entry %d was", b.Index, before.index)
		case b.First != before.lastSequence()+1:
			t.fail("sequences", "entry %d begins at sequence %d, entry %d before it ends at %d", b.Index, b.First, before.index, before.lastSequence())
		case b.At < before.at:
			t.fail("time", "entry %d is of %d, entry %d before it of %d", b.Index, b.At, before.index, before.at)
		case b.Term < before.term:
			t.fail("order", "entry %d is of term %d, entry %d before it of %d", b.Index, b.Term, before.index, before.term)
		}
	}
	if ahead := time.Duration(int64(b.At) - time.Now().UnixNano()); ahead > t.stampLimit() {
		t.fail("time", "entry %d is stamped %v ahead of the true time", b.Index, ahead)
	}
	t.last = e
	t.events += uint64(b.Count)
	t.groups(b)
	t.eventsOf(b)
	return e
}

// stampLimit is how far a stamp may lie ahead of true time: 250 ms beyond the
// median of the voters' clocks, and by what that may be wrong. A clock is taken
// as read half way, in a call of 2 s at most, and a reading counts for 5 s: where
// packets come in time that is nothing, else a second.
func (t *truth) stampLimit() time.Duration {
	if t.calm(7 * time.Second) {
		return 300 * time.Millisecond
	}
	return 1250 * time.Millisecond
}

// groups notes which commands took effect.
func (t *truth) groups(b *event.Block) {
	for i := range b.Groups {
		g := &b.Groups[i]
		id := g.Context.CommandID
		if !ours(id) {
			continue
		}
		if before, twice := t.commands[id]; twice {
			t.fail("exactly once", "command %s took effect in entry %d and again in entry %d", id, before.index, b.Index)
			continue
		}
		t.commands[id] = place{index: b.Index, first: g.First, last: g.Last(), rejected: g.Rejection() != nil}
	}
}

// eventsOf checks that a block's own events are numbered without a gap.
func (t *truth) eventsOf(b *event.Block) {
	next := b.First
	b.Events(func(e event.Public) bool {
		if e.Sequence != next {
			t.fail("sequences", "entry %d has event %d where %d belongs", b.Index, e.Sequence, next)
			return false
		}
		if l, ok := e.Record.(*event.LeaderStarted); ok {
			t.leaders[b.Term] = l.Leader
		}
		next++
		return true
	})
	if next != b.First+market.Sequence(b.Count) {
		t.fail("sequences", "entry %d says %d events and has %d", b.Index, b.Count, next-b.First)
	}
}

// prefix begins the ids of the traffic's commands.
const prefix = "sim-"

func ours(id string) bool { return strings.HasPrefix(id, prefix) }

// acknowledged checks an answer at the moment when a client gets it: what is
// acknowledged was applied, where the answer says.
func (t *truth) acknowledged(id string, o event.Outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p, there := t.commands[id]
	switch {
	case !there:
		t.fail("acknowledged", "command %s was acknowledged (%s, entry %d, sequence %d) and no node has applied it", id, o.Kind, o.Index, o.Sequence)
	case o.Kind == event.OutcomeExecuted && (p.index != o.Index || o.Sequence != p.last):
		t.fail("acknowledged", "command %s was executed in entry %d at %d–%d, and its answer says entry %d, sequence %d", id, p.index, p.first, p.last, o.Index, o.Sequence)
	case o.Kind == event.OutcomeRepeat && o.First != p.first:
		t.fail("acknowledged", "command %s was executed at %d, and the answer to its repeat says %d", id, p.first, o.First)
	}
}

// reached is the last sequence and index that any node has applied.
func (t *truth) reached() (market.Sequence, uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last == nil {
		return 0, 0
	}
	return t.last.lastSequence(), t.last.index
}

// place returns where a command was executed.
func (t *truth) place(id string) (place, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p, ok := t.commands[id]
	return p, ok
}

// streamed checks an event that a node's stream has yielded.
func (t *truth) streamed(n int, e event.Public) {
	t.mu.Lock()
	defer t.mu.Unlock()
	known := t.entries[e.Block.Index]
	switch {
	case known == nil:
		t.fail("streams", "n%d streams event %d of entry %d, which no node has applied", n+1, e.Sequence, e.Block.Index)
	case !bytes.Equal(known.chain[:], e.Block.Chain[:]):
		t.fail("streams", "n%d streams another entry %d than was applied", n+1, e.Block.Index)
	case e.Sequence < known.first || e.Sequence > known.lastSequence():
		t.fail("streams", "n%d streams event %d in entry %d, which has %d–%d", n+1, e.Sequence, e.Block.Index, known.first, known.lastSequence())
	}
}

// changes is how many leaders began a term after the first.
func (t *truth) changes() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return max(0, len(t.leaders)-1)
}

// of is the last index that a node has applied.
func (t *truth) of(n int) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.at[n]
}

// where says what each node has applied.
func (t *truth) where() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return fmt.Sprint(t.at)
}
