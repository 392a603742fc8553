package node

// Hang is a write to the node's disk that returns when release is closed.
func (n *Node) Hang(release <-chan struct{}) {
	_ = n.writes.Do(func() error { <-release; return nil })
}
