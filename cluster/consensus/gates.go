package consensus

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
)

// Gated is an entry that is not applied without a word of Config.Gate.
type Gated struct {
	Index  cluster.Index
	SHA256 string // of the entry as it was proposed, hexadecimal
	// Voided: something else stands in its place. Else Apply panicked at it, so
	// often, and said this.
	Voided bool
	// Risked are the voters of which the operator who voided it said that they
	// need not be asked, at the risk of what they acknowledged.
	Risked []string
	Times  int
	Panic  string
	// stands is the SHA-256 of what is to stand there: a leader that has passed
	// may have sent it.
	stands string
}

// gates lists the entries that wait: those whose void does not count yet, and the
// first one of the crash record, if it is of this build.
func (n *Node) gates(record CrashRecord) (gates []Gated) {
	if n.config.Gate == nil {
		return nil
	}
	for _, v := range n.logs.Voids().Open() {
		gates = append(gates, gateOf(v))
	}
	if len(record.Entries) == 0 || record.Build != n.config.Build {
		return gates
	}
	e := record.Entries[0]
	if !slices.ContainsFunc(gates, func(g Gated) bool { return g.Index == e.Index && g.SHA256 == e.SHA256 }) {
		gates = append(gates, Gated{Index: e.Index, SHA256: e.SHA256, Times: record.Times, Panic: record.Panic, stands: e.SHA256})
	}
	return gates
}

func gateOf(v logstore.Void) Gated {
	return Gated{Index: cluster.Index(v.Index), SHA256: hex.EncodeToString(v.SHA256[:]), Voided: true, Risked: v.Risked, stands: digest(v.Data)}
}

// gated returns where among logs the first one is that waits, -1 for none.
func (f *fsm) gated(logs []*raft.Log) int {
	if len(f.gates) == 0 {
		return -1
	}
	return slices.IndexFunc(logs, func(log *raft.Log) bool { return f.before(log) >= 0 })
}

// before returns the number of the gate before an entry, -1 for none: another
// entry may have been committed at that index.
func (f *fsm) before(log *raft.Log) int {
	if f.applied.Load() >= log.Index || !isCommand(log) {
		return -1
	}
	return slices.IndexFunc(f.gates, func(g Gated) bool {
		if uint64(g.Index) != log.Index {
			return false
		}
		sum := digest(log.Data)
		return sum == g.SHA256 || sum == g.stands
	})
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// await waits at the gate before the first of some entries, takes it away, and
// returns the entries with what stands in the place of the first one now; nil if
// nothing is to be applied any more. What the machine goes on with is durable
// before: a node that starts again passes the same way, or the same entry would
// be two.
func (f *fsm) await(logs []*raft.Log) []*raft.Log {
	// mark: an entry waits at its gate
	at := f.before(logs[0])
	g := f.gates[at]
	f.waiting.Store(true)
	if !f.passed(g) && !f.pass(f.closing, g) {
		f.shut = true
		return nil
	}
	if g.Voided {
		if err := f.voids.Pass(uint64(g.Index)); err != nil {
			f.broken = cluster.Sick(fmt.Errorf("pass the void of entry %d: %w", g.Index, err))
			f.halt.stop(f.broken)
			return nil
		}
	}
	f.waiting.Store(false)
	f.gates = slices.Delete(f.gates, at, at+1)
	void, ok := f.voids.Instead(logs[0])
	if !ok {
		return logs
	}
	instead := *logs[0]
	instead.Data = void.Data
	return append([]*raft.Log{&instead}, logs[1:]...)
}

// passed: the void was found to count meanwhile.
func (f *fsm) passed(g Gated) bool {
	return g.Voided && !slices.ContainsFunc(f.voids.Open(), func(v logstore.Void) bool { return v.Index == uint64(g.Index) })
}

// errWithheld: a request would carry an entry whose void does not count yet.
var errWithheld = errors.New("a voided entry is kept back until enough of the others know of the void")

// withheld returns how many of a request's entries may be sent: those before the
// first one that is voided here and does not count yet. Neither form of it is
// sent: what stands in its place was not agreed on, and the entry itself is what
// this node was told that nobody is to execute.
func withheld(voids []logstore.Void, entries []*raft.Log) int {
	for i, e := range entries {
		if slices.ContainsFunc(voids, func(v logstore.Void) bool { return v.Of(e) }) {
			return i
		}
	}
	return len(entries)
}

// Withheld returns the first entry that this node, which leads, sends to nobody,
// and to which its machine has not come, so that Config.Gate may not be asked as
// long as others lack it; ok is false if there is none.
func (n *Node) Withheld() (g Gated, ok bool) {
	voids := n.logs.Voids().Open()
	if len(voids) == 0 || n.fsm.waiting.Load() || n.raft.State() != raft.Leader {
		return g, false
	}
	for _, v := range voids {
		var log raft.Log
		if v.Index <= n.fsm.applied.Load() || n.logs.GetLog(v.Index, &log) != nil || !v.Of(&log) {
			continue
		}
		if !ok || cluster.Index(v.Index) < g.Index {
			g, ok = gateOf(v), true
		}
	}
	return g, ok
}

// Pass has the void of such an entry count, and returns once that is durable.
func (n *Node) Pass(g Gated) error { return n.logs.Voids().Pass(uint64(g.Index)) }
