package logstore_test

import (
	"errors"
	"testing"

	"github.com/hashicorp/raft"
)

// term reads the term that Raft finds at index.
func (r *rig) term(index uint64) (uint64, error) {
	var got raft.Log
	err := r.GetLog(index, &got)
	return got.Term, err
}

// A log that begins right after the snapshot knows the term of the snapshot's
// last entry, and of nothing before it.
func TestAnswersForTheSnapshot(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		r.anchor.Set(9000, 4)
		r.store(9001, 9010, 5)
		if term, err := r.term(9000); err != nil || term != 4 {
			t.Errorf("term at the snapshot = %d, %v", term, err)
		}
		if _, err := r.term(8999); !errors.Is(err, raft.ErrLogNotFound) {
			t.Errorf("before the snapshot: %v", err)
		}
	})
}

// An install keeps what follows the snapshot's last entry if the log holds
// that very entry: this node may have acknowledged it.
func TestInstallKeepsWhatFollows(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		r.store(1, 5000, 1)
		r.proven.Applied(4200)
		r.proven.Began(4901, 4900)
		r.anchor.Set(4900, 1)
		if err := r.DeleteRange(1, 5000); err != nil {
			t.Fatal(err)
		}
		r.wantBounds(4097, 5000)
		r.wantEntries(4901, 5000, 1)
		r.store(5001, 9000, 1)
		r.proven.Applied(9000)
		if err := r.DeleteRange(4097, 8500); err != nil {
			t.Fatal(err)
		}
		r.wantBounds(8193, 9000)
	})
}

// After an install over a longer log that diverged, what Raft still believes
// to be there is of no leader's term until something is stored again.
func TestInstallOverDivergedLog(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		r.store(1, 5000, 1)
		r.anchor.Set(3000, 2)
		if err := r.DeleteRange(1, 5000); err != nil {
			t.Fatal(err)
		}
		r.wantBounds(0, 0)
		for index, want := range map[uint64]uint64{3000: 2, 3001: 0, 5000: 0} {
			if term, err := r.term(index); err != nil || term != want {
				t.Errorf("term at %d = %d, %v; want %d", index, term, err, want)
			}
		}
		if err := r.DeleteRange(3001, 5000); err != nil {
			t.Fatal(err)
		}
		r.store(3001, 3010, 2)
		r.wantEntries(3001, 3010, 2)
		if _, err := r.term(3011); !errors.Is(err, raft.ErrLogNotFound) {
			t.Errorf("past the end: %v", err)
		}
	})
}
