package scenario_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/report"
	"github.com/rialto-exchange/rialto/chaos/scenario"
	"github.com/rialto-exchange/rialto/chaos/site"
)

func built(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("real processes: skipped with -short")
	}
	binary := filepath.Join(t.TempDir(), "rialto")
	if out, err := exec.Command("go", "build", "-o", binary, "github.com/rialto-exchange/rialto/cmd/rialto").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// TestSelection kills the leader twice, a follower, and all nodes twice, under
// traffic by REST and FIX, reads and streams, and has every check judge what is
// left: nothing that clients were told is lost, doubled or changed.
// RIALTO_SCENARIO names another scenario, RIALTO_SEED another seed.
func TestSelection(t *testing.T) {
	o := scenario.Options{Binary: built(t), Folder: history.Folder(t.TempDir()), Seed: uint64(time.Now().UnixNano() % 1_000_000), Say: t.Logf}
	name := "selection"
	if other := os.Getenv("RIALTO_SCENARIO"); other != "" {
		name = other
	}
	o.Scenario, _ = scenario.Find(name)
	r, err := scenario.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := report.Write(o.Folder, r); err != nil {
		t.Error(err)
	}
	if r.Verdict != scenario.Passed {
		for _, c := range r.Checks {
			for _, v := range c.Violations {
				t.Logf("%s: %s\n%s", c.Name, v.What, strings.Join(v.Lines, "\n"))
			}
		}
		t.Errorf("seed %d: %s: %s", o.Seed, r.Verdict, strings.Join(r.Why, "\n"))
	}
	for _, c := range r.Checks {
		t.Logf("%s took %v", c.Name, c.Took)
	}
	f := r.Figures
	t.Logf("seed %d: %d commands, %d sent again, %d FIX reports, %d events streamed; nobody was answered for %v, a client waited %v",
		o.Seed, f.Commands.Acked+f.Commands.Refused, f.Again, f.Reports, f.Streams.Events, f.Gap.Length(), f.ClientGap.Length())
}

// TestFailsWithAReport shows that a run which can't be gone on with has failed, and
// says why in its result: it is not merely an error without a report.
func TestFailsWithAReport(t *testing.T) {
	s, _ := scenario.Find("kill-leader")
	nobody := &site.Staging{URLs: []string{"http://127.0.0.1:1"}, KillCmd: "true", StartCmd: "true"}
	r, err := scenario.Run(t.Context(), scenario.Options{Scenario: s, Staging: nobody, Folder: history.Folder(t.TempDir()), Seed: 1})
	if err != nil || r.Verdict != scenario.Failed || len(r.During) == 0 || len(r.Why) == 0 {
		t.Fatalf("a cluster that is not there: %+v, %v", r, err)
	}
}

// TestInterrupted shows that a run that is interrupted in the middle of a fault
// returns soon, and leaves no process of its cluster.
func TestInterrupted(t *testing.T) {
	binary := built(t)
	ctx, cancel := context.WithCancel(t.Context())
	s, _ := scenario.Find("stop-all")
	folder := t.TempDir()
	var interrupted time.Time
	_, err := scenario.Run(ctx, scenario.Options{
		Scenario: s, Binary: binary, Folder: history.Folder(folder), Seed: 1,
		Say: func(format string, args ...any) {
			if strings.Contains(format, "begins %s") {
				interrupted = time.Now()
				cancel()
			}
		},
	})
	if !errors.Is(err, context.Canceled) || interrupted.IsZero() {
		t.Fatalf("interrupted %v: %v", interrupted, err)
	}
	if took := time.Since(interrupted); took > 30*time.Second {
		t.Errorf("it took %v to end", took)
	}
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range processes {
		if line, err := os.ReadFile(p); err == nil && strings.Contains(string(line), folder) {
			t.Errorf("%s is left: %q", filepath.Dir(p), line)
		}
	}
}
