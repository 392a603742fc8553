package chaos_test

import (
	"fmt"
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

// TestReadmeTour shows that the tour's lines work as they are printed, one after
// the other, on a venue such as `rialto dev` makes: only where it listens is put
// in. What starts or kills processes has tests of its own.
func TestReadmeTour(t *testing.T) {
	v := startFIXVenue(t)
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(buildRialto(t), filepath.Join(dir, "bin", "rialto")); err != nil {
		t.Fatal(err)
	}
	for i := range 10 { // some of the order flow's events, so that there is a past to read
		open := exec.CommandContext(t.Context(), filepath.Join(dir, "bin", "rialto"), "account", "open", fmt.Sprintf("tour-%d", i), "--server", v.URL(0))
		if out, err := open.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	_, tour, _ := strings.Cut(string(readme), "## Three minutes")
	tour, _, _ = strings.Cut(tour, "## Commands")
	ran := 0
	for _, block := range strings.Split(tour, "```sh")[1:] {
		script, _, _ := strings.Cut(block, "```")
		for i, url := range v.URLs() {
			script = strings.ReplaceAll(script, "http://127.0.0.1:808"+string(rune('1'+i)), url)
		}
		if strings.Contains(script, "rialto fix ") || strings.Contains(script, "replay ") {
			continue // TestReadmeFIX, and the tests of replay
		}
		script = strings.ReplaceAll(script, "bin/rialto kill-leader\n", ":\n")
		run := exec.CommandContext(t.Context(), "sh", "-ec", script)
		run.Dir = dir
		run.Env = append(os.Environ(), "RIALTO_SERVER="+strings.Join(v.URLs(), ","))
		out, err := run.CombinedOutput()
		if strings.Contains(string(out), `"type":"urn:rialto:problem`) || err != nil && !strings.Contains(script, "bin/rialto status") {
			t.Errorf("%s: %v\n%s", script, err, out)
		}
		ran++
	}
	if ran < 4 {
		t.Errorf("%d blocks of the tour ran, want 4 at least", ran)
	}
}
