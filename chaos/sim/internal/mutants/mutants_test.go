package mutants_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/sim/internal/mutants"
)

// TestMutantsFit shows that each mutant's place is in the source, once: a defect
// that can't be put in any more proves nothing.
func TestMutantsFit(t *testing.T) {
	names := map[string]bool{}
	for _, m := range mutants.List() {
		b, err := os.ReadFile(filepath.Join("..", "..", "..", "..", m.File))
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(b), m.Old); n != 1 || m.Old == m.New || names[m.Name] {
			t.Errorf("%s: its place is %d times in %s", m.Name, n, m.File)
		}
		names[m.Name] = true
	}
}
