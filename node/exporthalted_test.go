package node

// ProposeRaw has the node's log take an entry as it is.
func (n *Node) ProposeRaw(data []byte) { n.consensus.Propose(data) }

// Failed reports whether the node must not go on.
func (n *Node) Failed() bool { return n.hasFailed() }
