package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/cli"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/devcluster"
)

func signalContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
}

// screen is what a command prints, readable while it runs.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// eventually waits for a condition, and fails the test if it does not come.
func eventually(t *testing.T, what string, within time.Duration, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline.C:
			t.Fatalf("not within %v: %s", within, what)
		case <-tick.C:
		}
	}
}

// freeOffset finds ports for a cluster of three.
func freeOffset(t *testing.T) int {
	t.Helper()
	for o := 1000; o < 20_000; o += 10 {
		nodes, err := devcluster.Plan(devcluster.Options{Nodes: 3, Host: "127.0.0.1", PortOffset: o})
		if err != nil {
			t.Fatal(err)
		}
		if devcluster.CheckPorts(t.Context(), nodes) == nil {
			return o
		}
	}
	t.Fatal("no free ports")
	return 0
}

// alive reports whether a process runs. One that has ended but that nobody
// waits for, as in a container without an init, does not.
func alive(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return err != nil || !strings.Contains(string(status), "State:\tZ")
}

// TestDev shows a newcomer's first minutes: the cluster comes up with its
// order flow, the printed curl works as printed, the leader is killed with
// kill -9 and told of, another leads and nothing is lost, --supervise brings
// the node back, and Ctrl-C leaves no process behind.
func TestDev(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	t.Setenv(asProgram, "1")
	var out screen
	ctx, interrupt := context.WithCancel(t.Context())
	offset := freeOffset(t)
	done := make(chan int, 1)
	go func() {
		done <- cli.Run(ctx, newShell(&out, &out), []string{
			"dev", "--data", t.TempDir(), "--port-offset", strconv.Itoa(offset), "--flow", "--supervise",
		})
	}()
	ended := false
	defer func() {
		if interrupt(); !ended {
			<-done
		}
		if t.Failed() {
			t.Log(out.String())
		}
	}()

	eventually(t, "the greeting", time.Minute, func() bool { return strings.Contains(out.String(), "Ctrl-C stops everything") })
	pids := printedPIDs(out.String())
	if len(pids) != 3 {
		t.Fatalf("pids %v", pids)
	}
	url, body := printedCurl(t, out.String())
	if got := post(t, url, body); !strings.Contains(got, `"status":"accepted"`) {
		t.Errorf("the printed curl was answered %s", got)
	}

	kill := regexp.MustCompile(`kill-leader --data (\S+)`).FindStringSubmatch(out.String())
	if kill == nil {
		t.Fatal("no way to kill the leader was printed")
	}
	killed, stdout, stderr := run(t, "kill-leader", "--data", kill[1])
	said := regexp.MustCompile(`killed (n\d) \(pid (\d+)\), which led(?s:.*)n\d leads, as the others say \d+ ms after the kill`).FindStringSubmatch(stdout)
	if killed != 0 || said == nil {
		t.Fatalf("kill-leader: status %d, said %q %q", killed, stdout, stderr)
	}
	pid, _ := strconv.Atoi(said[2])
	if !slices.Contains(pids, pid) {
		t.Errorf("killed %d, the nodes are %v", pid, pids)
	}
	eventually(t, "the death is told", 5*time.Second, func() bool { return strings.Contains(out.String(), fmt.Sprintf("(pid %d) died", pid)) })
	eventually(t, "the node is back", 10*time.Second, func() bool { return strings.Contains(out.String(), "is back with pid") })
	again := regexp.MustCompile(`is back with pid (\d+)`).FindStringSubmatch(out.String())
	back, _ := strconv.Atoi(again[1])
	base := fmt.Sprintf("http://127.0.0.1:%d", devcluster.HTTPBase+offset)
	eventually(t, "the deposit is read from every node", 20*time.Second, func() bool {
		for i := range 3 {
			if deposited(fmt.Sprintf("http://127.0.0.1:%d", devcluster.HTTPBase+offset+i)) != "1000500.000000" {
				return false
			}
		}
		return true
	})
	before := sequence(base)
	eventually(t, "the flow goes on", 20*time.Second, func() bool { return sequence(base) > before+20 })

	interrupt()
	status := <-done
	ended = true
	if status != 0 {
		t.Errorf("status %d after Ctrl-C, want 0", status)
	}
	for _, p := range append(pids, back) {
		if alive(p) {
			t.Errorf("process %d is left behind", p)
		}
	}
	l, err := net.Listen("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Errorf("a port is still taken: %v", err)
	} else {
		l.Close()
	}
}

