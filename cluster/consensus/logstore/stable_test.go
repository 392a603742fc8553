package logstore_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
)

func openStable(t *testing.T, dir string) *logstore.Stable {
	t.Helper()
	s, err := logstore.OpenStable(dir, func(err error) { t.Errorf("halted: %v", err) })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Term and vote come back after the store was closed; what was never set is
// "not found" in exactly the words that Raft compares with.
func TestStableKeeps(t *testing.T) {
	dir := t.TempDir()
	s := openStable(t, dir)
	if _, err := s.GetUint64([]byte("CurrentTerm")); err == nil || err.Error() != "not found" {
		t.Errorf("missing key = %v", err)
	}
	if err := errors.Join(s.SetUint64([]byte("CurrentTerm"), 7), s.Set([]byte("LastVoteCand"), []byte("n1")), s.Close()); err != nil {
		t.Fatal(err)
	}
	s = openStable(t, dir)
	defer s.Close()
	term, err1 := s.GetUint64([]byte("CurrentTerm"))
	vote, err2 := s.Get([]byte("LastVoteCand"))
	if err := errors.Join(err1, err2); err != nil || term != 7 || string(vote) != "n1" {
		t.Errorf("term %d, vote %q, %v", term, vote, err)
	}
}

// A bad bit in the record of term and vote keeps the node from voting.
func TestStableRefusesFlippedBit(t *testing.T) {
	dir := t.TempDir()
	s := openStable(t, dir)
	if err := errors.Join(s.Set([]byte("LastVoteCand"), []byte("candidate-one")), s.Close()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "stable.bolt")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b = bytes.ReplaceAll(b, []byte("candidate-one"), []byte("candidate-two"))
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := logstore.OpenStable(dir, nil); !errors.Is(err, logstore.ErrCorrupt) {
		t.Errorf("open = %v, want %v", err, logstore.ErrCorrupt)
	}
}

// A second process on the same directory is told so.
func TestStableLocks(t *testing.T) {
	dir := t.TempDir()
	s := openStable(t, dir)
	defer s.Close()
	if _, err := logstore.OpenStable(dir, nil); !errors.Is(err, logstore.ErrLocked) {
		t.Errorf("second open = %v, want %v", err, logstore.ErrLocked)
	}
}

// The record has a bound: one key or byte too many halts.
func TestStableBounds(t *testing.T) {
	halted := 0
	s, err := logstore.OpenStable(t.TempDir(), func(error) { halted++ })
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Set([]byte("k"), make([]byte, 32<<10)); err != nil || halted != 0 {
		t.Errorf("at the bound: %v", err)
	}
	if err := s.Set([]byte("k"), make([]byte, 32<<10+1)); err == nil || halted != 1 {
		t.Errorf("past the bound: %v, halted %d times", err, halted)
	}
}
