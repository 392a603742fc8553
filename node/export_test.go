package node

import (
	"context"
	"net"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/forward"
	"github.com/rialto-exchange/rialto/cluster/peer"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/gateways"
)

// Hang is a write to the node's disk that returns when release is closed.
func (n *Node) Hang(release <-chan struct{}) {
	_ = n.writes.Do(func() error { <-release; return nil })
}

// MayJoin says why a node may not join.
func MayJoin(r cluster.Roster, who cluster.Enrolment, address string) error {
	return mayJoin(r, who, address)
}

// HoldingBack is what a picture of the cluster says of its feature level.
func HoldingBack(p gateways.Twin, members []cluster.Member) []gateways.Finding {
	return holdingBack(p, members)
}

// WithReminders sets how often a node that is kept waiting says for what.
func WithReminders(d time.Duration) Option { return func(n *Node) { n.remindEvery = d } }

// RefusedBy is what the peer port tells of a refusal.
func (n *Node) RefusedBy(address string, by cluster.Identity, reason error) {
	n.refusedBy(address, by, reason)
}

// HasLost is what the leader answers about the owner of a FIX session.
func (n *Node) HasLost(id string) bool { return n.hasLost(id) }

// WithDedupCapacity sets how many command ids are remembered, below the least
// that a configuration may say.
func WithDedupCapacity(n uint32) Option {
	return func(node *Node) { node.cfg.Commands.DedupCapacity = n }
}

// Known tells of a node before Open returns it.
func Known(n **Node) Option { return func(of *Node) { *n = of } }

// ShutDoors refuses clients.
func (n *Node) ShutDoors() { n.shutDoors() }

// HoldMachine keeps the node's machine from applying anything until release.
func (n *Node) HoldMachine() (release func()) {
	n.replica.owner.Lock()
	return n.replica.owner.Unlock
}

// SealHere is what a member proves itself by, where it is.
func SealHere(i cluster.Incarnation, s cluster.Start, nonce []byte) []byte {
	return sealHere(i, s, nonce)
}

// KnownAt is where the configuration has the node.
func (n *Node) KnownAt() string {
	self, _ := n.consensus.Roster().Member(cluster.NodeID(n.cfg.NodeID))
	return self.Address
}

// ForwardBy sends commands from this node to the leader as a build does that
// speaks the protocol, and returns the outcomes as they come.
func (n *Node) ForwardBy(ctx context.Context, protocol peer.Protocol, batch []*command.Command) ([]event.Outcome, error) {
	encoded, err := n.commands.encode(ctx, batch)
	if err != nil {
		return nil, err
	}
	c := forward.Open(forward.Config{
		Node: cluster.NodeID(n.cfg.NodeID), Leadership: n.leaders, Sequencer: n.sequencer,
		Dial: func(ctx context.Context, address string) (net.Conn, error) { return n.mux.Dial(ctx, address, protocol) },
	})
	defer c.Close()
	raw, err := c.Submit(ctx, encoded)
	outcomes := make([]event.Outcome, len(raw))
	for i := range raw {
		o, err := eventcodec.DecodeOutcome(raw[i].Data)
		if err != nil {
			return nil, err
		}
		outcomes[i] = *o
	}
	return outcomes, err
}

// AdmitOnly puts into the log that an incarnation was admitted, as a leader does
// that ends before it is a member.
func (n *Node) AdmitOnly(ctx context.Context, e cluster.Enrolment) error {
	return n.consensus.Admit(ctx, []cluster.Enrolment{e})
}

// Standing is what this node's roster says of an incarnation.
func (n *Node) Standing(e cluster.Enrolment) cluster.Standing {
	return n.consensus.Roster().Standing(e)
}

// WithFarBehind is from how many missing events on views are taken over.
func WithFarBehind(events uint64) Option { return func(n *Node) { n.farBehind = events } }

// Silence counts for how long members give no sign of life.
type Silence struct{ silence }

// NewSilence has heard nobody.
func NewSilence() *Silence { return &Silence{} }

// Sign notes that a member answered.
func (s *Silence) Sign(id cluster.NodeID) { s.sign(id) }

// Look counts on.
func (s *Silence) Look(now time.Time, members []cluster.RosterMember, lives func(cluster.NodeID) bool) {
	s.look(now, members, lives)
}

// Of is for how long a member has been silent.
func (s *Silence) Of(id cluster.NodeID) time.Duration { return s.of(id) }

// Contradicts reports that a node says another state hash of an index.
func Contradicts(t gateways.TwinNode, index uint64, hash string) bool {
	return contradicts(t, index, hash)
}

// WithCredentialsEvery has certificates and keys read so often.
func WithCredentialsEvery(d time.Duration) Option { return func(n *Node) { n.credentialsEvery = d } }

// WorthTakingOver reports whether views are better taken over than folded.
func WorthTakingOver(after, through, far uint64) bool { return worthTakingOver(after, through, far) }

// Complete gives brief outcomes of commands what this node's journal has of them.
func (n *Node) Complete(ctx context.Context, batch []*command.Command, outcomes []event.Outcome) (int, error) {
	return n.commands.complete(ctx, batch, outcomes)
}

// HasFailed reports whether a node counts a member as one that has failed.
func (n *Node) HasFailed(id cluster.NodeID) bool {
	return n.mayPilot() && n.silence.of(id) >= n.cfg.Membership.FailAfter
}
