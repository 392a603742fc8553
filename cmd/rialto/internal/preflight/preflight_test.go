package preflight_test

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cluster/identity"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/preflight"
	"github.com/rialto-exchange/rialto/node"
	"github.com/rialto-exchange/rialto/node/world"
)

// freePorts returns addresses that nobody listens on.
func freePorts(t *testing.T, n int) []string {
	t.Helper()
	var all []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		all = append(all, l.Addr().String())
	}
	return all
}

// good returns settings of a node that would start.
func good(t *testing.T) node.Config {
	t.Helper()
	p := freePorts(t, 4)
	c := node.DefaultConfig()
	c.NodeID, c.DataDir = "n1", filepath.Join(t.TempDir(), "data")
	c.HTTPAddress, c.FIXAddress, c.PeerAddress, c.GossipAddress = p[0], p[1], p[2], p[3]
	c.InitialCluster = []node.InitialMember{{ID: "n1", PeerAddress: p[2]}}
	return c
}

// TestCheck shows what would keep a node from starting, each named by its
// setting, and what is only risky.
func TestCheck(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	full := t.TempDir()
	born := identity.New(rand.Reader, "rialto", "n1", identity.Adopting)
	if err := born.Write(world.System().Files, full); err != nil {
		t.Fatal(err)
	}
	own := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"status":"ok","node":"n1"}`) }))
	defer own.Close()
	for _, c := range []struct {
		name          string
		change        func(*node.Config)
		notFound      bool
		problem, warn string
	}{
		{"all is well", func(*node.Config) {}, false, "", "initial_cluster: one node"},
		{"port out of range", func(c *node.Config) { c.FIXAddress = "127.0.0.1:99999" }, false, `fix_address: "127.0.0.1:99999" has no port from 1 to 65535`, ""},
		{"port by name", func(c *node.Config) { c.FIXAddress = "127.0.0.1:http" }, false, "fix_address:", ""},
		{"the same port twice", func(c *node.Config) { c.FIXAddress = c.HTTPAddress }, false, "which http_address has already", ""},
		{"taken", func(c *node.Config) { c.HTTPAddress = taken.Addr().String() }, false, "http_address: can't listen on", ""},
		{"not this machine's", func(c *node.Config) { c.HTTPAddress = "192.0.2.1:8080" }, false, "http_address: can't listen on 192.0.2.1:8080", ""},
		{"its own", func(c *node.Config) { c.HTTPAddress = strings.TrimPrefix(own.URL, "http://") }, false, "", ""},
		{"no certificate", func(c *node.Config) { c.TLSCert, c.TLSKey = "/gone.pem", file }, false, "tls_cert: /gone.pem: no such file", ""},
		{"a bad certificate", func(c *node.Config) { c.FIX.TLSCert, c.FIX.TLSKey = file, file }, false, "fix.tls_cert:", ""},
		{"no keyring", func(c *node.Config) { c.GossipKeyring = "/gone" }, false, "gossip_keyring: /gone: no such file", ""},
		{"data in a file", func(c *node.Config) { c.DataDir = file }, false, "is a file", ""},
		{"data below a file", func(c *node.Config) { c.DataDir = filepath.Join(file, "data") }, false, "data_dir:", ""},
		{"data can't be written", func(c *node.Config) { c.DataDir = "/proc/rialto" }, false, "data_dir: /proc/rialto can't be written", ""},
		{"another address", func(c *node.Config) { c.InitialCluster[0].PeerAddress = "127.0.0.1:1" }, false, "peer_address:", ""},
		{"another host", func(c *node.Config) {
			_, port, _ := net.SplitHostPort(c.PeerAddress)
			c.InitialCluster[0].PeerAddress = "10.0.0.1:" + port
		}, false, "peer_address:", ""},
		{"two at one address", func(c *node.Config) {
			c.InitialCluster = append(c.InitialCluster, node.InitialMember{ID: "n2", PeerAddress: c.PeerAddress})
		}, false, "initial_cluster[1].peer_address:", "2 nodes survive no more failures than 1"},
		{"nobody to found with", func(c *node.Config) { c.InitialCluster = nil }, false, "initial_cluster: is empty", ""},
		{"empty, and not told what to do", func(*node.Config) {}, true, "join: is empty, and so is", ""},
		{"empty and joins", func(c *node.Config) { c.Join = []string{"10.0.0.9:7946"} }, true, "", ""},
		{"with data", func(c *node.Config) { c.DataDir = full }, true, "", ""},
		{"with data, and founding", func(c *node.Config) { c.DataDir = full }, false, "", "--found:"},
		{"another node's", func(c *node.Config) { c.DataDir, c.NodeID = full, "n2" }, true, "data_dir: data_dir", ""},
		{"without TLS", func(c *node.Config) { c.HTTPAddress = "0.0.0.0:0"; c.AdvertiseHost = "10.0.0.1" }, false, "http_address:", "tls_cert: there is none"},
		{"open peers", func(c *node.Config) { c.InsecurePeers = true }, false, "", "insecure_peers:"},
	} {
		cfg := good(t)
		c.change(&cfg)
		r := preflight.Check(t.Context(), cfg, !c.notFound)
		problems, warnings := strings.Join(r.Problems, "\n"), strings.Join(r.Warnings, "\n")
		if c.problem == "" && problems != "" || !strings.Contains(problems, c.problem) || !strings.Contains(warnings, c.warn) {
			t.Errorf("%s: problems %q, want %q; warnings %q, want %q", c.name, problems, c.problem, warnings, c.warn)
		}
		if strings.Contains(problems, "*") || strings.Contains(problems, "node.Config") {
			t.Errorf("%s: the words of Go: %s", c.name, problems)
		}
	}
}
