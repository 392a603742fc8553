package consensus_test

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
)

// A machine that has no room, no descriptors or no memory while it applies an
// entry ends the node, and that is nothing against the entry: no crash record
// is left, and the node goes on where it was when the cause is gone.
func TestSickMachineLeavesNoCrashRecord(t *testing.T) {
	for _, cause := range []error{
		&cluster.SickMachine{Err: syscall.ENOSPC},
		fmt.Errorf("append block: %w", syscall.EMFILE),
		fmt.Errorf("page of the state: %w", syscall.ENOMEM),
	} {
		t.Run(cause.Error(), func(t *testing.T) {
			g := newGroup(t, 1, nil)
			p := g.peers[0]
			g.propose("before")
			p.machine.mu.Lock()
			p.machine.sick = cause
			p.machine.mu.Unlock()
			wait := make(chan error, 1)
			proposal := p.Propose([]byte("while it is sick"))
			go func() {
				_, _, err := proposal.Wait()
				wait <- err
			}()
			err := <-p.fatal
			if errors.Is(err, consensus.ErrApplyPanicked) || cluster.KindOf(err) != cluster.KindSickMachine {
				t.Errorf("fatal = %v, which is %s, want a sick machine", err, cluster.KindOf(err))
			}
			g.kill(p)
			if err := <-wait; !errors.Is(err, cluster.ErrUnknownOutcome) {
				t.Errorf("proposal = %v, want %v", err, cluster.ErrUnknownOutcome)
			}
			if record, found, err := consensus.ReadCrashRecord(p.config.Dir); found || err != nil {
				t.Errorf("a record was left against an entry: %+v, %v", record, err)
			}
			g.start(p)
			g.propose("after")
			g.converge(3)
		})
	}
}
