package cli_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/cli"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// person runs command lines with variables and a home folder of his own.
type person struct {
	t    *testing.T
	home string
	env  map[string]string
}

func (p *person) run(line string) (status int, stdout, stderr string) {
	p.t.Helper()
	var out, errs bytes.Buffer
	sh := newShell(&out, &errs)
	sh.Env = func(name string) (string, bool) {
		if name == "HOME" {
			return p.home, true
		}
		v, ok := p.env[name]
		return v, ok
	}
	status = cli.Run(p.t.Context(), sh, strings.Fields(line))
	return status, out.String(), errs.String()
}

// named is a node that answers everything and remembers who asked.
func named(t *testing.T, key *string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*key = r.Header.Get("Authorization")
		_, _ = w.Write([]byte(`{"command_id":"c","status":"accepted","aggregate_id":"a","sequence":7,"items":[]}`))
	}))
	t.Cleanup(s.Close)
	return s
}

// TestContexts shows that a flag goes before a variable and a variable before
// the context in use, that adding a context does not switch to it, that what
// writes names it, and that no key is kept.
func TestContexts(t *testing.T) {
	var byFlag, byVariable, byContext string
	flag, variable, context := named(t, &byFlag), named(t, &byVariable), named(t, &byContext)
	p := &person{t: t, home: t.TempDir(), env: map[string]string{}}
	keyFile := filepath.Join(p.home, "key")
	if err := os.WriteFile(keyFile, []byte("k.secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := p.run("context add prod --server " + context.URL + " --key-file " + keyFile); status != 0 || !strings.Contains(stderr, "rialto context use prod") {
		t.Fatalf("status %d: %s", status, stderr)
	}
	if status, _, stderr := p.run("account open a --timeout 100ms"); status == 0 || byContext != "" {
		t.Fatalf("a context that was only added is used: %s", stderr)
	}
	p.run("context use prod")
	status, _, stderr := p.run("account open a")
	if status != 0 || byContext != "Bearer k.secret" || !strings.Contains(stderr, "context prod: "+context.URL) {
		t.Errorf("status %d, key %q, said %q", status, byContext, stderr)
	}
	if _, _, stderr := p.run("account list"); stderr != "" {
		t.Errorf("what reads said %q", stderr)
	}
	p.env["RIALTO_SERVER"], p.env["RIALTO_KEY"] = variable.URL, "v.variable"
	if _, _, stderr := p.run("account open a"); byVariable != "Bearer v.variable" || stderr != "" {
		t.Errorf("with variables: key %q, said %q", byVariable, stderr)
	}
	if p.run("account open a --server " + flag.URL + " --key f.flag"); byFlag != "Bearer f.flag" {
		t.Errorf("with flags: key %q", byFlag)
	}
	if _, stdout, _ := p.run("context list"); !strings.Contains(stdout, "*  prod") || strings.Contains(stdout, "secret") {
		t.Errorf("the list:\n%s", stdout)
	}
	text, err := os.ReadFile(filepath.Join(p.home, ".config", "rialto", "contexts.yaml"))
	if err != nil || strings.Contains(string(text), "secret") {
		t.Errorf("the file: %v\n%s", err, text)
	}
	for _, line := range []string{"context use gone", "context add x --server nonsense", "status --context gone", "status --key a.b --key-file " + keyFile, "status --key-file gone"} {
		if status, _, stderr := p.run(line); status != shell.ExitUsage {
			t.Errorf("rialto %s: status %d: %s", line, status, stderr)
		}
	}
}

// TestKeyCommands shows what the venue is sent, that a secret that is made is
// printed once, and that one that is given never leaves but as its hash.
func TestKeyCommands(t *testing.T) {
	n := newFakeNode(t, says(200, `{"command_id":"c","status":"accepted","aggregate_id":"venue:participant:bank","sequence":7}`))
	status, stdout, _ := run(t, "key", "create", "bank", "k1", "--role", "trader", "--server", n.URL)
	path, body := n.last()
	secret, ok := strings.CutPrefix(strings.TrimSpace(stdout), "k1.")
	if status != 0 || !ok || len(secret) < 40 || path != "POST /v1/commands/keys/create" || strings.Contains(body, secret) {
		t.Errorf("status %d, printed %q, sent %s %s", status, stdout, path, body)
	}
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, stdout, _ = run(t, "key", "create", "bank", "k1", "--role", "read", "--secret-file", file, "--server", n.URL)
	if _, body := n.last(); strings.Contains(body, "sesame") || !strings.Contains(body, `"role":"read"`) || strings.Contains(stdout, "sesame") {
		t.Errorf("printed %q, sent %s", stdout, body)
	}
	run(t, "key", "revoke", "bank", "k1", "--server", n.URL)
	if path, body := n.last(); path != "POST /v1/commands/keys/revoke" || !strings.Contains(body, `"key_id":"k1"`) {
		t.Errorf("sent %s %s", path, body)
	}
	if status, _, _ := run(t, "key", "create", "bank", "k1", "--role", "king", "--server", n.URL); status != shell.ExitUsage {
		t.Errorf("status %d", status)
	}
}

// TestEventTypesAreKnown shows that the types that complete are the machine's.
func TestEventTypesAreKnown(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "fsm", "event", "event.go"))
	if err != nil {
		t.Fatal(err)
	}
	_, stdout, _ := run(t, "__complete", "events", "tail", "--type", "")
	for _, m := range regexp.MustCompile(`Type = "(\w+)"`).FindAllSubmatch(text, -1) {
		if !strings.Contains("\n"+stdout, "\n"+string(m[1])+"\n") {
			t.Errorf("%s does not complete", m[1])
		}
	}
}

