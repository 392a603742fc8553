package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/demo"
)

// TestDemo shows the proof itself: real processes, the leader really killed,
// every proof named and held, and nothing left behind.
func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	t.Setenv(asProgram, "1")
	data := filepath.Join(t.TempDir(), "demo")
	status, stdout, stderr := run(t, "demo", "--messages", "25000", "--data", data, "--output", "json")
	var report demo.Report
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatalf("exit status %d, not a report: %v\n%s\n%s", status, err, stdout, stderr)
	}
	if status != 0 || !report.Holds() || report.Killed == "" || report.GapMs == 0 || report.Fills < 500 {
		t.Errorf("exit status %d, %+v\n%s", status, report, stderr)
	}
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
}

// A demo that can prove nothing is refused before anything is started.
func TestDemoRefuses(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"--nodes", "2"}, 2, "2 nodes, not 3 to 9"},
		{[]string{"--nodes", "10"}, 2, "10 nodes, not 3 to 9"},
		{[]string{"--messages", "24999"}, 2, "24999 messages, not 25000 to 1000000"},
		{[]string{"--messages", "1000001"}, 2, "1000001 messages"},
		{[]string{"--data", full}, 1, "is not empty"},
	} {
		args := c.args
		if args[0] != "--data" {
			args = append(args, "--data", filepath.Join(t.TempDir(), "demo"))
		}
		status, _, stderr := run(t, append([]string{"demo"}, args...)...)
		if status != c.status || !strings.Contains(stderr, c.says) {
			t.Errorf("demo %v: exit status %d, %q, want %d and %q", args, status, stderr, c.status, c.says)
		}
	}
}
