package node_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/chaos/sim/disk"
	"github.com/rialto-exchange/rialto/chaos/sim/network"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/node"
	"github.com/rialto-exchange/rialto/node/world"
)

// island is a computer that is made up: a disk in memory, an address on wires in
// memory, a clock of its own, and a node that has nothing else.
type island struct {
	t      *testing.T
	addr   netip.Addr
	disk   *disk.Disk
	net    *network.Network
	clock  offset
	random io.Reader
	config node.Config
	*node.Node
}

// offset is a wall clock that is wrong by so much.
type offset time.Duration

func (o offset) Now() time.Time { return time.Now().Add(time.Duration(o)) }

// islands are three that are to found a cluster. Their folders are nowhere on
// this computer.
func islands(t *testing.T) []*island {
	wires := network.New(rand.New(rand.NewPCG(1, 2)), network.Weather{Latency: 200 * time.Microsecond, Jitter: 100 * time.Microsecond})
	var all []*island
	var founders []node.InitialMember
	for n := range 3 {
		i := &island{
			t: t, addr: netip.AddrFrom4([4]byte{10, 0, 0, byte(n + 1)}), disk: disk.New(), net: wires,
			clock: offset(time.Duration(n) * 20 * time.Millisecond), random: rand.NewChaCha8([32]byte{byte(n)}),
			config: node.DefaultConfig(),
		}
		c := &i.config
		at := func(port uint16) string { return netip.AddrPortFrom(i.addr, port).String() }
		c.NodeID, c.ClusterID, c.Demo, c.InsecurePeers = fmt.Sprintf("n%d", n+1), "islands", true, true
		c.DataDir = filepath.Join("/nowhere on this computer", c.NodeID)
		c.HTTPAddress, c.FIXAddress, c.PeerAddress, c.GossipAddress = at(8080), at(9880), at(7080), at(7946)
		founders = append(founders, node.InitialMember{ID: c.NodeID, PeerAddress: c.PeerAddress})
		all = append(all, i)
	}
	for _, i := range all {
		i.config.InitialCluster = founders
	}
	return all
}

// begin starts the node's process.
func (i *island) begin(options ...node.Option) error {
	files := i.disk.Mount()
	if err := files.MkdirAll(filepath.Dir(i.config.DataDir), 0o755); err != nil {
		return err
	}
	w := world.World{Files: files, Network: i.net.Host(i.addr), Clock: i.clock, Random: i.random}
	n, err := node.Open(i.t.Context(), i.config, append(options, node.WithWorld(w))...)
	i.Node = n
	return err
}

func (i *island) end() {
	i.t.Helper()
	if err := i.Close(context.Background()); err != nil {
		i.t.Errorf("%s: close: %v", i.config.NodeID, err)
	}
	i.disk.Kill() // the process, and with it its locks
}

// submit commits a command through a node, under one id until it is answered.
func (i *island) submit(asset string) event.OutcomeKind {
	i.t.Helper()
	c := &command.Command{
		Header: command.Header{ID: "define " + asset, Source: market.SourceREST, Role: market.RoleAdmin},
		Body:   &command.DefineAsset{Asset: asset, Scale: 2},
	}
	var failed error
	for range 100 {
		ctx, cancel := context.WithTimeout(i.t.Context(), 2*time.Second)
		outcomes, err := i.Commands().Submit(ctx, []*command.Command{c})
		cancel()
		if err == nil {
			return outcomes[0].Kind
		}
		failed = err
		time.Sleep(50 * time.Millisecond)
	}
	i.t.Fatalf("%s: %s was never answered: %v", i.config.NodeID, asset, failed)
	return 0
}

// TestNodesInAWorld shows that three whole nodes found a cluster, elect, commit
// commands that come to each of them, keep them over a restart of all, and end,
// with nothing of this computer: in virtual time, on disks and wires in memory,
// each with another clock. It takes a second of real time a minute.
func TestNodesInAWorld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := islands(t)
		start := func(options ...node.Option) {
			t.Helper()
			failed := make(chan error, len(all))
			for _, i := range all {
				go func() { failed <- i.begin(options...) }()
			}
			for range all {
				if err := <-failed; err != nil {
					t.Fatal(err)
				}
			}
		}
		begun := time.Now()
		start(node.WithFounding())
		const each = 50
		for n := range each {
			for at, i := range all {
				asset := fmt.Sprintf("A%dX%d", at, n)
				if kind := i.submit(asset); kind != event.OutcomeExecuted {
					t.Errorf("%s: %v", asset, kind)
				}
			}
		}
		for _, i := range all {
			i.end()
		}
		start()
		for at, i := range all {
			last, err := i.Reads().Linearizable(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, asset := range []string{"A0X0", fmt.Sprintf("A%dX%d", at, each-1)} {
				if kind := i.submit(asset); kind != event.OutcomeRepeat {
					t.Errorf("%s again, at %d: %v, want %v: it was forgotten", asset, last, kind, event.OutcomeRepeat)
				}
			}
		}
		for _, i := range all {
			i.end()
		}
		t.Logf("%d commands and a restart in %v of virtual time", each*len(all), time.Since(begun))
		time.Sleep(10 * time.Second) // virtual: memberlist's end does not wait for a probe that is under way
	})
	if _, err := os.Stat("/nowhere on this computer"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was written to this computer: %v", err)
	}
}
