package membership_test

import (
	"net"
	"testing"

	"github.com/rialto-exchange/rialto/cluster/membership"
	"github.com/rialto-exchange/rialto/node/world"
)

// TestGivenSockets shows gossip over sockets that were opened before: it says
// their address, two nodes find each other, and they are closed at the end.
func TestGivenSockets(t *testing.T) {
	sockets, err := membership.Listen(world.System().Network, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	given := func(c *membership.Config) { c.BindAddress, c.Sockets = "", sockets }
	a, b := open(t, "a", given), open(t, "b", nil)
	at, _ := find(a, "a")
	if want := sockets.Streams.Addr().String(); at.GossipAddress != want {
		t.Errorf("it says %s, its sockets are at %s", at.GossipAddress, want)
	}
	join(t, b, a, "b")
	eventually(t, a, "b", shows(a, "b", membership.StateAlive))
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := net.Listen("tcp", at.GossipAddress)
	if err != nil {
		t.Fatalf("the port is not free after the end: %v", err)
	}
	_ = again.Close()
}

// TestHalfOfSockets shows that who gives one socket of two is told, and that it
// is closed.
func TestHalfOfSockets(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, err = membership.Open(membership.Config{
		ClusterID: "c", Meta: membership.Meta{ID: "a"}, Sockets: membership.Sockets{Streams: l},
	})
	if err == nil {
		t.Fatal("it gossips over half of its sockets")
	}
	if _, err := l.Accept(); err == nil {
		t.Error("the other half was left open")
	}
}
