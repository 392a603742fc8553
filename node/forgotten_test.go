package node_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/node"
)

// setClock is a clock that the test moves ahead.
type setClock struct {
	cluster.SystemClock
	ahead *atomic.Int64
}

func (c setClock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// newForgetful is a node alone that remembers few command ids, and its clock.
func newForgetful(t *testing.T) (*trio, setClock) {
	t.Helper()
	clock := setClock{ahead: &atomic.Int64{}}
	cfg := testConfig(t, "n1")
	cfg.InitialCluster = []node.InitialMember{{ID: "n1", PeerAddress: cfg.PeerAddress}}
	c := &trio{
		t: t, configs: []node.Config{cfg}, nodes: make([]*node.Node, 1), logged: newLogBuffer(t),
		options: func(int) []node.Option {
			return []node.Option{node.WithClock(clock), node.WithDedupCapacity(900)}
		},
	}
	c.found()
	t.Cleanup(func() { c.stop(0) })
	c.until("the node serves", func() bool { return c.nodes[0].Operations().Ready() == nil })
	return c, clock
}

// forget has the machine forget all ids so far.
func (c *trio) forget(clock setClock, id string) {
	c.t.Helper()
	for i := range 100 {
		out, err := c.send(0, "", &command.Probe{Target: id})
		if err != nil {
			c.t.Fatal(err)
		}
		if out.Kind == event.OutcomeUnseen {
			return
		}
		clock.ahead.Add(int64(15 * time.Second))
		batch := make([]*command.Command, 500)
		for k := range batch {
			batch[k] = &command.Command{
				Header: command.Header{ID: fmt.Sprintf("flood-%d-%d", i, k), Role: market.RoleAdmin, Source: market.SourceREST},
				Body:   &command.DefineAsset{Asset: "USD", Scale: 6, HasMinorUnit: true, MinorUnit: 2},
			}
		}
		if _, err := c.nodes[0].Commands().Submit(c.t.Context(), batch); err != nil {
			c.t.Fatal(err)
		}
	}
	c.t.Fatal("the machine forgets nothing")
}

func (c *trio) asked(method, path string) (status int, body string) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, "http://"+c.configs[0].HTTPAddress+path, http.NoBody)
	if err != nil {
		c.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// An order rests in the book, and the machine has forgotten the id of its
// command: a question and a fence say what it was executed as, and so they do
// after a restart and once the view was folded anew. What was not executed is
// never.
func TestForgottenCommandIsSettledByItsEvents(t *testing.T) {
	t.Parallel()
	c, clock := newForgetful(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6, HasMinorUnit: true, MinorUnit: 2})
	c.do(0, &command.OpenAccount{Account: "alice"})
	for id, account := range map[string]string{"lost": "alice", "refused": "nobody"} {
		deposit := &command.Deposit{Account: account, Money: command.Money{Asset: "USD", Value: decimal(t, "1000")}}
		if out, err := c.send(0, id, deposit); err != nil || out.Kind != event.OutcomeExecuted {
			t.Fatal(out, err)
		}
	}
	_, lost := c.asked(http.MethodGet, "/v1/commands/lost")
	_, refused := c.asked(http.MethodGet, "/v1/commands/refused")
	c.forget(clock, "lost")
	c.forget(clock, "refused")
	settled := func(when string) {
		t.Helper()
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			for id, want := range map[string]string{"lost": lost, "refused": refused} {
				path := "/v1/commands/" + id
				if method == http.MethodPost {
					path += "/fence"
				}
				if status, got := c.asked(method, path); status != http.StatusOK || got != want {
					t.Errorf("%s: %s %s: %d %s\nwant %s", when, method, path, status, got, want)
				}
			}
		}
	}
	if !strings.Contains(lost, `"status":"accepted"`) || !strings.Contains(refused, `"status":"rejected"`) {
		t.Fatalf("before: %s\n%s", lost, refused)
	}
	settled("forgotten")
	c.stop(0)
	c.start(0)
	c.until("the node serves", func() bool { return c.nodes[0].Operations().Ready() == nil })
	settled("after a restart")
	if err := c.nodes[0].Operations().RebuildReadModel(t.Context(), "command_index"); err != nil {
		t.Fatal(err)
	}
	settled("folded anew")
	if status, body := c.asked(http.MethodPost, "/v1/commands/none/fence"); status != http.StatusOK || !strings.Contains(body, `"status":"never"`) || strings.Contains(body, "known_since") {
		t.Errorf("of none: %d %s", status, body)
	}
}
