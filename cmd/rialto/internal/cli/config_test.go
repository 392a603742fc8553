package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/devcluster"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// TestConfigInit shows that the file that is begun for a newcomer is good, and is
// never written over another.
func TestConfigInit(t *testing.T) {
	file := filepath.Join(t.TempDir(), "n1.yaml")
	if status, _, stderr := run(t, "config", "init", "--bootstrap-key", "operator:"+strings.Repeat("a", 64), "--out", file); status != 0 {
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

// TestConfigInitFilledIn shows that with what an operator knows beforehand there is
// nothing left to edit, for founders and for one that joins; and that what is
// commented out can be taken as it is.
func TestConfigInitFilledIn(t *testing.T) {
	dir := t.TempDir()
	if status, _, stderr := run(t, "node", "ca", dir+"/authority", "--cluster-id", "venue-7"); status != 0 {
		t.Fatal(stderr)
	}
	if status, _, stderr := run(t, "node", "gossip-key", "init", dir+"/keys"); status != 0 {
		t.Fatal(stderr)
	}
	all := []string{"--cluster-id", "venue-7", "--peer-tls-ca", dir + "/authority/ca.pem", "--gossip-keyring", dir + "/keys"}
	begin := func(flags ...string) string {
		t.Helper()
		file := filepath.Join(dir, flags[1]+".yaml")
		if status, _, stderr := run(t, append(append([]string{"config", "init", "--out", file}, flags...), all...)...); status != 0 {
			t.Fatal(stderr)
		}
		return file
	}
	founder := begin("--node-id", "n2", "--initial-cluster", "n1=127.0.0.2:7080,n2=127.0.0.3:7080,n3=127.0.0.4:7080", "--bootstrap-key", "operator:"+strings.Repeat("a", 64))
	joiner := begin("--node-id", "n4", "--host", "127.0.0.5", "--join", "127.0.0.2:7946,127.0.0.3:7946")
	for file, flags := range map[string][]string{founder: {"--found"}, joiner: nil} {
		data := file + ".data"
		enrolled, _, stderr := run(t, "node", "enroll", "--config", file, "--data-dir", data, "--ca", dir+"/authority")
		if enrolled != 0 {
			t.Fatal(stderr)
		}
		status, stdout, stderr := run(t, append([]string{"config", "check", "--config", file, "--data-dir", data}, flags...)...)
		if status != 0 || strings.Contains(stdout, "warning: --found") || !strings.Contains(stdout, "of cluster venue-7 are good") {
			t.Errorf("%s: status %d: %s%s", file, status, stdout, stderr)
		}
	}
	text, err := os.ReadFile(founder)
	if err != nil || !strings.Contains(string(text), "http_address: \"127.0.0.3:8080\"") {
		t.Errorf("%v:\n%s", err, text)
	}
	var whole strings.Builder
	for line := range strings.Lines(string(text)) {
		bare := strings.TrimSuffix(strings.TrimPrefix(line, "# "), "\n")
		if name, value, ok := strings.Cut(bare, ": "); ok && strings.HasPrefix(line, "# ") && value != "" && !strings.Contains(strings.TrimSpace(name), " ") || strings.HasSuffix(bare, ":") && strings.HasPrefix(line, "# ") && !strings.Contains(bare, " ") {
			line = bare + "\n"
		}
		whole.WriteString(line)
	}
	taken := filepath.Join(dir, "whole.yaml")
	if err := os.WriteFile(taken, []byte(whole.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, stdout, stderr := run(t, "config", "check", "--config", taken, "--data-dir", founder+".data", "--found"); status != 0 {
		t.Errorf("with every default taken: status %d: %s%s\n%s", status, stdout, stderr, whole.String())
	}
	if status, _, stderr := run(t, "config", "init", "--initial-cluster", "n1"); status != shell.ExitUsage || !strings.Contains(stderr, "--initial-cluster: \"n1\" is not id=host:port") {
		t.Errorf("status %d: %s", status, stderr)
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
