package peer_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster/peer"
)

// members are at 127.0.0.1 here, everybody else on loopback is a stranger.
func member(a netip.Addr) bool { return a == netip.MustParseAddr("127.0.0.1") }

// knock connects from a loopback address, and says the preamble of a protocol
// if it is told to.
func knock(t *testing.T, m *peer.Mux, from string, hello bool) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := d.DialContext(t.Context(), "tcp", m.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	if hello {
		cluster := sha256.Sum256([]byte("here"))
		b := append([]byte("RLTO"), peer.Version, byte(peer.ProtocolForward), 0, 0)
		if _, err := conn.Write(append(b, cluster[:8]...)); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

// served reports whether a connection that said its preamble was accepted.
func served(t *testing.T, conn net.Conn) bool {
	t.Helper()
	var answer [8]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return false
	}
	return answer[5] == 0
}

// hold serves connections until they are closed.
func hold(ctx context.Context, conn net.Conn) { <-ctx.Done() }

// dials reports how a member fares.
func dials(t *testing.T, server *peer.Mux) error {
	t.Helper()
	conn, err := listen(t, peer.Config{}).Dial(t.Context(), server.Addr().String(), peer.ProtocolForward)
	if err == nil {
		conn.Close()
	}
	return err
}

// Strangers hold all the connections they can get, silent ones and ones that
// speak; a member connects all the same.
func TestStrangersDoNotUseUpTheMembersPlaces(t *testing.T) {
	for _, hello := range []bool{false, true} {
		server := listen(t, peer.Config{Member: member, PreambleTimeout: time.Minute})
		server.Handle(peer.ProtocolForward, hold)
		for i := range 400 {
			knock(t, server, netip.AddrFrom4([4]byte{127, 0, byte(1 + i/250), byte(2 + i%250)}).String(), hello)
		}
		if err := dials(t, server); err != nil {
			t.Errorf("strangers that speak %t: a member got %v", hello, err)
		}
		if n := server.Connections(); n > peer.DefaultMaxStrangers+1 {
			t.Errorf("strangers that speak %t: %d connections are open", hello, n)
		}
	}
}

// Silence holds no place against somebody who speaks, wherever it comes from.
func TestSilenceMakesRoom(t *testing.T) {
	server := listen(t, peer.Config{Member: member, MaxConnections: 16, PreambleTimeout: time.Minute})
	server.Handle(peer.ProtocolForward, hold)
	for range 100 {
		knock(t, server, "127.0.0.1", false)
		knock(t, server, "127.0.0.2", false)
	}
	if err := dials(t, server); err != nil {
		t.Errorf("a member: %v", err)
	}
	if !served(t, knock(t, server, "127.0.0.2", true)) {
		t.Error("a stranger that speaks was turned away")
	}
}

// The bounds hold exactly: so many strangers, so many of one address, and the
// rest for members.
func TestPlacesAtTheirBounds(t *testing.T) {
	server := listen(t, peer.Config{Member: member, MaxConnections: 40, MaxStrangers: 20, PreambleTimeout: time.Minute})
	server.Handle(peer.ProtocolForward, hold)
	for i := range peer.MaxPerStranger {
		if !served(t, knock(t, server, "127.0.0.2", true)) {
			t.Fatalf("connection %d of a stranger was turned away", i)
		}
	}
	if served(t, knock(t, server, "127.0.0.2", true)) {
		t.Error("one past a stranger's bound was served")
	}
	for i := range 4 {
		if !served(t, knock(t, server, "127.0.0.3", true)) {
			t.Fatalf("stranger %d was turned away", i)
		}
	}
	if served(t, knock(t, server, "127.0.0.4", true)) {
		t.Error("one past the strangers' bound was served")
	}
	for i := range 20 {
		if !served(t, knock(t, server, "127.0.0.1", true)) {
			t.Fatalf("member's connection %d was turned away", i)
		}
	}
	if err := dials(t, server); !errors.Is(err, peer.ErrBusy) {
		t.Errorf("one past the members' bound: %v", err)
	}
}