// TestCompletion shows that names are the venue's, words are the program's, and
// a venue that is away costs nothing.
func TestCompletion(t *testing.T) {
	n := newFakeNode(t, says(200, `{"cluster_id":"c","nodes":[{"id":"n1"},{"id":"n2","read_models":[{"name":"orders"}]}],"items":[{"instrument":"BTC-USD","account":"alice","owner":"ann","comp_id":"T1"}]}`))
	for line, want := range map[string]string{
		"book":                        "BTC-USD",
		"account balance":             "alice",
		"order place alice":           "sell",
		"order place alice buy 1":     "BTC-USD",
		"instrument phase BTC-USD":    "post_only",
		"node remove":                 "n2",
		"order place alice buy --tif": "fok",
		"explain":                     "node_dead",
		"transfer-leader":             "n1",
		"readmodel rebuild":           "orders",
		"fix logout":                  "T1",
		"limits show":                 "instrument",
		"limits show owner":           "ann",
		"limits set account alice":    "max_position=",
		"status --output":             "json",
		"events tail --type":          "TradeExecuted",
		"events search --fields":      "aggregate_id",
		"bench failover --how":        "hang",
		"serve --role":                "reader",
		"key create p k --role":       "audit",
		"fix send":                    "NewOrderSingle",
		"fix send X --as":             "T1",
		"order cancel --account":      "alice",
	} {
		args := append([]string{"__complete"}, strings.Fields(line)...)
		if line != "explain" && !strings.HasPrefix(line, "serve") && !strings.HasPrefix(line, "bench failover") {
			args = append(args[:2], append([]string{"--server=" + n.URL}, args[2:]...)...)
		}
		_, stdout, stderr := run(t, append(args, "")...)
		if !strings.Contains("\n"+stdout, "\n"+want+"\n") {
			t.Errorf("rialto %s <tab>: %q %q, want %q", line, stdout, stderr, want)
		}
	}
	if status, stdout, _ := run(t, "__complete", "book", "--server="+unreachable(t, 1), ""); status != 0 || strings.Contains(stdout, "BTC") {
		t.Errorf("status %d: %q", status, stdout)
	}
}
