package cli_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cluster/credentials"
	"github.com/rialto-exchange/rialto/cluster/identity"
	"github.com/rialto-exchange/rialto/node/world"
)

func must(t *testing.T, args ...string) string {
	t.Helper()
	status, out, notes := run(t, args...)
	if status != 0 {
		t.Fatalf("rialto %s: %s%s", strings.Join(args, " "), out, notes)
	}
	return out
}

// nodeFile writes a node's settings, as the README has them.
func nodeFile(t *testing.T, dir, more string) string {
	t.Helper()
	path := filepath.Join(dir, "n1.yaml")
	text := "node_id: n1\ncluster_id: my-venue\ndata_dir: " + filepath.Join(dir, "data") + "\nbootstrap_key: operator:" + strings.Repeat("a", 64) +
		"\ninitial_cluster: [{id: n1, peer_address: \"127.0.0.1:7080\"}]\n" + more
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestEnroll shows the way of the README: an authority that is on no node, a
// request, a signature, and a certificate that is good for this folder alone.
func TestEnroll(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, "node", "ca", at("authority"), "--cluster-id", "my-venue")
	must(t, "node", "gossip-key", "init", at("gossip-keys"))
	config := nodeFile(t, dir, "peer_tls: {ca: "+at("ca.pem")+"}\ngossip_keyring: "+at("gossip-keys")+"\n")
	ca, err := os.ReadFile(at("authority/ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at("ca.pem"), ca, 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "node", "enroll", "--config", config, "--request", at("n1.csr"))
	if err := os.WriteFile(at("n1.pem"), []byte(must(t, "node", "sign", at("n1.csr"), "--ca", at("authority"), "--days", "90")), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := must(t, "node", "enroll", "--config", config, "--certificate", at("n1.pem")); !strings.Contains(out, "n1 is certified until") {
		t.Errorf("said %q", out)
	}
	born, ok, err := identity.Read(world.System().Files, at("data"))
	if err != nil || !ok || born.State != identity.Enrolled {
		t.Fatalf("the folder is %+v, %v, %v", born, ok, err)
	}
	name := credentials.Name{Cluster: "my-venue"}
	name.ID, name.Incarnation = "n1", born.Incarnation
	if _, err := credentials.Open(world.System(), credentials.Files{Authorities: at("ca.pem"), Certificate: at("data/tls/node.pem"), Key: at("data/tls/node-key.pem")}, name); err != nil {
		t.Error(err)
	}
	must(t, "config", "check", "--found", "--config", config)
	must(t, "node", "enroll", "--config", config, "--ca", at("authority")) // again, at once
	again, _, err := identity.Read(world.System().Files, at("data"))
	if err != nil || again.Incarnation != born.Incarnation {
		t.Errorf("enrolled again it is another life: %v", err)
	}
	if err := os.RemoveAll(at("data")); err != nil {
		t.Fatal(err)
	}
	status, _, notes := run(t, "node", "enroll", "--config", config, "--certificate", at("n1.pem"))
	if status == 0 || !strings.Contains(notes, "certificate") {
		t.Errorf("an emptied folder takes the certificate of the one before: %s", notes)
	}
	for _, args := range [][]string{
		{"node", "enroll", "--config", config},
		{"node", "enroll", "--config", config, "--ca", at("authority"), "--request", at("x")},
		{"node", "enroll", "--config", config, "--ca", at("authority"), "--days", "1826"},
		{"node", "sign", config, "--ca", at("authority")},
		{"node", "ca", at("authority"), "--cluster-id", "my-venue"},
		{"node", "ca", at("other"), "--cluster-id", "my venue"},
	} {
		if status, _, _ := run(t, args...); status == 0 {
			t.Errorf("rialto %s: no error", strings.Join(args, " "))
		}
	}
}

// TestServeRefusesToRunOpen shows that a node without certificates or without
// keys of gossip does not start, and says what to do, unless it is told to run
// open.
func TestServeRefusesToRunOpen(t *testing.T) {
	for _, c := range []struct {
		more string
		want []string
	}{
		{"", []string{"peer_tls.ca", "rialto node enroll", "gossip_keyring", "rialto node gossip-key", "insecure_peers: true"}},
		{"gossip_key: " + strings.Repeat("A", 43) + "=\n", []string{"peer_tls.ca"}},
		{"peer_tls: {ca: ca.pem}\n", []string{"gossip_keyring"}},
		{"insecure_peers: true\npeer_tls: {ca_key: x}\n", []string{"peer_tls.ca"}},
		{"insecure_peers: true\ngossip_key: x\n", []string{"gossip_key"}},
		{"insecure_peers: true\ngossip_keyring: x\ngossip_key: " + strings.Repeat("A", 43) + "=\n", []string{"gossip_key"}},
		{"insecure_peers: true\n", nil},
	} {
		config := nodeFile(t, t.TempDir(), c.more)
		for _, command := range [][]string{{"serve", "--config", config}, {"config", "check", "--found", "--config", config}} {
			if c.want == nil && command[0] == "serve" {
				continue // it would run
			}
			status, out, notes := run(t, command...)
			if (status == 0) != (c.want == nil) {
				t.Errorf("%s with %q: status %d, %s%s", command[0], c.more, status, out, notes)
			}
			for _, want := range c.want {
				if !strings.Contains(notes, want) {
					t.Errorf("%s with %q says %q, without %q", command[0], c.more, notes, want)
				}
			}
		}
	}
}

// TestGossipKey shows a keyring changed step by step.
func TestGossipKey(t *testing.T) {
	ring := filepath.Join(t.TempDir(), "keys")
	must(t, "node", "gossip-key", "init", ring)
	was, err := credentials.ReadKeyring(world.System().Files, ring)
	if err != nil {
		t.Fatal(err)
	}
	key := strings.TrimSpace(must(t, "node", "gossip-key", "new"))
	if status, _, _ := run(t, "node", "gossip-key", "use", ring, key); status == 0 {
		t.Error("a key is used that nobody understands")
	}
	must(t, "node", "gossip-key", "add", ring, key)
	must(t, "node", "gossip-key", "use", ring, key)
	must(t, "node", "gossip-key", "remove", ring, encoded(was[0]))
	now, err := credentials.ReadKeyring(world.System().Files, ring)
	if err != nil || len(now) != 1 || encoded(now[0]) != key {
		t.Errorf("%v, %v", now, err)
	}
}

func encoded(key []byte) string { return base64.StdEncoding.EncodeToString(key) }
