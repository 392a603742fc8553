package corebench_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/corebench"
)

// Workload files named in RIALTO_WORKLOAD_FILE (comma-separated) make exactly
// the trades that their headers say.
func TestRunBookReproducesTrades(t *testing.T) {
	files := os.Getenv("RIALTO_WORKLOAD_FILE")
	if files == "" {
		t.Skip("RIALTO_WORKLOAD_FILE is not set")
	}
	for file := range strings.SplitSeq(files, ",") {
		r, err := corebench.RunBook(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %.2f M commands/s, %+v", file, r.CommandsPerSecond/1e6, r.Latency)
	}
}

// command is a record of a workload file.
func command(op, side byte, order uint64, price, quantity int32) []byte {
	b := []byte{op, side, 1, 0, 0, 0, 0, 0}
	b = binary.LittleEndian.AppendUint64(b, order)
	b = binary.LittleEndian.AppendUint32(b, uint32(price))
	return binary.LittleEndian.AppendUint32(b, uint32(quantity))
}

// small is a workload: two resting orders, then a move that trades, a late
// cancel and an IOC order that finds little.
func small() []byte {
	const offset, prime uint64 = 14695981039346656037, 1099511628211
	hash := offset
	for _, trade := range [][3]uint64{{2, 101, 3}, {1, 101, 2}} {
		hash = (hash ^ (trade[0]<<32 | trade[1]<<16 | trade[2])) * prime
	}
	file := []byte("MBENCH01")
	for _, word := range []uint64{2, 3, 90, 101, 3, 1, 2, 5, 505, hash, 0, 0, 1, 0, 0} {
		file = binary.LittleEndian.AppendUint64(file, word)
	}
	file = append(file, command(1, 0, 1, 100, 5)...)
	file = append(file, command(1, 1, 2, 101, 3)...)
	file = append(file, command(4, 0, 1, 101, 5)...)
	file = append(file, command(3, 1, 2, 101, 0)...)
	return append(file, command(2, 1, 3, 90, 9)...)
}

func write(t *testing.T, file []byte) string {
	path := filepath.Join(t.TempDir(), "workload")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A run reports what it did, under the contract's names.
func TestRunBook(t *testing.T) {
	r, err := corebench.RunBook(write(t, small()))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"trades":2,"volume":5,"notional":505,"trade_hash":"0x`; !strings.HasPrefix(string(text), want) {
		t.Errorf("got %s, want %s…", text, want)
	}
	for _, name := range []string{`"rejects":1`, `"commands_per_second":`, `"p99.99":`} {
		if !strings.Contains(string(text), name) {
			t.Errorf("%s lacks %s", text, name)
		}
	}
}

// A file that says other trades is told apart from one that is no workload;
// nothing in it makes the run panic.
func TestRunBookRefuses(t *testing.T) {
	other := small()
	other[8*10]++ // its trade hash
	if _, err := corebench.RunBook(write(t, other)); !errors.Is(err, corebench.ErrDiffers) {
		t.Errorf("other hash: %v, want ErrDiffers", err)
	}
	for what, change := range map[string]func([]byte) []byte{
		"magic":     func(b []byte) []byte { b[0] = 'X'; return b },
		"cut":       func(b []byte) []byte { return b[:len(b)-1] },
		"short":     func(b []byte) []byte { return b[:100] },
		"count":     func(b []byte) []byte { b[8] = 200; return b },
		"operation": func(b []byte) []byte { b[128] = 9; return b },
		"side":      func(b []byte) []byte { b[129] = 2; return b },
		"order":     func(b []byte) []byte { b[136] = 200; return b },
		"price":     func(b []byte) []byte { b[147] = 0x80; return b },
	} {
		if _, err := corebench.RunBook(write(t, change(small()))); !errors.Is(err, corebench.ErrWorkload) {
			t.Errorf("%s: %v, want ErrWorkload", what, err)
		}
	}
}
