package node

import (
	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
	"github.com/rialto-exchange/rialto/gateways"
)

// ProposeRaw has the node's log take an entry as it is.
func (n *Node) ProposeRaw(data []byte) { n.consensus.Propose(data) }

// Failed reports whether the node must not go on.
func (n *Node) Failed() bool { return n.hasFailed() }

// EntryWord is what is known of a voter and the entry before which another waits.
type EntryWord struct {
	ID                    string
	Asked, Knows, Applied bool
}

// MayPass says whether a node goes on at the entry before which it waits.
func MayPass(g consensus.Gated, others ...EntryWord) bool {
	words := make([]entryWord, len(others))
	for i, w := range others {
		words[i] = entryWord{id: w.ID, asked: w.Asked, knows: w.Knows, applied: w.Applied}
	}
	return mayPass(g, words)
}

// BecameOf says what the node's journal holds of an entry.
func (n *Node) BecameOf(index uint64) (known bool, voided string) {
	answer, err := n.becameOf(index)
	return err == nil && answer.Known, answer.Voided
}

// Word is what another voter says of an entry before which this node waits.
func (n *Node) Word(of cluster.Member, index uint64, sum string) EntryWord {
	w := n.entryWordOf(of, gateways.TwinWait{Index: index, SHA256: sum})
	return EntryWord{ID: w.id, Asked: w.asked, Knows: w.knows, Applied: w.applied}
}
