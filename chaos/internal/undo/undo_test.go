package undo_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rialto-exchange/rialto/chaos/internal/undo"
)

// asRun tells this test's binary to be a run that makes things and is killed.
const asRun = "RIALTO_UNDO_TEST_RUN"

func TestMain(m *testing.M) {
	if folder := os.Getenv(asRun); folder != "" {
		run(folder)
	}
	os.Exit(m.Run())
}

// run makes one of each kind that can be made here, says what, and waits.
func run(folder string) {
	j, err := undo.Open(folder)
	must(err)
	for _, kind := range []string{undo.Started, undo.Stopped} {
		p := exec.Command("sleep", "600")
		must(p.Start())
		t, err := undo.Process(kind, p.Process.Pid)
		must(err)
		must(j.Making(t))
		if kind == undo.Stopped {
			must(p.Process.Signal(unix.SIGSTOP))
		}
		fmt.Println(kind, p.Process.Pid)
	}
	if os.Getuid() == 0 {
		name := fmt.Sprintf("rialto%d-TEST-0", os.Getpid())
		must(j.Making(undo.Thing{Kind: undo.Namespace, Name: name}))
		if exec.Command("ip", "netns", "add", name).Run() == nil {
			fmt.Println(undo.Namespace, filepath.Join("/var/run/netns", name))
		}
		at := filepath.Join(folder, "mounted")
		must(os.Mkdir(at, 0o700))
		must(j.Making(undo.Thing{Kind: undo.Mount, Name: at}))
		if unix.Mount(undo.Prefix+"test", at, "tmpfs", 0, "size=1m") == nil {
			fmt.Println(undo.Mount, at)
		}
	}
	must(j.Making(undo.Thing{Kind: undo.Namespace, Name: "rialto1-NONE-0"}))
	fmt.Println("made")
	_, _ = io.Copy(io.Discard, os.Stdin) // it is killed, or whoever started it is gone
	os.Exit(1)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// state is the letter of a process in /proc, "" if there is none.
func state(pid string) string {
	b, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	return rest[:1]
}

// until waits for a condition.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain until %s", what)
		case <-tick.C:
		}
	}
}

// TestKilledRunIsCleanedUp shows that what a run has made is not touched while
// the run lives, and is gone after Clean when it was killed: processes,
// namespaces, mounts; what was written down and never made does no harm.
func TestKilledRunIsCleanedUp(t *testing.T) {
	folder := t.TempDir()
	p := exec.Command(os.Args[0])
	p.Env, p.Stderr = append(os.Environ(), asRun+"="+folder), os.Stderr
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.StdinPipe(); err != nil { // it runs as long as this is open
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	made := map[string]string{}
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "made"; {
		kind, name, _ := strings.Cut(lines.Text(), " ")
		made[kind] = name
	}
	if taken, err := undo.Clean(folder); err != nil || len(taken) > 0 {
		t.Errorf("of a run that lives %v was taken away: %v", taken, err)
	}
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait() // it was killed
	until(t, "the stopped process is stopped", func() bool { return state(made[undo.Stopped]) == "T" })
	taken, err := undo.Clean(folder)
	if err != nil || len(taken) < 3 {
		t.Fatalf("%v was taken away: %v", taken, err)
	}
	until(t, "the started process is gone", func() bool { s := state(made[undo.Started]); return s == "" || s == "Z" })
	until(t, "the stopped process goes on", func() bool { return state(made[undo.Stopped]) == "S" })
	if name := made[undo.Namespace]; name != "" {
		if _, err := os.Stat(name); err == nil {
			t.Errorf("namespace %s is still there", name)
		}
	}
	if at := made[undo.Mount]; at != "" && undo.Mounted(at) {
		t.Errorf("%s is still mounted", at)
	}
	if journals, _ := filepath.Glob(filepath.Join(folder, "*.undo")); len(journals) > 0 {
		t.Errorf("journals are left: %v", journals)
	}
	if sleeper, err := undo.Process(undo.Started, atoi(t, made[undo.Stopped])); err == nil {
		end(t, sleeper)
	}
}

// TestAnotherUnderItsID shows that a process is spared which merely has the id
// of one that has ended.
func TestAnotherUnderItsID(t *testing.T) {
	p := exec.Command("sleep", "600")
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	thing, err := undo.Process(undo.Started, p.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	other := thing
	other.Started += "1"
	end(t, other)
	if s := state(thing.Name); s != "S" && s != "R" {
		t.Errorf("a process of another start is %q", s)
	}
	end(t, thing)
	_ = p.Wait() // it was killed
}

// end has a journal end a process.
func end(t *testing.T, thing undo.Thing) {
	t.Helper()
	j, err := undo.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Making(thing); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestUnknownKind shows that nothing is written down that nobody can undo.
func TestUnknownKind(t *testing.T) {
	j, err := undo.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Making(undo.Thing{Kind: "moon", Name: "x"}); err == nil {
		t.Error("a thing of an unknown kind was taken")
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}

func atoi(t *testing.T, s string) int {
	t.Helper()
	var n int
	if _, err := fmt.Sscan(s, &n); err != nil {
		t.Fatal(err)
	}
	return n
}
