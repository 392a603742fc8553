package entry_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/entry"
	"github.com/rialto-exchange/rialto/fsm/market"
	"pgregory.net/rapid"
)

// update rewrites the golden file and the fuzz seeds. What is in a log is for
// ever: a difference means a new format, not an update.
var update = flag.Bool("update", false, "rewrite testdata")

func sample() (entry.Header, [][]byte) {
	h := entry.Header{Level: 3, Cluster: 0x1122334455667788, History: 0x99aabbccddeeff00, At: 1_780_000_000_123_456_789, Count: 2}
	return h, [][]byte{[]byte("first"), []byte("second")}
}

// The bytes of an envelope are those that were frozen, in both directions.
func TestGolden(t *testing.T) {
	const file = "testdata/entry.golden"
	h, commands := sample()
	got, err := entry.Seal(nil, h, commands)
	must(t, err)
	if *update {
		if _, err := os.Stat(file); err != nil { // what is frozen stays
			must(t, os.WriteFile(file, []byte(hex.EncodeToString(got)+"\n"), 0o644))
		}
		empty, err := entry.Seal(nil, entry.Header{}, nil)
		must(t, err)
		writeSeed(t, "sample", got)
		writeSeed(t, "empty", empty)
	}
	text, err := os.ReadFile(file)
	must(t, err)
	want, err := hex.DecodeString(strings.TrimSpace(string(text)))
	must(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
	checkOpen(t, want, h, commands)
}

// Any header and commands within the bounds come back, in their order, behind
// whatever was in the buffer.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := entry.Header{
			Level:   rapid.Uint16().Draw(t, "level"),
			Cluster: rapid.Uint64().Draw(t, "cluster"),
			History: rapid.Uint64().Draw(t, "history"),
			At:      market.Nanos(rapid.Int64().Draw(t, "at")),
		}
		commands := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, 50), 0, 20).Draw(t, "commands")
		b, err := entry.Seal([]byte("before"), h, commands)
		if err != nil {
			t.Fatal(err)
		}
		h.Count = uint32(len(commands))
		checkOpen(t, bytes.TrimPrefix(b, []byte("before")), h, commands)
	})
}

func checkOpen(t rapid.TB, b []byte, h entry.Header, commands [][]byte) {
	t.Helper()
	gotHeader, got, err := entry.Open(b)
	if err != nil || gotHeader != h || got.Len() != len(commands) {
		t.Fatalf("got %+v with %d commands, %v; want %+v with %d", gotHeader, got.Len(), err, h, len(commands))
	}
	next := 0
	for i, c := range got.All() {
		if i != next || !bytes.Equal(c, commands[i]) {
			t.Fatalf("command %d: got number %d, %x, want %x", next, i, c, commands[i])
		}
		next++
	}
	if next != len(commands) {
		t.Fatalf("ranged over %d commands, want %d", next, len(commands))
	}
}

// The range stops when its reader does, and starts again from the beginning.
func TestRangeStops(t *testing.T) {
	h, commands := sample()
	b, err := entry.Seal(nil, h, commands)
	must(t, err)
	_, got, err := entry.Open(b)
	must(t, err)
	for range 2 {
		for i := range got.All() {
			if i != 0 {
				t.Fatalf("got number %d behind the break", i)
			}
			break
		}
	}
}

// Each flipped bit and each cut is noticed.
func TestDamage(t *testing.T) {
	h, commands := sample()
	whole, err := entry.Seal(nil, h, commands)
	must(t, err)
	for i := range len(whole) * 8 {
		bad := bytes.Clone(whole)
		bad[i/8] ^= 1 << (i % 8)
		want := entry.ErrChecksum
		switch {
		case i < 4*8:
			want = entry.ErrMagic
		case i < 6*8:
			want = entry.ErrFormat
		}
		if _, _, err := entry.Open(bad); !errors.Is(err, want) {
			t.Errorf("bit %d flipped: got %v, want %v", i, err, want)
		}
	}
	for n := range whole {
		if _, _, err := entry.Open(whole[:n]); err == nil {
			t.Errorf("cut to %d of %d bytes: no error", n, len(whole))
		}
	}
	if _, _, err := entry.Open(append(whole, 0)); err == nil {
		t.Error("one byte more: no error")
	}
}

