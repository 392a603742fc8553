package devcluster_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/devcluster"
)

// TestPlan shows where nodes listen and keep their data.
func TestPlan(t *testing.T) {
	dir := t.TempDir()
	nodes, err := devcluster.Plan(devcluster.Options{Nodes: 3, Data: dir, Host: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	want := devcluster.Node{
		ID: "n3", HTTP: "127.0.0.1:8083", FIX: "127.0.0.1:9883", Peer: "127.0.0.1:7083", Gossip: "127.0.0.1:7953",
		Config: filepath.Join(dir, "n3.yaml"), Log: filepath.Join(dir, "n3.log"), Data: filepath.Join(dir, "n3"),
	}
	if nodes[2] != want {
		t.Errorf("got %+v\nwant %+v", nodes[2], want)
	}
}

// TestPlanRefuses shows the bounds of a dev cluster: one to nine nodes, and
// never on a network, where its administrator needs no password.
func TestPlanRefuses(t *testing.T) {
	for _, o := range []devcluster.Options{
		{Nodes: 0, Host: "127.0.0.1"}, {Nodes: 10, Host: "127.0.0.1"},
		{Nodes: 3, Host: "0.0.0.0"}, {Nodes: 3, Host: "10.0.0.1"}, {Nodes: 3, Host: "localhost"},
	} {
		if _, err := devcluster.Plan(o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

// taken returns a planned node whose HTTP port is the server's and whose
// other ports are free.
func taken(t *testing.T, server *httptest.Server) devcluster.Node {
	t.Helper()
	return devcluster.Node{
		ID: "n1", HTTP: strings.TrimPrefix(server.URL, "http://"),
		FIX: freeAddress(t), Peer: freeAddress(t), Gossip: freeAddress(t),
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestPortConflict shows that a taken port is named, and by whom it is taken:
// another cluster with node and pid, or something else.
func TestPortConflict(t *testing.T) {
	var address string
	rialto := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"cluster_id":"rialto-dev","nodes":[{"id":"n2","pid":4711,"http_address":%q}]}`, address)
	}))
	defer rialto.Close()
	address = strings.TrimPrefix(rialto.URL, "http://")
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()

	for _, c := range []struct {
		node devcluster.Node
		want string
	}{
		{taken(t, rialto), `(HTTP, node n1) is taken by node n2 of the running cluster "rialto-dev" (pid 4711)`},
		{taken(t, other), "(HTTP, node n1) is taken by another program"},
	} {
		err := devcluster.CheckPorts(t.Context(), []devcluster.Node{c.node})
		if err == nil || !strings.Contains(err.Error(), c.node.HTTP+" "+c.want) || !strings.Contains(err.Error(), "--port-offset") {
			t.Errorf("error %v, want %q in it", err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), c.node.Peer) {
			t.Errorf("error %v names a free port", err)
		}
	}
}

// TestFIXPortConflict shows that a taken FIX port is named like any other.
func TestFIXPortConflict(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	n := devcluster.Node{ID: "n1", HTTP: freeAddress(t), FIX: l.Addr().String(), Peer: freeAddress(t), Gossip: freeAddress(t)}
	err = devcluster.CheckPorts(t.Context(), []devcluster.Node{n})
	if want := n.FIX + " (FIX, node n1) is taken"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q in it", err, want)
	}
}

// TestNothingStartsOverAnother shows that a cluster is not started over a
// taken port, nor over the data of a differently shaped one, and that nothing
// is left locked by the refusal.
func TestNothingStartsOverAnother(t *testing.T) {
	dir := t.TempDir()
	// No process is ever started: the program does not exist.
	o := devcluster.Options{Nodes: 1, Data: dir, Host: "127.0.0.1", PortOffset: offset(t), Executable: filepath.Join(dir, "no-such-program")}
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", devcluster.HTTPBase+o.PortOffset))
	if err != nil {
		t.Fatal(err)
	}
	start := func(want string) {
		t.Helper()
		_, err := devcluster.Start(t.Context(), o, func(string) {})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
	start("is taken")
	if _, err := os.Stat(filepath.Join(dir, "n1.yaml")); err == nil {
		t.Error("a configuration was written in spite of the taken port")
	}
	l.Close()
	start("no-such-program") // as far as it gets; the folder now belongs to one node
	o.Nodes = 2
	start("holds a cluster of 1 nodes")
	o.Fresh = true
	start("no-such-program")
}

// offset finds ports that no other test or cluster uses.
func offset(t *testing.T) int {
	t.Helper()
	for o := 20_000; o < 50_000; o += 10 {
		nodes, err := devcluster.Plan(devcluster.Options{Nodes: 2, Host: "127.0.0.1", PortOffset: o})
		if err != nil {
			t.Fatal(err)
		}
		if devcluster.CheckPorts(context.Background(), nodes) == nil {
			return o
		}
	}
	t.Fatal("no free ports")
	return 0
}

// TestOnlyANewClusterIsFounded shows that a new cluster is told to found
// itself until it has been ready once, and that nothing is told so later: a
// node that lost its folder must not found another.
func TestOnlyANewClusterIsFounded(t *testing.T) {
	dir := t.TempDir()
	calls := filepath.Join(dir, "calls")
	program := filepath.Join(dir, "rialto")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho \"$@\" >>"+calls+"\nexec sleep 60\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	o := devcluster.Options{Nodes: 1, Data: filepath.Join(dir, "data"), Host: "127.0.0.1", PortOffset: 21_000, Executable: program}
	start := func() (line, again string) {
		if err := os.RemoveAll(calls); err != nil {
			t.Fatal(err)
		}
		c, err := devcluster.Start(t.Context(), o, func(string) {})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Stop() //nolint:errcheck // the process is a sleep
		for ; line == ""; runtime.Gosched() {
			b, _ := os.ReadFile(calls)
			line = string(b)
		}
		return line, c.RestartCommand(c.Nodes[0])
	}
	for _, c := range []struct {
		name  string
		found bool
	}{{"new", true}, {"stopped before it was ready", true}, {"ready once", false}} {
		if !c.found {
			if err := os.Remove(filepath.Join(o.Data, "founding")); err != nil {
				t.Fatal(err)
			}
		}
		line, again := start()
		if strings.Contains(line, "--found") != c.found || strings.Contains(again, "--found") {
			t.Errorf("%s: started with %q, again with %q", c.name, line, again)
		}
	}
}

// TestNodesAreCertified shows that the nodes of a dev cluster prove themselves to
// each other by an authority and keys of the cluster's own, also where the folder
// is of a build whose nodes did without; that both stay; and that --fresh makes
// others.
func TestNodesAreCertified(t *testing.T) {
	dir := t.TempDir()
	o := devcluster.Options{Nodes: 1, Data: filepath.Join(dir, "data"), Host: "127.0.0.1", PortOffset: offset(t), Executable: filepath.Join(dir, "no-such-program")}
	begin := func() (authority, keys, config string) {
		t.Helper()
		if c, err := devcluster.Start(t.Context(), o, func(string) {}); err == nil {
			_ = c.Stop()
			t.Fatal("a program that is not there was started")
		}
		read := func(name string) string {
			b, err := os.ReadFile(filepath.Join(o.Data, name))
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
		return read("peers/ca.pem"), read("peers/gossip-keys"), read("n1.yaml")
	}
	authority, keys, config := begin()
	for _, want := range []string{"ca: ", "ca_key: ", "gossip_keyring: "} {
		if !strings.Contains(config, want) {
			t.Errorf("%q is not in\n%s", want, config)
		}
	}
	if strings.Contains(config, "insecure") {
		t.Errorf("it runs open:\n%s", config)
	}
	if a, k, _ := begin(); a != authority || k != keys {
		t.Error("a second start made others")
	}
	if err := os.RemoveAll(filepath.Join(o.Data, "peers")); err != nil { // as an earlier build left it
		t.Fatal(err)
	}
	if a, k, _ := begin(); a == authority || k == keys {
		t.Error("nothing was made for a folder that had none")
	}
	authority, keys, _ = begin()
	o.Fresh = true
	if a, k, _ := begin(); a == authority || k == keys {
		t.Error("--fresh keeps the secrets of the cluster before")
	}
}
