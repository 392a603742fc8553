package peer

import (
	"context"
	"errors"

	"github.com/rialto-exchange/rialto/cluster"
)

// Errors of identity, of either end. In an error of Dial they say that the
// other end is not let in here, or does not let this node in.
var (
	// ErrNotAdmitted: its incarnation is none of the cluster's members'.
	ErrNotAdmitted = errors.New("node is not admitted to the cluster by this incarnation")
	// ErrOtherHistory: it belongs to another past of the venue, or to none.
	ErrOtherHistory = errors.New("node belongs to another history")
	// ErrRemoved: it was removed from the cluster.
	ErrRemoved = errors.New("node was removed from the cluster")
	// ErrRolledBack: it knows less than it once told, or another process
	// runs on a copy of its folder.
	ErrRolledBack = errors.New("node has gone back behind what it acknowledged")
)

// Proof is how a node says who it is and decides whom it believes.
type Proof struct {
	// Self is what this node says of itself, now.
	Self func() cluster.Identity
	// Confide says whether the other end is to hear all of it: who calls, or,
	// with who = nil, whoever is called at an address. Others are told the
	// node's id and nothing else. nil: everybody hears all.
	Confide func(address string, who *cluster.Identity) bool
	// Verify is asked of the other end of every connection before a byte of
	// its protocol, by the end that was called and by the one that calls. who
	// is nil when the other end speaks version 1, which proves nothing. An
	// error refuses; one of the errors above is told to a caller.
	Verify func(protocol Protocol, who *cluster.Identity) error
	// Met is told who answered at an address that this node called, before
	// Verify is asked of it; may be nil.
	Met func(address string, who cluster.Identity)
	// Refused is told when a node that was called at an address refuses this
	// one for who it is. It must not block.
	Refused func(address string, by cluster.Identity, reason error)
}

type callerKey struct{}

// Caller returns who is at the other end of the connection that a handler's
// context belongs to; ok is false if it did not say.
func Caller(ctx context.Context) (who cluster.Identity, ok bool) {
	who, ok = ctx.Value(callerKey{}).(cluster.Identity)
	return who, ok
}

func withCaller(ctx context.Context, who *cluster.Identity) context.Context {
	if who == nil {
		return ctx
	}
	return context.WithValue(ctx, callerKey{}, *who)
}

// Reverify asks Proof.Verify and Security.Verify again about every accepted connection and closes
// those that it refuses now.
func (m *Mux) Reverify() {
	type ends struct {
		conn     *trackedConn
		protocol Protocol
		who      *cluster.Identity
		safe     *secured
	}
	var all []ends
	m.mu.Lock()
	for conn := range m.open {
		if c := conn.(*trackedConn); c.known {
			all = append(all, ends{c, c.protocol, c.who, c.safe})
		}
	}
	m.mu.Unlock()
	for _, e := range all {
		if m.verify(e.protocol, e.who) != nil || !m.stillCertified(e.safe) {
			_ = e.conn.Close()
		}
	}
}

// version is the preamble that this node speaks.
func (m *Mux) version() uint8 {
	if m.cfg.Proof == nil {
		return Version
	}
	return VersionIdentity
}

// verify asks whether the other end is believed.
func (m *Mux) verify(protocol Protocol, who *cluster.Identity) error {
	if m.cfg.Proof == nil {
		return nil
	}
	return m.cfg.Proof.Verify(protocol, who)
}

// introduction is what this node says of itself to whom it calls.
func (m *Mux) introduction(address string, version uint8) *cluster.Identity {
	if m.cfg.Proof == nil || version < VersionIdentity {
		return nil
	}
	return m.self(m.cfg.Proof.Confide == nil || m.cfg.Proof.Confide(address, nil))
}

// reply is what it says of itself to who calls; nil to one that would not
// understand.
func (m *Mux) reply(to caller) *cluster.Identity {
	if m.cfg.Proof == nil || to.version < VersionIdentity {
		return nil
	}
	return m.self(m.cfg.Proof.Confide == nil || to.who != nil && m.cfg.Proof.Confide("", to.who))
}

func (m *Mux) self(all bool) *cluster.Identity {
	who := m.cfg.Proof.Self()
	if !all {
		who = cluster.Identity{Node: who.Node}
	}
	return &who
}

// met passes on who answered at an address.
func (m *Mux) met(address string, who *cluster.Identity) {
	if m.cfg.Proof != nil && who != nil && m.cfg.Proof.Met != nil {
		m.cfg.Proof.Met(address, *who)
	}
}

// tell passes on that another node refuses this one for who it is.
func (m *Mux) tell(address string, by *cluster.Identity, reason error) {
	if m.cfg.Proof == nil || by == nil || m.cfg.Proof.Refused == nil {
		return
	}
	for _, of := range []error{ErrNotAdmitted, ErrOtherHistory, ErrRemoved, ErrRolledBack} {
		if errors.Is(reason, of) {
			m.cfg.Proof.Refused(address, *by, of)
		}
	}
}
