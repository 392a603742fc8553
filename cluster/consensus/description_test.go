package consensus_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rialto-exchange/rialto/cluster/consensus"
)

// A bit in a snapshot's description can have it speak of another entry, and be
// JSON all the same. A node refuses to start over it, and its log is what it
// was: what was acknowledged is there when the bit is turned back. So it is with
// an older snapshot, which is then taken for the newest.
func TestDamagedDescriptionTouchesNoLog(t *testing.T) {
	for _, which := range []string{"newest", "older"} {
		t.Run(which, func(t *testing.T) {
			g := newGroup(t, 1, nil)
			p := g.peers[0]
			for range 2 {
				g.many(100, "entry")
				if err := p.Snapshot(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			g.many(10, "entry")
			g.kill(p)
			files, err := filepath.Glob(filepath.Join(p.config.Dir, "snapshots", "*", "meta.json"))
			if err != nil || len(files) != 2 {
				t.Fatalf("snapshots %v, %v", files, err)
			}
			path := files[1]
			if which == "older" {
				path = files[0]
			}
			good, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			bad := higherIndex(t, good)
			if err := os.WriteFile(path, bad, 0o644); err != nil {
				t.Fatal(err)
			}
			if err := g.open(p); !errors.Is(err, consensus.ErrDamaged) {
				t.Errorf("open = %v, want %v", err, consensus.ErrDamaged)
			}
			if err := os.WriteFile(path, good, 0o644); err != nil {
				t.Fatal(err)
			}
			g.start(p)
			g.converge(210)
		})
	}
}

// higherIndex turns one bit of a description, so that its index is one that the
// log does not reach.
func higherIndex(t *testing.T, description []byte) []byte {
	t.Helper()
	at := bytes.Index(description, []byte(`"Index":`)) + len(`"Index":`)
	if at < len(`"Index":`) {
		t.Fatalf("no index in %s", description)
	}
	bad := bytes.Clone(description)
	for _, bit := range []byte{8, 4, 2} { // 1 → 9, 1 → 5 …
		if turned := bad[at] ^ bit; bad[at]&bit == 0 && turned <= '9' {
			bad[at] = turned
			return bad
		}
	}
	t.Fatal(fmt.Sprintf("no bit of %q makes it higher", bad[at]))
	return nil
}
