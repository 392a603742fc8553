package node_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node"
)

// TestRecentLog shows that the end of the log is kept for who asks, within its
// bound, also what nobody takes.
func TestRecentLog(t *testing.T) {
	w := node.NewLogWriter(io.Discard)
	line := []byte(strings.Repeat("x", 1<<10-1) + "\n")
	for range 1<<10 - 1 {
		_, _ = w.Write(line)
	}
	_, _ = w.Write(bytes.Repeat([]byte("y"), 1<<10))
	if got := w.Recent(); len(got) != 1<<20 || got[0] != 'x' {
		t.Errorf("at the bound there are %d bytes", len(got))
	}
	_, _ = w.Write([]byte("z"))
	if got := w.Recent(); len(got) != 1<<20-1<<10+1 || !bytes.HasSuffix(got, []byte("yz")) {
		t.Errorf("one past the bound there are %d bytes", len(got))
	}
}

// TestSettingsHoldNoSecrets shows what a node says of its settings: all that have a
// value, keys as set, and in the log those that are not the defaults.
func TestSettingsHoldNoSecrets(t *testing.T) {
	cfg := node.DefaultConfig()
	cfg.NodeID, cfg.GossipKey, cfg.BootstrapKey = "n1", "c2VjcmV0", "operator:abcdef"
	cfg.Commands.MaxConnections = 77
	cfg.InitialCluster = []node.InitialMember{{ID: "n1", PeerAddress: "h:1"}, {ID: "n2", PeerAddress: "h:2"}}
	all := cfg.Settings()
	for name, want := range map[string]string{
		"node_id": "n1", "gossip_key": "is set", "bootstrap_key": "is set", "commands.max_connections": "77",
		"initial_cluster": "n1=h:1,n2=h:2", "consensus.write_deadline": "600ms",
	} {
		if all[name] != want {
			t.Errorf("%s is %q, want %q", name, all[name], want)
		}
	}
	if got, want := cfg.Given(), "bootstrap_key=is set commands.max_connections=77 gossip_key=is set initial_cluster=n1=h:1,n2=h:2"; got != want {
		t.Errorf("given: %s\nwant:  %s", got, want)
	}
}

// TestSupport shows what a node gives to a search for a cause.
func TestSupport(t *testing.T) {
	n := alone(t).nodes[0]
	ask := func(what gateways.Support) (string, error) {
		var out bytes.Buffer
		err := n.Operations().Support(t.Context(), what, &out)
		return out.String(), err
	}
	for what, want := range map[gateways.Support]string{
		gateways.SupportSettings: `"cluster_id": "`, gateways.SupportGoroutines: "goroutine profile", gateways.SupportHeap: "\x1f\x8b",
	} {
		if got, err := ask(what); err != nil || !strings.Contains(got, want) {
			t.Errorf("%s: %.80q, %v", what, got, err)
		}
	}
	for _, what := range []gateways.Support{gateways.SupportLog, "diary"} { // an embedding program keeps the log
		if _, err := ask(what); !errors.Is(err, gateways.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
