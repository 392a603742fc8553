package logstore

import (
	"errors"
	"math/rand/v2"
	"path/filepath"
	"testing"

	simulated "github.com/rialto-exchange/rialto/chaos/sim/disk"
	"github.com/rialto-exchange/rialto/node/world"
)

// TestSegmentOfADeadProcessKeepsItsName shows that entries which were synced
// outlive a power cut also in a segment that was made by a process that was
// killed before it synced anything: whoever goes on with it makes its name
// durable.
func TestSegmentOfADeadProcessKeepsItsName(t *testing.T) {
	for seed := range uint64(50) {
		d := simulated.New()
		m := d.Mount()
		if err := m.MkdirAll("/wal", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := m.SyncDir("/"); err != nil {
			t.Fatal(err)
		}
		if _, err := (segmentFiles{m}).Create("/wal", "1.wal", 4096); err != nil {
			t.Fatal(err)
		}
		d.Kill()
		next := segmentFiles{d.Mount()}
		w, err := next.OpenWriter("/wal", "1.wal")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.WriteAt([]byte("acknowledged"), 0); err != nil {
			t.Fatal(err)
		}
		if err := w.Sync(); err != nil {
			t.Fatal(err)
		}
		d.PowerCut(rand.New(rand.NewPCG(seed, 0)))
		b, err := world.ReadFile(d.Mount(), filepath.Join("/wal", "1.wal"))
		if err != nil || string(b[:12]) != "acknowledged" {
			t.Fatalf("seed %d: after a power cut: %q, %v", seed, b[:min(len(b), 12)], err)
		}
	}
}

// TestWhatADeadProcessWroteIsSafeOnceItIsRead shows that an entry which a process
// wrote and did not sync before it was killed outlives a power cut once the next
// one has opened the segment. It reads that entry from then on, notes it as the
// end of the log, and tells a leader that has sent it before that it is there.
func TestWhatADeadProcessWroteIsSafeOnceItIsRead(t *testing.T) {
	for seed := range uint64(50) {
		d := simulated.New()
		m := d.Mount()
		if err := errors.Join(m.MkdirAll("/wal", 0o755), m.SyncDir("/")); err != nil {
			t.Fatal(err)
		}
		w, err := (segmentFiles{m}).Create("/wal", "1.wal", 4096)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Sync(); err != nil {
			t.Fatal(err)
		}
		if _, err := w.WriteAt([]byte("not synced"), 0); err != nil {
			t.Fatal(err)
		}
		d.Kill()
		if _, err := (segmentFiles{d.Mount()}).OpenWriter("/wal", "1.wal"); err != nil {
			t.Fatal(err)
		}
		d.PowerCut(rand.New(rand.NewPCG(seed, 0)))
		b, err := world.ReadFile(d.Mount(), filepath.Join("/wal", "1.wal"))
		if err != nil || string(b[:10]) != "not synced" {
			t.Fatalf("seed %d: after a power cut: %q, %v", seed, b[:min(len(b), 10)], err)
		}
	}
}
