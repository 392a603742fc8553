package live_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/rialto-exchange/rialto/chaos/internal/live"
)

// put writes a file of a data folder.
func put(t *testing.T, data, path string, content []byte) {
	t.Helper()
	path = filepath.Join(data, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// frame is one of raft-wal's: an entry (1) or a commit (3).
func frame(kind byte, body string) []byte {
	b := make([]byte, 8, 8+len(body)+7)
	b[0] = kind
	binary.LittleEndian.PutUint32(b[4:], uint32(len(body)))
	b = append(b, body...)
	for len(b)%8 != 0 {
		b = append(b, 0)
	}
	return b
}

// when is as long as the time at the end of an entry.
const when = "by its own time"

// logFolder holds entries 5, 6 and 7 of which 5 was deleted, in a file that is
// longer.
func logFolder(t *testing.T) string {
	t.Helper()
	data := t.TempDir()
	segment := make([]byte, 32)
	for _, f := range [][]byte{frame(1, "five"+when), frame(1, "six six six"+when), frame(3, ""), frame(1, "seven"+when), frame(3, "")} {
		segment = append(segment, f...)
	}
	put(t, data, "raft/log.wal/00000000000000000005-0000000000000002.wal", append(segment, make([]byte, 4096)...))
	db, err := bbolt.Open(filepath.Join(data, "raft/log.wal/wal-meta.db"), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("wal-meta"))
		if err != nil {
			return err
		}
		raw, err := json.Marshal(map[string]any{"Segments": []any{map[string]any{"ID": 2, "BaseIndex": 5, "MinIndex": 6}}})
		return errors.Join(err, b.Put([]byte("m"), raw))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	synced := make([]byte, 64)
	synced[8], synced[32+8] = 4, 5 // counts: the second slot holds
	put(t, data, "raft/log.synced", synced)
	return data
}

// TestLog shows that of a log only what is part of it is live: neither a deleted
// entry nor what a file holds beyond its last frame, nor filling.
func TestLog(t *testing.T) {
	data := logFolder(t)
	ranges, err := live.Find(data, live.Log)
	if err != nil {
		t.Fatal(err)
	}
	alive := map[int64]string{}
	for _, r := range ranges {
		if strings.HasSuffix(r.Path, "log.synced") {
			if r.From != 32 || r.To != 64 {
				t.Errorf("of log.synced %d to %d is live", r.From, r.To)
			}
			continue
		}
		for at := r.From; at < r.To; at++ {
			alive[at] = r.What
		}
	}
	// header 0–31; entry 5 at 32 (32 bytes); entry 6 at 64, its body 72–82 and
	// then the time; commit at 104; entry 7 at 112, its body 120–124; commit at
	// 144.
	for at, want := range map[int64]string{
		0: "a segment's header", 36: "", 41: "", 64: "entry 6", 65: "", 68: "entry 6", 72: "entry 6", 82: "entry 6", 83: "", 97: "", 100: "",
		104: "", 105: "", 108: "", 112: "entry 7", 120: "entry 7", 124: "entry 7", 125: "", 144: "the last commit", 145: "", 148: "the last commit", 152: "", 2000: "",
	} {
		if alive[at] != want {
			t.Errorf("byte %d is of %q, want %q", at, alive[at], want)
		}
	}
}

// TestRecords shows that of records in two slots the one that holds is live, of
// memtables what was written, and of snapshots the newest that is whole.
func TestRecords(t *testing.T) {
	data := t.TempDir()
	vote := make([]byte, 8192)
	vote[8] = 9
	put(t, data, "raft/vote", vote)
	put(t, data, "views/orders/badger/00001.mem", append(bytes.Repeat([]byte{7}, 100), make([]byte, 900)...))
	put(t, data, "views/orders/badger/00002.mem", append(bytes.Repeat([]byte{7}, 20), make([]byte, 900)...))
	put(t, data, "raft/snapshots/2-30-1/state.bin", []byte("whole"))
	put(t, data, "raft/snapshots/2-40-1.tmp/state.bin", []byte("arriving"))
	for kind, want := range map[live.Kind]live.Range{
		live.Vote:       {Path: "raft/vote", From: 0, To: 512},
		live.ReadModels: {Path: "views/orders/badger/00001.mem", From: 0, To: 100},
		live.Snapshots:  {Path: "raft/snapshots/2-30-1/state.bin", From: 0, To: 5},
	} {
		got, err := live.Find(data, kind)
		if err != nil || len(got) != 1 || got[0].Path != filepath.Join(data, want.Path) || got[0].From != want.From || got[0].To != want.To {
			t.Errorf("%s: %+v (%v), want %+v", kind, got, err, want)
		}
	}
	if _, err := live.Find(data, live.Archive); !errors.Is(err, live.ErrNone) {
		t.Errorf("of no archive: %v", err)
	}
	if _, err := live.Find(data, "moon"); err == nil {
		t.Error("of no kind there are live bytes")
	}
}

// TestTurn shows that one bit of a live byte is turned, by the dice alike, and
// turned back.
func TestTurn(t *testing.T) {
	data := logFolder(t)
	ranges, err := live.Find(data, live.Log)
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(50) {
		first, err := live.Turn(ranges, rand.New(rand.NewPCG(seed, 0)))
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(first.Path)
		if err != nil || b[first.Offset] != first.After || first.Offset < first.From || first.Offset >= first.To {
			t.Errorf("seed %d: %v, and the byte is %#02x", seed, first, b[first.Offset])
		}
		if off := first.Before ^ first.After; off == 0 || off&(off-1) != 0 {
			t.Errorf("seed %d: %v is not one bit", seed, first)
		}
		if err := first.Back(); err != nil {
			t.Fatal(err)
		}
		again, err := live.Turn(ranges, rand.New(rand.NewPCG(seed, 0)))
		if err != nil || again != first {
			t.Errorf("seed %d: %v, and then %v (%v)", seed, first, again, err)
		}
		if err := again.Back(); err != nil {
			t.Fatal(err)
		}
	}
}
