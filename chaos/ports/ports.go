// Package ports finds loopback ports for tests that start processes: below the
// range from which the system takes ports for outgoing connections, so that
// none is taken between the finding and the start.
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
	const span = highest - lowest + 1
	next.CompareAndSwap(0, uint32(os.Getpid())*97+1)
	found := make([]string, 0, n)
	for range span {
		if len(found) == n {
			return found, nil
		}
		port := lowest + int(next.Add(1)%span)
		if address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port)); free(address) {
			found = append(found, address)
		}
	}
	return nil, ErrNone
}

func free(address string) bool {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	defer l.Close() //nolint:errcheck // it was only tried
	p, err := net.ListenPacket("udp", address)
	if err != nil {
		return false
	}
	return p.Close() == nil
}
