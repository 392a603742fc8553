package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cmd/rialto/devcluster"
	"github.com/rialto-exchange/rialto/cmd/rialto/shell"
)

// TestConfigInit shows that the file that is begun for a newcomer is good, and is
// never written over another.
func TestConfigInit(t *testing.T) {
	file := filepath.Join(t.TempDir(), "n1.yaml")
	if status, _, stderr := run(t, "config", "init", "--out", file); status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	data := filepath.Join(t.TempDir(), "data")
	nodes, err := devcluster.Plan(devcluster.Options{Nodes: 3, Host: "127.0.0.1", PortOffset: freeOffset(t)})
	if err != nil {
		t.Fatal(err)
	}
	ports := fmt.Sprintf(" --http-address %s --fix-address %s --gossip-address %s --peer-address %s --initial-cluster n1=%s",
		nodes[0].HTTP, nodes[0].FIX, nodes[0].Gossip, nodes[0].Peer, nodes[0].Peer)
	status, stdout, stderr := run(t, strings.Fields("config check --found --config "+file+" --data-dir "+data+ports)...)
	if status != 0 || !strings.Contains(stdout, "the settings of node n1 of cluster my-venue are good") || !strings.Contains(stdout, "warning: insecure_peers") {
		t.Errorf("status %d: %s%s", status, stdout, stderr)
	}
	if status, _, _ := run(t, "config", "init", "--out", file); status != shell.ExitFailed {
		t.Errorf("written over: status %d", status)
	}
	_, text, _ := run(t, "config", "init")
	for _, want := range []string{"# consensus:", "heartbeat_timeout: ", "#   log_store: wal", "# fix:"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// TestConfigCheck shows that what can't work is refused with status 1, what is
// no setting with 2, and both in the words of the file.
func TestConfigCheck(t *testing.T) {
	const good = "node_id: n1\ndata_dir: %s\ndemo: true\ninsecure_peers: true\n"
	for _, c := range []struct {
		text, want string
		status     int
	}{
		{"http_address: 127.0.0.1:0\n", "problem: http_address:", 1},
		{"", "problem: join: is empty", 1},
		{"demo2: true\n", `unknown field "demo2"`, 2},
		{"consensus: {commit_timeout: soon}\n", "is not a duration such as 250ms", 2},
		{"consensus: 5\n", "is not a section", 2},
		{"feature_level: high\n", "is not a whole number", 2},
		{"log_level: loud\n", "log_level:", 2},
		{"join: here\n", "is not a list", 2},
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, "n1.yaml")
		if err := os.WriteFile(file, []byte(strings.Replace(good, "%s", filepath.Join(dir, "data"), 1)+c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		status, stdout, stderr := run(t, "config", "check", "--config", file)
		said := stdout + stderr
		if status != c.status || !strings.Contains(said, c.want) {
			t.Errorf("%q: status %d, want %d: %s, want %q", c.text, status, c.status, said, c.want)
		}
		if strings.Contains(said, "Go ") || strings.Contains(said, "node.") {
			t.Errorf("%q: the words of Go: %s", c.text, said)
		}
	}
}
