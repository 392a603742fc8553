package logstore_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"go.etcd.io/bbolt"

	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
	"github.com/rialto-exchange/rialto/node/world"
)

func openStable(t *testing.T, dir string) *logstore.Stable {
	t.Helper()
	s, err := logstore.OpenStable(world.System().Files, dir, func(err error) { t.Errorf("halted: %v", err) })
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
	path := filepath.Join(dir, "vote")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b = bytes.ReplaceAll(b, []byte("candidate-one"), []byte("candidate-two"))
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := logstore.OpenStable(world.System().Files, dir, nil); !errors.Is(err, logstore.ErrCorrupt) {
		t.Errorf("open = %v, want %v", err, logstore.ErrCorrupt)
	}
}

// A second process on the same directory is told so.
func TestStableLocks(t *testing.T) {
	dir := t.TempDir()
	s := openStable(t, dir)
	defer s.Close()
	if _, err := logstore.OpenStable(world.System().Files, dir, nil); !errors.Is(err, logstore.ErrLocked) {
		t.Errorf("second open = %v, want %v", err, logstore.ErrLocked)
	}
}

// The record has a bound: one key or byte too many halts.
func TestStableBounds(t *testing.T) {
	halted := 0
	s, err := logstore.OpenStable(world.System().Files, t.TempDir(), func(error) { halted++ })
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

// What an earlier build knew of term and vote is taken over once, and its file
// is then one that no earlier build opens.
func TestStableConverts(t *testing.T) {
	dir := t.TempDir()
	old := map[string][]byte{
		"CurrentTerm": {9, 0, 0, 0, 0, 0, 0, 0}, "LastVoteTerm": {8, 0, 0, 0, 0, 0, 0, 0}, "LastVoteCand": []byte("n3"), "Roster": []byte("all"),
	}
	if err := logstore.WriteLegacyStable(dir, old); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s := openStable(t, dir)
		term, _ := s.GetUint64([]byte("CurrentTerm"))
		voted, _ := s.GetUint64([]byte("LastVoteTerm"))
		vote, _ := s.Get([]byte("LastVoteCand"))
		roster, _ := s.Get([]byte("Roster"))
		if err := s.Close(); err != nil || term != 9 || voted != 8 || string(vote) != "n3" || string(roster) != "all" {
			t.Errorf("term %d, voted in %d for %q, roster %q, %v", term, voted, vote, roster, err)
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "stable.bolt"))
	if err != nil || !bytes.HasPrefix(b, []byte("Term and vote have moved")) {
		t.Errorf("in the place of the earlier build's file is %q, %v", b, err)
	}
	if _, err := bbolt.Open(filepath.Join(dir, "stable.bolt"), 0o600, nil); err == nil {
		t.Error("an earlier build begins anew in it")
	}
	if err := os.Remove(filepath.Join(dir, "stable.bolt")); err != nil {
		t.Fatal(err)
	}
	if name := logstore.Missing(world.System().Files, dir, logstore.WAL); name != "stable.bolt" {
		t.Errorf("missing %q", name)
	}
}

// BenchmarkVote is what an election costs a voter: its term and its vote.
func BenchmarkVote(b *testing.B) {
	b.Run("file", func(b *testing.B) {
		s, err := logstore.OpenStable(world.System().Files, b.TempDir(), func(err error) { b.Fatal(err) })
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		voteOften(b, s)
	})
	b.Run("bolt", func(b *testing.B) {
		s, err := raftboltdb.NewBoltStore(filepath.Join(b.TempDir(), "bolt"))
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		voteOften(b, s)
	})
}

func voteOften(b *testing.B, s raft.StableStore) {
	for i := range uint64(b.N) {
		err := errors.Join(s.SetUint64([]byte("CurrentTerm"), i+1), s.SetUint64([]byte("LastVoteTerm"), i+1), s.Set([]byte("LastVoteCand"), []byte("n1")))
		if err != nil {
			b.Fatal(err)
		}
	}
}
