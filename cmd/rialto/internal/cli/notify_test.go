package cli_test

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/cli"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/devcluster"
)

// TestServeTellsItsSupervisor shows that a node tells systemd when it serves and
// when it begins to stop, and that its log says with what it started and where
// it listens.
func TestServeTellsItsSupervisor(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a node")
	}
	socket := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	nodes, err := devcluster.Plan(devcluster.Options{Nodes: 1, Host: "127.0.0.1", Data: t.TempDir(), PortOffset: freeOffset(t)})
	if err != nil {
		t.Fatal(err)
	}
	var out screen
	sh := newShell(&out, &out)
	sh.Env = func(name string) (string, bool) { return socket, name == "NOTIFY_SOCKET" }
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() {
		done <- cli.Run(ctx, sh, strings.Fields("serve --found --demo --insecure-peers=true --node-id n1 --data-dir "+nodes[0].Data+
			" --http-address "+nodes[0].HTTP+" --fix-address "+nodes[0].FIX+" --peer-address "+nodes[0].Peer+
			" --gossip-address "+nodes[0].Gossip+" --initial-cluster n1="+nodes[0].Peer))
	}()
	told := func() string {
		if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		var b [256]byte
		n, err := conn.Read(b[:])
		if err != nil {
			t.Errorf("nothing was told: %v\n%s", err, out.String())
		}
		return string(b[:n])
	}
	if got := told(); !strings.HasPrefix(got, "READY=1") {
		t.Errorf("told %q", got)
	}
	stop()
	if got := told(); got != "STOPPING=1" {
		t.Errorf("told %q", got)
	}
	if status := <-done; status != 0 {
		t.Errorf("status %d", status)
	}
	for _, want := range []string{"msg=starting", "version=test", "msg=listening", nodes[0].HTTP} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the log does not say %s:\n%s", want, out.String())
		}
	}
}
