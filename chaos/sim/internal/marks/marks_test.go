package marks_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/sim/internal/marks"
)

// TestFind shows that guards and recovery branches carry marks, in each of the
// places that must have some.
func TestFind(t *testing.T) {
	found, err := marks.Find(filepath.Join("..", "..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, room := range []string{"cluster/consensus/logstore", "cluster/consensus", "cluster/sequencer", "cluster/identity", "readmodels/journal", "node"} {
		n := 0
		for _, m := range found {
			if within(room, filepath.Dir(m.File)) {
				n++
			}
		}
		if n == 0 {
			t.Errorf("no guard in %s carries a mark", room)
		}
	}
}

// within takes internal for the room that it is the inside of.
func within(room, folder string) bool {
	return folder == room || strings.HasPrefix(folder, room+"/internal")
}

// TestHits shows that a mark counts with the innermost statements around it, and
// that one which nothing counts is an error.
func TestHits(t *testing.T) {
	profile := "mode: atomic\n" +
		"m/a.go:1.10,3.5 2 7\n" + // before the branch
		"m/a.go:3.5,5.3 1 2\n" + // the branch
		"m/b.go:1.1,9.2 4 3\n"
	found := []marks.Mark{{"inner", "a.go", 4}, {"outer", "a.go", 2}, {"other", "b.go", 9}}
	got, err := marks.Hits(strings.NewReader(profile), "m", found)
	if err != nil || got["inner"] != 2 || got["outer"] != 7 || got["other"] != 3 {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := marks.Hits(strings.NewReader(profile), "m", []marks.Mark{{"lost", "a.go", 6}}); err == nil {
		t.Error("a mark outside of all statements is no error")
	}
}
