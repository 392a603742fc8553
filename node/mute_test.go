package node_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node"
)

// leader returns the number of the node that leads.
func (c *trio) leader() int {
	c.t.Helper()
	at := -1
	c.until("a leader is known", func() bool {
		leader := c.nodes[0].Operations().Twin().Leader
		at = slices.IndexFunc(c.configs, func(cfg node.Config) bool { return cfg.NodeID == leader })
		return at >= 0
	})
	return at
}

// TestMuteLeader shows a leader with a write that hangs: it says that it is
// not ready, refuses commands with a word on their outcome, cuts its clients,
// and the others elect; a follower of theirs says what is wrong with it. When
// the write returns it takes part again.
func TestMuteLeader(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	old := c.leader()
	url := "http://" + c.configs[old].HTTPAddress
	idle, err := http.Get(url + "/healthz") // kept open by the client
	if err != nil {
		t.Fatal(err)
	}
	_ = idle.Body.Close()

	release := make(chan struct{})
	hung := make(chan struct{})
	begin := time.Now()
	go func() { c.nodes[old].Hang(release); close(hung) }()
	var next int
	c.until("another leads", func() bool {
		for i, n := range c.nodes {
			if i != old && n.Operations().Twin().Leader == c.configs[i].NodeID {
				next = i
				return true
			}
		}
		return false
	})
	t.Logf("another node leads %v after the write began, %v after its deadline",
		time.Since(begin), time.Since(begin)-c.configs[old].Consensus.WriteDeadline)
	if err := c.nodes[old].Operations().Ready(); err == nil || !strings.Contains(err.Error(), "has not returned") {
		t.Errorf("the mute node's readiness: %v", err)
	}
	_, err = c.nodes[old].Commands().Submit(t.Context(), []*command.Command{{
		Header: command.Header{ID: "m1", Role: market.RoleAdmin}, Body: &command.HaltInstrument{Instrument: "X"}}})
	if !errors.Is(err, gateways.ErrDegraded) {
		t.Errorf("a command at the mute node: %v, want %v", err, gateways.ErrDegraded)
	}
	if res, err := http.Get(url + "/readyz"); err == nil {
		_ = res.Body.Close()
		t.Errorf("the mute node answers a client: %s", res.Status)
	}
	c.until("the others are ready", func() bool { return c.nodes[next].Operations().Ready() == nil })
	c.until("the others say what is wrong", func() bool {
		return slices.ContainsFunc(c.nodes[next].Operations().Twin().Findings, func(f gateways.Finding) bool {
			return f.Node == c.configs[old].NodeID && strings.Contains(f.Text, "is mute")
		})
	})

	close(release)
	<-hung
	c.until("it takes part again", func() bool { return c.nodes[old].Operations().Ready() == nil })
}

// TestHungFollower shows that a follower with a write that hangs says that it
// is not ready, and neither goes mute nor ends.
func TestHungFollower(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	follower := (c.leader() + 1) % 3
	release := make(chan struct{})
	hung := make(chan struct{})
	go func() { c.nodes[follower].Hang(release); close(hung) }()
	c.until("the follower is not ready", func() bool { return c.nodes[follower].Operations().Ready() != nil })
	_, err := c.nodes[follower].Commands().Submit(t.Context(), []*command.Command{{
		Header: command.Header{ID: "f1", Role: market.RoleAdmin}, Body: &command.HaltInstrument{Instrument: "X"}}})
	if err != nil {
		t.Errorf("a command at the follower: %v", err)
	}
	select {
	case err := <-c.nodes[follower].Fatal():
		t.Errorf("the follower ended: %v", err)
	default:
	}
	close(release)
	<-hung
	c.until("it is ready again", func() bool { return c.nodes[follower].Operations().Ready() == nil })
}

// TestReadyProbes shows that an idle venue's readiness is proven by a marker
// through the log, and that a node without a majority is not ready.
func TestReadyProbes(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	leader := c.leader()
	if err := c.nodes[leader].Operations().Ready(); err != nil {
		t.Fatal(err)
	}
	for i := range c.nodes {
		if i != leader {
			c.stop(i)
		}
	}
	c.until("nothing is committed", func() bool { return c.nodes[leader].Operations().Ready() != nil })
	if err := c.nodes[leader].Operations().ReadyForReads(); err != nil {
		t.Errorf("ready for reads: %v", err)
	}
}
