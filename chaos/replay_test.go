package chaos_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/check"
	"github.com/rialto-exchange/rialto/chaos/internal/venue"
)

// summary is what `rialto replay --output json` says.
type summary struct {
	Messages   int            `json:"messages"`
	Accepted   int            `json:"accepted"`
	Rejected   map[string]int `json:"rejected"`
	Skipped    int            `json:"skipped"`
	Fills      int            `json:"fills"`
	Checked    int            `json:"executions_checked"`
	OnNamed    int            `json:"executions_on_named_order"`
	LongestGap float64        `json:"longest_gap_ms"`
	Errors     int            `json:"errors"`
}

// replay is a run of `rialto replay` under way.
type replay struct {
	cmd    *exec.Cmd
	out    bytes.Buffer
	fills  string
	exited chan error
}

func startReplay(t *testing.T, binary string, v *venue.Venue, file string) *replay {
	t.Helper()
	r := &replay{fills: filepath.Join(t.TempDir(), "fills"), exited: make(chan error, 1)}
	r.cmd = exec.Command(binary, "replay", file, "--server", strings.Join(v.URLs(), ","),
		"--output", "json", "--fills-out", r.fills)
	r.cmd.Stdout, r.cmd.Stderr = &r.out, os.Stderr
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.cmd.Process.Kill() })
	go func() { r.exited <- r.cmd.Wait() }()
	return r
}

// wait returns what the run said and the fills it saw.
func (r *replay) wait(t *testing.T) (summary, []byte) {
	t.Helper()
	select {
	case err := <-r.exited:
		if err != nil {
			t.Fatalf("replay: %v\n%s", err, r.out.String())
		}
	case <-time.After(5 * time.Minute):
		t.Fatal("the replay does not end")
	}
	var s summary
	if err := json.Unmarshal(r.out.Bytes(), &s); err != nil {
		t.Fatalf("replay's summary: %v\n%s", err, r.out.String())
	}
	fills, err := os.ReadFile(r.fills)
	if err != nil {
		t.Fatal(err)
	}
	return s, fills
}

// TestRealOrderFlow plays a real trading hour twice, once undisturbed and
// once while the leader is killed twice and restarted, and shows that the
// fills are the same one for one, that no command failed that did not fail
// before, that nearly all executions hit the very order that the file names,
// and that all nodes end in the same state.
func TestRealOrderFlow(t *testing.T) {
	file := os.Getenv("RIALTO_LOBSTER_FILE")
	if file == "" {
		t.Skip("RIALTO_LOBSTER_FILE names no LOBSTER message file")
	}
	if testing.Short() {
		t.Skip("real processes: skipped with -short")
	}
	binary := buildRialto(t)
	quiet, quietFills := startReplay(t, binary, startVenueOf(t, binary), file).wait(t)

	v := startVenueOf(t, binary)
	run := startReplay(t, binary, v, file)
	for round := range uint64(2) {
		killLeaderAt(t, v, 20_000*(round+1))
	}
	disturbed, disturbedFills := run.wait(t)

	if !bytes.Equal(quietFills, disturbedFills) {
		t.Errorf("the fills of the two runs differ: %d bytes and %d", len(quietFills), len(disturbedFills))
	}
	if disturbed.Accepted != quiet.Accepted || disturbed.Skipped != quiet.Skipped || disturbed.Fills != quiet.Fills ||
		!maps.Equal(disturbed.Rejected, quiet.Rejected) || disturbed.Errors != 0 || quiet.Errors != 0 {
		t.Errorf("undisturbed %+v\ndisturbed %+v", quiet, disturbed)
	}
	for code := range disturbed.Rejected {
		if code != "unknown_order" {
			t.Errorf("commands were refused with %s", code)
		}
	}
	if disturbed.Checked == 0 || disturbed.OnNamed*100 < disturbed.Checked*99 {
		t.Errorf("%d of %d executions hit the named order, want 99 %%", disturbed.OnNamed, disturbed.Checked)
	}
	if _, err := check.Converged(t.Context(), v); err != nil {
		t.Error(err)
	}
	t.Logf("undisturbed %+v", quiet)
	t.Logf("disturbed   %+v", disturbed)
}

// killLeaderAt kills the leader once the venue has come so far, and restarts
// it when another leads.
func killLeaderAt(t *testing.T, v *venue.Venue, sequence uint64) {
	t.Helper()
	leader, err := v.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = v.Until(t.Context(), "the replay has come so far", func(ctx context.Context) bool {
		twin, err := v.Twin(ctx, leader)
		if err != nil {
			return false
		}
		for _, n := range twin.Nodes {
			if n.ID == twin.Leader && n.Sequence >= sequence {
				return true
			}
		}
		return false
	})
	if err != nil {
		t.Fatal(err)
	}
	v.Kill(leader)
	if _, err := v.Leader(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := v.Restart(leader); err != nil {
		t.Fatal(err)
	}
	if err := v.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
}
