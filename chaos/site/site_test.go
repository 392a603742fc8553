package site_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/undo"
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
		if !strings.HasPrefix(n.Data(), n.Disk().Path()+"/") {
			t.Errorf("%s keeps its data in %s and not on %s", n.ID, n.Data(), n.Disk().Path())
		}
	}
	addresses, err := s.FIXAddresses()
	if err != nil || len(addresses) != 3 || slices.Contains(addresses, s.FIX(0)[0]) {
		t.Errorf("FIX at %v: %v", addresses, err)
	}
	mount, image := s.Node(0).Disk().Path(), s.Node(0).Disk().Image()
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

// asRun tells this test's binary to be a run that is killed: a folder and the
// binary of the nodes.
const asRun = "RIALTO_SITE_TEST_RUN"

func TestMain(m *testing.M) {
	if told := strings.Fields(os.Getenv(asRun)); len(told) == 2 {
		s, err := site.Open(context.Background(), site.Options{Dir: told[0], Binary: told[1], Nodes: 3, Needs: site.Namespaces | site.Disks})
		if err == nil {
			err = errors.Join(s.Node(0).Disk().Freeze(), s.Node(1).Pause(context.Background()))
		}
		if err != nil {
			panic(err)
		}
		fmt.Println(s.Node(0).Disk().Path(), s.Net().Name(0), s.Node(0).PID(), s.Node(1).PID(), s.Node(2).PID())
		_, _ = io.Copy(io.Discard, os.Stdin) // it is killed, or whoever started it is gone
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// TestSweep shows that what a killed run left is taken away by the next one,
// also a node that hangs in a write to a disk that hangs and one that is
// stopped, and that what a living one uses is not.
func TestSweep(t *testing.T) {
	if !site.Machine(site.Options{}).Has(site.Namespaces | site.Disks) {
		t.Skip(site.Why(site.Namespaces | site.Disks))
	}
	run := exec.Command(os.Args[0])
	run.Env = append(os.Environ(), asRun+"="+t.TempDir()+" "+built(t))
	out, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run.StdinPipe(); err != nil { // it runs as long as this is open
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	made := strings.Fields(line)
	if err != nil || len(made) != 5 {
		t.Fatalf("the run says %q: %v", line, err)
	}
	there := func() (what []string) {
		if undo.Mounted(made[0]) {
			what = append(what, made[0])
		}
		paths := []string{filepath.Dir(filepath.Dir(made[0])), "/var/run/netns/" + made[1]}
		for _, pid := range made[2:] {
			paths = append(paths, "/proc/"+pid)
		}
		for _, path := range paths {
			if _, err := os.Stat(path); err == nil {
				what = append(what, path)
			}
		}
		return what
	}
	if _, err := site.Sweep(); err != nil || len(there()) != 6 {
		t.Errorf("of a living run there is %v: %v", there(), err)
	}
	if err := run.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = run.Wait() // it was killed
	found, err := site.Sweep()
	if err != nil || found == 0 {
		t.Errorf("swept %d: %v", found, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for len(there()) > 0 {
		select {
		case <-ctx.Done():
			t.Fatalf("of a killed run there is %v", there())
		case <-tick.C:
		}
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
