package consensus

import (
	"io"
	"reflect"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
)

// Wedge leaves Raft with the mark of a transfer of leadership that is over, as
// its defect does.
func (n *Node) Wedge() {
	mark := reflect.ValueOf(n.raft).Elem().FieldByName("leaderState").FieldByName("leadershipTransferInProgress")
	atomic.StoreInt32((*int32)(unsafe.Pointer(mark.UnsafeAddr())), 1)
}

// SnapshotStream frames state as a snapshot of index and term.
func SnapshotStream(to io.Writer, index, term uint64, state io.Reader) error {
	if _, err := to.Write(appendSnapshotHeader(index, term, cluster.Roster{})); err != nil {
		return err
	}
	out := newChunkWriter(to)
	if _, err := io.Copy(out, state); err != nil {
		return err
	}
	return out.end()
}

// ReadSnapshotStream returns the state in a stream.
func ReadSnapshotStream(from io.Reader) (state []byte, index, term uint64, err error) {
	in, err := openSnapshot(from)
	if err != nil {
		return nil, 0, 0, err
	}
	state, err = io.ReadAll(in)
	return state, in.index, in.term, err
}

// ConnectionsTo counts the connections that a node made to an address and that
// are open.
func (n *Node) ConnectionsTo(address string) int { return n.stream.openTo(address) }

// ConnectionsKept is how many a voter keeps to each other one.
const ConnectionsKept = poolSize

// Watchdog returns the transfer watchdog alone: it tells of each proposal
// whether the node must stop.
func Watchdog(limit time.Duration) func(refused bool, now time.Time) bool {
	w := &watchdog{limit: limit}
	return w.stuck
}

// Ledger is what a leader has learned from its members' answers.
type Ledger struct{ *contacts }

// NewLedger begins one with a roster.
func NewLedger(now cluster.Roster) Ledger {
	l := Ledger{newContacts(&roster{})}
	l.Follow(now)
	return l
}

// Follow has another roster hold.
func (l Ledger) Follow(now cluster.Roster) { l.roster.now.Store(&now) }

// Answers notes that a member has answered a request which was sent now.
func (l Ledger) Answers(id cluster.NodeID, proof cluster.Acknowledged) {
	who, sent := l.asked(raft.ServerID(id))
	l.answered(who, sent, proof)
}

// Proven is what the present incarnations have proven.
func (l Ledger) Proven() map[cluster.Enrolment]cluster.Acknowledged { return l.all() }

// LevelWith is up to where a member's log goes along with the leader's.
func (l Ledger) LevelWith(id cluster.NodeID, term cluster.Term) cluster.Index {
	return l.levelWith(id, term)
}

// Agrees reports whether a configuration is the one that a roster holds.
func Agrees(committed cluster.Roster, latest []cluster.Member) bool { return agrees(committed, latest) }
