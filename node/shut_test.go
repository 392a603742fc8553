package node_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node"
	"github.com/rialto-exchange/rialto/node/world"
)

// TestGatewayDownKeepsNothing shows that a program's gateway whose Serve has
// failed keeps neither its port, at which nobody would be answered, nor its
// clients.
func TestGatewayDownKeepsNothing(t *testing.T) {
	failing, met := make(chan struct{}), make(chan net.Conn, 1)
	n := openNode(t, unbound(t, "n1"), node.WithFounding(), node.WithGateway("teller", func(ctx context.Context, v *gateways.Venue) (gateways.Gateway, error) {
		g, err := openTeller(ctx, v)
		if err != nil {
			return nil, err
		}
		door := g.(*teller)
		door.serve = func() error {
			conn, err := door.listener.Accept()
			if err != nil {
				return err
			}
			met <- conn
			<-failing
			return io.ErrUnexpectedEOF
		}
		return g, nil
	}))
	defer closeNode(t, n)
	at := gateway(n, "teller").Address
	client, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	<-met
	close(failing)
	eventually(t, "its port is free", func() bool {
		l, err := net.Listen("tcp", at)
		if err == nil {
			_ = l.Close()
		}
		return err == nil
	})
	if _, err := bufio.NewReader(client).ReadByte(); err == nil {
		t.Error("its client is still there, and was told something")
	}
}

// TestDoorsShutWhileOthersOpen shows that a door which is open is shut when it
// must be, also while a program's gateway takes its time to open: a node whose
// disk hangs meanwhile takes no clients at REST.
func TestDoorsShutWhileOthersOpen(t *testing.T) {
	var opening *node.Node
	tried := false
	cfg := unbound(t, "n1")
	n := openNode(t, cfg, node.WithFounding(), node.Known(&opening), node.WithGateway("late", func(ctx context.Context, v *gateways.Venue) (gateways.Gateway, error) {
		tried = true
		at := opening.Addresses().HTTP
		if _, err := http.Get("http://" + at + "/healthz"); err != nil {
			t.Errorf("REST is not open yet: %v", err)
		}
		opening.ShutDoors()
		if conn, err := net.Dial("tcp", at); err == nil {
			_ = conn.Close()
			t.Errorf("REST takes clients at %s, and its door was shut", at)
		}
		return openTeller(ctx, v)
	}))
	if !tried {
		t.Error("the gateway was never opened")
	}
	closeNode(t, n)
}

// failing is a system's world of which a call fails.
type failing struct {
	world.Files
	room error
}

func (f failing) Room(dir string) (world.Room, error) {
	if f.room != nil {
		return world.Room{}, f.room
	}
	return f.Files.Room(dir)
}

// TestListenersOfFailedStarts shows that sockets which were given to a node are
// closed at whatever step its start fails.
func TestListenersOfFailedStarts(t *testing.T) {
	for what, start := range map[string]func(*node.Config) []node.Option{
		"the room can't be measured, the first step": func(*node.Config) []node.Option {
			return []node.Option{node.WithWorld(world.World{Files: failing{world.System().Files, syscall.EIO}})}
		},
		"the key of gossip can't be read": func(c *node.Config) []node.Option {
			c.GossipKeyring = filepath.Join(t.TempDir(), "nothing")
			return nil
		},
		"a gateway fails, the last step": func(*node.Config) []node.Option {
			return []node.Option{node.WithGateway("x", func(context.Context, *gateways.Venue) (gateways.Gateway, error) { return nil, io.EOF })}
		},
	} {
		cfg, given := unbound(t, "n1"), bound(t)
		cfg.InitialCluster = []node.InitialMember{{ID: "n1", PeerAddress: given.Peer.Addr().String()}}
		n, err := node.Open(t.Context(), cfg, append(start(&cfg), node.WithFounding(), node.WithListeners(given))...)
		if err == nil {
			closeNode(t, n)
			t.Errorf("%s: it was opened", what)
		}
		for _, l := range []net.Listener{given.HTTP, given.FIX, given.Peer, given.Gossip} {
			if l, err := net.Listen("tcp", l.Addr().String()); err != nil {
				t.Errorf("%s: %v", what, err)
			} else {
				_ = l.Close()
			}
		}
		if p, err := net.ListenPacket("udp", given.GossipPackets.LocalAddr().String()); err != nil {
			t.Errorf("%s: %v", what, err)
		} else {
			_ = p.Close()
		}
	}
}

// unreachable is a network where a call to anybody fails.
type unreachable struct {
	world.Network
	with error
}

func (u unreachable) DialContext(context.Context, string, string) (net.Conn, error) {
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: u.with}
}

// TestNotCalledIsNoSilence shows that a recovery takes a node for silent only if
// it was called: where its name can't be resolved, or this process can open no
// socket, nothing is known of it, and it may live.
func TestNotCalledIsNoSilence(t *testing.T) {
	own := node.Survivor{ID: "n1"}
	own.Places = []cluster.Member{{ID: "n1", Address: "n1.example:7080"}, {ID: "n2", Address: "n2.example:7080"}}
	for _, c := range []struct {
		with  error
		heard bool
	}{
		{&net.DNSError{Err: "no such host", Name: "n2.example", IsNotFound: true}, true},
		{&net.DNSError{Err: "server misbehaving", Name: "n2.example", IsTemporary: true}, true},
		{fmt.Errorf("socket: %w", syscall.EMFILE), true},
		{syscall.ECONNREFUSED, false},
		{syscall.EHOSTUNREACH, false},
	} {
		w := world.System()
		w.Network = unreachable{w.Network, c.with}
		heard := node.Hear(t.Context(), unbound(t, "n1"), own, node.WithWorld(w))
		if (len(heard) == 1) != c.heard || len(heard) > 1 {
			t.Errorf("%v: heard %+v, want something of n2: %v", c.with, heard, c.heard)
		}
		lost := node.Recovery{Lost: []cluster.NodeID{"n2"}}
		if err := lost.MayLeave(heard, nil); errors.Is(err, node.ErrAlive) != c.heard {
			t.Errorf("%v: left behind without a word: %v", c.with, err)
		}
	}
}
