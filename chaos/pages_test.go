package chaos_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// block is a block of commands of a page, and where it is typed.
type block struct {
	section string
	on      []string
	script  string
	leave   bool // the last line goes on running
}

var (
	blockOf = regexp.MustCompile("(?m)^( *)```(sh|ini)\n((?s:.*?))^ *```$")
	whereOf = regexp.MustCompile(`^# (?:on (n\d(?:, n\d)*)|at the (desk))(, and leave it running)?\n`)
)

// pageOf reads the blocks of a page, and its unit file.
func pageOf(t *testing.T, path string) (blocks []block, unit string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, section := range strings.Split(string(text), "\n## ")[1:] {
		title, body, _ := strings.Cut(section, "\n")
		for _, m := range blockOf.FindAllStringSubmatch(body, -1) {
			script := strings.ReplaceAll(m[3], "\n"+m[1], "\n")[len(m[1]):]
			if m[2] == "ini" {
				unit = script
				blocks = append(blocks, block{section: title, on: []string{"n1", "n2", "n3"}})
				continue
			}
			where := whereOf.FindStringSubmatch(script)
			if where == nil {
				t.Fatalf("%s: nobody knows where this is typed:\n%s", title, script)
			}
			on := []string{desk}
			if where[1] != "" {
				on = strings.Split(where[1], ", ")
			}
			blocks = append(blocks, block{title, on, strings.TrimPrefix(script, where[0]), where[3] != ""})
		}
	}
	return blocks, unit
}

// TestThreeMachines shows that the page about three machines works as it is
// typed: a venue is founded, certified and declared, and runs under systemd. With
// RIALTO_PAGES=all (make pages) the page goes on to its end: the venue is
// upgraded, loses a machine, a disk and its majority, and is restored from a
// backup.
func TestThreeMachines(t *testing.T) {
	if testing.Short() {
		t.Skip("real processes: skipped with -short")
	}
	t.Parallel()
	blocks, unit := pageOf(t, "../docs/three-machines.md")
	m := newMachines(t, "n1", "n2", "n3", "n4", desk)
	m.all[desk].run("cp \"$(command -v rialto)\" rialto-new")
	section := ""
	for _, b := range blocks {
		if b.section != section {
			if section != "" && os.Getenv("RIALTO_PAGES") != "all" {
				return
			}
			m.all[desk].interrupt()
			section = b.section
			t.Log(section)
			m.before(section)
		}
		for _, name := range b.on {
			h := m.all[name]
			if name != desk { // which has terminals enough until the section ends
				h.interrupt()
			}
			switch {
			case b.script == "":
				h.write("/etc/systemd/system/rialto.service", unit)
			case b.leave:
				h.leave(b.script)
			default:
				t.Logf("%s:\n%s%s", name, b.script, h.run(b.script))
			}
		}
	}
}

// before makes what a section is about happen.
func (m *machines) before(section string) {
	switch section {
	case "Lose a majority":
		for _, lost := range []string{"n2", "n4"} {
			m.all[lost].off()
		}
	}
}

// write puts a file on the machine.
func (h *machine) write(path, content string) {
	c := h.command(h.of.t.Context(), "/", "cat > "+h.path(path))
	c.Stdin = strings.NewReader(h.typed(content))
	if out, err := c.CombinedOutput(); err != nil {
		h.of.t.Fatalf("%s: %v: %s", path, err, out)
	}
}

// TestUnitFile shows that systemd finds nothing to say about the page's unit.
func TestUnitFile(t *testing.T) {
	verify, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("there is no systemd here")
	}
	_, unit := pageOf(t, "../docs/three-machines.md")
	path := filepath.Join(t.TempDir(), "rialto.service")
	unit = strings.ReplaceAll(unit, "/usr/local/bin/rialto ", "/bin/true ") // which is there everywhere
	if err := os.WriteFile(path, []byte(unit), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(verify, "verify", path).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "rialto.service") && !strings.Contains(line, "man page") {
			t.Error(line)
		}
	}
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
