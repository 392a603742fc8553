package membership

import (
	"errors"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/rialto-exchange/rialto/cluster"
)

// delegate is what memberlist calls. It calls under its own locks: nothing
// here may call memberlist.
type delegate struct{ m *Membership }

var (
	_ memberlist.Delegate      = delegate{}
	_ memberlist.EventDelegate = delegate{}
	_ memberlist.PingDelegate  = delegate{}
	_ memberlist.AliveDelegate = delegate{}
)

// errOtherHistory: a node belongs to another past, or to another venue.
var errOtherHistory = errors.New("node belongs to another history")

// NotifyAlive takes in nobody of another history. One that belongs to none yet
// is let in, and so is one whose build does not say.
func (d delegate) NotifyAlive(n *memberlist.Node) error {
	meta, _ := decodeMeta(n.Name, n.Meta)
	d.m.mu.Lock()
	defer d.m.mu.Unlock()
	if own := d.m.meta.History; own != 0 && meta.History != 0 && meta.History != own {
		return errOtherHistory
	}
	return nil
}

// NodeMeta is what this node says of itself. Its size was checked when it was
// set.
func (d delegate) NodeMeta(limit int) []byte {
	d.m.mu.Lock()
	defer d.m.mu.Unlock()
	if data := d.m.meta.encode(d.m.leaving); len(data) <= limit {
		return data
	}
	return nil
}

// NotifyJoin records a node that came, or came back.
func (d delegate) NotifyJoin(n *memberlist.Node) { d.m.record(n, StateAlive) }

// NotifyUpdate records what a node says anew.
func (d delegate) NotifyUpdate(n *memberlist.Node) { d.m.record(n, StateAlive) }

// NotifyLeave records a node that died or left.
func (d delegate) NotifyLeave(n *memberlist.Node) {
	state := StateDead
	if _, leaving := decodeMeta(n.Name, n.Meta); leaving {
		state = StateLeft
	}
	d.m.record(n, state)
}

// NotifyPingComplete records an answer to this node's probe.
func (d delegate) NotifyPingComplete(other *memberlist.Node, _ time.Duration, _ []byte) {
	d.m.mu.Lock()
	defer d.m.mu.Unlock()
	if r := d.m.peers[cluster.NodeID(other.Name)]; r != nil {
		r.heard = time.Now()
	}
}

// AckPayload, NotifyMsg, GetBroadcasts, LocalState and MergeRemoteState have
// nothing to carry: the metadata says it all.
func (delegate) AckPayload() []byte              { return nil }
func (delegate) NotifyMsg([]byte)                {}
func (delegate) GetBroadcasts(int, int) [][]byte { return nil }
func (delegate) LocalState(bool) []byte          { return nil }
func (delegate) MergeRemoteState([]byte, bool)   {}

// record books what memberlist told of a node.
func (m *Membership) record(n *memberlist.Node, state State) {
	meta, _ := decodeMeta(n.Name, n.Meta)
	meta.GossipAddress = n.Address()
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.peers[meta.ID]
	if r == nil {
		m.makeRoom()
		r = &record{}
		m.peers[meta.ID] = r
	}
	since := r.peer.Since
	if r.peer.State != state {
		since = now
	}
	if state == StateAlive {
		r.heard = now
	}
	r.peer = Peer{Meta: meta, State: state, Since: since, Self: meta.ID == m.self}
	close(m.changed)
	m.changed = make(chan struct{})
}

// makeRoom forgets the node that has been gone longest when there are
// MaxPeers.
func (m *Membership) makeRoom() {
	if len(m.peers) < MaxPeers {
		return
	}
	var oldest *record
	for _, r := range m.peers {
		gone := r.peer.State == StateDead || r.peer.State == StateLeft
		if gone && (oldest == nil || r.peer.Since.Before(oldest.peer.Since)) {
			oldest = r
		}
	}
	if oldest != nil {
		delete(m.peers, oldest.peer.ID)
	}
}
