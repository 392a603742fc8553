package journal_test

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// TestGolden freezes the bytes of a segment: a header, and a frame around a
// block whose own bytes are frozen in fsm/event.
func TestGolden(t *testing.T) {
	b := &event.Block{Index: 7, Term: 2, At: 1_700_000_000_000_000_001, History: 0x0102030405060708, First: 1}
	dir := t.TempDir()
	j, err := journal.Open(journal.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	appendAll(t, j, []*event.Block{b})
	closing(t, j)
	image, err := os.ReadFile(filepath.Join(dir, "00000000000000000007.journal"))
	if err != nil {
		t.Fatal(err)
	}
	payload := eventcodec.AppendBlock(nil, b)
	if got, want := len(image), 80+len(payload); got != want {
		t.Fatalf("segment of %d bytes, want %d", got, want)
	}
	for _, part := range []struct {
		name     string
		from, to int
		want     string
	}{
		{"header", 0, 36, "524c544f4a524e4c" + "01000000" + "0807060504030201" + "0100000000000000" + "0700000000000000"},
		{"header checksum", 36, 40, headerSum},
		{"frame", 48, 80, "0700000000000000" + "0100000000000000" + "01002a36fe9c9717" + "00000000" + "00000000"},
		{"payload", 80, len(image), hex.EncodeToString(payload)},
	} {
		if got := hex.EncodeToString(image[part.from:part.to]); got != part.want {
			t.Errorf("%s: got %s, want %s", part.name, got, part.want)
		}
	}
	if int(image[40]) != len(payload) {
		t.Errorf("frame length %d, want %d", image[40], len(payload))
	}
}

// headerSum is the CRC32C of the header above.
const headerSum = "2fc44566"
