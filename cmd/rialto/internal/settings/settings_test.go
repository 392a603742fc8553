package settings_test

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/settings"
	"github.com/rialto-exchange/rialto/node"
)

// keys returns the settings' names of a configuration struct.
func keys(t reflect.Type, prefix string) []string {
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		name := prefix + f.Tag.Get("koanf")
		if f.Type.Kind() == reflect.Struct {
			out = append(out, keys(f.Type, name+".")...)
		} else {
			out = append(out, name)
		}
	}
	return out
}

// TestListIsComplete shows that every setting of a node has a row, and so a
// flag and a variable, and that no row is left over.
func TestListIsComplete(t *testing.T) {
	want := keys(reflect.TypeFor[node.Config](), "")
	var got []string
	for _, s := range settings.List() {
		got = append(got, s.Key)
		if s.Help == "" {
			t.Errorf("%s has no help", s.Key)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-node.Config +List):\n%s", diff)
	}
}

// bootstrapKey is a first administrator; nobody knows the secret.
const bootstrapKey = "root:0000000000000000000000000000000000000000000000000000000000000000"

// load loads settings from the text of a file, variables and flags.
func load(t *testing.T, file string, environ []string, args ...string) (node.Config, []string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "node.yaml")
	environ = append(environ, "RIALTO_BOOTSTRAP_KEY="+bootstrapKey) // a node needs one
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	environ = append(slices.Clip(environ), "RIALTO_INSECURE_PEERS=true")
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	settings.Declare(flags)
	if err := flags.Parse(args); err != nil {
		return node.Config{}, nil, err
	}
	return settings.Load(settings.Sources{File: path, Environ: environ, Flags: flags})
}

// TestPrecedence shows that flags go before variables, variables before the
// file, the file before defaults; for texts, durations, numbers and lists.
func TestPrecedence(t *testing.T) {
	const file = `
node_id: from-file
cluster_id: from-file
data_dir: from-file
consensus:
  heartbeat_timeout: 300ms
  snapshot_bytes: 2097152
initial_cluster:
  - {id: from-flag, peer_address: "127.0.0.1:1"}
`
	cfg, unknown, err := load(t, file,
		[]string{"RIALTO_NODE_ID=from-variable", "RIALTO_CLUSTER_ID=from-variable", "RIALTO_CONSENSUS_COMMIT_TIMEOUT=7ms", "RIALTO_HTPP_ADDRESS=x", "RIALTO_KEY=x", "HOME=/"},
		"--node-id=from-flag", "--commands-max-connections=5")
	if err != nil {
		t.Fatal(err)
	}
	want := node.DefaultConfig()
	want.NodeID, want.ClusterID, want.DataDir = "from-flag", "from-variable", "from-file"
	want.Consensus.HeartbeatTimeout, want.Consensus.SnapshotBytes = 300*time.Millisecond, 2097152
	want.Consensus.CommitTimeout = 7 * time.Millisecond
	want.Commands.MaxConnections = 5
	want.BootstrapKey, want.InsecurePeers = bootstrapKey, true
	want.InitialCluster = []node.InitialMember{{ID: "from-flag", PeerAddress: "127.0.0.1:1"}}
	if diff := cmp.Diff(want, cfg); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"RIALTO_HTPP_ADDRESS"}, unknown); diff != "" {
		t.Errorf("unknown variables (-want +got):\n%s", diff)
	}
}

// TestLists shows how lists are given in flags and variables.
func TestLists(t *testing.T) {
	cfg, _, err := load(t, "node_id: b", nil, "--initial-cluster=a=127.0.0.1:1, b=127.0.0.1:2")
	if err != nil {
		t.Fatal(err)
	}
	want := []node.InitialMember{{ID: "a", PeerAddress: "127.0.0.1:1"}, {ID: "b", PeerAddress: "127.0.0.1:2"}}
	if diff := cmp.Diff(want, cfg.InitialCluster); diff != "" {
		t.Errorf("initial cluster (-want +got):\n%s", diff)
	}
	cfg, _, err = load(t, "node_id: b", []string{"RIALTO_JOIN=127.0.0.1:1,127.0.0.1:2"})
	if diff := cmp.Diff([]string{"127.0.0.1:1", "127.0.0.1:2"}, cfg.Join); err != nil || diff != "" {
		t.Errorf("join: %v (-want +got):\n%s", err, diff)
	}
}

