package node_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/ports"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node"
)

// trio is three nodes in this process, each with its own ports and data.
type trio struct {
	t       *testing.T
	configs []node.Config
	nodes   []*node.Node
	// given are the sockets that a node of so many is first opened with; nil: none.
	given *sync.Map
	// options are given to each node at each start, if there are any.
	options func(i int) []node.Option
	count   int
	logged  *logBuffer
}

func newTrio(t *testing.T) *trio {
	t.Helper()
	return newTrioWith(t, func(*node.Config) {})
}

func newTrioWith(t *testing.T, change func(*node.Config)) *trio {
	t.Helper()
	return newTrioOf(t, change, nil)
}

func newTrioOf(t *testing.T, change func(*node.Config), options func(i int) []node.Option) *trio {
	t.Helper()
	c := &trio{t: t, nodes: make([]*node.Node, 3), given: &sync.Map{}, logged: newLogBuffer(t), options: options}
	var initial []node.InitialMember
	for i := range 3 {
		cfg, sockets := boundConfig(t, fmt.Sprintf("n%d", i+1))
		change(&cfg)
		c.given.Store(i, sockets)
		initial = append(initial, node.InitialMember{ID: cfg.NodeID, PeerAddress: cfg.PeerAddress})
		c.configs = append(c.configs, cfg)
	}
	for i := range c.configs {
		c.configs[i].InitialCluster = initial
	}
	c.found()
	t.Cleanup(func() {
		var closed sync.WaitGroup
		for i := range c.nodes {
			closed.Go(func() { c.stop(i) })
		}
		closed.Wait()
	})
	c.until("all nodes are ready", func() bool {
		for _, n := range c.nodes {
			if n == nil || n.Operations().Ready() != nil {
				return false
			}
		}
		return true
	})
	return c
}

// testConfig is a configuration with ports that nobody else has now.
func testConfig(t *testing.T, id string) node.Config {
	t.Helper()
	cfg, sockets := boundConfig(t, id)
	for _, s := range []io.Closer{sockets.HTTP, sockets.FIX, sockets.Peer, sockets.Gossip, sockets.GossipPackets} {
		_ = s.Close()
	}
	return cfg
}

// boundConfig is a configuration with the sockets for it.
func boundConfig(t *testing.T, id string) (node.Config, node.Listeners) {
	t.Helper()
	cfg := node.DefaultConfig()
	cfg.NodeID, cfg.ClusterID, cfg.Demo, cfg.InsecurePeers = id, "test", true, true
	cfg.DataDir = filepath.Join(t.TempDir(), id)
	sockets, err := ports.Bind(4)
	if err != nil {
		t.Fatal(err)
	}
	for i, address := range []*string{&cfg.HTTPAddress, &cfg.FIXAddress, &cfg.PeerAddress, &cfg.GossipAddress} {
		*address = sockets[i].Addr().String()
	}
	for _, s := range sockets[:3] {
		_ = s.Packets.Close()
	}
	return cfg, node.Listeners{
		HTTP: sockets[0].Listener, FIX: sockets[1].Listener, Peer: sockets[2].Listener,
		Gossip: sockets[3].Listener, GossipPackets: sockets[3].Packets,
	}
}

// found starts all nodes at once: a founding waits for every founder.
func (c *trio) found() {
	c.t.Helper()
	var wait sync.WaitGroup
	errs := make([]error, len(c.configs))
	for i := range c.configs {
		wait.Go(func() { errs[i] = c.open(i, node.WithFounding()) })
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		c.t.Fatal(err)
	}
}

func (c *trio) start(i int) {
	c.t.Helper()
	if err := c.open(i); err != nil {
		c.t.Fatal(err)
	}
}

func (c *trio) open(i int, options ...node.Option) error {
	log := slog.New(slog.NewTextHandler(c.logged, &slog.HandlerOptions{Level: slog.LevelDebug})).With("node", c.configs[i].NodeID)
	if c.options != nil {
		options = append(options, c.options(i)...)
	}
	if c.given != nil {
		if given, first := c.given.LoadAndDelete(i); first {
			options = append(options, node.WithListeners(given.(node.Listeners)))
		}
	}
	n, err := node.Open(c.t.Context(), c.configs[i], append(options, node.WithLogger(log))...)
	if err == nil {
		c.nodes[i] = n
	}
	return err
}

func (c *trio) stop(i int) {
	if err := c.close(i); err != nil {
		c.t.Errorf("close node %d: %v", i, err)
	}
}

func (c *trio) close(i int) error {
	if c.nodes[i] == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := c.nodes[i].Close(ctx)
	c.nodes[i] = nil
	return err
}

// logBuffer keeps the nodes' logs and puts them where a failed test shows them.
type logBuffer struct {
	t    *testing.T
	mu   sync.Mutex
	text strings.Builder
	over bool // gossip's goroutines may still say a word when the test is done
}

func newLogBuffer(t *testing.T) *logBuffer {
	b := &logBuffer{t: t}
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.over = true
	})
	return b
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.over {
		b.t.Log(string(p))
	}
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (c *trio) until(what string, condition func() bool) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-ctx.Done():
			c.t.Fatalf("waited in vain until %s", what)
		case <-tick.C:
		}
	}
}

// do submits one command as the administrator and fails unless it is accepted.
func (c *trio) do(i int, body command.Body) event.Outcome {
	c.t.Helper()
	c.count++
	out, err := c.send(i, fmt.Sprintf("cmd-%d", c.count), body)
	if err != nil {
		c.t.Fatalf("%T: %v", body, err)
	}
	switch {
	case out.Kind == event.OutcomeRepeat: // sent again when leadership moved
	case out.Kind != event.OutcomeExecuted:
		c.t.Fatalf("%T: outcome %+v", body, out)
	case out.Group.Rejection() != nil:
		c.t.Fatalf("%T: rejection %+v", body, out.Group.Rejection())
	}
	return out
}

