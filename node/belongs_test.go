package node_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
	"github.com/rialto-exchange/rialto/cluster/identity"
	"github.com/rialto-exchange/rialto/node"
	"github.com/rialto-exchange/rialto/node/world"
)

// TestRepairSaysWhatServeSays shows folders that a start refuses though every
// log and snapshot in them verifies: a repair refuses them as well, as what it
// can't mend, and calls the untouched one good. A running node's folder it
// leaves alone.
func TestRepairSaysWhatServeSays(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	cfg := c.configs[2]
	quiet := slog.New(slog.DiscardHandler)
	if _, err := node.RepairFolder(t.Context(), cfg, quiet); !errors.Is(err, logstore.ErrLocked) {
		t.Errorf("repair of a running node: %v", err)
	}
	if _, err := node.SetFolderAside(cfg); !errors.Is(err, logstore.ErrLocked) {
		t.Errorf("a running node's folder is moved: %v", err)
	}
	c.stop(2)
	good := cfg.DataDir
	for _, harm := range []struct {
		what string
		do   func(dir string) error
		lost bool
	}{
		{"nothing", func(string) error { return nil }, false},
		{"identity damaged", func(dir string) error {
			path := filepath.Join(dir, "identity")
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			b[len(b)/2] ^= 4
			return os.WriteFile(path, b, 0o600)
		}, true},
		{"identity lost", func(dir string) error { return os.Remove(filepath.Join(dir, "identity")) }, true},
		{"mark of another incarnation", func(dir string) error {
			return identity.Mark(world.System().Files, filepath.Join(dir, "journal"), cluster.Incarnation{1, 2, 3})
		}, true},
		{"term and vote of no incarnation", func(dir string) error {
			path := filepath.Join(dir, "raft")
			for _, name := range []string{"vote", "roster", "stable.bolt"} {
				if err := os.Remove(filepath.Join(path, name)); err != nil {
					return err
				}
			}
			s, err := logstore.OpenStable(world.System().Files, path, nil)
			if err != nil {
				return err
			}
			return errors.Join(s.SetUint64([]byte("CurrentTerm"), 9), s.Close())
		}, true},
		{"quarantined", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "QUARANTINED"), []byte("another state\n"), 0o600)
		}, true},
	} {
		t.Run(harm.what, func(t *testing.T) {
			cfg.DataDir = filepath.Join(t.TempDir(), "n3")
			if err := errors.Join(os.CopyFS(cfg.DataDir, os.DirFS(good)), harm.do(cfg.DataDir)); err != nil {
				t.Fatal(err)
			}
			r, err := node.RepairFolder(t.Context(), cfg, quiet)
			if err != nil || (r.Lost != nil) != harm.lost {
				t.Errorf("repair: lost %v, %v", r.Lost, err)
			}
			if !harm.lost {
				return
			}
			n, err := node.Open(t.Context(), cfg)
			if err == nil {
				t.Fatal("it starts", n.Close(t.Context()))
			}
			if !errors.Is(err, node.ErrForgotten) && !errors.Is(err, node.ErrQuarantined) {
				t.Errorf("the start: %v, which names no way back", err)
			}
			if aside, err := node.SetFolderAside(cfg); err != nil || !strings.HasPrefix(aside, cfg.DataDir) {
				t.Errorf("set aside: %s, %v", aside, err)
			}
		})
	}
}
