package node

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/credentials"
	"github.com/rialto-exchange/rialto/cluster/identity"
	"github.com/rialto-exchange/rialto/cluster/peer"
	"github.com/rialto-exchange/rialto/node/world"
)

// Who is taken for lost and lives would go on in the old history beside the new
// one, perhaps with clients. So a recovery calls all others where they were, before
// it begins.

// ErrAlive: a node that is said to be lost, or stopped, answers.
var ErrAlive = errors.New("not all are stopped or lost")

// hearTimeout bounds the call to one node.
const hearTimeout = 3 * time.Second

// Heard is something that answers where another node has its peer port.
type Heard struct {
	ID            cluster.NodeID
	Address, Says string
}

// Hear calls the peer ports of all other nodes that a stopped survivor knows, and
// returns by id what answers there: whatever it is, the node or its machine may not
// be lost. A host that is cut off can't be heard.
func Hear(ctx context.Context, cfg Config, own Survivor, options ...Option) (all []Heard) {
	w := worldOf(options)
	caller := stoppedCaller(w, cfg, own)
	defer caller.Close()
	var asking sync.WaitGroup
	var mu sync.Mutex
	for _, m := range own.Places {
		if m.ID == own.ID {
			continue
		}
		asking.Go(func() {
			if says := hear(ctx, w.Network, caller, m.Address); says != "" {
				mu.Lock()
				defer mu.Unlock()
				all = append(all, Heard{m.ID, m.Address, says})
			}
		})
	}
	asking.Wait()
	slices.SortFunc(all, func(a, b Heard) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Address, b.Address))
	})
	return all
}

// hear says who answers at an address, "" if nobody does.
func hear(ctx context.Context, network world.Network, caller *peer.Mux, address string) string {
	ctx, cancel := context.WithTimeout(ctx, hearTimeout)
	defer cancel()
	conn, err := network.DialContext(ctx, "tcp", address)
	if unresolved := (*net.DNSError)(nil); errors.As(err, &unresolved) || errors.Is(err, syscall.EMFILE) {
		return "it can't be called from here: " + err.Error() // which is no silence
	}
	if err != nil {
		return ""
	}
	_ = conn.Close()
	conn, err = caller.Dial(ctx, address, peer.ProtocolJournal)
	switch {
	case err == nil:
		_ = conn.Close()
		return "it runs, in this history"
	case errors.Is(err, peer.ErrRolledBack), errors.Is(err, peer.ErrBusy):
		return "it runs, in this history"
	case errors.Is(err, peer.ErrRemoved), errors.Is(err, peer.ErrOtherHistory):
		return "it runs, and has begun another history or removed this node"
	case errors.Is(err, peer.ErrNotAdmitted):
		return "it runs, and does not know this node: it is of another history, or waits to be admitted"
	}
	return fmt.Sprintf("something answers there (%v)", err)
}

// stoppedCaller calls as a node that is stopped, and is called by nobody.
func stoppedCaller(w world.World, cfg Config, own Survivor) *peer.Mux {
	folder, _, err := identity.Read(w.Files, cfg.DataDir)
	self := folder.Proof()
	self.Began = cluster.Position{Term: max(own.Term, own.Last.Term), Last: own.Last.Index}
	calls := peer.Config{ClusterID: cfg.ClusterID, Network: w.Network, Proof: &peer.Proof{
		Self: func() cluster.Identity { return self }, Verify: func(peer.Protocol, *cluster.Identity) error { return nil },
	}}
	name := credentials.Name{Cluster: cfg.ClusterID, Enrolment: cluster.Enrolment{ID: own.ID, Incarnation: own.own}}
	if cfg.PeerTLS.CA != "" && err == nil {
		if c, err := credentials.Open(w, cfg.peerFiles(), name); err == nil { // without it is heard that somebody answers, and not who
			calls.Security = &peer.Security{TLS: c.TLS(), Open: true, Verify: func(s tls.ConnectionState) (cluster.Enrolment, error) {
				name, err := c.Verify(s)
				return name.Enrolment, err
			}}
		}
	}
	return peer.Serve(&nobody{closed: make(chan struct{})}, calls)
}

// nobody is a listener that nobody can call.
type nobody struct {
	once   sync.Once
	closed chan struct{}
}

func (n *nobody) Accept() (net.Conn, error) { <-n.closed; return nil, net.ErrClosed }
func (n *nobody) Close() error              { n.once.Do(func() { close(n.closed) }); return nil }
func (n *nobody) Addr() net.Addr            { return &net.TCPAddr{} }

// MayLeave says why a recovery may not begin although others answer. Those that
// are said to be lost may be left behind, if exactly they are named as known to
// live; one that is said to survive is to be stopped.
func (r Recovery) MayLeave(heard []Heard, known []string) error {
	var ids, all []string
	for _, h := range heard {
		all = append(all, fmt.Sprintf("%s at %s: %s", h.ID, h.Address, h.Says))
		if _, survives := r.Survivors[h.ID]; survives {
			return fmt.Errorf("%w: %s at %s answers (%s): stop it first, its end may move", ErrAlive, h.ID, h.Address, h.Says)
		}
		ids = append(ids, string(h.ID))
	}
	slices.Sort(ids)
	ids, known = slices.Compact(ids), slices.Compact(slices.Sorted(slices.Values(known)))
	switch {
	case slices.Equal(ids, known):
		return nil
	case len(ids) == 0:
		return fmt.Errorf("%w: of %s it is said that it lives, and nobody answers", ErrAlive, strings.Join(known, ", "))
	}
	return fmt.Errorf("%w: %s: stop them; or leave exactly those behind, in a history of their own: --although-alive %s", ErrAlive, strings.Join(all, "; "), strings.Join(ids, ","))
}
