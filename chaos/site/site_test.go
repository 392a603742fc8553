package site_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/site"
)

func built(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("real processes: skipped with -short")
	}
	binary := filepath.Join(t.TempDir(), "rialto")
	if out, err := exec.Command("go", "build", "-o", binary, "github.com/rialto-exchange/rialto/cmd/rialto").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// TestLeavesNothing shows that a site with namespaces and disks of its own
// leaves no process, namespace, mount or image behind, also when a node is
// stopped and a disk frozen when it is closed.
func TestLeavesNothing(t *testing.T) {
	o := site.Options{Binary: built(t), Dir: t.TempDir(), Nodes: 3, Needs: site.Namespaces | site.Disks}
	if lacks := o.Needs &^ site.Machine(o); lacks != 0 {
		t.Skip(site.Why(lacks))
	}
	s, err := site.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, n := range s.Nodes() {
		pids = append(pids, n.PID())
		if !strings.HasPrefix(n.Data(), n.Disk()+"/") {
			t.Errorf("%s keeps its data in %s and not on %s", n.ID, n.Data(), n.Disk())
		}
	}
	addresses, err := s.FIXAddresses()
	if err != nil || len(addresses) != 3 || slices.Contains(addresses, s.FIX(0)[0]) {
		t.Errorf("FIX at %v: %v", addresses, err)
	}
	mount, image := s.Node(0).Disk(), s.Node(0).Image()
	if err := s.Node(1).Pause(t.Context()); err != nil {
		t.Error(err)
	}
	if out, err := exec.Command("fsfreeze", "-f", mount).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	s.Defer("thaw", func() error { return exec.Command("fsfreeze", "-u", mount).Run() })
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for _, pid := range pids {
		if _, err := os.Stat(filepath.Join("/proc", itoa(pid))); err == nil {
			t.Errorf("process %d is left", pid)
		}
	}
	mounts, _ := os.ReadFile("/proc/self/mounts")
	if strings.Contains(string(mounts), mount) {
		t.Errorf("%s is still mounted", mount)
	}
	if _, err := os.Stat(image); err == nil {
		t.Errorf("%s is left", image)
	}
	names, _ := filepath.Glob("/var/run/netns/rialto" + itoa(os.Getpid()) + "-*")
	if len(names) > 0 {
		t.Errorf("namespaces %v are left", names)
	}
}

// TestSweep shows that what a killed run left is taken away by the next one,
// and that what a living one uses is not.
func TestSweep(t *testing.T) {
	if !site.Machine(site.Options{}).Has(site.Namespaces | site.Disks) {
		t.Skip(site.Why(site.Namespaces | site.Disks))
	}
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	dead, living := "rialto"+itoa(gone.Process.Pid)+"-hub", "rialto"+itoa(os.Getpid())+"-hub"
	for _, name := range []string{dead, living} {
		if out, err := exec.Command("ip", "netns", "add", name).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		t.Cleanup(func() { _ = exec.CommandContext(context.Background(), "ip", "netns", "del", name).Run() })
	}
	dir, err := os.MkdirTemp("", "rialto-chaos-"+itoa(gone.Process.Pid)+"-")
	if err != nil {
		t.Fatal(err)
	}
	mount := filepath.Join(dir, "n1")
	if err := os.Mkdir(mount, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "none", mount).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	found, err := site.Sweep()
	if err != nil || found < 2 {
		t.Errorf("swept %d: %v", found, err)
	}
	if _, err := os.Stat("/var/run/netns/" + dead); err == nil {
		t.Error("the namespace of a dead run is left")
	}
	if _, err := os.Stat("/var/run/netns/" + living); err != nil {
		t.Error("the namespace of a living run is gone")
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the mount of a dead run is left")
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
