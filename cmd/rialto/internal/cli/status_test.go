package cli_test

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/cli"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// threeNodes is a cluster with a reader, of which one voter is dead.
const threeNodes = `{"cluster_id":"venue","leader":"node-frankfurt-1","quorum":{"voters":3,"healthy":2,"needed":2,"may_fail":0},"nodes":[
{"id":"node-frankfurt-1","role":"leader","state":"alive","pid":1234567,"http_address":"http://10.100.100.101:18080","applied_index":123456789,"disk_free_bytes":123456789012,"read_models":[{"name":"orders","state":"live"}]},
{"id":"node-frankfurt-2","role":"follower","state":"alive","pid":1234568,"http_address":"http://10.100.100.102:18080","applied_index":123456780,"disk_free_bytes":123456789012,"read_models":[{"name":"commandindex","state":"catching_up"}]},
{"id":"node-frankfurt-3","role":"follower","state":"dead","pid":1234569,"http_address":"http://10.100.100.103:18080","applied_index":3},
{"id":"node-frankfurt-4","role":"reader","reader":true,"state":"alive","pid":1234570,"http_address":"http://10.100.100.104:18080","applied_index":123456789}],
"findings":[
{"code":"node_dead","severity":"critical","node":"node-frankfurt-3","since":"2026-05-23T10:00:00.123456789Z","text":"node node-frankfurt-3 is dead","next_step":"start the node again; if its disk is lost, remove it and let an empty one join"},
{"code":"insecure_peers","severity":"note","since":"2026-05-23T09:00:00.000000000Z","text":"the nodes do not check who they talk to","next_step":"nothing"}]}`

// TestStatusFits shows that the status of a cluster with long names is 80
// columns wide, says who votes and how many more may fail, and what to do.
func TestStatusFits(t *testing.T) {
	n := newFakeNode(t, says(200, threeNodes))
	status, stdout, stderr := run(t, "status", "--server", n.URL)
	if status != shell.ExitFailed || stderr != "" {
		t.Fatalf("status %d, said %q", status, stderr)
	}
	for line := range strings.Lines(stdout) {
		if width := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); width > 80 {
			t.Errorf("%d columns: %s", width, line)
		}
	}
	for _, want := range []string{
		"node-frankfurt-1 leads, 2 of 3 voters are well, none may fail",
		"critical node_dead, since 2026-05-23T10:00:00Z", "next: start the node again", "note insecure_peers", "rialto explain node_dead",
	} {
		if !strings.Contains(strings.Join(strings.Fields(stdout), " "), want) {
			t.Errorf("the status does not say %q:\n%s", want, stdout)
		}
	}
	_, wide, _ := run(t, "status", "--wide", "--server", n.URL)
	if !strings.Contains(wide, "STATE HASH") || !strings.Contains(wide, "10.100.100.103:18080") {
		t.Errorf("--wide shows less than all:\n%s", wide)
	}
}

// TestSpareVoters shows how many more may fail.
func TestSpareVoters(t *testing.T) {
	for quorum, want := range map[string]string{
		`"voters":1,"healthy":1,"needed":1,"may_fail":0`: "1 of 1 voters are well, none may fail",
		`"voters":3,"healthy":3,"needed":2,"may_fail":1`: "3 of 3 voters are well, 1 more may fail",
		`"voters":3,"healthy":1,"needed":2,"may_fail":0`: "1 of 3 voters are well, 1 too few to go on",
		`"voters":0`: "nobody votes",
	} {
		n := newFakeNode(t, says(200, `{"cluster_id":"c","leader":"n1","findings":[],"nodes":[{"id":"n1","role":"reader"}],"quorum":{`+quorum+`}}`))
		if _, stdout, _ := run(t, "status", "--server", n.URL); !strings.Contains(stdout, want) || !strings.Contains(stdout, "standby") {
			t.Errorf("%s: want %q in\n%s", quorum, want, stdout)
		}
	}
}

// TestExplain shows that every code that a status shows has a page, and that
// another code is a usage error that lists them.
func TestExplain(t *testing.T) {
	status, stdout, _ := run(t, "explain", "node_dead")
	if status != 0 || !strings.Contains(stdout, "What to do") {
		t.Errorf("status %d: %s", status, stdout)
	}
	if status, _, stderr := run(t, "explain", "node_dad"); status != shell.ExitUsage || !strings.Contains(stderr, "node_dead") {
		t.Errorf("status %d: %s", status, stderr)
	}
	if _, stdout, _ := run(t, "explain"); strings.Count(stdout, "\n") < 20 {
		t.Errorf("the list is short:\n%s", stdout)
	}
}

