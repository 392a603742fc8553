package node_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/node"
)

// bound are sockets for a node.
func bound(t *testing.T) node.Listeners {
	_, sockets := boundConfig(t, "any")
	return sockets
}

// unbound is a configuration without a port.
func unbound(t *testing.T, id string) node.Config {
	t.Helper()
	cfg := node.DefaultConfig()
	cfg.NodeID, cfg.ClusterID, cfg.Demo, cfg.InsecurePeers = id, "test", true, true
	cfg.DataDir = filepath.Join(t.TempDir(), id)
	cfg.HTTPAddress, cfg.FIXAddress, cfg.PeerAddress, cfg.GossipAddress = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.InitialCluster = []node.InitialMember{{ID: id, PeerAddress: cfg.PeerAddress}}
	return cfg
}

func openNode(t *testing.T, cfg node.Config, options ...node.Option) *node.Node {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	n, err := node.Open(ctx, cfg, options...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func closeNode(t *testing.T, n *node.Node) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := n.Close(ctx); err != nil {
		t.Errorf("close: %v", err)
	}
}

// ready waits until a node takes commands.
func ready(t *testing.T, n *node.Node) {
	t.Helper()
	eventually(t, "the node is ready", func() bool { return n.Operations().Ready() == nil })
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain until %s", what)
		case <-tick.C:
		}
	}
}

// TestListeners shows three nodes on sockets that were bound before: each says
// their addresses, they found a venue together, and leave every port free.
func TestListeners(t *testing.T) {
	given := []node.Listeners{bound(t), bound(t), bound(t)}
	nodes := make([]*node.Node, len(given))
	var initial []node.InitialMember
	for i, id := range []string{"n1", "n2", "n3"} {
		initial = append(initial, node.InitialMember{ID: id, PeerAddress: given[i].Peer.Addr().String()})
	}
	var wait sync.WaitGroup
	for i := range given {
		wait.Go(func() {
			cfg := unbound(t, initial[i].ID)
			cfg.InitialCluster = initial
			var err error
			if nodes[i], err = node.Open(t.Context(), cfg, node.WithFounding(), node.WithListeners(given[i])); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if t.Failed() {
		t.FailNow()
	}
	var all []string
	for i, n := range nodes {
		ready(t, n)
		g := given[i]
		want := node.Addresses{
			HTTP: g.HTTP.Addr().String(), FIX: g.FIX.Addr().String(), Peer: g.Peer.Addr().String(), Gossip: g.Gossip.Addr().String(),
		}
		if got := n.Addresses(); got != want {
			t.Errorf("node %d is at %+v, want %+v", i, got, want)
		}
		all = append(all, want.HTTP, want.FIX, want.Peer, want.Gossip)
	}
	for _, n := range nodes {
		wait.Go(func() { closeNode(t, n) })
	}
	wait.Wait()
	for _, address := range all {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Errorf("after the end: %v", err)
			continue
		}
		_ = l.Close()
	}
}

// TestAnyPort shows a node that leaves every port to the system: it says which
// it got, serves there, and comes back after a stop at other ones.
func TestAnyPort(t *testing.T) {
	cfg := unbound(t, "n1")
	for _, options := range [][]node.Option{{node.WithFounding()}, nil} {
		n := openNode(t, cfg, options...)
		ready(t, n)
		at := n.Addresses()
		for _, address := range []string{at.HTTP, at.FIX, at.Peer, at.Gossip} {
			if _, port, err := net.SplitHostPort(address); err != nil || port == "0" {
				t.Errorf("it says that it is at %q", address)
			}
		}
		answer, err := http.Get("http://" + at.HTTP + "/readyz")
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Errorf("ready at %s: %v, %v", at.HTTP, answer, err)
		}
		if err == nil {
			_ = answer.Body.Close()
		}
		closeNode(t, n)
	}
}

// TestWithoutDoors shows a node that only its own program can reach.
func TestWithoutDoors(t *testing.T) {
	cfg := unbound(t, "n1")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	cfg.HTTPAddress, cfg.FIXAddress = taken.Addr().String(), taken.Addr().String() // of no account
	n := openNode(t, cfg, node.WithFounding(), node.WithoutREST(), node.WithoutFIX())
	defer closeNode(t, n)
	ready(t, n)
	if at := n.Addresses(); at.HTTP != "" || at.FIX != "" || at.Peer == "" {
		t.Errorf("it says that it is at %+v", at)
	}
	if doors := n.Operations().Twin().Nodes[0].Gateways; len(doors) != 0 {
		t.Errorf("it has doors: %+v", doors)
	}
}

// TestListenersOfRefused shows that sockets are closed when nothing comes of
// the node: whoever gave them need not think of them again.
func TestListenersOfRefused(t *testing.T) {
	for what, change := range map[string]func(*node.Config, *node.Listeners){
		"a setting that is wrong":  func(c *node.Config, _ *node.Listeners) { c.LogLevel = "loud" },
		"half of gossip's sockets": func(_ *node.Config, l *node.Listeners) { _ = l.GossipPackets.Close(); l.GossipPackets = nil },
		"a folder of nobody":       func(c *node.Config, _ *node.Listeners) { c.InitialCluster = nil },
	} {
		cfg, given := unbound(t, "n1"), bound(t)
		change(&cfg, &given)
		if n, err := node.Open(t.Context(), cfg, node.WithListeners(given)); err == nil {
			closeNode(t, n)
			t.Errorf("%s: it was opened", what)
		}
		for _, l := range []net.Listener{given.HTTP, given.FIX, given.Peer, given.Gossip} {
			if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: %s was left open: %v", what, l.Addr(), err)
			}
		}
	}
}
