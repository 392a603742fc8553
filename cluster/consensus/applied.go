package consensus

import (
	"fmt"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
)

// appliedLog is the log as Raft has it once the machine has applied some of
// it. Raft deletes the end of a log where it conflicts with a leader's, and a
// leader has all that was committed: an applied entry in such an end was never
// committed, and the machine holds what did not happen. Raft would go on. It
// hands over no entry of its own, so that nothing else need show it before the
// next command.
//
// Deleting everything because a snapshot was installed is no such end: by then
// the machine is that snapshot's.
type appliedLog struct {
	*logstore.Log
	fsm  *fsm
	halt *halt
}

var _ raft.MonotonicLogStore = appliedLog{}

// DeleteRange stops the node before it forgets an entry that it applied.
func (l appliedLog) DeleteRange(min, max uint64) error {
	last, err := l.LastIndex()
	if err != nil {
		return err
	}
	if applied := l.fsm.fromLog.Load(); max >= last && min <= applied {
		err := &cluster.WrongState{Err: fmt.Errorf("entries %d to %d were applied, and the leader has others", min, applied)}
		l.halt.stop(err)
		return err
	}
	return l.Log.DeleteRange(min, max)
}
