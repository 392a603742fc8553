package node_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster/credentials"
	"github.com/rialto-exchange/rialto/cluster/credentials/credtest"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/node"
	"github.com/rialto-exchange/rialto/node/world"
)

// findsOfAll reports whether every node shows a finding of a code about each node.
func (c *trio) findsOfAll(code string) bool {
	for _, n := range c.nodes {
		about := map[string]bool{}
		for _, f := range n.Operations().Twin().Findings {
			if f.Code == code {
				about[f.Node] = true
			}
		}
		if len(about) != len(c.nodes) {
			return false
		}
	}
	return true
}

// pays has every node take a deposit, and all of them show the sum.
func (c *trio) pays(sum *int64) {
	c.t.Helper()
	for i := range c.nodes {
		c.until("the node takes commands", func() bool { return c.nodes[i].Operations().Ready() == nil })
		out := c.fund(i, "alice", "1")
		*sum += 1_000_000
		if got := c.total(i, "alice", out.Sequence); int64(got) != *sum {
			c.t.Errorf("node %d shows %d, not %d", i+1, got, *sum)
		}
	}
}

// TestFromOpenToCertified shows a venue whose ports between nodes are open get
// certificates and encrypted gossip by rolling restarts: it takes commands at
// every node after each, says for as long as it is open that it is, and at the
// end takes nobody who is not certified.
func TestFromOpenToCertified(t *testing.T) {
	t.Parallel()
	a := credtest.New(t, "test")
	keys := filepath.Join(t.TempDir(), "gossip-keys")
	if _, err := credentials.KeyringFile(world.System().Files, keys); err != nil {
		t.Fatal(err)
	}
	c := newTrio(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.do(0, &command.OpenAccount{Account: "alice"})
	var sum int64
	c.pays(&sum)
	if !c.findsOfAll("insecure_peers") {
		t.Error("nobody says that the ports are open")
	}
	for _, step := range []struct {
		name   string
		change func(*node.Config)
	}{
		{"keys of gossip", func(cfg *node.Config) { cfg.GossipKeyring = keys }},
		{"certificates", func(cfg *node.Config) {
			cfg.PeerTLS.CA = a.Certificate()
			if _, _, err := node.Enrol(*cfg, a.Authority, credentials.DefaultLife); err != nil {
				t.Fatal(err)
			}
		}},
		{"closed", func(cfg *node.Config) { cfg.InsecurePeers = false }},
	} {
		for i := range c.configs {
			step.change(&c.configs[i])
			c.stop(i)
			c.start(i)
			c.pays(&sum)
		}
		c.until(step.name+": all hear of all", func() bool {
			for at := range c.nodes {
				for _, cfg := range c.configs {
					if _, state := c.look(at, cfg.NodeID); state != "alive" {
						return false
					}
				}
			}
			return true
		})
		if open := c.findsOfAll("insecure_peers"); open != (step.name != "closed") {
			t.Errorf("%s: all say that the ports are open: %v", step.name, open)
		}
	}
	u := uninvited{name: "plain", says: c.own(1)}
	m := u.port(t)
	for _, at := range c.configs {
		for _, try := range attempts() {
			if try.do(t, u, m, at) == nil {
				t.Errorf("%s was let", try.name)
			}
		}
	}
}

// TestRotationWhileRunning shows certificates, the authority and the key of
// gossip changed under three nodes that run: none is restarted, the venue takes
// commands all the time, what does not hold together is a finding and changes
// nothing, and at the end the old authority's certificates open nothing.
func TestRotationWhileRunning(t *testing.T) {
	t.Parallel()
	old, next := credtest.New(t, "test"), credtest.New(t, "test")
	authorities := filepath.Join(t.TempDir(), "ca.pem")
	write := func(path string, b []byte) {
		t.Helper()
		if err := credentials.Replace(world.System().Files, path, b); err != nil {
			t.Fatal(err)
		}
	}
	write(authorities, old.PEM())
	shut := closed(t, old)
	var keys string
	c := newTrioOf(t, func(cfg *node.Config) {
		shut(cfg)
		keys = cfg.GossipKeyring
		cfg.PeerTLS = node.PeerTLSConfig{CA: authorities}
		if _, _, err := node.Enrol(*cfg, old.Authority, credentials.DefaultLife); err != nil {
			t.Fatal(err)
		}
	}, func(int) []node.Option { return []node.Option{node.WithCredentialsEvery(50 * time.Millisecond)} })
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.do(0, &command.OpenAccount{Account: "alice"})
	var sum int64
	stolen := c.own(2) // of the old authority: good until that one is off the list
	shows := showing(t, old.Enrol(t, old.Name(stolen.Node, stolen.Incarnation), time.Now(), time.Hour))

	file := filepath.Join(c.configs[0].DataDir, "tls", "node.pem")
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(filepath.Join(c.configs[1].DataDir, "tls", "node.pem"))
	if err != nil {
		t.Fatal(err)
	}
	write(file, other)
	c.until("another node's certificate is a finding", func() bool { return c.findsAbout("n1", "credentials_unread") })
	c.pays(&sum)
	write(file, good)
	c.until("the finding is gone", func() bool { return !c.findsAbout("n1", "credentials_unread") })

	write(authorities, append(old.PEM(), next.PEM()...))
	for i, cfg := range c.configs {
		c.until("the next authority is known", func() bool { return c.presents(i, old, next) })
		if _, _, err := node.Enrol(cfg, next.Authority, credentials.DefaultLife); err != nil {
			t.Fatal(err)
		}
		c.until("the next authority's certificate is shown", func() bool { return c.presents(i, next) })
		c.pays(&sum)
	}
	write(authorities, next.PEM())
	c.until("the old authority opens nothing", func() bool {
		u := uninvited{name: "old", shows: shows, says: stolen}
		for _, at := range c.configs {
			if call("clock", "").do(t, u, u.port(t), at) == nil {
				return false
			}
		}
		return true
	})
	c.pays(&sum)

	ring, err := credentials.ReadKeyring(world.System().Files, keys)
	if err != nil {
		t.Fatal(err)
	}
	was, key := ring[0], credentials.NewGossipKey()
	for step, change := range []func() (credentials.Keyring, error){
		func() (credentials.Keyring, error) { return ring.Add(key) },
		func() (credentials.Keyring, error) { return ring.Use(key) },
		func() (credentials.Keyring, error) { return ring.Remove(was) },
	} {
		if ring, err = change(); err == nil {
			err = ring.Write(world.System().Files, keys)
		}
		if err != nil {
			t.Fatal(err)
		}
		c.until("every node has taken the keys up", func() bool {
			return strings.Count(c.logged.String(), "other keys of gossip are in force") == (step+1)*len(c.nodes)
		})
		c.pays(&sum)
	}
	for i := range c.nodes {
		for _, cfg := range c.configs {
			c.until("all hear of all", func() bool { _, state := c.look(i, cfg.NodeID); return state == "alive" })
		}
	}
}

// findsAbout reports whether a node's picture has a finding about one.
func (c *trio) findsAbout(id, code string) bool {
	for _, f := range c.nodes[0].Operations().Twin().Findings {
		if f.Code == code && f.Node == id {
			return true
		}
	}
	return false
}

// presents reports whether a node shows a certificate of one of these
// authorities, as it is asked by somebody whom it does not let in.
func (c *trio) presents(i int, authorities ...*credtest.Authority) bool {
	roots := x509.NewCertPool()
	for _, a := range authorities {
		roots.AppendCertsFromPEM(bytes.Clone(a.PEM()))
	}
	raw, err := net.Dial("tcp", c.configs[i].PeerAddress)
	if err != nil {
		return false
	}
	defer raw.Close()
	_ = raw.SetDeadline(time.Now().Add(5 * time.Second))
	conn := tls.Client(raw, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13})
	if conn.Handshake() != nil {
		return false
	}
	_, err = conn.ConnectionState().PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	return err == nil
}