func (c *trio) send(i int, id string, body command.Body) (event.Outcome, error) {
	out, err := c.nodes[i].Commands().Submit(c.t.Context(), []*command.Command{{
		Header: command.Header{ID: id, Role: market.RoleAdmin, Source: market.SourceREST}, Body: body,
	}})
	if err != nil {
		return event.Outcome{}, err
	}
	return out[0], nil
}

func decimal(t *testing.T, s string) market.Decimal {
	t.Helper()
	d, err := market.ParseDecimal(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (c *trio) fund(i int, account, amount string) event.Outcome {
	c.t.Helper()
	return c.do(i, &command.Deposit{Account: account, Money: command.Money{Asset: "USD", Value: decimal(c.t, amount)}})
}

// catchUp waits until a node's views show what another's do.
func (c *trio) catchUp(ahead, behind int) {
	c.t.Helper()
	if _, err := c.nodes[behind].Reads().Wait(c.t.Context(), c.nodes[ahead].Reads().Now().Sequence); err != nil {
		c.t.Fatal(err)
	}
}

// total reads an account's dollars at a node once it shows a sequence.
func (c *trio) total(i int, account string, at market.Sequence) market.Amount {
	c.t.Helper()
	pin, err := c.nodes[i].Reads().Wait(c.t.Context(), at)
	if err != nil {
		c.t.Fatal(err)
	}
	b, err := c.nodes[i].Reads().Balance(pin, account, "USD")
	if err != nil {
		c.t.Fatal(err)
	}
	return b.Value.Total
}

// TestWriteHereReadThere shows that a command sent to any node is readable on
// every other, now and as it was before.
func TestWriteHereReadThere(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6, HasMinorUnit: true, MinorUnit: 2})
	c.do(1, &command.OpenAccount{Account: "alice"})
	first := c.fund(2, "alice", "100.25")
	second := c.fund(0, "alice", "50")
	for i := range 3 {
		if got := c.total(i, "alice", second.Sequence); got != 150_250_000 {
			t.Errorf("node %d: got %d, want 150.25", i, got)
		}
		if got := c.total(i, "alice", first.Sequence); got != 100_250_000 {
			t.Errorf("node %d as of %d: got %d, want 100.25", i, first.Sequence, got)
		}
	}
}

// TestRepeatAcrossNodes shows that the same id takes effect once, wherever it
// is sent, and that the same id with another body is told so.
func TestRepeatAcrossNodes(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.do(0, &command.OpenAccount{Account: "bob"})
	deposit := func(i int, amount string) event.Outcome {
		out, err := c.nodes[i].Commands().Submit(t.Context(), []*command.Command{{
			Header: command.Header{ID: "once", Role: market.RoleAdmin},
			Body:   &command.Deposit{Account: "bob", Money: command.Money{Asset: "USD", Value: decimal(t, amount)}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		return out[0]
	}
	first := deposit(0, "7")
	for i := range 3 {
		again := deposit(i, "7")
		if again.Kind != event.OutcomeRepeat || again.First != first.Group.First {
			t.Errorf("node %d: got %+v, want a repeat of %d", i, again, first.Group.First)
		}
		_, group, err := c.nodes[i].Commands().Executed(t.Context(), "", "once", again.First)
		if err != nil || group.Last() != first.Group.Last() {
			t.Errorf("node %d: the first outcome is not there: %v", i, err)
		}
		if other := deposit(i, "8"); other.Kind != event.OutcomeReused {
			t.Errorf("node %d: another body got %+v", i, other)
		}
	}
	if got := c.total(1, "bob", first.Sequence); got != 7_000_000 {
		t.Errorf("got %d, want 7", got)
	}
}

// TestLeaderStops shows that commands go on over a change of leader under the
// same ids, and that the stopped node comes back with everything.
func TestLeaderStops(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.do(0, &command.OpenAccount{Account: "carol"})
	leader := c.agreedLeader()
	c.stop(leader)
	survivor := (leader + 1) % 3
	c.count++
	id := fmt.Sprintf("cmd-%d", c.count)
	var out event.Outcome
	c.until("the survivors take the deposit", func() bool {
		var err error
		out, err = c.send(survivor, id, &command.Deposit{Account: "carol", Money: command.Money{Asset: "USD", Value: decimal(t, "3")}})
		if err != nil && !errors.Is(err, gateways.ErrNoLeader) && !errors.Is(err, gateways.ErrUnknownOutcome) {
			t.Fatal(err)
		}
		return err == nil
	})
	c.start(leader)
	if got := c.total(leader, "carol", out.Sequence); got != 3_000_000 {
		t.Errorf("the node that came back shows %d, want 3", got)
	}
}

// agreedLeader waits until the running nodes agree on one of them.
func (c *trio) agreedLeader() int {
	c.t.Helper()
	leader := -1
	c.until("the running nodes agree on a leader", func() bool {
		leader = -1
		for _, n := range c.nodes {
			if n == nil {
				continue
			}
			at := slices.IndexFunc(c.configs, func(cfg node.Config) bool { return cfg.NodeID == n.Operations().Twin().Leader })
			if at < 0 || c.nodes[at] == nil || leader >= 0 && leader != at {
				return false
			}
			leader = at
		}
		return leader >= 0
	})
	return leader
}
