package node_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/node"
)

// ask sends a request to a node's door and returns status and body.
func (c *trio) ask(i int, key, path string) (int, string) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, "http://"+c.configs[i].HTTPAddress+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// key is a participant with one key, "<name>.secret", or with none.
func key(name string, role market.Role, revoked bool) *command.DefineParticipant {
	p := &command.DefineParticipant{Participant: name, Role: role}
	if !revoked {
		p.Keys = []command.Key{{ID: name, SecretHash: node.HashSecret("secret")}}
	}
	return p
}

// newSolo founds a venue of one node.
func newSolo(t *testing.T) *trio {
	t.Helper()
	cfg := testConfig(t, "n1")
	cfg.InitialCluster = []node.InitialMember{{ID: cfg.NodeID, PeerAddress: cfg.PeerAddress}}
	c := &trio{t: t, configs: []node.Config{cfg}, nodes: make([]*node.Node, 1), logged: newLogBuffer(t)}
	c.found()
	t.Cleanup(func() { c.stop(0) })
	c.until("the node is ready", func() bool { return c.nodes[0].Operations().Ready() == nil })
	return c
}

// TestRebuildChangesNoAuthority shows that who may act does not hang on a view:
// while the catalogue is folded anew from the first event on, a key that was
// revoked at its end is never good again, and a good one is good throughout.
func TestRebuildChangesNoAuthority(t *testing.T) {
	t.Parallel()
	c := newSolo(t)
	c.do(0, key("revoked", market.RoleAdmin, false))
	batch := make([]*command.Command, 0, 1000)
	for i := range 20_000 {
		batch = append(batch, &command.Command{
			Header: command.Header{ID: fmt.Sprintf("a%d", i), Role: market.RoleAdmin, Source: market.SourceREST},
			Body:   &command.OpenAccount{Account: fmt.Sprintf("account-%d", i)},
		})
		if len(batch) == cap(batch) {
			if _, err := c.nodes[0].Commands().Submit(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	c.do(0, key("revoked", market.RoleAdmin, true))
	last := c.do(0, key("good", market.RoleAdmin, false)).Sequence
	if _, err := c.nodes[0].Reads().Wait(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	if err := c.nodes[0].Operations().RebuildReadModel(t.Context(), "catalogue"); err != nil {
		t.Fatal(err)
	}
	asked := 0
	c.until("the catalogue is rebuilt", func() bool {
		asked++
		if status, body := c.ask(0, "revoked.secret", "/v1/cluster"); status != 401 {
			t.Fatalf("the revoked key, asked for the %d. time: %d %s", asked, status, body)
		}
		status, body := c.ask(0, "good.secret", "/v1/cluster")
		if status != 200 {
			t.Fatalf("the good key, asked for the %d. time: %d %s", asked, status, body)
		}
		return !strings.Contains(body, `"state":"rebuilding"`) && c.nodes[0].Operations().Ready() == nil
	})
}

// TestAloneIsNotCurrent shows that a node that was started again and has not
// heard of the others answers neither 404 nor what it last knew: 503, until it
// has been level with a leader; and that no key is refused meanwhile.
func TestAloneIsNotCurrent(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.do(0, &command.OpenAccount{Account: "alice"})
	c.do(0, key("trader", market.RoleTrader, false))
	c.do(0, key("revoked", market.RoleAdmin, false))
	c.do(0, key("revoked", market.RoleAdmin, true))
	c.fund(0, "alice", "1")
	for i := range 3 {
		c.stop(i)
	}
	c.start(0)
	const balance = "/v1/queries/accounts/alice/balance"
	for _, key := range []string{"", "trader.secret", "revoked.secret", "stranger.secret"} {
		for _, path := range []string{balance, "/v1/queries/accounts/none/balance", balance + "?consistency=stale", "/v1/queries/events"} {
			if status, body := c.ask(0, key, path); status != 503 || !strings.Contains(body, `"degraded"`) {
				t.Errorf("alone, %q: GET %s: %d %s", key, path, status, body)
			}
		}
	}
	c.start(1)
	c.until("the node is level", func() bool { status, _ := c.ask(0, "", balance); return status != 503 })
	if status, body := c.ask(0, "", balance); status != 200 || !strings.Contains(body, `"available":"1.000000"`) {
		t.Errorf("level: %d %s", status, body)
	}
	for key, want := range map[string]int{"trader.secret": 403, "revoked.secret": 401, "stranger.secret": 401} {
		if status, body := c.ask(0, key, balance); status != want {
			t.Errorf("level, %s: %d %s, want %d", key, status, body, want)
		}
	}
}
