package cli_test

import (
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/devcluster"
)

// goodFile is a file that a node would found a venue with: one setting a line,
// so that a test changes one of them.
func goodFile(t *testing.T, dir string) map[string]string {
	t.Helper()
	nodes, err := devcluster.Plan(devcluster.Options{Nodes: 1, Host: "127.0.0.1", PortOffset: freeOffset(t)})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"node_id": "n1", "cluster_id": "my-venue", "data_dir": filepath.Join(dir, "data"),
		"http_address": nodes[0].HTTP, "fix_address": nodes[0].FIX, "peer_address": nodes[0].Peer, "gossip_address": nodes[0].Gossip,
		"bootstrap_key": "operator:0917b13a9091915d54b6336f45909539cce452b3661b21f386418a257883b30a", "insecure_peers": "true",
		"initial_cluster": `[{id: n1, peer_address: "` + nodes[0].Peer + `"}]`,
	}
}

// checked is what `config check` says of a file: status and all that it prints.
func checked(t *testing.T, dir string, file map[string]string, flags ...string) (int, string) {
	t.Helper()
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(file)) {
		text.WriteString(key + ": " + file[key] + "\n")
	}
	path := filepath.Join(dir, "n1.yaml")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr := run(t, append([]string{"config", "check", "--config", path}, flags...)...)
	return status, stdout + stderr
}

