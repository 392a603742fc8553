package eventcodec_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// update adds to the golden files and the fuzz seeds. What is in a journal is
// for ever: a line that differs means a new version of its kind, not an update.
var update = flag.Bool("update", false, "add new samples to testdata")

// golden is one frozen value.
type golden struct {
	name   string
	value  any
	encode func() []byte
}

// goldens returns every record kind in a group of its own, every type, every
// outcome kind, and a block in which names come again.
func goldens() []golden {
	var list []golden
	for _, level := range []uint16{1, 3} {
		for _, r := range records() {
			fill(&counting{at: level}, reflect.ValueOf(r).Elem())
			name := "record/" + reflect.TypeOf(r).Elem().Name()
			if level > 1 {
				if !grown(r) {
					continue
				}
				name += "-3"
			}
			g := &event.Group{Aggregate: "a", Count: uint32(r.Events()), Records: []event.Record{r}}
			list = append(list, golden{name, g, func() []byte { return eventcodec.AppendGroup(nil, g) }})
		}
	}
	for _, typ := range storedTypes() {
		g := &event.Group{Records: []event.Record{&event.AssetChanged{Type: typ}}}
		list = append(list, golden{"type/" + string(typ), g,
			func() []byte { return eventcodec.AppendGroup(nil, g) }})
	}
	for kind := event.OutcomeNone; kind <= event.OutcomeSessionGap; kind++ {
		o := &event.Outcome{Kind: kind, Index: 1001, At: 1_780_000_000_123_456_789, History: 77, Sequence: 9001, First: 4000}
		if kind == event.OutcomeExecuted {
			o.Group = &block([]event.Record{&event.CommandRejected{Code: event.CodeTooLate, Rule: "valid_until", Detail: "late"}}).Groups[0]
		}
		list = append(list, golden{fmt.Sprintf("outcome/%d", kind), o,
			func() []byte { return eventcodec.AppendOutcome(nil, o) }})
	}
	full, placed := &event.Context{}, &event.Context{}
	fill(&counting{at: 1}, reflect.ValueOf(full).Elem())
	fill(&counting{at: 3}, reflect.ValueOf(placed).Elem())
	inSession := &event.Group{Context: *placed, First: 3, Count: 4, Aggregate: "a", AggregateSequence: 5}
	g := &event.Group{Context: *full, First: 3, Count: 4, Aggregate: full.Participant, AggregateSequence: 5}
	b, small := trading(20), block([]event.Record{accepted(1)}, []event.Record{filled(2)})
	chained := block([]event.Record{accepted(1)}, []event.Record{filled(2)})
	chained.Digest = [32]byte{1, 2, 3}
	eventcodec.Seal(nil, chained, [32]byte{4})
	reporting := block([]event.Record{accepted(1)}, []event.Record{filled(2)})
	reporting.Digest = [32]byte{1, 2, 3}
	reporting.Sessions = []event.SessionTouch{
		{CompID: "ALPHA", Kind: market.SessionOrderEntry, First: 12, Count: 2},
		{CompID: "ALPHA-DC", Kind: market.SessionDropCopy, Accounts: []string{"acc-998811"}, First: 300, Count: 3},
	}
	eventcodec.Seal(nil, reporting, [32]byte{4})
	return append(list,
		golden{"group in a session", inSession, func() []byte { return eventcodec.AppendGroup(nil, inSession) }},
		golden{"block with sessions", reporting, func() []byte { return eventcodec.AppendBlock(nil, reporting) }},
		golden{"group", g, func() []byte { return eventcodec.AppendGroup(nil, g) }},
		golden{"small block", small, func() []byte { return eventcodec.AppendBlock(nil, small) }},
		golden{"block with digest", chained, func() []byte { return eventcodec.AppendBlock(nil, chained) }},
		golden{"block", b, func() []byte { return eventcodec.AppendBlock(nil, b) }})
}

