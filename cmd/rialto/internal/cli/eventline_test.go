package cli_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/cli"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// threeEvents are a page of the store.
const threeEvents = `{"sequence":3,"items":[
{"sequence":1,"type":"AccountOpened","at":"2026-05-23T10:00:00.000000000Z","aggregate_id":"alice","data":{"account":"alice"}},
{"sequence":2,"type":"OrderAccepted","at":"2026-05-23T10:00:01.000000000Z","aggregate_id":"O1","data":{"order":{"order_id":"O1","client_order_id":"mine-7"},"price":"60000.00"}},
{"sequence":3,"type":"OrderCancelled","at":"2026-05-23T10:00:02.000000000Z","aggregate_id":"O1","data":{"order_id":"O1","reason":"user"}}],"next":""}`

// TestEventsSearch shows that a search finds by a text, shows what is wanted of
// what it finds, and says how much it looked through.
func TestEventsSearch(t *testing.T) {
	n := newFakeNode(t, says(200, threeEvents))
	status, stdout, stderr := run(t, "events", "search", "mine-7", "--server", n.URL)
	if status != 0 || !strings.Contains(stdout, "order.client_order_id=mine-7 price=60000.00") || strings.Count(stdout, "\n") != 1 || !strings.Contains(stderr, "1 of 3 events") {
		t.Errorf("status %d: %q %q", status, stdout, stderr)
	}
	_, stdout, _ = run(t, "events", "search", "O1", "--fields", "sequence,data.reason", "--server", n.URL)
	if stdout != "2  -\n3  user\n" {
		t.Errorf("fields: %q", stdout)
	}
	_, stdout, _ = run(t, "events", "search", "-n", "1", "--fields", "sequence", "--output", "json", "--server", n.URL)
	if stdout != `{"sequence":"1"}`+"\n" {
		t.Errorf("as JSON: %q", stdout)
	}
	if strings.Contains(stdout, "map[") {
		t.Errorf("the words of Go: %q", stdout)
	}
}

// TestEventsFold shows that a line is cut to the width of a terminal, and whole
// in a pipe.
func TestEventsFold(t *testing.T) {
	n := newFakeNode(t, says(200, threeEvents))
	var out, errs bytes.Buffer
	sh := newShell(&out, &errs)
	sh.OutTerminal, sh.Width = true, 60
	cli.Run(t.Context(), sh, []string{"events", "search", "mine-7", "--server", n.URL})
	if line := strings.TrimSuffix(out.String(), "\n"); utf8.RuneCountInString(line) != 60 || !strings.HasSuffix(line, "…") {
		t.Errorf("%d columns: %q", utf8.RuneCountInString(line), line)
	}
}

// TestOrderByClientID shows that an order is found by the client's own id.
func TestOrderByClientID(t *testing.T) {
	var asked string
	n := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.String()
		_, _ = io.WriteString(w, `{"items":[{"order_id":"O1","client_order_id":"mine-7","account":"alice"}]}`)
	}))
	defer n.Close()
	status, stdout, stderr := run(t, "order", "show", "--account", "alice", "--client-id", "mine-7", "--server", n.URL)
	if status != 0 || !strings.Contains(stdout, "mine-7") || asked != "/v1/queries/accounts/alice/orders?client_order_id=mine-7" {
		t.Errorf("status %d, asked %s: %s%s", status, asked, stdout, stderr)
	}
	none := newFakeNode(t, says(200, `{"items":[]}`))
	if status, _, stderr := run(t, "order", "show", "--account", "alice", "--client-id", "x", "--server", none.URL); status != shell.ExitFailed || !strings.Contains(stderr, "no order with the client id x") {
		t.Errorf("status %d: %s", status, stderr)
	}
	if status, _, _ := run(t, "order", "show"); status != shell.ExitUsage {
		t.Errorf("without a name: status %d", status)
	}
}

