package node_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster/peer"
	"github.com/rialto-exchange/rialto/fsm/command"
)

// flood takes all the connections of a peer port that it gets, from many
// addresses, until the test ends. It names the protocol of control calls, which
// is open to all, and says no more: such a connection is held for half a
// minute.
func flood(t *testing.T, address string) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	t.Cleanup(func() { stop(); <-done })
	cluster := sha256.Sum256([]byte("test"))
	preamble := append([]byte{'R', 'L', 'T', 'O', peer.Version, byte(peer.ProtocolControl), 0, 0}, cluster[:8]...)
	go func() {
		defer close(done)
		var held []net.Conn
		for i := 0; ctx.Err() == nil; i++ {
			d := net.Dialer{Timeout: time.Second, LocalAddr: &net.TCPAddr{IP: net.ParseIP(fmt.Sprintf("127.0.1.%d", 1+i%100))}}
			conn, err := d.DialContext(ctx, "tcp", address)
			if err != nil {
				continue
			}
			_, _ = conn.Write(preamble)
			_ = conn.SetReadDeadline(time.Now().Add(time.Second))
			answer := make([]byte, 8)
			if _, err := io.ReadFull(conn, answer); err != nil || answer[5] != 0 {
				_ = conn.Close()
				continue
			}
			held = append(held, conn)
		}
		for _, c := range held {
			_ = c.Close()
		}
	}()
}

// While strangers hold all that they can of every peer port, a node that was
// away connects, catches up, and the cluster commits through it.
func TestMemberReturnsInAFlood(t *testing.T) {
	c := newTrio(t)
	away := (c.agreedLeader() + 1) % 3
	c.do(away, &command.DefineAsset{Asset: "USD", Scale: 6, HasMinorUnit: true, MinorUnit: 2})
	c.do(away, &command.OpenAccount{Account: "acc-1"})
	c.stop(away)
	for i := range c.configs {
		if i != away {
			flood(t, c.configs[i].PeerAddress)
		}
	}
	c.until("the flood is there", func() bool { return strings.Contains(c.logged.String(), "too many connections") })
	c.start(away)
	c.until("the node that was away is ready", func() bool { return c.nodes[away].Operations().Ready() == nil })
	c.fund(away, "acc-1", "5")
}
