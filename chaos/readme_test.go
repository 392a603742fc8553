package chaos_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadmeFIX shows that the tour's lines about FIX work as they are printed.
func TestReadmeFIX(t *testing.T) {
	v := startFIXVenue(t)
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "bin", "rialto"), "github.com/rialto-exchange/rialto/cmd/rialto").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	lines := 0
	for line := range strings.Lines(string(readme)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "bin/rialto fix ") {
			continue
		}
		lines++
		run := exec.CommandContext(t.Context(), "sh", "-c", line)
		run.Dir = dir
		run.Env = append(os.Environ(), "RIALTO_SERVER="+strings.Join(v.URLs(), ","), "RIALTO_FIX="+strings.Join(v.FIX(0), ","))
		out, err := run.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "AAPL-USD") && !strings.Contains(string(out), "TRADER1") {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
	if lines < 3 {
		t.Errorf("the README has %d lines of FIX, want 3 at least", lines)
	}
}