// TestSupportBundle shows what a bundle holds: what each node says, who is dead,
// and no credentials.
func TestSupportBundle(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := l.Addr().String()
	l.Close()
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/admin/support/heap" {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"status":403,"code":"forbidden","detail":"for administrators"}`)
			return
		}
		_, _ = io.WriteString(w, `{"path":"`+r.URL.Path+`","cluster_id":"c","nodes":[{"id":"n1","http_address":"`+r.Host+`"},{"id":"n2","http_address":"`+dead+`"}],"findings":[]}`)
	}))
	defer node.Close()
	out := filepath.Join(t.TempDir(), "bundle.tar.gz")
	status, stdout, stderr := run(t, "support-bundle", "--out", out, "--server", node.URL, "--key", "k.sesame")
	if status != 0 || !strings.Contains(stdout, "1 nodes") || !strings.Contains(stderr, dead+" does not answer") {
		t.Fatalf("status %d: %q %q", status, stdout, stderr)
	}
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for archive := tar.NewReader(unpacked); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		files[h.Name] = string(text)
		if strings.Contains(string(text), "sesame") {
			t.Errorf("%s holds the key", h.Name)
		}
	}
	host := strings.TrimPrefix(node.URL, "http://")
	for _, want := range []string{"log.txt", "settings.json", "goroutines.txt", "processor.pprof"} {
		if !strings.Contains(files[host+"/"+want], "/v1/admin/support/") {
			t.Errorf("%s is %q", want, files[host+"/"+want])
		}
	}
	if !strings.Contains(files["bundle.json"], "heap.pprof: ") || !strings.Contains(stderr, "missing: "+host+"/heap.pprof: ") {
		t.Errorf("what is missing is not named: %s %s", files["bundle.json"], stderr)
	}
	if files[host+"/metrics.txt"] == "" || files[host+"/cluster.json"] == "" || !strings.Contains(files["bundle.json"], dead) {
		t.Errorf("files %v", files)
	}
	if status, _, _ := run(t, "support-bundle", "--out", out, "--server", node.URL); status != shell.ExitFailed {
		t.Errorf("written over: status %d", status)
	}
}

// TestSupportBundleKeepsTheKey shows to whom a bundle shows the administrator's
// key: to the servers that were named, and to a node that they name only if it
// proves by TLS that the given authority knows it. Any other is asked without the
// key, for what takes none, and is named.
func TestSupportBundleKeepsTheKey(t *testing.T) {
	var keys, asked sync.Map // by host
	handler := func(others func() []string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			asked.Store(r.Host+r.URL.Path, true)
			if r.Header.Get("Authorization") != "" {
				keys.Store(r.Host, true)
			}
			twin := client.Twin{ClusterID: "c"}
			for _, o := range others() {
				twin.Nodes = append(twin.Nodes, client.TwinNode{ID: "n", HTTPAddress: o})
			}
			_ = json.NewEncoder(w).Encode(twin)
		}
	}
	none := func() []string { return nil }
	plain, member := httptest.NewServer(handler(none)), httptest.NewTLSServer(handler(none))
	defer plain.Close()
	defer member.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: member.Certificate().Raw})
	if err := os.WriteFile(ca, text, 0o600); err != nil {
		t.Fatal(err)
	}
	var named []string
	first := httptest.NewServer(handler(func() []string { return named }))
	defer first.Close()
	host := func(url string) string { return url[strings.Index(url, "//")+2:] }
	for _, c := range []struct {
		what   string
		flags  []string
		others []string // that the first server names
		shown  []string
	}{
		{"one named", []string{"--server", first.URL}, []string{host(plain.URL)}, []string{first.URL}},
		{"two named", []string{"--server", first.URL + "," + plain.URL}, []string{host(plain.URL)}, []string{first.URL, plain.URL}},
		{"an authority", []string{"--server", first.URL, "--ca", ca}, []string{host(plain.URL), member.URL}, []string{first.URL, member.URL}},
	} {
		named = c.others
		keys.Clear()
		asked.Clear()
		out := filepath.Join(t.TempDir(), "bundle.tar.gz")
		status, stdout, stderr := run(t, append([]string{"support-bundle", "--out", out, "--key", "k.sesame"}, c.flags...)...)
		if status != 0 {
			t.Fatalf("%s: status %d: %q %q", c.what, status, stdout, stderr)
		}
		for _, server := range []string{first.URL, plain.URL, member.URL} {
			_, shown := keys.Load(host(server))
			if want := slices.Contains(c.shown, server); shown != want {
				t.Errorf("%s: the key was shown to %s: %v, want %v", c.what, server, shown, want)
			}
			if shown {
				continue
			}
			if _, log := asked.Load(host(server) + "/v1/admin/support/log"); log {
				t.Errorf("%s: %s was asked for its log without a key", c.what, server)
			}
			if server == plain.URL && !strings.Contains(stderr, "--server "+server) {
				t.Errorf("%s: nothing is said of %s: %s", c.what, server, stderr)
			}
			if _, health := asked.Load(host(server) + "/healthz"); server == plain.URL && !health {
				t.Errorf("%s: %s was not asked for its health", c.what, server)
			}
		}
	}
}

// TestVersionFlag shows that the version is asked for in the usual way too.
func TestVersionFlag(t *testing.T) {
	status, stdout, _ := run(t, "--version")
	if status != 0 || !strings.HasPrefix(stdout, "rialto test ") {
		t.Errorf("status %d: %q", status, stdout)
	}
}
