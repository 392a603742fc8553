package node_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node"
)

// fewInodes mounts a file system of its own with so many of them.
func fewInodes(t *testing.T, count int) string {
	t.Helper()
	image, mount := filepath.Join(t.TempDir(), "image"), t.TempDir()
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, 8<<30); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][]string{
		{"mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal", "-E", "lazy_itable_init=1", "-N", fmt.Sprint(count), image},
		{"mount", "-o", "loop", image, mount},
	} {
		if out, err := exec.CommandContext(t.Context(), c[0], c[1:]...).CombinedOutput(); err != nil {
			t.Skipf("a file system with few inodes can't be made here: %s: %v: %s", c[0], err, out)
		}
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", mount).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	return mount
}

// leaveInodes makes empty files until so many inodes are left.
func leaveInodes(t *testing.T, mount string, left uint64) {
	t.Helper()
	dir := filepath.Join(mount, "ballast")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for n := 0; ; n++ {
		var s syscall.Statfs_t
		if err := syscall.Statfs(mount, &s); err != nil {
			t.Fatal(err)
		}
		if s.Ffree <= left {
			return
		}
		if f, err := os.CreateTemp(dir, ""); err == nil {
			_ = f.Close()
		}
	}
}

// TestInodesRunOut shows that nodes whose file system has bytes enough and no
// inodes do less by the same marks as on a full disk, die of nothing, and go on
// by themselves when there are inodes again.
func TestInodesRunOut(t *testing.T) {
	if testing.Short() {
		t.Skip("mounts a file system")
	}
	mount := fewInodes(t, 1024)
	c := newTrioWith(t, func(cfg *node.Config) {
		cfg.DataDir = filepath.Join(mount, cfg.NodeID)
		cfg.Consensus.HeartbeatTimeout *= 5
	})
	c.do(0, &command.OpenAccount{Account: "inodes"})
	for _, step := range []struct {
		left   uint64
		intake gateways.Intake
	}{
		{100, gateways.IntakeSlow}, {50, gateways.IntakeCancels}, {20, gateways.IntakeReadOnly}, {0, gateways.IntakeReadOnly},
	} {
		leaveInodes(t, mount, step.left)
		c.until(fmt.Sprintf("%s, with %d inodes left", step.intake, step.left), func() bool {
			for _, n := range c.nodes {
				if n.Operations().Intake() != step.intake {
					return false
				}
			}
			return strings.Contains(fmt.Sprint(c.nodes[0].Operations().Twin().Findings), "is short of inodes")
		})
	}
	if err := c.nodes[0].Operations().Snapshot(t.Context()); !errors.Is(err, gateways.ErrDegraded) || !strings.Contains(err.Error(), "no room") {
		t.Errorf("a snapshot without inodes: %v", err)
	}
	// It is looked at before anything is written, or locked.
	if _, err := node.Open(t.Context(), c.configs[2]); cluster.KindOf(err) != cluster.KindSickMachine || !strings.Contains(err.Error(), "inodes left, and a node needs 16 to start") {
		t.Errorf("a start without inodes: %v", err)
	}
	if err := os.RemoveAll(filepath.Join(mount, "ballast")); err != nil {
		t.Fatal(err)
	}
	c.until("all is well again", func() bool {
		for _, n := range c.nodes {
			select {
			case err := <-n.Fatal():
				t.Fatalf("a node ended: %v", err)
			default:
			}
			if n.Operations().Ready() != nil || n.Operations().Intake() != gateways.IntakeOpen {
				return false
			}
		}
		return !strings.Contains(fmt.Sprint(c.nodes[0].Operations().Twin().Findings), "is short of")
	})
	c.do(0, &command.OpenAccount{Account: "after"})
}
