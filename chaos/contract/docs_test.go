package contract_test

import (
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// example returns the text of an example of the documentation page, as a reader
// would copy it.
func example(t *testing.T, page, id string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, `<pre id="`+id+`">`)
	text, _, end := strings.Cut(rest, "</pre>")
	if !ok || !end {
		t.Fatalf("the page has no example %s", id)
	}
	return html.UnescapeString(text)
}

// TestDocsExamples shows that the examples of /docs work as they are printed, on
// a venue with keys.
func TestDocsExamples(t *testing.T) {
	d := open(t)
	page := string(d.get(0, "/docs").want(t, 200, nil).body)
	key := d.participant("docs-reader", "trader", "trader1")
	run := func(want, name string, args ...string) {
		t.Helper()
		path, err := exec.LookPath(name)
		if err != nil {
			t.Logf("%s is not here", name)
			return
		}
		c := exec.CommandContext(t.Context(), path, args...)
		c.Env = append(os.Environ(), "SERVER="+d.URL(0), "SERVERS="+strings.Join(d.URLs(), ","), "KEY="+key)
		if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v, want %q in\n%s", name, err, want, out)
		}
	}
	run(`"status":"accepted"`, "sh", "-c", example(t, page, "curl"))
	script := filepath.Join(t.TempDir(), "example.py")
	if err := os.WriteFile(script, []byte(example(t, page, "python")), 0o600); err != nil {
		t.Fatal(err)
	}
	run("True", "python3", script)
	run("id: ", "sh", "-c", strings.Replace(example(t, page, "stream"), "curl", "timeout 20 curl", 1)+" | head -n 20")
}

// TestKeysComeAndGo shows that a key acts from when it is created until it is
// revoked, on every node, and that the participant's other keys don't notice.
func TestKeysComeAndGo(t *testing.T) {
	d := open(t)
	first := d.participant("rotation", "read")
	out := d.ran(0, "key create rotation rotated --role read")
	second := strings.TrimSpace(out)
	if !strings.HasPrefix(second, "rotated.") {
		t.Fatalf("printed %q", out)
	}
	asked := 0
	answers := func(key string, want int) {
		t.Helper()
		asked++
		last := d.must("accounts/open", fields{"account": fmt.Sprintf("rotation-%d", asked)}).number(t, "sequence")
		for node := range d.Size() {
			d.get(node, "/v1/queries/instruments?min_sequence="+fmt.Sprint(last))
			if r := d.as(key).get(node, "/v1/queries/instruments"); r.status != want {
				t.Errorf("node %d: %d, want %d", node, r.status, want)
			}
		}
	}
	answers(second, 200)
	if out := d.ran(0, "key list rotation"); !strings.Contains(out, "rotated") || !strings.Contains(out, "key-rotation") {
		t.Errorf("the list: %s", out)
	}
	d.ran(0, "key revoke rotation key-rotation")
	answers(first, 401)
	answers(second, 200)
	d.ran(1, "key revoke rotation key-rotation")
}
