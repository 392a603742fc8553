package node_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/credentials/credtest"
	"github.com/rialto-exchange/rialto/cluster/forward"
	"github.com/rialto-exchange/rialto/cluster/peer"
	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/commandcodec"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// forwardable encodes what a member sends to the leader.
func forwardable(t *testing.T, h command.Header, body command.Body) []byte {
	t.Helper()
	b, err := commandcodec.Append(nil, &command.Command{Header: h, Body: body}, fsm.FeatureLevel)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestForwardedGarbageEndsNobody shows a member that sends the leader what no
// door of any node could have taken. It is refused to the member and does not
// come into the log, by none of the protocols; what else the member sends by the
// same connection is executed.
func TestForwardedGarbageEndsNobody(t *testing.T) {
	t.Parallel()
	a := credtest.New(t, "test")
	c := newTrioWith(t, closed(t, a))
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	leader := c.agreedLeader()
	mine, at := (leader+1)%3, c.configs[leader]
	says := c.own(mine)
	says.Start.Count++
	says.Began = cluster.Position{Term: 1 << 20, Last: 1 << 40} // it has forgotten nothing
	c.stop(mine)
	u := uninvited{name: "itself", shows: showing(t, a.Enrol(t, a.Name(says.Node, says.Incarnation), time.Now(), time.Hour)), says: says}
	m := u.port(t)
	own := command.Header{Source: market.SourceSystem, Role: market.RoleAdmin}
	of := func(s market.Source, r market.Role) []byte {
		return forwardable(t, command.Header{Source: s, Role: r}, &command.Probe{})
	}
	refused := map[string][]byte{
		"three bytes":       {215, 46, 0},
		"one byte too many": append(of(market.SourceSystem, market.RoleAdmin), 0),
		"an unknown level":  forwardable(t, own, &command.RaiseLevel{Level: fsm.FeatureLevel + 1}),
		"a term":            forwardable(t, own, &command.TermStart{Term: 99, Leader: "nobody"}),
		"a history":         forwardable(t, own, &command.BeginHistory{History: 0x1234567}),
		"a void entry":      forwardable(t, own, &command.VoidEntry{Index: 1}),
		"a timer":           of(market.SourceTimer, market.RoleAdmin),
		"an unknown source": of(99, market.RoleAdmin),
		"an unknown role":   of(market.SourceREST, 99),
	}
	for _, p := range []peer.Protocol{peer.ProtocolForward, peer.ProtocolForwardBrief} {
		var leaders forward.Leaders
		leaders.Set(cluster.Member{ID: cluster.NodeID(at.NodeID), Address: at.PeerAddress}, true)
		f := forward.Open(forward.Config{
			Node: "x", Leadership: &leaders, Budget: time.Minute,
			Dial: func(ctx context.Context, address string) (net.Conn, error) { return m.Dial(ctx, address, p) },
		})
		defer f.Close()
		for name, what := range refused {
			_, err := f.Submit(t.Context(), [][]byte{of(market.SourceREST, market.RoleAdmin), what})
			if err == nil || !strings.Contains(err.Error(), "forwarded command 2 of 2") {
				t.Errorf("protocol %d: %s: %v", p, name, err)
			}
			if outcomes, err := f.Submit(t.Context(), [][]byte{of(market.SourceSystem, market.RoleAdmin)}); err != nil || len(outcomes) != 1 {
				t.Errorf("protocol %d: after %s nothing is executed any more: %v", p, name, err)
			}
		}
	}
	c.do(leader, &command.OpenAccount{Account: "alice"})
	for i, n := range c.nodes {
		if i == mine {
			continue // it was stopped
		}
		select {
		case err := <-n.Fatal():
			t.Errorf("node %d ended: %v", i+1, err)
		default:
		}
	}
}
