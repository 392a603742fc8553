// Package ports (no promise) finds loopback ports for tests that start
// processes: below the range from which the system takes ports for outgoing
// connections, so that none is taken between the finding and the start.
package ports

import (
	"errors"
	"net"
	"os"
	"strconv"
	"sync/atomic"
)

// The range that is searched; Linux takes those of connections from 32768 on.
const (
	lowest  = 12_000
	highest = 31_999
)

// next is the last port that was tried by this process. It begins at another
// place in each, for packages are tested side by side.
var next atomic.Uint32

// ErrNone: every port of the range is taken.
var ErrNone = errors.New("no free port")

// Free returns n different addresses of 127.0.0.1 that nobody listens on now,
// neither by TCP nor by UDP, and that this process was not given before.
func Free(n int) ([]string, error) {
	sockets, err := Bind(n)
	found := make([]string, 0, n)
	for _, s := range sockets {
		found = append(found, s.Addr().String())
		_ = s.Close()
		_ = s.Packets.Close()
	}
	return found, err
}

// Socket is an address that is taken, for connections and for packets.
type Socket struct {
	net.Listener
	Packets net.PacketConn
}

// Bind is Free with the addresses taken: who hands them to what listens there
// leaves no moment in which another process may take one.
func Bind(n int) ([]Socket, error) {
	const span = highest - lowest + 1
	next.CompareAndSwap(0, uint32(os.Getpid())*97+1)
	found := make([]Socket, 0, n)
	for range span {
		if len(found) == n {
			return found, nil
		}
		port := lowest + int(next.Add(1)%span)
		if s, ok := bind(net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); ok {
			found = append(found, s)
		}
	}
	return found, ErrNone
}

func bind(address string) (Socket, bool) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return Socket{}, false
	}
	p, err := net.ListenPacket("udp", address)
	if err != nil {
		_ = l.Close()
		return Socket{}, false
	}
	return Socket{Listener: l, Packets: p}, true
}
