package dictionary_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/gateways/fix/internal/dictionary"
)

// The tables are those that go generate writes from the module that go.mod
// names.
func TestTablesAreGenerated(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the generator")
	}
	folder := t.TempDir()
	if out, err := exec.Command("go", "run", "./generate", folder).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"fix44.txt", "fixt11.txt", "fix50sp2.txt"} {
		want, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(name)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what go generate writes: %v", name, err)
		}
	}
}

// A table that is broken is not loaded: a node would rather not start than
// judge by half of it.
func TestBrokenTables(t *testing.T) {
	const good = "tag 1 Account string\ntag 2 N numingroup\ntag 3 RawDataLength length\ntag 4 RawData data\nmessage D 1! 2 ( 1 )\n"
	if err := dictionary.LoadTable(good); err != nil {
		t.Fatal(err)
	}
	for name, line := range map[string]string{
		"tag that is none":          "tag x",
		"tag of zero":               "tag 0",
		"tag beyond the tables":     "tag 1622",
		"format that is none":       "tag 5 X colour",
		"data without a length":     "tag 5 X data",
		"field that is no number":   "message E one",
		"bracket too few":           "message E 2 ) 1",
		"group without a count":     "message E ( 1 )",
		"group without fields":      "message E 2 ( )",
		"group in a group of words": "message E 2 ( 1 ( x ) )",
	} {
		if err := dictionary.LoadTable(good + line + "\n"); err == nil {
			t.Errorf("%s: loaded", name)
		} else if !strings.Contains(err.Error(), strings.Fields(line)[0]) && !strings.Contains(err.Error(), "length") {
			t.Errorf("%s: the error does not say where: %v", name, err)
		}
	}
}

// All dictionaries of a node together take less than a mebibyte, however many
// sessions there are.
func TestMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	d := load(t)
	runtime.GC()
	runtime.ReadMemStats(&after)
	kept := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("%d KiB", kept/1024)
	if kept > 1<<20 {
		t.Errorf("%d bytes are kept", kept)
	}
	runtime.KeepAlive(d)
}
