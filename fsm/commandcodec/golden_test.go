package commandcodec_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/commandcodec"
)

// update adds to the golden file and the fuzz seeds. What is in a log is for
// ever: a line that differs means a new version of its kind, not an update.
var update = flag.Bool("update", false, "add new samples to testdata")

const goldenFile = "testdata/commands.golden"

// The bytes of every kind are those that were frozen, in both directions.
func TestGolden(t *testing.T) {
	names, commands := samples()
	if *update {
		writeGolden(t, names, commands)
	}
	frozen := readGolden(t)
	for i, name := range names {
		want, ok := frozen[name]
		if !ok {
			t.Errorf("%s is not frozen: run with -update", name)
			continue
		}
		got, err := commandcodec.Append(nil, commands[i], newest)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: got  %x, %v\nwant %x", name, got, err, want)
		}
		back, err := commandcodec.Decode(want)
		if err != nil || !reflect.DeepEqual(back, commands[i]) {
			t.Errorf("%s: decoded %+v, %v\nwant %+v", name, back, err, commands[i])
		}
		delete(frozen, name)
	}
	for name := range frozen {
		t.Errorf("%s is frozen and no sample of it is left", name)
	}
}

// Every kind has a sample: none can be added without freezing it.
func TestEveryKindHasASample(t *testing.T) {
	want := map[command.Kind]bool{}
	for _, b := range bodies() {
		want[b.Kind()] = true
	}
	for kind := range 256 {
		// A header of zeros and nothing else: known kinds get further than
		// their number.
		known := !isUnknown(append([]byte{byte(kind), 1}, make([]byte, 24)...))
		if known != want[command.Kind(kind)] {
			t.Errorf("kind %d: decodable %v, in the samples %v", kind, known, !known)
		}
	}
}

// newest is a level that no command is too new for.
const newest = math.MaxUint16

// writeGolden adds what is not frozen yet. What is there stays as it is: a
// version that was ever written is read for ever.
func writeGolden(t *testing.T, names []string, commands []*command.Command) {
	frozen := readGolden(t)
	out, err := os.ReadFile(goldenFile)
	must(t, err)
	seeds := filepath.Join("testdata", "fuzz", "FuzzDecode")
	must(t, os.MkdirAll(seeds, 0o755))
	for i, name := range names {
		b, err := commandcodec.Append(nil, commands[i], newest)
		must(t, err)
		if old, ok := frozen[name]; ok {
			if !bytes.Equal(old, b) {
				t.Fatalf("%s is frozen with other bytes: give its kind a new version", name)
			}
			continue
		}
		out = fmt.Appendf(out, "%s %s\n", name, hex.EncodeToString(b))
		seed := fmt.Sprintf("go test fuzz v1\n[]byte(%q)\n", b)
		must(t, os.WriteFile(filepath.Join(seeds, name), []byte(seed), 0o644))
	}
	must(t, os.WriteFile(goldenFile, out, 0o644))
}

func readGolden(t *testing.T) map[string][]byte {
	f, err := os.Open(goldenFile)
	must(t, err)
	defer f.Close()
	frozen := map[string][]byte{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		name, text, _ := strings.Cut(lines.Text(), " ")
		b, err := hex.DecodeString(text)
		must(t, err)
		frozen[name] = b
	}
	must(t, lines.Err())
	return frozen
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
