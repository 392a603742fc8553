package cli_test

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/cli"
)

// maxFailoverLines is how much of its log a node gives to a failover.
const maxFailoverLines = 6

// TestLogTellsAStory shows what the logs of three processes say: the version and
// the settings, that they listen, who leads and why, that they are ready; and when
// the leader is killed at most six lines a node, with who leads now, why, and who is
// gone. Every line says a fact once.
func TestLogTellsAStory(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	t.Setenv(asProgram, "1")
	var out screen
	ctx, interrupt := context.WithCancel(t.Context())
	data := t.TempDir()
	done := make(chan int, 1)
	go func() {
		done <- cli.Run(ctx, newShell(&out, &out), []string{"dev", "--data", data, "--port-offset", strconv.Itoa(freeOffset(t))})
	}()
	defer func() { interrupt(); <-done }()
	log := func(node string) string {
		text, err := os.ReadFile(data + "/" + node + ".log")
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	eventually(t, "the greeting", time.Minute, func() bool { return strings.Contains(out.String(), "Ctrl-C stops everything") })
	begun := map[string]string{}
	for _, node := range []string{"n1", "n2", "n3"} {
		eventually(t, "the log of "+node+" says that it is ready", time.Minute, func() bool {
			return regexp.MustCompile(`msg=ready`).MatchString(log(node)) && strings.Contains(log(node), " leads\" ") && strings.Count(log(node), " is there\"") == 2
		})
		for _, want := range []string{"msg=starting", "version=test", "settings=", "msg=listening", "cause=first"} {
			if !strings.Contains(log(node), want) {
				t.Errorf("the log of %s does not say %s:\n%s", node, want, log(node))
			}
		}
		begun[node] = log(node)
	}

	status, stdout, stderr := run(t, "kill-leader", "--data", data)
	said := regexp.MustCompile(`killed (n\d) (?s:.*)(n\d) leads, as the others say`).FindStringSubmatch(stdout)
	if status != 0 || said == nil {
		t.Fatalf("kill-leader: status %d, %q %q", status, stdout, stderr)
	}
	for _, node := range []string{"n1", "n2", "n3"} {
		if node == said[1] {
			continue
		}
		eventually(t, "the log of "+node+" tells of the failover", time.Minute, func() bool {
			return strings.Contains(log(node), `"`+said[1]+` is gone`)
		})
		story := strings.TrimPrefix(log(node), begun[node])
		t.Logf("%s:\n%s", node, story)
		if lines := strings.Count(story, "\n"); lines > maxFailoverLines {
			t.Errorf("the failover has %d lines in the log of %s, want at most %d:\n%s", lines, node, maxFailoverLines, story)
		}
		if !regexp.MustCompile(`msg="` + said[2] + ` leads" node=` + node + ` term=\d+ cause=died before=` + said[1] + ` gap=`).MatchString(story) {
			t.Errorf("the log of %s does not say who leads and why:\n%s", node, story)
		}
	}
	bundled(t, data, said[1], regexp.MustCompile(`RIALTO_SERVER=(\S+)`).FindStringSubmatch(out.String())[1])
	status, stdout, stderr = run(t, "kill-leader", "--data", data)
	if status != 1 || !strings.Contains(stderr, "the venue stands still: cluster rialto-dev: nobody leads, 1 of 3 voters are well, 1 too few to go on; start it again with") {
		t.Errorf("kill-leader of the second: status %d, %q %q", status, stdout, stderr)
	}
	for _, node := range []string{"n1", "n2", "n3"} {
		for line := range strings.Lines(log(node)) {
			saysOnce(t, line)
		}
	}
}

// bundled takes a support bundle of a cluster with a dead node and looks at what of
// the nodes' logs, settings and profiles is in it.
func bundled(t *testing.T, data, dead, servers string) {
	t.Helper()
	file := data + "/bundle.tar.gz"
	status, stdout, stderr := run(t, "support-bundle", "--out", file, "--server", servers)
	if status != 0 || !strings.Contains(stdout, "2 nodes") || !strings.Contains(stderr, "does not answer") {
		t.Errorf("support-bundle with %s dead: status %d, %q %q", dead, status, stdout, stderr)
	}
	contents, err := exec.Command("tar", "-xzOf", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"msg=starting", " leads\" ", `"cluster_id": "rialto-dev"`, "goroutine profile:", "rialto_leader_known", `"dead"`} {
		if !strings.Contains(string(contents), want) {
			t.Errorf("the bundle does not hold %s", want)
		}
	}
	keys, err := os.ReadFile(data + "/peers/gossip-keys")
	if err != nil {
		t.Fatal(err)
	}
	for key := range strings.Lines(string(keys)) {
		if key = strings.TrimSpace(key); key != "" && strings.Contains(string(contents), key) {
			t.Error("the bundle holds a key of gossip")
		}
	}
}

// saysOnce reports a line that says a word twice, or says nothing by it.
func saysOnce(t *testing.T, line string) {
	t.Helper()
	keys := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?:^| )([a-z_]+)=("(?:[^"\\]|\\.)*"|\S*)`).FindAllStringSubmatch(line, -1) {
		if keys[m[1]] || m[2] == `""` || m[2] == "{}" || strings.HasPrefix(m[2], "map[") {
			t.Errorf("%s is said twice, or empty: %s", m[1], line)
		}
		keys[m[1]] = true
	}
}