// TestBadFiles shows that a file with one thing wrong is refused by `config
// check`, whatever it is, in the words of the file.
func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	junk := write("junk", "no PEM, no base64\n")
	spoilt := filepath.Join(dir, "spoilt")
	if err := os.Mkdir(spoilt, 0o700); err != nil {
		t.Fatal(err)
	}
	write("spoilt/identity", "x")
	if status, _, stderr := run(t, "node", "ca", filepath.Join(dir, "authority"), "--cluster-id", "my-venue"); status != 0 {
		t.Fatal(stderr)
	}
	ca, keys := filepath.Join(dir, "authority", "ca.pem"), filepath.Join(dir, "keys")
	if status, _, stderr := run(t, "node", "gossip-key", "init", keys); status != 0 {
		t.Fatal(stderr)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	const none = "\x00" // the setting is left out
	for _, c := range []struct{ key, value, want string }{
		{"node_id", none, "node_id"},
		{"node_id", `""`, "node_id"},
		{"node_id", "n 1", `node_id: "n 1" is not`},
		{"node_id", "n2", "initial_cluster"},
		{"node_id", "[n1]", "n1.yaml:[9:10] the value is not text"},
		{"cluster_id", `"my venue"`, `cluster_id: "my venue"`},
		{"data_dir", `""`, "data_dir: is missing"},
		{"data_dir", junk, "data_dir: " + junk + " is a file"},
		{"data_dir", junk + "/data", "data_dir:"},
		{"data_dir", "/proc/rialto", "data_dir: /proc/rialto can't be written"},
		{"data_dir", spoilt, "identity file is damaged"},
		{"http_address", "8080", `http_address: "8080" is not host:port`},
		{"http_address", "127.0.0.1", `http_address: "127.0.0.1" is not host:port`},
		{"http_address", "127.0.0.1:70000", "http_address: \"127.0.0.1:70000\" has no port"},
		{"http_address", "127.0.0.1:0", "http_address: \"127.0.0.1:0\" has no port"},
		{"http_address", "0.0.0.0:8080", "advertise_host: is needed because http_address"},
		{"http_address", `":8080"`, "advertise_host: is needed because http_address"},
		{"http_address", "192.0.2.1:8080", "http_address: can't listen on 192.0.2.1:8080"},
		{"http_address", "no-such-host.invalid:8080", "http_address: can't listen on no-such-host.invalid:8080"},
		{"http_address", "http://127.0.0.1:8080", "http_address:"},
		{"http_address", taken.Addr().String(), "http_address: can't listen on"},
		{"fix_address", taken.Addr().String(), "fix_address: can't listen on"},
		{"gossip_address", udp.LocalAddr().String(), "gossip_address: can't listen on"},
		{"peer_address", "127.0.0.1:1", "peer_address: 127.0.0.1:1 is not where initial_cluster has this node"},
		{"initial_cluster", "[]", "initial_cluster: is empty"},
		{"initial_cluster", "n1", "n1.yaml:[7:18]"},
		{"initial_cluster", `[{id: n9, peer_address: "127.0.0.1:7080"}]`, "initial_cluster"},
		{"initial_cluster", `[{id: n1, peer_address: "127.0.0.1"}]`, "initial_cluster[0]"},
		{"initial_cluster", `[{id: n1, peer: "127.0.0.1:7080"}]`, `"peer"`},
		{"initial_cluster", `[{id: n1, peer_address: "127.0.0.1:7"}, {id: n1, peer_address: "127.0.0.1:8"}]`, "initial_cluster"},
		{"initial_cluster", `[{id: n1, peer_address: "0.0.0.0:7080"}]`, "is not where initial_cluster has this node"},
		{"join", "127.0.0.1:7946", "n1.yaml:[9:7]"},
		{"join", `["127.0.0.1"]`, "join[0]"},
		{"bootstrap_key", none, "bootstrap_key: is missing"},
		{"bootstrap_key", "operator.SECRET", "bootstrap_key: is not"},
		{"bootstrap_key", "operator:SECRET", "bootstrap_key: is not"},
		{"bootstrap_key", "operator:" + strings.Repeat("x", 64), "bootstrap_key: is not"},
		{"bootstrap_key", "operator:" + strings.Repeat("0", 64), "bootstrap_key: is still"},
		{"insecure_peers", none, "peer_tls.ca: is missing"},
		{"insecure_peers", "false", "gossip_keyring: is missing"},
		{"insecure_peers", "perhaps", "is not true or false"},
		{"peer_tls", "{ca: " + filepath.Join(dir, "gone.pem") + "}", "peer_tls.ca: " + filepath.Join(dir, "gone.pem") + ": no such file"},
		{"peer_tls", "{ca: " + junk + "}", "peer_tls.ca: "},
		{"peer_tls", "{ca: " + ca + "}", "rialto node enroll"},
		{"peer_tls", "{ca: " + ca + ", cert: " + junk + ", key: " + junk + "}", "peer_tls.cert: "},
		{"peer_tls", "{ca: " + ca + ", ca_key: " + junk + "}", "peer_tls.ca_key: "},
		{"peer_tls", "{key: " + junk + "}", "peer_tls.ca: is missing beside"},
		{"gossip_keyring", filepath.Join(dir, "gone"), "gossip_keyring: "},
		{"gossip_keyring", junk, "gossip_keyring: "},
		{"gossip_keyring", keys + "\ngossip_key: AAAAAAAAAAAAAAAAAAAAAA==", "gossip_key: and gossip_keyring"},
		{"gossip_key", "c2hvcnQ=", "gossip_key: is not 16, 24 or 32 bytes"},
		{"tls_cert", junk, "tls_cert: and tls_key go together"},
		{"tls_cert", junk + "\ntls_key: " + junk, "tls_cert: " + junk},
		{"fix", "{tls_cert: " + junk + "}", "fix.tls_cert: and"},
		{"fix", "{min_heartbeat: 500ms}", "fix.min_heartbeat: "},
		{"debug_address", "0.0.0.0:6060", "debug_address: "},
		{"role", "king", `role: "king" is neither`},
		{"role", "reader", "role: "},
		{"log_level", "loud", `log_level: "loud"`},
		{"log_format", "xml", `log_format: "xml"`},
		{"feature_level", "99", "feature_level: 99 is not"},
		{"feature_level", "-1", "feature_level: -1 is not"},
		{"consensus", "{heartbeat_timeout: 150}", "is not a duration such as"},
		{"consensus", "{heartbeat_timeout: 1ms}", "consensus.heartbeat_timeout: 1ms is not within"},
		{"consensus", "{log_store: sqlite}", `consensus.log_store: "sqlite"`},
		{"consensus", "{log_stroe: wal}", `"log_stroe"`},
		{"membership", "{max_voters: 4}", "membership.max_voters: 4 is none of"},
		{"commands", "{max_connections: lots}", "is not a whole number"},
		{"htpp_address", "127.0.0.1:8080", `"htpp_address"`},
		{"found", "true", `"found"`},
	} {
		file := goodFile(t, dir)
		file[c.key] = c.value
		if c.value == none {
			delete(file, c.key)
		}
		status, said := checked(t, dir, file, "--found")
		if status != 1 && status != 2 || !strings.Contains(said, c.want) {
			t.Errorf("%s: %s: status %d, want %q in:\n%s", c.key, c.value, status, c.want, said)
		}
		for _, word := range []string{"Go ", "node.Config", "[]string", "strconv", "koanf", "unmarshal", "%!", "asn1", "tls:", "x509"} {
			if strings.Contains(said, word) {
				t.Errorf("%s: %s: the words of Go, %q: %s", c.key, c.value, word, said)
			}
		}
	}
}

// TestGoodFiles shows that nothing is held against files that a node starts
// with, or could.
func TestGoodFiles(t *testing.T) {
	dir := t.TempDir()
	for _, change := range []map[string]string{
		{},
		{"log_format": "json", "log_level": "debug"},
		{"consensus": "{log_store: bolt, heartbeat_timeout: 300ms}"},
		{"membership": "{max_voters: 3}"},
		{"data_dir": dir + "/not/there/yet"},
		{"gossip_key": "AAAAAAAAAAAAAAAAAAAAAA=="},
		{"demo": "true"},
	} {
		file := goodFile(t, dir)
		maps.Copy(file, change)
		if status, said := checked(t, dir, file, "--found"); status != 0 || !strings.Contains(said, "are good") {
			t.Errorf("%v: status %d: %s", change, status, said)
		}
	}
	file := goodFile(t, dir)
	delete(file, "initial_cluster")
	file["join"] = `["127.0.0.1:7946"]`
	if status, said := checked(t, dir, file); status != 0 {
		t.Errorf("one that joins: status %d: %s", status, said)
	}
}