// TestDevDiesWhole shows that no node outlives a rialto dev that is killed
// without a chance to stop them.
func TestDevDiesWhole(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("starts processes; only Linux tells a child of its parent's death")
	}
	t.Setenv(asProgram, "1")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out screen
	dev := exec.Command(self, "dev", "--nodes", "2", "--data", t.TempDir(), "--port-offset", strconv.Itoa(freeOffset(t)))
	dev.Stdout, dev.Stderr = &out, &out
	if err := dev.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = dev.Process.Kill()
		_ = dev.Wait()
		if t.Failed() {
			t.Log(out.String())
		}
	}()
	eventually(t, "the greeting", time.Minute, func() bool { return strings.Contains(out.String(), "Ctrl-C stops everything") })
	pids := printedPIDs(out.String())
	if err := dev.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for _, p := range pids {
		eventually(t, "no node is left", 10*time.Second, func() bool { return !alive(p) })
	}
	if len(pids) != 2 {
		t.Errorf("pids %v", pids)
	}
}

// printedPIDs reads the table of nodes.
func printedPIDs(text string) []int {
	var pids []int
	for _, m := range regexp.MustCompile(`(?m)^n\d .*127\.0\.0\.1:\d+  (\d+)`).FindAllStringSubmatch(text, -1) {
		pid, _ := strconv.Atoi(m[1])
		pids = append(pids, pid)
	}
	return pids
}

// printedCurl reads the one command that the greeting invites to copy.
func printedCurl(t *testing.T, text string) (url, body string) {
	t.Helper()
	m := regexp.MustCompile(`(?s)curl -s (\S+) -H 'Content-Type: application/json' \\\n\s+-d '([^']+)'`).FindStringSubmatch(text)
	if m == nil {
		t.Fatal("no curl was printed")
	}
	return m[1], m[2]
}

func post(t *testing.T, url, body string) string {
	t.Helper()
	resp, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

// get reads a JSON object, nil if there is none.
func get(url string) map[string]any {
	resp, err := http.Get(url)
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	var v map[string]any
	if json.NewDecoder(resp.Body).Decode(&v) != nil {
		return nil
	}
	return v
}

func deposited(base string) string {
	total, _ := get(base + "/v1/queries/accounts/trader1/balance")["total"].(string)
	return total
}

// sequence returns how many events a node shows.
func sequence(base string) float64 {
	s, _ := get(base + "/v1/queries/accounts/trader1/balances")["sequence"].(float64)
	return s
}

// TestDevEndsStrays shows that Ctrl-C ends a node that was started again by
// hand, too, and that a folder without a cluster has no leader to kill.
func TestDevEndsStrays(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("starts processes")
	}
	t.Setenv(asProgram, "1")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out screen
	ctx, interrupt := context.WithCancel(t.Context())
	data := t.TempDir()
	done := make(chan int, 1)
	go func() {
		done <- cli.Run(ctx, newShell(&out, &out), []string{"dev", "--nodes", "1", "--data", data, "--port-offset", strconv.Itoa(freeOffset(t))})
	}()
	eventually(t, "the greeting", time.Minute, func() bool { return strings.Contains(out.String(), "Ctrl-C stops everything") })
	if !strings.Contains(out.String(), "stands still until it is started again") {
		t.Error("one node promises what three keep")
	}
	pids := printedPIDs(out.String())
	if status, stdout, stderr := run(t, "kill-leader", "--data", data); status != 0 || !strings.Contains(stdout, "stands still now") {
		t.Errorf("kill-leader: status %d, %q %q", status, stdout, stderr)
	}
	eventually(t, "the leader is gone", 10*time.Second, func() bool { return !alive(pids[0]) })
	byHand := exec.Command(self, "serve", "--config", data+"/n1.yaml")
	if err := byHand.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- byHand.Wait() }()
	interrupt()
	if status := <-done; status != 0 || !strings.Contains(out.String(), "started by hand") {
		t.Errorf("status %d: %s", status, out.String())
	}
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		_ = byHand.Process.Kill()
		t.Error("the node that was started by hand goes on")
	}
	if status, _, stderr := run(t, "kill-leader", "--data", t.TempDir()); status != 1 || !strings.Contains(stderr, "holds no cluster") {
		t.Errorf("status %d: %s", status, stderr)
	}
}
