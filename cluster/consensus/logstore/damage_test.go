package logstore_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
)

// file is where the kind keeps the entries.
func (r *rig) file() string {
	r.t.Helper()
	if r.kind == logstore.Bolt {
		return filepath.Join(r.dir, "log.bolt")
	}
	names, err := filepath.Glob(filepath.Join(r.dir, "log.wal", "*.wal"))
	if err != nil || len(names) != 1 {
		r.t.Fatalf("segments %v, %v", names, err)
	}
	return names[0]
}

// flip inverts one bit of every place that holds text.
func (r *rig) flip(text string) {
	r.t.Helper()
	b, err := os.ReadFile(r.file())
	if err != nil {
		r.t.Fatal(err)
	}
	found := false
	for at := 0; ; found = true {
		i := bytes.Index(b[at:], []byte(text))
		if i < 0 {
			break
		}
		b[at+i] ^= 4
		at += i + 1
	}
	if !found {
		r.t.Fatalf("%q is not in the file", text)
	}
	if err := os.WriteFile(r.file(), b, 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) refused(want ...error) {
	r.t.Helper()
	r.close()
	err := r.open()
	if err == nil {
		r.t.Fatal("a damaged log was opened")
	}
	for _, w := range want {
		if errors.Is(err, w) {
			r.t.Logf("refused: %v", err)
			return
		}
	}
	r.t.Errorf("open = %v, want one of %v", err, want)
}

// One bad bit in an entry keeps the log from being opened. raft-boltdb would
// read the entry as if nothing were; raft-wal takes it for the end of the log.
func TestRefusesFlippedBit(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		r.store(1, 50, 1)
		r.close()
		r.flip("entry 31 of 1")
		r.refused(logstore.ErrCorrupt, logstore.ErrTruncated)
	})
}

// A log of which the files were lost is refused: its record is kept apart.
func TestRefusesLostLog(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		r.store(1, 50, 1)
		r.close()
		if err := os.RemoveAll(filepath.Join(r.dir, "log."+string(r.kind))); err != nil {
			t.Fatal(err)
		}
		r.refused(logstore.ErrTruncated)
	})
}

// A log from a copy that was made earlier is refused.
func TestRefusesOlderCopy(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		r.store(1, 50, 1)
		r.close()
		old, err := os.ReadFile(r.file())
		if err != nil {
			t.Fatal(err)
		}
		if err := r.open(); err != nil {
			t.Fatal(err)
		}
		r.store(51, 60, 1)
		r.close()
		if err := os.WriteFile(r.file(), old, 0o644); err != nil {
			t.Fatal(err)
		}
		r.refused(logstore.ErrTruncated)
	})
}

// The record of where the log ends is damage if either slot of it is: by the older
// one a log that lost its last append would be whole. So are slots that were not
// written one after the other, and a file that is cut.
func TestRecordOfTheEnd(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		r.store(1, 50, 1)
		r.store(51, 60, 1)
		r.close()
		path := filepath.Join(r.dir, "log.synced")
		good, err := os.ReadFile(path)
		if err != nil || len(good) != 64 {
			t.Fatalf("record of %d bytes, %v", len(good), err)
		}
		older := append([]byte(nil), good...)
		r.reopen() // which writes one more
		r.close()
		good, err = os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for what, bad := range map[string][]byte{
			"a bit of one slot":        flipped(good, 20),
			"a bit of the other":       flipped(good, 32+20),
			"neither":                  bytes.Repeat([]byte{7}, 64),
			"one slot alone":           append(make([]byte, 32), good[32:]...),
			"the other alone":          append(append([]byte(nil), good[:32]...), make([]byte, 32)...),
			"slots changed places":     append(append([]byte(nil), good[32:]...), good[:32]...),
			"half a file":              good[:32],
			"a byte more":              append(append([]byte(nil), good...), 0),
			"a slot of an older state": mixed(older, good),
		} {
			t.Log(what)
			if bytes.Equal(bad, good) {
				t.Fatal("it is the good one")
			}
			if err := os.WriteFile(path, bad, 0o644); err != nil {
				t.Fatal(err)
			}
			r.refused(logstore.ErrCorrupt)
		}
		if err := os.WriteFile(path, good, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := r.open(); err != nil {
			t.Errorf("the good one: %v", err)
		}
		r.close()
	})
}

func flipped(b []byte, at int) []byte {
	b = append([]byte(nil), b...)
	b[at] ^= 1
	return b
}

// mixed is a file whose one slot is the same in both states, and whose other one
// is two records behind.
func mixed(older, newer []byte) []byte {
	if bytes.Equal(older[:32], newer[:32]) {
		return append(append([]byte(nil), newer[32:]...), newer[32:]...)
	}
	return append(append([]byte(nil), newer[:32]...), newer[:32]...)
}
