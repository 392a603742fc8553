package peer_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/credentials/credtest"
	"github.com/rialto-exchange/rialto/cluster/peer"
)

// carry has a node carry connections to another; change, if it is set, is what
// it makes of what it carries there.
func carry(helper *peer.Mux, to string, change func([]byte)) {
	helper.Handle(peer.ProtocolCarry, func(ctx context.Context, conn net.Conn) {
		onward, err := helper.Dial(ctx, to, peer.ProtocolCarried)
		if err != nil {
			return
		}
		var there sync.WaitGroup
		there.Go(func() {
			b := make([]byte, 4096)
			for {
				n, err := conn.Read(b)
				if err != nil {
					_ = onward.Close()
					return
				}
				if change != nil {
					change(b[:n])
				}
				_, _ = onward.Write(b[:n])
			}
		})
		_, _ = io.Copy(conn, onward)
		_ = conn.Close()
		there.Wait()
	})
}

// TestCarried shows a connection that goes through another node: the two at its
// ends know each other by their certificates, and the one between can neither
// be one of them nor change what they say.
func TestCarried(t *testing.T) {
	a := credtest.New(t, "here")
	leader := certified(t, a, "n1", nil)
	leader.Handle(peer.ProtocolCarried, leader.Carried(peer.ProtocolForward))
	leader.Handle(peer.ProtocolForward, func(ctx context.Context, conn net.Conn) {
		who, _ := peer.Certified(ctx)
		if said, _ := peer.Caller(ctx); said.Node != who.ID {
			t.Errorf("%s says %s", who.ID, said.Node)
		}
		_, _ = io.WriteString(conn, string(who.ID)+":")
		_, _ = io.Copy(conn, conn)
	})
	say(leader, peer.ProtocolRaft, "raft")
	to := leader.Addr().String()
	at := func(address string) cluster.NodeID {
		return map[string]cluster.NodeID{to: "n1", "elsewhere": "n9"}[address]
	}
	origin := certified(t, a, "n2", func(cfg *peer.Config) { cfg.Security.At = at })
	var bent atomic.Bool
	honest, liar := certified(t, a, "n3", nil), certified(t, a, "n4", nil)
	carry(honest, to, nil)
	carry(liar, to, func(b []byte) {
		if bent.Load() {
			b[len(b)-1] ^= 1
		}
	})
	through := func(by *peer.Mux, address string, p peer.Protocol) (net.Conn, error) {
		carried, err := origin.Dial(t.Context(), by.Addr().String(), peer.ProtocolCarry)
		if err != nil {
			t.Fatal(err)
		}
		return origin.Through(t.Context(), carried, address, p)
	}
	conn, err := through(honest, to, peer.ProtocolForward)
	if err != nil {
		t.Fatal(err)
	}
	hear(t, conn, "n2:")
	_, _ = io.WriteString(conn, "deposit 1")
	hear(t, conn, "deposit 1")
	_ = conn.Close()
	if _, err := through(honest, to, peer.ProtocolRaft); !errors.Is(err, peer.ErrProtocol) {
		t.Errorf("Raft through another: %v", err)
	}
	if _, err := through(honest, "elsewhere", peer.ProtocolForward); !errors.Is(err, peer.ErrUncertified) {
		t.Errorf("carried to another than who was asked for: %v", err)
	}
	if conn, err = through(liar, to, peer.ProtocolForward); err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	hear(t, conn, "n2:")
	bent.Store(true)
	_, _ = io.WriteString(conn, "deposit 1")
	if b, _ := io.ReadAll(conn); len(b) != 0 {
		t.Errorf("changed on its way, and taken: %q", b)
	}
}

// TestCarrierIsNobodyElse shows that who carries connections can't begin one in
// another's name.
func TestCarrierIsNobodyElse(t *testing.T) {
	a := credtest.New(t, "here")
	leader := certified(t, a, "n1", nil)
	leader.Handle(peer.ProtocolCarried, leader.Carried(peer.ProtocolForward))
	say(leader, peer.ProtocolForward, "let in")
	to := leader.Addr().String()
	helper := certified(t, a, "n3", nil)
	inName := certified(t, a, "n3", func(cfg *peer.Config) { cfg.Proof = saying(identity("n2", 1)) })
	plain := listen(t, peer.Config{Proof: saying(identity("n2", 1))})
	for name, m := range map[string]*peer.Mux{"with its own certificate": inName, "without any": plain} {
		carried, err := helper.Dial(t.Context(), to, peer.ProtocolCarried)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Through(t.Context(), carried, to, peer.ProtocolForward); !errors.Is(err, peer.ErrUncertified) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
