package forward

import (
	"context"
	"io"
	"net"
	"sync"

	"github.com/rialto-exchange/rialto/cluster"
)

// Relay lets a node that can't reach the leader reach it through this one: it
// connects the two and carries bytes. What is promised of a link is promised by
// its two ends, who speak with each other as on a connection of their own; so
// the order of commands holds as on any. There is one hop: a relay asks the
// leader itself, and no other relay.
type Relay struct {
	self       cluster.NodeID
	here       func(ctx context.Context, conn net.Conn)
	leadership Leadership
	dial       func(ctx context.Context, address string) (net.Conn, error)
}

// NewRelay returns a relay; register its Serve for the relay protocol. The
// leadership must be what this node knows at first hand. here serves where this
// node itself leads.
func NewRelay(self cluster.NodeID, here func(ctx context.Context, conn net.Conn), l Leadership, dial func(ctx context.Context, address string) (net.Conn, error)) *Relay {
	return &Relay{self: self, here: here, leadership: l, dial: dial}
}

// Serve serves one connection until either end is gone or ctx ends. Where no
// leader can be reached it is refused, and nothing was executed.
func (r *Relay) Serve(ctx context.Context, conn net.Conn) {
	leader, known := r.leadership.Leader()
	if known && leader.ID == r.self {
		r.here(ctx, conn)
		return
	}
	if !known {
		refuseAll(conn)
		return
	}
	dialling, cancel := context.WithTimeout(ctx, DefaultDialTimeout)
	onward, err := r.dial(dialling, leader.Address)
	cancel()
	if err != nil {
		refuseAll(conn)
		return
	}
	defer onward.Close()
	defer context.AfterFunc(ctx, func() { _ = onward.Close() })()
	var there sync.WaitGroup
	there.Go(func() {
		_, _ = io.Copy(onward, conn) // either end says what became of the link
		_ = onward.Close()
	})
	_, _ = io.Copy(conn, onward)
	linger(conn) // the leader's last word may be on its way
	_ = conn.Close()
	there.Wait()
}

// refuseAll says that nothing on a connection will be executed.
func refuseAll(conn net.Conn) {
	if _, err := conn.Write(appendRefusal(nil, refusal{from: 0})); err == nil {
		linger(conn)
	}
}
