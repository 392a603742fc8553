package identity_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/identity"
	"github.com/rialto-exchange/rialto/node/world"
)

func incarnation(t *testing.T, digits string) (i cluster.Incarnation) {
	t.Helper()
	if err := i.UnmarshalText([]byte(digits)); err != nil {
		t.Fatal(err)
	}
	return i
}

// sample has every field filled.
func sample(t *testing.T) identity.Folder {
	return identity.Folder{
		Cluster: "my-venue", Node: "n1", Incarnation: incarnation(t, "000102030405060708090a0b0c0d0e0f"),
		State: identity.Member, History: 0xfedcba9876543211, Start: cluster.Start{Count: 3, Nonce: 1<<64 - 1},
		Founders: []identity.Founder{{ID: "n1", Address: "10.0.0.1:7080", Incarnation: incarnation(t, "000102030405060708090a0b0c0d0e0f")}},
		Adopted:  true, Reason: "an operator removed it",
	}
}

// TestFileGolden shows that the file of today's build is read as it was
// written, and written the same again.
func TestFileGolden(t *testing.T) {
	dir := t.TempDir()
	golden, err := os.ReadFile(filepath.Join("testdata", "identity.v1"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "identity"), golden, 0o600); err != nil {
		t.Fatal(err)
	}
	got, ok, err := identity.Read(world.System().Files, dir)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if diff := cmp.Diff(sample(t), got); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
	if err := got.Write(world.System().Files, dir); err != nil {
		t.Fatal(err)
	}
	if written, _ := os.ReadFile(filepath.Join(dir, "identity")); !bytes.Equal(written, golden) {
		t.Errorf("written:\n%s\nwant\n%s", written, golden)
	}
}

// TestDamagedFile shows that no changed byte is believed, and that a folder
// without the file has no identity.
func TestDamagedFile(t *testing.T) {
	dir := t.TempDir()
	if _, ok, err := identity.Read(world.System().Files, dir); ok || err != nil {
		t.Errorf("an empty folder: %v, %v", ok, err)
	}
	if err := sample(t).Write(world.System().Files, dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "identity")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		bad := bytes.Clone(whole)
		bad[i] ^= 1
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if f, ok, err := identity.Read(world.System().Files, dir); ok || !errors.Is(err, identity.ErrDamaged) {
			t.Fatalf("byte %d flipped: %+v, %v, %v", i, f, ok, err)
		}
	}
}

// TestStarts shows that each start counts and can be told from every other.
func TestStarts(t *testing.T) {
	f := identity.New(world.System().Random, "c", "n1", identity.Founding)
	a, b := f.Started(world.System().Random), f.Started(world.System().Random)
	if a.Start.Count != 1 || a.Started(world.System().Random).Start.Count != 2 {
		t.Errorf("counts %d, %d", a.Start.Count, a.Started(world.System().Random).Start.Count)
	}
	if a.Start == b.Start {
		t.Error("two starts of copies of one folder are the same")
	}
}

// TestHistoryGolden shows how a history follows from its founders, in
// whatever order they are listed.
func TestHistoryGolden(t *testing.T) {
	a := identity.Founder{ID: "n1", Incarnation: incarnation(t, hex.EncodeToString(bytes.Repeat([]byte{1}, 16)))}
	b := identity.Founder{ID: "n2", Incarnation: incarnation(t, hex.EncodeToString(bytes.Repeat([]byte{2}, 16)))}
	one, other := identity.HistoryOf("c", []identity.Founder{a, b}), identity.HistoryOf("c", []identity.Founder{b, a})
	if want := cluster.History(0xea3bc00527a06913); one != want || other != want {
		t.Errorf("got %s and %s, want %s", one, other, want)
	}
}

// TestMarks shows that a room that was lost, emptied or comes from another
// folder is told apart from one that is being made.
func TestMarks(t *testing.T) {
	own, other := incarnation(t, "000102030405060708090a0b0c0d0e0f"), incarnation(t, "f00102030405060708090a0b0c0d0e0f")
	room := filepath.Join(t.TempDir(), "journal")
	if err := identity.Check(world.System().Files, room, own, true); err != nil {
		t.Errorf("a room that is to be made: %v", err)
	}
	if err := identity.Check(world.System().Files, room, own, false); !errors.Is(err, identity.ErrForgotten) {
		t.Errorf("a room that is gone: %v", err)
	}
	if err := identity.Mark(world.System().Files, room, own); err != nil {
		t.Fatal(err)
	}
	if err := identity.Check(world.System().Files, room, own, false); err != nil {
		t.Errorf("its own room: %v", err)
	}
	for _, birth := range []bool{false, true} {
		if err := identity.Check(world.System().Files, room, other, birth); !errors.Is(err, identity.ErrForgotten) {
			t.Errorf("another's room: %v", err)
		}
	}
	const want = "rialto mark 1 000102030405060708090a0b0c0d0e0f c0c2e333\n"
	if b, _ := os.ReadFile(filepath.Join(room, "incarnation")); string(b) != want {
		t.Errorf("got %q, want %q", b, want)
	}
}
