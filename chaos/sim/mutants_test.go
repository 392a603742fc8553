package sim

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/sim/internal/mutants"
)

var (
	killMutants = flag.Int("mutants", 0, "run every mutant for so many seeds at most")
	onlyMutant  = flag.String("mutant", "", "run this mutant alone")
)

// TestMutants shows that the simulator finds defects: each mutant fails a seed.
// It builds each and takes hours where nothing is found, so it runs only when it
// is asked for: make mutants.
func TestMutants(t *testing.T) {
	if *killMutants == 0 {
		t.Skip("make mutants")
	}
	for _, m := range mutants.List() {
		if *onlyMutant != "" && *onlyMutant != m.Name {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			binary := buildMutant(t, m)
			begun := time.Now()
			for seed := uint64(1); seed <= uint64(*killMutants); seed++ {
				out := runSeed(t, binary, seed, filepath.Join(t.TempDir(), "kept"))
				if len(out.Violations) > 0 && out.Violations[0].Check != checkSlow {
					v := out.Violations[0]
					fmt.Printf("%-50s killed by %s, seed %d, after %v: %s\n", m.Name, v.Check, seed, time.Since(begun).Round(time.Second), firstLine(v.What))
					return
				}
			}
			t.Errorf("%s lives after %d seeds", m.Name, *killMutants)
		})
	}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line[:min(len(line), 200)]
}

// buildMutant builds this test with the mutant's file in the place of the real
// one.
func buildMutant(t *testing.T, m mutants.Mutant) string {
	t.Helper()
	dir := t.TempDir()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	original := filepath.Join(root, m.File)
	source, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(source, []byte(m.Old), []byte(m.New), 1)
	if changed, err = format.Source(withImports(changed)); err != nil {
		t.Fatal(err)
	}
	replaced := filepath.Join(dir, "mutant.go")
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {original: replaced}})
	if err != nil {
		t.Fatal(err)
	}
	layer := filepath.Join(dir, "overlay.json")
	for name, content := range map[string][]byte{replaced: changed, layer: overlay} {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	binary := filepath.Join(dir, "sim.test")
	build := exec.Command("go", "test", "-c", "-trimpath", "-overlay", layer, "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// withImports adds the package that a mutant needs beyond those of its file.
func withImports(source []byte) []byte {
	if bytes.Contains(source, []byte("time.Now()")) && !bytes.Contains(source, []byte("\"time\"")) {
		return bytes.Replace(source, []byte("import ("), []byte("import (\n\t\"time\"\n"), 1)
	}
	return source
}
