package fault_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/rialto-exchange/rialto/chaos/internal/fault"
	"github.com/rialto-exchange/rialto/chaos/internal/undo"
)

// TestProcessUnderItsID shows that nothing is done to a process that merely has
// the id of the one that was meant, neither when a fault begins nor when it is
// taken back, and nothing to this one for a node that does not run.
func TestProcessUnderItsID(t *testing.T) {
	p := exec.Command("sleep", "600")
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Process.Kill()
		_ = p.Wait()
	})
	meant, err := undo.Process(undo.Started, p.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	other := meant
	other.Started += "1"
	files := func() uint64 {
		t.Helper()
		var l unix.Rlimit
		if err := unix.Prlimit(p.Process.Pid, unix.RLIMIT_NOFILE, nil, &l); err != nil {
			t.Fatal(err)
		}
		return l.Cur
	}
	was := files()
	for _, stranger := range []undo.Thing{other, {Kind: undo.Started, Name: "0"}, {Kind: undo.Started, Name: "0", Started: "0"}} {
		if _, err := fault.Limit(stranger, unix.RLIMIT_NOFILE, was-1); err == nil || files() != was {
			t.Errorf("%+v may open %d files and not %d: %v", stranger, files(), was, err)
		}
		group := t.TempDir()
		members := filepath.Join(group, "cgroup.procs")
		if err := os.WriteFile(members, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := fault.Move(stranger, group); err == nil {
			t.Errorf("%+v was moved", stranger)
		}
		if b, _ := os.ReadFile(members); len(b) > 0 {
			t.Errorf("process %s was moved for %+v", b, stranger)
		}
	}
	back, err := fault.Limit(meant, unix.RLIMIT_NOFILE, was-1)
	if err != nil || files() != was-1 {
		t.Fatalf("%d files and not %d: %v", files(), was-1, err)
	}
	if err := back(); err != nil || files() != was {
		t.Errorf("%d files again, and there were %d: %v", files(), was, err)
	}
	group := t.TempDir()
	if err := os.WriteFile(filepath.Join(group, "cgroup.procs"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := fault.Move(meant, group); err != nil {
		t.Error(err)
	}
	if b, _ := os.ReadFile(filepath.Join(group, "cgroup.procs")); string(b) != strconv.Itoa(p.Process.Pid) {
		t.Errorf("moved %q, want %d", b, p.Process.Pid)
	}
}

// TestLimitOfTheDead shows that a limit of a process that has ended is taken
// back from nobody.
func TestLimitOfTheDead(t *testing.T) {
	p := exec.Command("sleep", "600")
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	meant, err := undo.Process(undo.Started, p.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	back, err := fault.Limit(meant, unix.RLIMIT_NOFILE, 17)
	if err != nil {
		t.Error(err)
	}
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait() // it was killed
	if err := back(); err != nil {
		t.Error(err)
	}
}
