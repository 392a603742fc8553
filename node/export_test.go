package node

import "github.com/rialto-exchange/rialto/cluster"

// Hang is a write to the node's disk that returns when release is closed.
func (n *Node) Hang(release <-chan struct{}) {
	_ = n.writes.Do(func() error { <-release; return nil })
}

// MayJoin says why a node may not join.
func MayJoin(r cluster.Roster, who cluster.Enrolment, address string) error {
	return mayJoin(r, who, address)
}
