package node_test

import (
	"context"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
)

// TestAnswerOfOneThatIsBehind shows that a node whose machine is behind, or that
// the leader's entries do not reach, tells a repeated command its first answer
// all the same: it reads another node's journal.
func TestAnswerOfOneThatIsBehind(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	leader := c.agreedLeader()
	behind := (leader + 1) % 3
	release := c.nodes[behind].HoldMachine()
	defer release()
	first, err := c.send(leader, "once", &command.OpenAccount{Account: "frances"})
	if err != nil || first.Kind != event.OutcomeExecuted {
		t.Fatalf("%+v, %v", first, err)
	}
	again, err := c.send(behind, "once", &command.OpenAccount{Account: "frances"})
	if err != nil || again.Kind != event.OutcomeRepeat {
		t.Fatalf("%+v, %v", again, err)
	}
	patient, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	block, group, err := c.nodes[behind].Commands().Executed(patient, "", "once", again.First)
	if err != nil {
		t.Fatalf("the first answer can't be had where the machine is behind: %v", err)
	}
	if block.At != first.At || group.First != first.Group.First || group.Last() != first.Group.Last() || group.Context.CommandID != "once" {
		t.Errorf("got %+v of block %d, want %+v", group, block.Index, first.Group)
	}
}
