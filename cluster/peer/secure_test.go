package peer_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/credentials"
	"github.com/rialto-exchange/rialto/cluster/credentials/credtest"
	"github.com/rialto-exchange/rialto/cluster/peer"
)

func security(c *credentials.Credentials) *peer.Security {
	return &peer.Security{TLS: c.TLS(), Verify: func(s tls.ConnectionState) (cluster.Enrolment, error) {
		name, err := c.Verify(s)
		return name.Enrolment, err
	}}
}

func identity(node cluster.NodeID, life byte) cluster.Identity {
	return cluster.Identity{Node: node, Incarnation: cluster.Incarnation{life}, History: 1}
}

// saying is how a node introduces itself; it believes everybody.
func saying(who cluster.Identity) *peer.Proof {
	return &peer.Proof{Self: func() cluster.Identity { return who }, Verify: func(peer.Protocol, *cluster.Identity) error { return nil }}
}

// certified is a port of a node that has a certificate of its own name.
func certified(t *testing.T, a *credtest.Authority, node cluster.NodeID, change func(*peer.Config)) *peer.Mux {
	cfg := peer.Config{Proof: saying(identity(node, 1)), Security: security(a.Open(t, a.Name(node, cluster.Incarnation{1})))}
	if change != nil {
		change(&cfg)
	}
	return listen(t, cfg)
}

// TestCertifiedPeers shows two nodes speak under TLS, each knowing by the
// other's certificate whom it speaks with.
func TestCertifiedPeers(t *testing.T) {
	a := credtest.New(t, "here")
	server, client := certified(t, a, "n1", nil), certified(t, a, "n2", nil)
	server.Handle(peer.ProtocolForward, func(ctx context.Context, conn net.Conn) {
		who, _ := peer.Certified(ctx)
		io.WriteString(conn, string(who.ID))
	})
	conn, err := client.Dial(t.Context(), server.Addr().String(), peer.ProtocolForward)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	hear(t, conn, "n2")
	if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
}

// TestNobodyIsWhomTheyLike shows that what a node says of itself must be what
// its certificate says, at both ends, and that who is called at a member's
// address must be that member.
func TestNobodyIsWhomTheyLike(t *testing.T) {
	a := credtest.New(t, "here")
	honest := certified(t, a, "n1", nil)
	say(honest, peer.ProtocolForward, "hello")
	for _, c := range []struct {
		name string
		says *peer.Proof
	}{
		{"another node", saying(identity("n1", 1))},
		{"another life", saying(identity("n2", 9))},
		{"nothing", nil},
	} {
		liar := certified(t, a, "n2", func(cfg *peer.Config) { cfg.Proof = c.says })
		say(liar, peer.ProtocolForward, "hello")
		if _, err := liar.Dial(t.Context(), honest.Addr().String(), peer.ProtocolForward); !errors.Is(err, peer.ErrUncertified) {
			t.Errorf("%s, calling: %v", c.name, err)
		}
		if _, err := honest.Dial(t.Context(), liar.Addr().String(), peer.ProtocolForward); err == nil {
			t.Errorf("%s, called: believed", c.name)
		}
	}
	discreet := certified(t, a, "n2", func(cfg *peer.Config) { cfg.Proof = saying(cluster.Identity{Node: "n2"}) })
	if _, err := discreet.Dial(t.Context(), honest.Addr().String(), peer.ProtocolForward); err != nil {
		t.Errorf("who keeps its incarnation to itself: %v", err)
	}
	picky := certified(t, a, "n3", func(cfg *peer.Config) {
		cfg.Security.At = func(string) cluster.NodeID { return "n2" }
	})
	if _, err := picky.Dial(t.Context(), honest.Addr().String(), peer.ProtocolForward); !errors.Is(err, peer.ErrUncertified) || !strings.Contains(err.Error(), "at the address of n2 answers n1") {
		t.Errorf("at another's address: %v", err)
	}
}

// TestFromPlainToCertified shows the three settings beside each other while
// nodes go from one to the next: who has no certificates, who takes both, and
// who takes only the certified.
func TestFromPlainToCertified(t *testing.T) {
	a := credtest.New(t, "here")
	kinds := map[string]func(node cluster.NodeID) *peer.Mux{
		"plain": func(node cluster.NodeID) *peer.Mux {
			return certified(t, a, node, func(cfg *peer.Config) { cfg.Security = nil })
		},
		"both": func(node cluster.NodeID) *peer.Mux {
			return certified(t, a, node, func(cfg *peer.Config) { cfg.Security.Open = true })
		},
		"certified": func(node cluster.NodeID) *peer.Mux { return certified(t, a, node, nil) },
	}
	for from, caller := range kinds {
		for to, called := range kinds {
			server, client := called("n1"), caller("n2")
			server.Handle(peer.ProtocolForward, func(ctx context.Context, conn net.Conn) {
				_, ok := peer.Certified(ctx)
				io.WriteString(conn, map[bool]string{true: "safe!", false: "plain"}[ok])
			})
			conn, err := client.Dial(t.Context(), server.Addr().String(), peer.ProtocolForward)
			if apart := from != to && from != "both" && to != "both"; apart {
				if !errors.Is(err, peer.ErrUncertified) && !errors.Is(err, peer.ErrNotPeer) {
					t.Errorf("%s calls %s: %v", from, to, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s calls %s: %v", from, to, err)
				continue
			}
			if from == "plain" || to == "plain" {
				hear(t, conn, "plain")
			} else {
				hear(t, conn, "safe!")
			}
			_ = conn.Close()
		}
	}
}

// TestBusyIsSaid shows that a node that has no place says so to one that
// speaks TLS, and is not taken for one that does not.
func TestBusyIsSaid(t *testing.T) {
	a := credtest.New(t, "here")
	server := certified(t, a, "n1", func(cfg *peer.Config) { cfg.MaxConnections = 1 })
	say(server, peer.ProtocolForward, "hello")
	client := certified(t, a, "n2", func(cfg *peer.Config) { cfg.Security.Open = true })
	first, err := client.Dial(t.Context(), server.Addr().String(), peer.ProtocolForward)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	hear(t, first, "hello")
	if _, err := client.Dial(t.Context(), server.Addr().String(), peer.ProtocolForward); !errors.Is(err, peer.ErrBusy) {
		t.Errorf("got %v", err)
	}
}

// TestHandshakesOfStrangers shows that a crowd from no member's address can
// have so many handshakes a second and no more, while a member is served.
func TestHandshakesOfStrangers(t *testing.T) {
	a := credtest.New(t, "here")
	server := certified(t, a, "n1", func(cfg *peer.Config) { cfg.Member = func(netip.Addr) bool { return false } })
	say(server, peer.ProtocolForward, "hello")
	client := certified(t, a, "n2", nil)
	const calls = 10
	begun := time.Now()
	for range calls {
		conn, err := client.Dial(t.Context(), server.Addr().String(), peer.ProtocolForward)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
	}
	if least := (calls - 1) * peer.StrangerPace; time.Since(begun) < least {
		t.Errorf("%d handshakes in %v, less than %v", calls, time.Since(begun), least)
	}
}
