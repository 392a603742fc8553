package node_test

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/archive"
	"github.com/rialto-exchange/rialto/node/world"
)

// TestDamagedArchiveIsFound shows that a bad file of the archive, which nobody
// reads for months, is a finding that names it and what mends it, and that the
// finding goes when the good file is back.
func TestDamagedArchiveIsFound(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	c.stop(2)
	dir := filepath.Join(c.configs[2].DataDir, "archive")
	w, err := archive.NewWriter(world.System().Files, dir)
	if err != nil {
		t.Fatal(err)
	}
	file := archive.Range{First: 1, Last: archive.BlockIndexes}
	if err := w.Write(file, func(archive.Range) iter.Seq2[cluster.Entry, error] {
		return func(yield func(cluster.Entry, error) bool) {
			yield(cluster.Entry{Index: 7, Term: 1, Data: []byte("entry")}, nil)
		}
	}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, file.Name())
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bad := append([]byte(nil), good...)
	bad[len(bad)/2] ^= 4
	if err := os.WriteFile(path, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	c.start(2)
	found := func() bool {
		text := fmt.Sprint(c.nodes[0].Operations().Twin().Findings)
		return strings.Contains(text, file.Name()) && strings.Contains(text, "copy it over from archive/")
	}
	c.until("another node's findings name the file", found)
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	c.until("the finding is gone", func() bool { return !found() })
}