// grown reports whether a filled record says what only its second version can.
func grown(r event.Record) bool {
	return eventcodec.AppendGroup(nil, &event.Group{Records: []event.Record{r}})[9] > 1
}

// maxSeed keeps what the fuzzer works on small: it spends its time on
// shortening larger inputs.
const maxSeed = 1000

const goldenFile = "testdata/events.golden"

// The bytes of every kind are those that were frozen, in both directions.
func TestGolden(t *testing.T) {
	if *update {
		writeGolden(t)
	}
	frozen := readGolden(t)
	for _, g := range goldens() {
		want, ok := frozen[g.name]
		if !ok {
			t.Errorf("%s is not frozen: run with -update", g.name)
			continue
		}
		if got := g.encode(); !bytes.Equal(got, want) {
			t.Errorf("%s: got  %x\nwant %x", g.name, got, want)
		}
		if back, err := decodeLike(g.value, want); err != nil || !reflect.DeepEqual(back, g.value) {
			t.Errorf("%s: decoded %+v, %v\nwant %+v", g.name, back, err, g.value)
		}
		delete(frozen, g.name)
	}
	for name := range frozen {
		t.Errorf("%s is frozen and no sample of it is left", name)
	}
}

func decodeLike(v any, b []byte) (any, error) {
	switch v.(type) {
	case *event.Block:
		return eventcodec.DecodeBlock(b)
	case *event.Outcome:
		return eventcodec.DecodeOutcome(b)
	}
	return eventcodec.DecodeGroup(b)
}

// Every number of a record kind that can be read has a sample.
func TestEveryKindHasASample(t *testing.T) {
	want := map[event.RecordKind]bool{}
	for _, r := range records() {
		want[r.RecordKind()] = true
	}
	for kind := range 256 {
		b := append([]byte{0, 0, 0, 0, 0, 0, 0, 1, byte(kind), 1, 1}, make([]byte, 128)...)
		if known := !isUnknown(eventcodec.DecodeGroup(b)); known != want[event.RecordKind(kind)] {
			t.Errorf("kind %d: decodable %v, in the samples %v", kind, known, !known)
		}
	}
}

// writeGolden adds what is not frozen yet. What is there stays as it is: a
// version that was ever written is read for ever.
func writeGolden(t *testing.T) {
	frozen := readGolden(t)
	out, err := os.ReadFile(goldenFile)
	must(t, err)
	for _, g := range goldens() {
		b := g.encode()
		if old, ok := frozen[g.name]; ok {
			if !bytes.Equal(old, b) {
				t.Fatalf("%s is frozen with other bytes: give its kind a new version", g.name)
			}
			continue
		}
		out = fmt.Appendf(out, "%s\t%s\n", g.name, hex.EncodeToString(b))
		switch g.value.(type) {
		case *event.Block:
			if len(b) > maxSeed {
				continue
			}
			writeSeed(t, "FuzzDecodeBlock", g.name, b)
		case *event.Outcome:
			writeSeed(t, "FuzzDecodeOutcome", g.name, b)
		default:
			writeSeed(t, "FuzzDecodeGroup", g.name, b)
		}
	}
	must(t, os.WriteFile(goldenFile, out, 0o644))
}

func writeSeed(t *testing.T, target, name string, b []byte) {
	dir := filepath.Join("testdata", "fuzz", target)
	must(t, os.MkdirAll(dir, 0o755))
	seed := fmt.Sprintf("go test fuzz v1\n[]byte(%q)\n", b)
	must(t, os.WriteFile(filepath.Join(dir, strings.NewReplacer("/", "-", " ", "-").Replace(name)), []byte(seed), 0o644))
}

func readGolden(t *testing.T) map[string][]byte {
	f, err := os.Open(goldenFile)
	must(t, err)
	defer f.Close()
	frozen := map[string][]byte{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, text, _ := strings.Cut(lines.Text(), "\t")
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
