package node_test

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
)

// flood connects to an address from many other ones until the test ends, in
// silence, and connects again wherever it is turned away.
func flood(t *testing.T, address string, connections int) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	t.Cleanup(func() { stop(); <-done })
	go func() {
		defer close(done)
		held := make([]net.Conn, connections)
		for i := 0; ctx.Err() == nil; i = (i + 1) % connections {
			if held[i] != nil {
				_ = held[i].Close()
			}
			d := net.Dialer{Timeout: time.Second, LocalAddr: &net.TCPAddr{IP: net.ParseIP(fmt.Sprintf("127.0.1.%d", 1+i%100))}}
			held[i], _ = d.DialContext(ctx, "tcp", address)
		}
		for _, c := range held {
			if c != nil {
				_ = c.Close()
			}
		}
	}()
}

// While strangers hold all that they can of every peer port, a node that was
// away connects, catches up, and the cluster commits through it.
func TestMemberReturnsInAFlood(t *testing.T) {
	c := newTrio(t)
	away := (c.settledLeader() + 1) % 3
	c.do(away, &command.DefineAsset{Asset: "USD", Scale: 6, HasMinorUnit: true, MinorUnit: 2})
	c.do(away, &command.OpenAccount{Account: "acc-1"})
	c.stop(away)
	for i := range c.configs {
		if i != away {
			flood(t, c.configs[i].PeerAddress, 400)
		}
	}
	c.start(away)
	c.until("the node that was away is ready", func() bool { return c.nodes[away].Operations().Ready() == nil })
	c.fund(away, "acc-1", "5")
}
