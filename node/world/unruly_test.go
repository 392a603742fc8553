//go:build chaos

package world_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/node/world/worldtest"
)

// asNode tells this test's binary to be a process with rules.
const asNode = "WORLD_TEST_NODE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(asNode); dir != "" {
		process(dir)
	}
	os.Exit(m.Run())
}

// chunk is how much the process writes at once: some pages.
const chunk = 16 << 10

// process writes four times and says what came of each, and what the clock is
// off by.
func process(dir string) {
	w := world.System()
	f, err := world.Create(w.Files, filepath.Join(dir, "log", "a.wal"))
	if err != nil {
		panic(err)
	}
	out := json.NewEncoder(os.Stdout)
	for i := range 4 {
		n, err := f.Write(bytes.Repeat([]byte{'0' + byte(i)}, chunk))
		text := ""
		if err != nil {
			text = err.Error()
		}
		_ = out.Encode(map[string]any{"n": n, "err": text, "off": w.Clock.Now().Sub(time.Now()).Round(time.Second).String()})
	}
	os.Exit(0)
}

type said struct {
	N   int
	Err string
	Off string
}

// under runs the process under rules, and returns what it said, what its file
// holds, what the rules met, and how it ended.
func under(t *testing.T, rules string) (lines []said, content, met string, ended error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "log"), 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "rules.json")
	if err := os.WriteFile(path, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	p := exec.Command(os.Args[0])
	p.Env = append(os.Environ(), asNode+"="+dir, "CHAOS_RULES="+path)
	out, ended := p.Output()
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var s said
		if err := d.Decode(&s); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, s)
	}
	b, _ := os.ReadFile(filepath.Join(dir, "log", "a.wal"))
	m, _ := os.ReadFile(path + ".met")
	return lines, string(b), string(m), ended
}

// TestRules shows each thing that can go wrong with a call, on a process of its
// own: in which call, for how many, and that it is said.
func TestRules(t *testing.T) {
	for name, c := range map[string]struct {
		rules   string
		content string // a letter for each half of a chunk
		written []int  // halves
		err     string // of the second write
		killed  bool
	}{
		"nothing":     {`{"rules":[{"files":"other/*","at":1,"do":"fail"}]}`, "00112233", []int{2, 2, 2, 2}, "", false},
		"once":        {`{"rules":[{"files":"log/*.wal","at":2,"times":1,"do":"fail"}]}`, "002233", []int{2, 0, 2, 2}, "input/output error", false},
		"for ever":    {`{"rules":[{"files":"log/*.wal","at":2,"do":"fail","error":"ENOSPC"}]}`, "00", []int{2, 0, 0, 0}, "no space left", false},
		"short":       {`{"rules":[{"files":"log/*.wal","at":2,"times":1,"do":"short","error":"ENOSPC"}]}`, "0012233", []int{2, 1, 2, 2}, "no space left", false},
		"kill before": {`{"rules":[{"files":"log/*.wal","at":2,"do":"kill"}]}`, "00", []int{2}, "", true},
		"kill in":     {`{"rules":[{"files":"log/*.wal","at":2,"do":"kill","when":"half"}]}`, "001", []int{2}, "", true},
		"kill after":  {`{"rules":[{"files":"log/*.wal","at":2,"do":"kill","when":"after"}]}`, "0011", []int{2}, "", true},
		"stall":       {`{"rules":[{"files":"log/*.wal","at":2,"times":1,"do":"stall","stall_ms":10}]}`, "00112233", []int{2, 2, 2, 2}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			lines, content, met, ended := under(t, c.rules)
			var exit *exec.ExitError
			killed := errors.As(ended, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
			if killed != c.killed || ended != nil && !killed {
				t.Errorf("the process ended by %v", ended)
			}
			var want strings.Builder
			for _, letter := range c.content {
				want.WriteString(strings.Repeat(string(letter), chunk/2))
			}
			if content != want.String() || len(lines) != len(c.written) {
				t.Fatalf("it wrote %d bytes in %d calls, want %d in %d", len(content), len(lines), want.Len(), len(c.written))
			}
			for i, n := range c.written {
				if lines[i].N != n*chunk/2 || (lines[i].Err == "") != (n == 2) {
					t.Errorf("write %d: %+v, want %d halves", i+1, lines[i], n)
				}
			}
			if c.err != "" && !strings.Contains(lines[1].Err, c.err) {
				t.Errorf("the second write: %s, want %s", lines[1].Err, c.err)
			}
			if said := strings.Contains(met, `"call":"write"`); said == (name == "nothing") || !strings.Contains(met, `"armed"`) {
				t.Errorf("said: %s", met)
			}
		})
	}
}

// TestClockJumps shows that the wall clock is ahead by what the rules say.
func TestClockJumps(t *testing.T) {
	lines, _, _, err := under(t, `{"clock_ns":3600000000000}`)
	if err != nil || len(lines) == 0 || lines[0].Off != "1h0m0s" {
		t.Errorf("got %+v (%v)", lines, err)
	}
}

// TestNewRules shows that a process that runs takes new rules, and that files
// which rules may spoil and do not are the system's in all that they promise.
func TestNewRules(t *testing.T) {
	if os.Getenv("CHAOS_RULES") == "" { // once more, as a process with rules
		path := filepath.Join(t.TempDir(), "rules.json")
		if err := os.WriteFile(path, []byte(`{"rules":[{"files":"never/*","at":1,"do":"fail"}]}`), 0o600); err != nil {
			t.Fatal(err)
		}
		again := exec.Command(os.Args[0], "-test.run", "TestNewRules|TestNative", "-test.v")
		again.Env = append(os.Environ(), "CHAOS_RULES="+path)
		if out, err := again.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	files := world.System().Files
	worldtest.Files(t, func(t *testing.T) (world.Files, string) { return files, t.TempDir() })
	dir := filepath.Join(t.TempDir(), "later")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(os.Getenv("CHAOS_RULES"), []byte(`{"rules":[{"files":"later/*","calls":["create"],"at":1,"do":"fail"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		f, err := world.Create(files, filepath.Join(dir, "x"))
		if errors.Is(err, syscall.EIO) {
			return
		}
		if err != nil || time.Now().After(end) {
			t.Fatalf("new rules are not in force: %v", err)
		}
		_ = f.Close()
	}
}