// unreachable returns URLs at which nothing listens.
func unreachable(t *testing.T, count int) string {
	t.Helper()
	var urls []string
	for range count {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		urls = append(urls, "http://"+l.Addr().String())
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return strings.Join(urls, ",")
}

// TestDeadCluster shows that a cluster that is not there is said at once, with
// what to try, by what reads and what writes; nothing is unknown then.
func TestDeadCluster(t *testing.T) {
	servers := unreachable(t, 3)
	for _, line := range []string{"status", "order place alice buy 1 BTC-USD", "book BTC-USD", "events tail"} {
		start := time.Now()
		status, _, stderr := run(t, append(strings.Fields(line), "--server", servers)...)
		if took := time.Since(start); status != shell.ExitFailed || took > 3*time.Second {
			t.Errorf("rialto %s: status %d after %v", line, status, took)
		}
		// Whoever names servers has a cluster, and is not told how to start one.
		if !strings.Contains(stderr, "Do its nodes run") || strings.Contains(stderr, "rialto dev") || strings.Contains(stderr, "unknown") {
			t.Errorf("rialto %s: said %q", line, stderr)
		}
	}
}

// TestErrorsAsJSON shows that with --output json every error is one line of
// JSON, with a code that programs can tell apart.
func TestErrorsAsJSON(t *testing.T) {
	refuses := newFakeNode(t, says(422, `{"code":"insufficient_funds","detail":"[funds] short"}`))
	strange := newFakeNode(t, says(401, `{"code":"unauthenticated","detail":"no key"}`))
	missing := filepath.Join(t.TempDir(), "missing")
	for _, c := range []struct {
		line, code string
		exit       int
	}{
		{"order place alice buy 1 BTC-USD --server " + refuses.URL, "insufficient_funds", 1},
		{"status --server " + strange.URL, "unauthenticated", 1},
		{"status --server " + unreachable(t, 1), "unreachable", 1},
		{"order place alice up 1 BTC-USD", "usage", 2},
		{"status --wtach", "usage", 2},
		{"apply -f " + missing, "failed", 1},
	} {
		status, _, stderr := run(t, append(strings.Fields(c.line), "--output", "json")...)
		var got struct {
			Error struct {
				Code, Message string
				ExitStatus    int `json:"exit_status"`
			}
		}
		if err := json.Unmarshal([]byte(stderr), &got); err != nil || got.Error.Code != c.code || status != c.exit || got.Error.ExitStatus != c.exit || got.Error.Message == "" {
			t.Errorf("rialto %s: status %d, %v: %s", c.line, status, err, stderr)
		}
	}
	if _, _, stderr := run(t, "status", "--server", strange.URL); !strings.Contains(stderr, "--key") {
		t.Errorf("without a key: %s", stderr)
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("something was written")
	}
}

// TestWatchInPlace shows that on a terminal a watch is drawn over what it drew,
// and that nothing is cleared that it did not draw.
func TestWatchInPlace(t *testing.T) {
	looks := 0
	n := newFakeNode(t, says(200, `{"instrument":"BTC-USD","sequence":7,"bids":[["99.00","2",1]],"asks":[["101.50","1",1]]}`))
	var out watched
	out.enough = func() bool { looks++; return looks == 2 }
	var stderr bytes.Buffer
	sh := newShell(&out, &stderr)
	sh.OutTerminal = true
	ctx, cancel := contextWithCancel(t)
	out.end = cancel
	if status := cli.Run(ctx, sh, []string{"book", "BTC-USD", "--watch", "--server", n.URL}); status != 0 {
		t.Errorf("status %d: %s", status, stderr.String())
	}
	text := out.text.String()
	for _, want := range []string{"\x1b[5A", "spread 2.50", "ask  101.50", "bid  99.00"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %q", want, text)
		}
	}
	if strings.Contains(text, "\x1b[2J") || strings.Contains(text, "\x1b[H") {
		t.Errorf("the screen is cleared: %q", text)
	}
}

// TestWatchOrThen shows that what was then can't be watched.
func TestWatchOrThen(t *testing.T) {
	for _, line := range []string{"book BTC-USD", "order list alice", "order show O1", "account balances alice", "instrument list", "limits show venue"} {
		status, _, stderr := run(t, append(strings.Fields(line), "--as-of", "7", "--watch")...)
		if status != shell.ExitUsage || !strings.Contains(stderr, "give one of them") {
			t.Errorf("rialto %s: status %d, said %q", line, status, stderr)
		}
	}
}
