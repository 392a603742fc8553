package consensus

import (
	"crypto/sha256"
	"encoding/hex"
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
	// stands is the SHA-256 of what is in the log there.
	stands string
}

// gates lists the entries that wait: those that are voided, and the first one
// of the crash record, if it is of this build.
func (n *Node) gates(record CrashRecord) (gates []Gated, err error) {
	if n.config.Gate == nil {
		return nil, nil
	}
	voids, err := logstore.ReadVoids(n.config.World.Files, n.config.Dir)
	for _, v := range voids {
		gates = append(gates, Gated{Index: cluster.Index(v.Index), SHA256: hex.EncodeToString(v.SHA256[:]), Voided: true, Risked: v.Risked, stands: digest(v.Data)})
	}
	if len(record.Entries) == 0 || record.Build != n.config.Build {
		return gates, err
	}
	e := record.Entries[0]
	if !slices.ContainsFunc(gates, func(g Gated) bool { return g.Index == e.Index && g.SHA256 == e.SHA256 }) {
		gates = append(gates, Gated{Index: e.Index, SHA256: e.SHA256, Times: record.Times, Panic: record.Panic, stands: e.SHA256})
	}
	return gates, err
}

// gated returns where among logs the first one is that waits, -1 for none.
func (f *fsm) gated(logs []*raft.Log) int {
	if len(f.gates) == 0 {
		return -1
	}
	return slices.IndexFunc(logs, func(log *raft.Log) bool { return f.gateOf(log) >= 0 })
}

// gateOf returns the number of the gate before an entry, -1 for none: another
// entry may have been committed at that index.
func (f *fsm) gateOf(log *raft.Log) int {
	if f.applied.Load() >= log.Index || !isCommand(log) {
		return -1
	}
	return slices.IndexFunc(f.gates, func(g Gated) bool {
		return uint64(g.Index) == log.Index && digest(log.Data) == g.stands
	})
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// await waits at the gate before an entry, and takes it away.
func (f *fsm) await(log *raft.Log) bool {
	at := f.gateOf(log)
	f.waiting.Store(true)
	if !f.pass(f.closing, f.gates[at]) {
		f.shut = true
		return false
	}
	f.waiting.Store(false)
	f.gates = slices.Delete(f.gates, at, at+1)
	return true
}
