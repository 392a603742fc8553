package chaos_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/internal/traffic"
	"github.com/rialto-exchange/rialto/chaos/internal/venue"
)

// leave fills a disk so that so many MiB are left of it.
func leave(t *testing.T, mount string, mib uint64) {
	t.Helper()
	ballast := filepath.Join(mount, "ballast")
	release(t, mount)
	var s syscall.Statfs_t
	if err := syscall.Statfs(mount, &s); err != nil {
		t.Fatal(err)
	}
	fill := s.Bavail*uint64(s.Bsize) - mib<<20
	if out, err := exec.Command("fallocate", "-l", fmt.Sprint(fill), ballast).CombinedOutput(); err != nil {
		t.Fatalf("fill %s: %v: %s", mount, err, out)
	}
}

// release takes the ballast off a disk.
func release(t *testing.T, mount string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(mount, "ballast")); err != nil {
		t.Fatal(err)
	}
}

// command sends one command to a node and returns status and body.
func command(t *testing.T, v *venue.Venue, node int, verb, body string) (int, string) {
	t.Helper()
	res, err := v.Client.Post(v.URL(node)+"/v1/commands/"+verb, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer := new(bytes.Buffer)
	_, _ = answer.ReadFrom(res.Body)
	return res.StatusCode, answer.String()
}

func place(t *testing.T, v *venue.Venue, node int, id string) (int, string) {
	t.Helper()
	return command(t, v, node, "orders/place", fmt.Sprintf(`{"command_id":%q,"payload":{"account":"room","instrument":"BTC-USD",`+
		`"side":"buy","type":"limit","price":"50000.00","quantity":"0.0100"}}`, id))
}

// takes waits until every node says that the venue takes this.
func takes(t *testing.T, v *venue.Venue, intake string) {
	t.Helper()
	err := v.Until(t.Context(), "the venue's intake is "+intake, func(ctx context.Context) bool {
		for i := range v.Size() {
			var twin struct {
				Intake string `json:"intake"`
			}
			if v.Get(ctx, i, "/v1/cluster", &twin) != nil || twin.Intake != intake {
				return false
			}
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
}

// readiness returns the status and the word of /readyz.
func readiness(t *testing.T, v *venue.Venue, node int) (int, string) {
	t.Helper()
	res, err := v.Client.Get(v.URL(node) + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct{ Status, Reason string }
	_ = json.NewDecoder(res.Body).Decode(&answer)
	return res.StatusCode, answer.Status
}

func allRun(t *testing.T, v *venue.Venue) {
	t.Helper()
	for i := range v.Size() {
		if !v.Running(i) {
			t.Fatalf("node %d ended:\n%s", i+1, v.Log(i))
		}
	}
}

// TestDisksFill shows a venue whose disks all fill, mark by mark: it says so
// and goes on slower; it takes cancels and administrators only; it takes
// nothing, and reads go on. No process ends, one that is started on the full
// disk says clearly why it can't, and when there is room everything goes on by
// itself with nothing lost.
func TestDisksFill(t *testing.T) {
	v, disks := startOnDisks(t)
	for _, c := range [][2]string{
		{"accounts/open", `{"payload":{"account":"room"}}`},
		{"accounts/deposit", `{"payload":{"account":"room","asset":"USD","amount":"1000000"}}`},
	} {
		if status, answer := command(t, v, 0, c[0], c[1]); status != http.StatusOK {
			t.Fatalf("%s: %d %s", c[0], status, answer)
		}
	}
	status, answer := place(t, v, 0, "room-1")
	var placed struct {
		Order struct {
			ID string `json:"order_id"`
		} `json:"order"`
	}
	if err := json.Unmarshal([]byte(answer), &placed); err != nil || status != http.StatusOK || placed.Order.ID == "" {
		t.Fatalf("place: %d %s", status, answer)
	}

	fill := func(mib uint64) {
		for _, d := range disks {
			leave(t, d, mib)
		}
	}
	fill(400)
	takes(t, v, "slow")
	if status, answer := place(t, v, 1, "room-2"); status != http.StatusOK {
		t.Errorf("an order while intake is slow: %d %s", status, answer)
	}
	var twin struct{ Findings []struct{ Node, Text string } }
	if err := v.Get(t.Context(), 0, "/v1/cluster", &twin); err != nil || !strings.Contains(fmt.Sprint(twin.Findings), "short of space") {
		t.Errorf("findings %+v, %v", twin.Findings, err)
	}

	fill(250)
	takes(t, v, "cancels_only")
	for i := range v.Size() {
		if status, answer := place(t, v, i, fmt.Sprintf("room-3-%d", i)); status != http.StatusServiceUnavailable ||
			!strings.Contains(answer, `"degraded"`) || !strings.Contains(answer, `"not_executed"`) {
			t.Errorf("an order at node %d: %d %s", i+1, status, answer)
		}
		if status, word := readiness(t, v, i); status != http.StatusOK || word != "degraded" {
			t.Errorf("/readyz of node %d: %d %s", i+1, status, word)
		}
	}
	if status, answer := command(t, v, 1, "orders/cancel", fmt.Sprintf(`{"aggregate_id":%q,"payload":{}}`, placed.Order.ID)); status != http.StatusOK {
		t.Errorf("a cancel: %d %s", status, answer)
	}
	if status, answer := command(t, v, 2, "instruments/halt", `{"payload":{"instrument":"AAPL-USD"}}`); status != http.StatusOK {
		t.Errorf("a halt: %d %s", status, answer)
	}

	fill(140)
	takes(t, v, "read_only")
	if status, answer := command(t, v, 0, "instruments/resume", `{"payload":{"instrument":"AAPL-USD"}}`); status != http.StatusServiceUnavailable || !strings.Contains(answer, `"not_executed"`) {
		t.Errorf("an administrator's command: %d %s", status, answer)
	}
	if status, _ := readiness(t, v, 0); status != http.StatusServiceUnavailable {
		t.Errorf("/readyz: %d, want 503", status)
	}
	var balance map[string]any
	if err := v.Get(t.Context(), 0, "/v1/queries/accounts/room/balance?asset=USD&consistency=stale", &balance); err != nil {
		t.Errorf("a read: %v", err)
	}

	fill(8)
	if err := v.Until(t.Context(), "the nodes say that they are full", func(ctx context.Context) bool {
		var twin struct {
			Nodes []struct{ Room struct{ Mark string } }
		}
		return v.Get(ctx, 0, "/v1/cluster", &twin) == nil && strings.Count(fmt.Sprint(twin), "full") == v.Size()
	}); err != nil {
		t.Fatal(err)
	}
	allRun(t, v)
	v.Kill(2)
	if err := v.Restart(2); err != nil {
		t.Fatal(err)
	}
	if err := v.Until(t.Context(), "a node started on a full disk ends", func(context.Context) bool { return !v.Running(2) }); err != nil {
		t.Fatal(err)
	}
	if log := v.Log(2); !strings.Contains(log, "make room and start it again") || strings.Contains(log, "goroutine ") || strings.Contains(log, "SIGBUS") {
		t.Errorf("a node started on a full disk says:\n%s", log)
	}

	for _, d := range disks {
		release(t, d)
	}
	if err := v.Restart(2); err != nil {
		t.Fatal(err)
	}
	takes(t, v, "open")
	if err := v.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	allRun(t, v)
	r := trade(v, "r")
	reach(t, v, r, 200)
	prove(t, v, r, "r-")
}

// TestOneDiskFull shows that the venue goes on, with all that it takes, when
// one node's disk is full, the leader's or another's: the full one stops
// acknowledging and does not lead, lives, and catches up by itself.
func TestOneDiskFull(t *testing.T) {
	v, disks := startOnDisks(t)
	r := trade(v, "o")
	reach(t, v, r, 200)
	full, err := v.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	leave(t, disks[full], 40)
	err = v.Until(t.Context(), "another node leads", func(ctx context.Context) bool {
		twin, err := v.Twin(ctx, full)
		return err == nil && twin.Leader != "" && v.Number(twin.Leader) != full
	})
	if err != nil {
		t.Fatal(err)
	}
	stopped := applied(t, v, full)
	goesOn(t, v, r, 300)
	if now := applied(t, v, full); now > stopped+200 {
		t.Errorf("the full node went on from entry %d to %d", stopped, now)
	}
	takes(t, v, "open")
	allRun(t, v)
	release(t, disks[full])
	if err := v.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	goesOn(t, v, r, 100)
	prove(t, v, r, "o-")
}

func goesOn(t *testing.T, v *venue.Venue, r *traffic.Run, more int64) {
	t.Helper()
	reach(t, v, r, r.Done()+more)
}

// applied returns the last entry that a node has applied.
func applied(t *testing.T, v *venue.Venue, node int) uint64 {
	t.Helper()
	twin, err := v.Twin(t.Context(), node)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range twin.Nodes {
		if v.Number(n.ID) == node {
			return n.AppliedIndex
		}
	}
	t.Fatalf("node %d does not know itself", node+1)
	return 0
}

// TestDescriptorsGone shows a node that has no descriptors left: it says so,
// lives, does not lead, and the venue goes on; with descriptors it is well by
// itself.
func TestDescriptorsGone(t *testing.T) {
	v := startVenue(t)
	if os.Getuid() != 0 {
		t.Skip("another process's limits take root: skipped")
	}
	r := trade(v, "d")
	reach(t, v, r, 200)
	leader, err := v.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	limit := func(soft int) {
		t.Helper()
		pid := v.PID(leader)
		out, err := exec.Command("prlimit", "--pid", fmt.Sprint(pid), fmt.Sprintf("--nofile=%d:", soft)).CombinedOutput()
		if err != nil {
			t.Skipf("limits can't be set here: %v: %s", err, out)
		}
	}
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", v.PID(leader)))
	if err != nil {
		t.Fatal(err)
	}
	limit(len(open) + 2)
	other := (leader + 1) % v.Size()
	err = v.Until(t.Context(), "the others say that it is short of descriptors, and one of them leads", func(ctx context.Context) bool {
		var twin struct {
			Leader   string
			Findings []struct{ Text string }
		}
		return v.Get(ctx, other, "/v1/cluster", &twin) == nil && v.Number(twin.Leader) != leader &&
			strings.Contains(fmt.Sprint(twin.Findings), "short of descriptors")
	})
	if err != nil {
		t.Fatal(err)
	}
	goesOn(t, v, r, 300)
	allRun(t, v)
	limit(4096)
	if err := v.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	goesOn(t, v, r, 100)
	prove(t, v, r, "d-")
}

// TestLogFails shows a node whose log can't be written, for its disk answers
// with an error: it ends and says that the machine is sick, leaves no record
// against an entry, and started again it goes on with nothing lost.
func TestLogFails(t *testing.T) {
	v := startVenue(t)
	strace, err := exec.LookPath("strace")
	if err != nil || os.Getuid() != 0 {
		t.Skip("errors of a disk take root and strace: skipped")
	}
	r := trade(v, "e")
	reach(t, v, r, 200)
	leader, err := v.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tracer := exec.Command(strace, "-f", "-qq", "-o", os.DevNull, "-p", fmt.Sprint(v.PID(leader)),
		"-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:error=EIO")
	if err := tracer.Start(); err != nil {
		t.Skipf("strace does not run here: %v", err)
	}
	err = v.Until(t.Context(), "the node ends", func(context.Context) bool { return !v.Running(leader) })
	_ = tracer.Process.Kill() // it may have ended with the node
	_ = tracer.Wait()
	if err != nil {
		t.Skipf("errors can't be injected here: %v", err)
	}
	if log := v.Log(leader); !strings.Contains(log, "input/output error") || !strings.Contains(log, "start it again when the cause is gone") {
		t.Errorf("the node's last words:\n%s", log)
	}
	if found, err := filepath.Glob(filepath.Join(v.Data(leader), "raft", "crash.json")); err != nil || len(found) > 0 {
		t.Errorf("a record was left against an entry: %v, %v", found, err)
	}
	goesOn(t, v, r, 200)
	if err := v.Restart(leader); err != nil {
		t.Fatal(err)
	}
	if err := v.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	goesOn(t, v, r, 100)
	prove(t, v, r, "e-")
}
