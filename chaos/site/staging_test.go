package site_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/site"
)

// node is a node of somebody else's cluster, as far as a site asks it.
func node(t *testing.T, id, key string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("Authorization") != "Bearer "+key && req.URL.Path != "/readyz" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Rialto-Node", id)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestStagingCluster shows that a cluster that somebody else runs is driven by
// the operator's commands, that nodes are known by the ids they give, and that
// what no command was given for is refused.
func TestStagingCluster(t *testing.T) {
	said := filepath.Join(t.TempDir(), "said")
	s, err := site.Open(t.Context(), site.Options{Staging: &site.Staging{
		URLs: []string{node(t, "lon", "k.s"), node(t, "ams", "k.s") + "/"}, Key: "k.s",
		KillCmd: "echo kill {node} {number} >> " + said, StartCmd: "echo start {node} {url} >> " + said, PauseCmd: "exit 3",
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.Can().String(), "kill"; got != want {
		t.Errorf("can %q, want %q", got, want)
	}
	n := s.Node(1)
	if n.ID != "ams" || n.PID() != 0 || n.Data() != "" || n.Disk() != nil {
		t.Errorf("got %+v, pid %d, data %q, disk %v", n, n.PID(), n.Data(), n.Disk())
	}
	if err := n.Kill(t.Context()); err != nil || n.Running() {
		t.Errorf("killed: %v, running %v", err, n.Running())
	}
	if err := n.Start(t.Context()); err != nil || !n.Running() {
		t.Errorf("started: %v, running %v", err, n.Running())
	}
	if err := n.Pause(t.Context()); !errors.Is(err, site.ErrAgent) {
		t.Errorf("a command that fails: %v, want %v", err, site.ErrAgent)
	}
	if err := n.Resume(t.Context()); !errors.Is(err, site.ErrUnable) {
		t.Errorf("without a command: %v, want %v", err, site.ErrUnable)
	}
	if err := n.Wipe(); !errors.Is(err, site.ErrUnable) {
		t.Errorf("wiped: %v, want %v", err, site.ErrUnable)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	got, err := os.ReadFile(said)
	if err != nil {
		t.Fatal(err)
	}
	if want := "kill ams 2\nstart ams " + strings.TrimSuffix(n.URL(), "/") + "\n"; string(got) != want {
		t.Errorf("commands %q, want %q", got, want)
	}
}

// TestStagingNeeds shows that a scenario that needs more than the commands
// allow, and a wrong key, are refused at the door.
func TestStagingNeeds(t *testing.T) {
	for _, c := range []struct {
		name, key string
		needs     site.Can
		want      string
	}{
		{"needs to pause", "k.s", site.Kill | site.Pause, "pause"},
		{"wrong key", "k.x", 0, "401"},
	} {
		_, err := site.Open(t.Context(), site.Options{Needs: c.needs, Staging: &site.Staging{
			URLs: []string{node(t, "lon", "k.s")}, Key: c.key, KillCmd: "true", StartCmd: "true",
		}})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", c.name, err, c.want)
		}
	}
}

// TestStagingKeyStaysWithItsNodes shows that the administrator's key of a staging
// cluster goes to the nodes that were named and to nobody else: a node, or who
// has taken its place, that sends the client on to another host learns nothing by
// it but what it was told itself.
func TestStagingKeyStaysWithItsNodes(t *testing.T) {
	var shown atomic.Value
	stranger := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		shown.Store(req.Header.Get("Authorization"))
		w.Header().Set("Rialto-Node", "ams")
	}))
	defer stranger.Close()
	sends := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		http.Redirect(w, req, stranger.URL+req.URL.Path, http.StatusTemporaryRedirect)
	}))
	defer sends.Close()
	_, err := site.Open(t.Context(), site.Options{Staging: &site.Staging{URLs: []string{sends.URL}, Key: "k.s"}})
	if err == nil || !strings.Contains(err.Error(), stranger.URL) {
		t.Errorf("sent on to %s: %v", stranger.URL, err)
	}
	if key := shown.Load(); key != nil {
		t.Errorf("a stranger was asked, and shown %q", key)
	}
}
