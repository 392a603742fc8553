package consensus_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/rialto-exchange/rialto/cluster/consensus"
)

// A folder among the snapshots that has no description is no reason to refuse a
// start, if it is an old snapshot that a build of before was removing when it
// died, or no snapshot at all. A newest one without a description is damage.
func TestFoldersWithoutADescription(t *testing.T) {
	for _, c := range []struct {
		name    string
		leave   func(snapshots string, older, newest string) error
		damaged bool
	}{
		{"an old one, half removed", func(_, older, _ string) error { return os.Remove(filepath.Join(older, "meta.json")) }, false},
		{"an old one, emptied", func(_, older, _ string) error {
			return errors.Join(os.RemoveAll(older), os.Mkdir(older, 0o755))
		}, false},
		{"what a file system keeps at its root", func(snapshots, _, _ string) error {
			return os.Mkdir(filepath.Join(snapshots, "lost+found"), 0o700)
		}, false},
		{"the newest", func(_, _, newest string) error { return os.Remove(filepath.Join(newest, "meta.json")) }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGroup(t, 1, nil)
			p := g.peers[0]
			for range 2 {
				g.many(20, "entry")
				if err := p.Snapshot(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			g.many(5, "entry")
			g.kill(p)
			folder := filepath.Join(p.config.Dir, "snapshots")
			all, err := os.ReadDir(folder)
			if err != nil || len(all) != 2 {
				t.Fatalf("snapshots %v, %v", all, err)
			}
			if err := c.leave(folder, filepath.Join(folder, all[0].Name()), filepath.Join(folder, all[1].Name())); err != nil {
				t.Fatal(err)
			}
			err = g.open(p)
			if c.damaged {
				if !errors.Is(err, consensus.ErrDamaged) {
					t.Errorf("open = %v, want %v", err, consensus.ErrDamaged)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			g.converge(45)
			if err := p.Snapshot(context.Background()); err != nil {
				t.Error(err)
			}
			g.kill(p)
			g.start(p)
			g.converge(45)
		})
	}
}