// Each bound holds exactly, in Seal: at it yes, one past it no.
func TestBoundsOfSeal(t *testing.T) {
	of := func(n, size int) [][]byte {
		list := make([][]byte, n)
		for i := range list {
			list[i] = make([]byte, size)
		}
		return list
	}
	for _, c := range []struct {
		name     string
		commands [][]byte
		ok       bool
	}{
		{"no command", nil, true},
		{"1000 commands", of(1000, 1), true},
		{"1001 commands", of(1001, 1), false},
		{"empty command", of(1, 0), false},
		{"command of 16 KiB", of(1, 16<<10), true},
		{"command of 16 KiB and one byte", of(1, 16<<10+1), false},
		{"256 KiB", of(16, 16<<10), true},
		{"256 KiB and one byte", append(of(16, 16<<10), []byte{1}), false},
	} {
		before := []byte("before")
		b, err := entry.Seal(before, entry.Header{}, c.commands)
		if c.ok != (err == nil) || (err != nil && !errors.Is(err, entry.ErrBounds)) {
			t.Errorf("%s: got %v", c.name, err)
			continue
		}
		if err != nil {
			if !bytes.Equal(b, before) {
				t.Errorf("%s: a refused envelope left %d bytes", c.name, len(b))
			}
			continue
		}
		if _, got, err := entry.Open(b[len(before):]); err != nil || got.Len() != len(c.commands) {
			t.Errorf("%s: opened with %d commands, %v", c.name, got.Len(), err)
		}
	}
}

// Open holds the bounds also against a seal that did not.
func TestOpenHoldsTheBoundsOfSeal(t *testing.T) {
	for name, commands := range map[string][]byte{
		"1001 commands":                  bytes.Repeat([]byte{1, 0, 'x'}, 1001),
		"command of 16 KiB and one byte": append([]byte{1, 0x40}, make([]byte, 16<<10+1)...),
		"more than 256 KiB":              bytes.Repeat(append([]byte{0, 0x40}, make([]byte, 16<<10)...), 17),
	} {
		count := map[string]uint32{"1001 commands": 1001, "more than 256 KiB": 17}[name]
		b, err := entry.Seal(nil, entry.Header{}, nil)
		must(t, err)
		b = append(b[:36], commands...)
		binary.LittleEndian.PutUint32(b[32:], max(count, 1))
		b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
		if _, _, err := entry.Open(b); !errors.Is(err, entry.ErrBounds) {
			t.Errorf("%s: got %v, want ErrBounds", name, err)
		}
	}
}

// Open trusts no count or length, even under a right checksum.
func TestBoundsOfOpen(t *testing.T) {
	h, commands := sample()
	const count, firstLength = 32, 36
	for name, change := range map[string]func(b []byte){
		"count too small":  func(b []byte) { b[count]-- },
		"count too large":  func(b []byte) { b[count]++ },
		"count of 2^32-1":  func(b []byte) { binary.LittleEndian.PutUint32(b[count:], 1<<32-1) },
		"length too small": func(b []byte) { b[firstLength]-- },
		"length too large": func(b []byte) { b[firstLength]++ },
		"length 0":         func(b []byte) { b[firstLength] = 0 },
		"length of 65535":  func(b []byte) { b[firstLength], b[firstLength+1] = 255, 255 },
	} {
		b, err := entry.Seal(nil, h, commands)
		must(t, err)
		change(b)
		end := len(b) - 4
		sum := crc32.Checksum(b[:end], crc32.MakeTable(crc32.Castagnoli))
		binary.LittleEndian.PutUint32(b[end:], sum)
		if _, _, err := entry.Open(b); !errors.Is(err, entry.ErrBounds) {
			t.Errorf("%s: got %v, want ErrBounds", name, err)
		}
	}
}

// Whatever can be opened is sealed to the very same bytes. The fuzzer gets the
// checksum set right, or it would never come past it.
func FuzzOpen(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		if end := len(b) - 4; end > 0 {
			sum := crc32.Checksum(b[:end], crc32.MakeTable(crc32.Castagnoli))
			b = binary.LittleEndian.AppendUint32(bytes.Clone(b[:end]), sum)
		}
		h, got, err := entry.Open(b)
		if err != nil {
			return
		}
		var commands [][]byte
		for _, c := range got.All() {
			commands = append(commands, c)
		}
		again, err := entry.Seal(nil, h, commands)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("not canonical: %x\nbecame        %x, %v", b, again, err)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	h, commands := entry.Header{}, make([][]byte, 100)
	for i := range commands {
		commands[i] = make([]byte, 130)
	}
	buf := make([]byte, 0, 1<<16)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := entry.Seal(buf, h, commands); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	commands := make([][]byte, 100)
	for i := range commands {
		commands[i] = make([]byte, 130)
	}
	data, err := entry.Seal(nil, entry.Header{}, commands)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := entry.Open(data); err != nil {
			b.Fatal(err)
		}
	}
}

func writeSeed(t *testing.T, name string, b []byte) {
	dir := filepath.Join("testdata", "fuzz", "FuzzOpen")
	must(t, os.MkdirAll(dir, 0o755))
	seed := fmt.Sprintf("go test fuzz v1\n[]byte(%q)\n", b)
	must(t, os.WriteFile(filepath.Join(dir, name), []byte(seed), 0o644))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
