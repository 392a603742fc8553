package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels/store"
)

// TestTornRecords shows what becomes of a store in memory whose process was
// killed when the file beside it ends anywhere, or has a bad bit anywhere: it
// goes on from some cursor, with all that is before it and nothing that is wrong.
// Once it was closed cleanly, either is damage and it begins anew.
func TestTornRecords(t *testing.T) {
	o := store.Options{Files: inWorld(), Dir: filepath.Join(t.TempDir(), "view"), Boot: "same"}
	s := open(t, o)
	for at := market.Sequence(0); at < 200; at += 20 {
		fill(t, s, at, at+20)
		beginFlush(t, s)()
	}
	state := readFile(t, filepath.Join(o.Dir, "state.json"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	good, clean := readFile(t, filepath.Join(o.Dir, "values")), readFile(t, filepath.Join(o.Dir, "state.json"))
	// reopen opens a copy and returns its cursor, after looking at all of it.
	reopen := func(values, state []byte) market.Sequence {
		t.Helper()
		o := o
		o.Dir = filepath.Join(t.TempDir(), "view")
		if err := os.MkdirAll(o.Dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, b := range map[string][]byte{"values": values, "state.json": state} {
			if err := os.WriteFile(filepath.Join(o.Dir, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s := open(t, o)
		defer s.Close()
		cursor := s.Cursor()
		if cursor > 0 {
			check(t, s, cursor)
		}
		fill(t, s, cursor, cursor+30)
		check(t, s, cursor+30)
		return cursor
	}
	cursors := map[market.Sequence]bool{}
	for at := 0; at < len(good); at += 97 {
		flipped := append([]byte(nil), good...)
		flipped[at] ^= 1
		cursors[reopen(good[:at], state)] = true
		cursors[reopen(flipped, state)] = true
		if got := reopen(flipped, clean) + reopen(good[:at], clean); got != 0 {
			t.Fatalf("damaged at %d after a clean stop: it goes on", at)
		}
	}
	if got := reopen(good, state); got != 200 {
		t.Errorf("whole: cursor %d, want 200", got)
	}
	if len(cursors) < 10 {
		t.Errorf("cursors %v: want one for each flush", cursors)
	}
}
