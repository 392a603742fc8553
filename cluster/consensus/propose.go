package consensus

import (
	"errors"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
)

var _ cluster.Proposer = (*Node)(nil)

// proposal is an entry that was handed to Raft.
type proposal struct {
	done   chan struct{} // closed when the fields below hold
	closed <-chan struct{}

	index    cluster.Index
	outcomes [][]byte
	err      error
}

var _ cluster.Proposal = (*proposal)(nil)

// Wait waits for the outcome; see cluster.Proposal. A proposal that Raft
// forgot when it shut down ends when the node is closed.
func (p *proposal) Wait() (cluster.Index, [][]byte, error) {
	select {
	case <-p.done:
		return p.index, p.outcomes, p.err
	case <-p.closed:
	}
	select {
	case <-p.done:
		return p.index, p.outcomes, p.err
	default:
		return 0, nil, cluster.ErrUnknownOutcome
	}
}

func (p *proposal) finish(index cluster.Index, outcomes [][]byte, err error) {
	p.index, p.outcomes, p.err = index, outcomes, err
	close(p.done)
}

// Propose hands entry to Raft. It waits while maxAppendEntries entries wait
// for the disk. Entries of calls that do not overlap are appended in the
// calls' order, several that wait with one write to the disk.
func (n *Node) Propose(entry []byte) cluster.Proposal {
	p := &proposal{done: make(chan struct{}), closed: n.closed}
	if !n.proposals.begin() {
		p.finish(0, nil, cluster.ErrClosed)
		return p
	}
	future := n.raft.Apply(entry, 0)
	go func() {
		defer n.proposals.end()
		n.settle(p, future)
	}()
	return p
}

// settle answers a proposal. An index tells whether Raft ever appended it: it
// is given in the same step, before the write.
func (n *Node) settle(p *proposal, future raft.ApplyFuture) {
	err := future.Error()
	n.watchdog.saw(err, time.Now())
	index := cluster.Index(future.Index())
	switch {
	case err == nil:
		result, ok := future.Response().(outcomes)
		if !ok { // the machine is halted
			p.finish(index, nil, cluster.ErrUnknownOutcome)
			return
		}
		p.finish(index, result, nil)
	case index != 0:
		p.finish(0, nil, errors.Join(cluster.ErrUnknownOutcome, err))
	case errors.Is(err, raft.ErrRaftShutdown):
		p.finish(0, nil, cluster.ErrClosed)
	default:
		p.finish(0, nil, errors.Join(cluster.ErrNotLeader, err))
	}
}

// gate counts what is under way and can be shut.
type gate struct {
	mu     sync.Mutex
	shut   bool
	inside sync.WaitGroup
}

// begin reports whether the gate is open; end must follow then.
func (g *gate) begin() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.shut {
		g.inside.Add(1)
	}
	return !g.shut
}

func (g *gate) end() { g.inside.Done() }

// close lets nobody in any more and returns a channel that closes when all
// are out.
func (g *gate) close() <-chan struct{} {
	g.mu.Lock()
	g.shut = true
	g.mu.Unlock()
	empty := make(chan struct{})
	go func() {
		g.inside.Wait()
		close(empty)
	}()
	return empty
}
