package undo_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/rialto-exchange/rialto/chaos/internal/undo"
)

// nobody is a user who is not root.
const nobody = 65534

// sleeper starts a process that only sleeps, and what a journal calls it.
func sleeper(t *testing.T) undo.Thing {
	t.Helper()
	p := exec.Command("sleep", "600")
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Process.Kill() // it may have ended
		_ = p.Wait()
	})
	thing, err := undo.Process(undo.Started, p.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	return thing
}

// lives reports an error unless a sleeping process lives.
func lives(t *testing.T, p undo.Thing) {
	t.Helper()
	if s := state(p.Name); s != "S" && s != "R" {
		t.Errorf("process %s is %q, and nobody may end it", p.Name, s)
	}
}

// journal writes one of a run that ended long ago: of processes with its own id
// none began when that one did.
func journal(t *testing.T, folder string, things ...undo.Thing) string {
	t.Helper()
	lines := []byte(`{"owner":1,"starts":"never"}` + "\n")
	for _, thing := range things {
		line, err := json.Marshal(map[string]undo.Thing{"made": thing})
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, append(line, '\n')...)
	}
	path := filepath.Join(folder, "1-x.undo")
	if err := os.WriteFile(path, lines, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestFolderOfSomebodyElse shows that a journal is obeyed only in a folder that
// this user made and that nobody else writes to: who is root ends no process
// because a user of the machine said so in /tmp.
func TestFolderOfSomebodyElse(t *testing.T) {
	for _, c := range []struct {
		what string
		made func(folder string) (string, error)
	}{
		{"another user's", func(folder string) (string, error) { return folder, os.Chown(folder, nobody, nobody) }},
		{"one that its group writes to", func(folder string) (string, error) { return folder, os.Chmod(folder, 0o720) }},
		{"one that all write to", func(folder string) (string, error) { return folder, os.Chmod(folder, 0o702) }},
		{"a link", func(folder string) (string, error) {
			link := folder + "-link"
			return link, os.Symlink(folder, link)
		}},
	} {
		t.Run(c.what, func(t *testing.T) {
			folder, p := filepath.Join(t.TempDir(), "runs"), sleeper(t)
			if err := os.Mkdir(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			path := journal(t, folder, p)
			at, err := c.made(folder)
			if err != nil {
				t.Skip(err)
			}
			if taken, err := undo.Clean(at); err == nil || len(taken) > 0 {
				t.Errorf("%v was taken away: %v", taken, err)
			}
			lives(t, p)
			if j, err := undo.Open(at); err == nil {
				t.Errorf("a journal was begun there: %v", j.Close())
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("the journal is gone: %v", err)
			}
		})
	}
}

// TestOnlyWhatChaosMakes shows that a journal is obeyed only about what has a
// name that chaos gives, and that nothing else is ever written down.
func TestOnlyWhatChaosMakes(t *testing.T) {
	elsewhere := t.TempDir()
	kept := filepath.Join(elsewhere, "kept")
	if err := os.WriteFile(kept, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(elsewhere, "empty")
	if err := os.Mkdir(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	group := filepath.Join(elsewhere, "rialto-chaos-1-n1-1") // named as ours, and no control group
	if err := os.Mkdir(group, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, thing := range []undo.Thing{
		{Kind: undo.Namespace, Name: "production"},
		{Kind: undo.Namespace, Name: "rialto"},
		{Kind: undo.Namespace, Name: "rialto1-ABCD-hub/../production"},
		{Kind: undo.Namespace, Name: "--all"},
		{Kind: undo.Group, Name: empty},
		{Kind: undo.Group, Name: group},
		{Kind: undo.Group, Name: "/sys/fs/cgroup/cpu/system.slice"},
		{Kind: undo.Group, Name: "/sys/fs/cgroup/cpu/rialto-chaos-1/../../../../.." + group},
		{Kind: undo.Mount, Name: "proc"},
		{Kind: undo.Mount, Name: "/tmp/../proc"},
		{Kind: undo.Frozen, Name: ""},
		{Kind: undo.Folder, Name: elsewhere},
		{Kind: undo.Started, Name: "1", Started: "1"},
		{Kind: undo.Started, Name: "0", Started: "1"},
		{Kind: undo.Stopped, Name: "-1", Started: "1"},
	} {
		t.Run(thing.Kind+" "+thing.Name, func(t *testing.T) {
			j, err := undo.Open(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			if err := j.Making(thing); err == nil {
				t.Error("it was written down")
			}
			if err := j.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
			folder := t.TempDir()
			path := journal(t, folder, thing)
			if taken, err := undo.Clean(folder); err == nil || len(taken) > 0 {
				t.Errorf("%v was taken away: %v", taken, err)
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("the journal is gone, and nobody looked at it: %v", err)
			}
		})
	}
	for _, path := range []string{kept, empty, group} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}

// mounted mounts a file system in memory, or skips the test with a word.
func mounted(t *testing.T, source, at string) {
	t.Helper()
	if err := os.Mkdir(at, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount(source, at, "tmpfs", 0, "size=1m"); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(at, unix.MNT_DETACH) }) // it may be gone
}

// TestMounts shows that a mount of ours goes wherever it is, also where its path
// has blanks, and that somebody else's mount at a place that a journal names
// stays.
func TestMounts(t *testing.T) {
	for _, c := range []struct {
		name, source string
		goes         bool
	}{
		{"ours", undo.Prefix + "test", true},
		{"with a blank, a\ttab, a\nline and a \\", undo.Prefix + "test", true},
		{"theirs", "none", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			at := filepath.Join(folder, c.name)
			mounted(t, c.source, at)
			if !undo.Mounted(at) {
				t.Fatal("it is not seen that something is mounted there")
			}
			journal(t, folder, undo.Thing{Kind: undo.Mount, Name: at})
			if taken, err := undo.Clean(folder); (err == nil) != c.goes || (len(taken) == 1) != c.goes {
				t.Errorf("%v was taken away: %v", taken, err)
			}
			if undo.Mounted(at) == c.goes {
				t.Errorf("mounted: %v", !c.goes)
			}
		})
	}
}

// TestWhoLivesIsAsked shows that a run counts as dead only if that is known: not
// if its journal no longer says whose it is, and not if it can't be asked.
func TestWhoLivesIsAsked(t *testing.T) {
	begun := func(t *testing.T) (folder, path string, p undo.Thing) {
		folder, p = t.TempDir(), sleeper(t)
		j, err := undo.Open(folder)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = j.Close() })
		if err := j.Making(p); err != nil {
			t.Fatal(err)
		}
		found, _ := filepath.Glob(filepath.Join(folder, "*.undo"))
		return folder, found[0], p
	}
	t.Run("a journal without its first line", func(t *testing.T) {
		folder, path, p := begun(t)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(b), `"owner"`, `"ownes"`, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if taken, err := undo.Clean(folder); err == nil || len(taken) > 0 {
			t.Errorf("%v of a living run was taken away: %v", taken, err)
		}
		lives(t, p)
	})
	t.Run("no descriptor to ask with", func(t *testing.T) {
		folder, _, p := begun(t)
		release := allButOne(t)
		taken, err := undo.Clean(folder)
		release()
		if err == nil || len(taken) > 0 {
			t.Errorf("%v of a living run was taken away: %v", taken, err)
		}
		lives(t, p)
	})
}

// allButOne takes all descriptors of this process but one, until it is called.
func allButOne(t *testing.T) (release func()) {
	t.Helper()
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 64, Max: was.Max}); err != nil {
		t.Skip(err)
	}
	var held []*os.File
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		held = append(held, f)
	}
	_ = held[0].Close()
	return func() {
		for _, f := range held[1:] {
			_ = f.Close()
		}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
			t.Error(err)
		}
	}
}

// TestLives shows that a process is told from another one under its id, from one
// that has ended, and from none.
func TestLives(t *testing.T) {
	p := sleeper(t)
	if alive, err := p.Lives(); !alive || err != nil {
		t.Errorf("a living process: %v, %v", alive, err)
	}
	other := p
	other.Started += "1"
	if alive, err := other.Lives(); alive || err != nil {
		t.Errorf("another under its id: %v, %v", alive, err)
	}
	pid, _ := strconv.Atoi(p.Name)
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	until(t, "it has ended", func() bool { alive, err := p.Lives(); return !alive && err == nil })
	for _, name := range []string{"0", "1", "-1", "x", ""} {
		if alive, err := (undo.Thing{Kind: undo.Started, Name: name, Started: "1"}).Lives(); alive || err == nil {
			t.Errorf("process %q: %v, %v", name, alive, err)
		}
	}
	if _, err := undo.Process(undo.Started, 0); err == nil {
		t.Error("there is a process 0")
	}
}
