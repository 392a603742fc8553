package node_test

import (
	"net"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/node"
)

// TestGatewayStaysShut shows a node that was mute and a program's gateway whose
// address another program has taken meanwhile: the node is mute no more and takes
// clients by its own doors; the gateway is a finding, and is opened as soon as its
// address is free.
func TestGatewayStaysShut(t *testing.T) {
	t.Parallel()
	n := openNode(t, unbound(t, "n1"), node.WithFounding(), node.WithGateway("teller", openTeller))
	defer closeNode(t, n)
	ready(t, n)
	address := gateway(n, "teller").Address
	release, hung := make(chan struct{}), make(chan struct{})
	go func() { n.Hang(release); close(hung) }()
	var taken net.Listener
	eventually(t, "the gateway is shut, and its address taken", func() (ok bool) {
		var err error
		taken, err = net.Listen("tcp", address)
		return err == nil
	})
	close(release)
	<-hung
	eventually(t, "the node takes part again", func() bool { return !n.Operations().Twin().Nodes[0].Muted })
	ready(t, n)
	findings(t, n, "gateway_down", "teller", true)
	if g := gateway(n, "teller"); g.State != "down" || !strings.Contains(g.Trouble, "address already in use") {
		t.Errorf("the gateway is shown as %+v", g)
	}
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	findings(t, n, "gateway_down", "teller", false)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatalf("the gateway takes nobody: %v", err)
	}
	_ = conn.Close()
}
