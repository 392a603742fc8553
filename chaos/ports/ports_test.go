package ports_test

import (
	"net"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/ports"
)

// TestBind shows addresses that are taken until they are given up, for packets
// too.
func TestBind(t *testing.T) {
	sockets, err := ports.Bind(3)
	if err != nil || len(sockets) != 3 {
		t.Fatalf("%d sockets, %v", len(sockets), err)
	}
	for _, s := range sockets {
		if l, err := net.Listen("tcp", s.Addr().String()); err == nil {
			_ = l.Close()
			t.Errorf("%s is free for connections", s.Addr())
		}
		if p, err := net.ListenPacket("udp", s.Addr().String()); err == nil {
			_ = p.Close()
			t.Errorf("%s is free for packets", s.Addr())
		}
		_, _ = s.Close(), s.Packets.Close()
		if l, err := net.Listen("tcp", s.Addr().String()); err != nil {
			t.Error(err)
		} else {
			_ = l.Close()
		}
	}
}

// Every address is given once, is free, and lies where no outgoing connection
// of this machine takes its port from.
func TestFree(t *testing.T) {
	seen := map[string]bool{}
	for range 3 {
		addresses, err := ports.Free(20)
		if err != nil || len(addresses) != 20 {
			t.Fatalf("%d addresses, %v", len(addresses), err)
		}
		for _, a := range addresses {
			if seen[a] {
				t.Errorf("%s was given twice", a)
			}
			seen[a] = true
			l, err := net.Listen("tcp", a)
			if err != nil {
				t.Errorf("%s is not free: %v", a, err)
				continue
			}
			if port := l.Addr().(*net.TCPAddr).Port; port < 12_000 || port > 31_999 {
				t.Errorf("port %d", port)
			}
			_ = l.Close()
		}
	}
}
