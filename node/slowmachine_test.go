package node_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// slowApply is for how long a machine stands still: several times longer than
// any timeout of an election.
const slowApply = 2 * time.Second

// terms returns the term and the changes of leadership that a node knows of.
func (c *trio) terms(i int) (term uint64, changes int) {
	twin := c.nodes[i].Operations().Twin()
	for _, n := range twin.Nodes {
		term = max(term, n.Term)
	}
	return term, len(twin.Failovers)
}

// TestSlowMachineCostsNoElection shows that a heartbeat never waits behind the
// machine: one that takes two seconds for an entry, a follower's or the leader's,
// costs no election, while entries of every size, the largest included, go on
// being sent.
func TestSlowMachineCostsNoElection(t *testing.T) {
	c := newTrio(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	leader := c.agreedLeader()
	before, changes := c.terms(leader)
	for _, slow := range []int{(leader + 1) % 3, leader} {
		release := c.nodes[slow].HoldMachine()
		released := make(chan struct{})
		time.AfterFunc(slowApply, func() { release(); close(released) })
		for i := range 6 { // up to the bound of an entry each
			batch := largeBatch(fmt.Sprintf("%d-%d", slow, i), i+1)
			if _, err := c.nodes[leader].Commands().Submit(t.Context(), batch); err != nil {
				t.Errorf("node %d is slow: batch %d: %v", slow, i, err)
			}
		}
		<-released
		c.until("it has caught up", func() bool { return c.nodes[slow].Operations().Ready() == nil })
	}
	if after, now := c.terms(leader); after != before || now != changes || c.agreedLeader() != leader {
		t.Errorf("the term went from %d to %d, %d changes of leadership to %d", before, after, changes, now)
	}
}

// largeBatch is a batch of so many times 40 KiB of commands.
func largeBatch(run string, times int) (batch []*command.Command) {
	for i := range 40 * times {
		batch = append(batch, &command.Command{
			Header: command.Header{ID: fmt.Sprintf("%s-%d", run, i), Role: market.RoleAdmin, Source: market.SourceREST},
			Body:   &command.HaltInstrument{Instrument: "NO-SUCH", Reason: strings.Repeat("r", 1000)},
		})
	}
	return batch
}
