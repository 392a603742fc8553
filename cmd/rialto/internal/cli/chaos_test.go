package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// TestChaosList shows that each scenario is listed with its faults, and that one
// which is impossible here says why.
func TestChaosList(t *testing.T) {
	status, stdout, stderr := run(t, "chaos", "list", "--output", "json")
	var all []struct {
		Scenario, Doc, Impossible string
		Nodes                     int
		Faults                    []string
	}
	if err := json.Unmarshal([]byte(stdout), &all); err != nil || status != 0 {
		t.Fatalf("status %d: %v: %s", status, err, stderr)
	}
	found := map[string]bool{}
	for _, s := range all {
		found[s.Scenario] = true
		if s.Doc == "" || s.Nodes < 3 {
			t.Errorf("%+v", s)
		}
		if s.Scenario == "upgrade-under-fire" && s.Impossible == "" {
			t.Error("a downgrade is said to be possible without an older build")
		}
		if s.Scenario == "kill-leader" && (s.Impossible != "" || !slices.Equal(s.Faults, []string{"kill-leader"})) {
			t.Errorf("%+v", s)
		}
	}
	if !found["kill-leader"] || !found["combined"] || !found["calm"] {
		t.Errorf("%d scenarios, and these are not all", len(all))
	}
}

// TestChaosUsage shows that what was typed wrong is refused before anything is
// started, and that a folder which holds something is left alone.
func TestChaosUsage(t *testing.T) {
	full := t.TempDir()
	kept := filepath.Join(full, "precious")
	if err := os.WriteFile(kept, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"chaos", "run", "no-such-scenario"}, {"chaos", "run"}, {"chaos", "run", "calm", "--nodes", "9"}, {"chaos", "run", "calm", "--dir", full},
		{"chaos", "report", t.TempDir()}, {"chaos", "scorecard", "--parallel", "0"},
	} {
		if status, _, stderr := run(t, args...); status != shell.ExitUsage {
			t.Errorf("%v: status %d, want %d: %s", args, status, shell.ExitUsage, stderr)
		}
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
}

// TestChaosNotRun shows that a scenario that is impossible here ends with a
// status of its own and a report that says why, and is not passed.
func TestChaosNotRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	status, stdout, stderr := run(t, "chaos", "run", "rolling-downgrade", "--dir", dir)
	if status != shell.ExitNotRun {
		t.Fatalf("status %d, want %d: %s%s", status, shell.ExitNotRun, stdout, stderr)
	}
	page, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"NOT RUN", "needs the binary of an older build"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("no %q in the report", want)
		}
	}
}
