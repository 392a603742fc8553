package node_test

import (
	"bytes"
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster/credentials/credtest"
	"github.com/rialto-exchange/rialto/fsm/command"
)

// crowd calls an address again and again until over is closed, by many
// connections at once, and keeps each for as long as it lives or a second.
func crowd(over <-chan struct{}, address, from string, calls *atomic.Int64, say func(net.Conn)) {
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: time.Second}
				conn, err := d.Dial("tcp", address)
				if err != nil {
					continue
				}
				calls.Add(1)
				_ = conn.SetDeadline(time.Now().Add(time.Second))
				say(conn)
				_, _ = conn.Read(make([]byte, 1))
				_ = conn.Close()
			}
		})
	}
	wait.Wait()
}

// TestFloods shows a venue whose ports between nodes are called by crowds from
// no member's address, with silence, garbage, handshakes without a certificate
// and packets: it takes commands all the time, and nobody stands for election.
func TestFloods(t *testing.T) {
	a := credtest.New(t, "test")
	c := newTrioWith(t, closed(t, a))
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.do(0, &command.OpenAccount{Account: "alice"})
	var sum int64
	c.pays(&sum)
	before := c.untouched()
	garbage := bytes.Repeat([]byte{0x16, 3, 1, 0xff}, 1024)
	over := make(chan struct{})
	var wait sync.WaitGroup
	var calls, packets atomic.Int64
	for i, cfg := range c.configs {
		for from, say := range map[string]func(net.Conn){
			"127.0.0.11": func(net.Conn) {},
			"127.0.0.12": func(conn net.Conn) { _, _ = conn.Write(garbage) },
			"127.0.0.13": func(conn net.Conn) {
				_ = tls.Client(conn, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}).Handshake()
			},
			"127.0.0.14": func(conn net.Conn) { _, _ = conn.Write([]byte("RLTO\x02\x01\x00\x00")) },
		} {
			wait.Go(func() { crowd(over, cfg.PeerAddress, from, &calls, say) })
		}
		wait.Go(func() {
			crowd(over, cfg.GossipAddress, "127.0.0.15", &calls, func(conn net.Conn) { _, _ = conn.Write(garbage) })
		})
		wait.Go(func() {
			conn, err := net.Dial("udp", cfg.GossipAddress)
			if err != nil {
				t.Errorf("node %d: %v", i+1, err)
				return
			}
			defer conn.Close()
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-over:
					return
				case <-tick.C:
					_, _ = conn.Write(garbage[:1000])
					packets.Add(1)
				}
			}
		})
	}
	const enough = 1500
	c.until("the crowds are there", func() bool { return calls.Load() > enough/2 })
	for range 3 {
		c.pays(&sum)
	}
	c.until("they have called often", func() bool { return calls.Load() > enough && packets.Load() > enough })
	c.pays(&sum)
	close(over)
	wait.Wait()
	if after := c.untouched(); after != before {
		t.Errorf("before %s, after %s", before, after)
	}
	for at := range c.nodes {
		for _, cfg := range c.configs {
			c.until("all hear of all", func() bool { _, state := c.look(at, cfg.NodeID); return state == "alive" })
		}
	}
}
