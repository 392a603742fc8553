package sim

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/sim/internal/marks"
)

var countMarks = flag.Int("marks", 0, "count the marks that so many seeds meet")

// module is the path that all packages begin with.
const module = "github.com/rialto-exchange/rialto"

// TestMarks shows that no guard and no recovery branch is there for nothing: over
// some hundred seeds each is met. It builds the simulator with counters, so it
// runs only when it is asked for: make marks.
func TestMarks(t *testing.T) {
	if *countMarks == 0 {
		t.Skip("make marks")
	}
	root := filepath.Join("..", "..")
	found, err := marks.Find(root)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	binary, counters := filepath.Join(dir, "sim.test"), filepath.Join(dir, "counters")
	if err := os.Mkdir(counters, 0o755); err != nil {
		t.Fatal(err)
	}
	var rooms []string
	for _, r := range marks.Rooms() {
		rooms = append(rooms, module+"/"+r+"/...")
	}
	tool(t, "go", "test", "-c", "-trimpath", "-covermode=atomic", "-coverpkg="+strings.Join(rooms, ","), "-o", binary, ".")
	for n := range *countMarks {
		seed := max(*firstSeed, 1) + uint64(n)
		if out := runSeed(t, binary, seed, folder(t, seed), "-counters="+counters); len(out.Violations) > 0 {
			t.Errorf("seed %d: %s: %s", seed, out.Violations[0].Check, out.Violations[0].What)
		}
	}
	profile := filepath.Join(dir, "profile")
	tool(t, "go", "tool", "covdata", "textfmt", "-i="+counters, "-o="+profile)
	f, err := os.Open(profile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	hits, err := marks.Hits(f, module, found)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range found {
		fmt.Printf("%10d  %-70s %s\n", hits[m.Name], m.Name, m.File)
		if hits[m.Name] == 0 {
			t.Errorf("%d seeds never came to: %s (%s:%d)", *countMarks, m.Name, m.File, m.Line)
		}
	}
}

func tool(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}