// TestErrorsNameTheSetting shows that whatever is wrong is named, and in a
// file with its line.
func TestErrorsNameTheSetting(t *testing.T) {
	for _, c := range []struct {
		name, file string
		environ    []string
		args       []string
		want       []string
	}{
		{"unknown key", "node_id: a\nhtpp_address: x\n", nil, nil, []string{"2:1", "htpp_address"}},
		{"unknown key in a section", "consensus:\n  log_stroe: wal\n", nil, nil, []string{"2:3", "log_stroe"}},
		{"unknown key in a list", "initial_cluster:\n  - {id: a, peer: b}\n", nil, nil, []string{"peer"}},
		{"founding in a file", "node_id: a\nfound: true\n", nil, nil, []string{"2:1", "found"}},
		{"founding as a setting's flag", "node_id: a", nil, []string{"--found"}, []string{"found"}},
		{"wrong type", "node_id: a\ndemo: perhaps\n", nil, nil, []string{"2:7"}},
		{"no YAML", "node_id: [\n", nil, nil, []string{"node.yaml"}},
		{"bad variable", "node_id: a", []string{"RIALTO_CONSENSUS_COMMIT_TIMEOUT=soon"}, nil, []string{"commit_timeout"}},
		{"bad list in a variable", "node_id: a", []string{"RIALTO_INITIAL_CLUSTER=a"}, nil, []string{"RIALTO_INITIAL_CLUSTER", "id=host:port"}},
		{"bad list in a flag", "node_id: a", nil, []string{"--initial-cluster=a"}, []string{"--initial-cluster"}},
		{"refused by Validate", "node_id: a b\nrole: king", nil, nil, []string{"node_id", "role"}},
	} {
		_, _, err := load(t, c.file, c.environ, c.args...)
		if err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %q does not contain %q", c.name, err, want)
			}
		}
	}
}

// TestFoundingIsNoVariable shows that no variable founds a cluster: a unit
// file that did would found again whenever its disk was lost.
func TestFoundingIsNoVariable(t *testing.T) {
	for _, s := range settings.List() {
		if strings.Contains(s.Key, "found") {
			t.Errorf("%s is a setting", s.Key)
		}
	}
	_, unknown, err := load(t, "node_id: a", []string{"RIALTO_FOUND=true"})
	if err != nil || len(unknown) != 1 || unknown[0] != "RIALTO_FOUND" {
		t.Errorf("got unknown %v, %v", unknown, err)
	}
}

// TestGiven shows that a command for the same folder is printed with what the
// node was started with, wherever that came from, and without secrets.
func TestGiven(t *testing.T) {
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	settings.Declare(flags)
	if err := flags.Parse([]string{"--data-dir=/var/lib/it's here", "--join=10.0.0.1:7946"}); err != nil {
		t.Fatal(err)
	}
	src := settings.Sources{
		File: "/etc/rialto/n1.yaml", Flags: flags,
		Environ: []string{"RIALTO_NODE_ID=n1", "RIALTO_DATA_DIR=/elsewhere", "RIALTO_GOSSIP_KEY=c2VjcmV0", "RIALTO_KEY=a.b", "HOME=/root"},
	}
	if got, want := settings.Given(src), `--config /etc/rialto/n1.yaml --node-id=n1 '--data-dir=/var/lib/it'\''s here'`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	src.Flags = nil
	if got, want := settings.Given(src), "--config /etc/rialto/n1.yaml --node-id=n1 --data-dir=/elsewhere"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
