package cluster

// Proposer appends entries to the replicated log. It is what a sequencer
// needs of consensus and all it needs.
//
// Calls that do not overlap in time are appended in the order of the calls,
// as long as this node stays leader of the same term. Propose does not wait
// for the disk or for other nodes; it may wait for room in consensus's own
// queue, whose bound is stated there. entry belongs to the proposer's
// consensus from the call on and must not be changed afterwards.
type Proposer interface {
	Propose(entry []byte) Proposal
}

// Proposal is an entry under way.
type Proposal interface {
	// Wait returns once the entry is committed and applied here, with its
	// index and one outcome encoding per command of it in the entry's order;
	// or with an error:
	//
	//   - ErrNotLeader: the entry was never appended to a log. Not executed.
	//   - ErrClosed: the node is closing and never took the entry. Not
	//     executed.
	//   - ErrUnknownOutcome: it was taken, and may or may not be committed,
	//     now or later.
	//
	// Wait may be called more than once, and from several goroutines; it
	// answers the same each time. It always returns: at the latest when
	// consensus is closed.
	Wait() (Index, [][]byte, error)
}
