package journal_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// TestGap shows the life of a gap: new blocks are taken beside it, readers and
// snapshots see nothing of them, a peer's events fill it over several broken
// connections, and then all is as if there had been none.
func TestGap(t *testing.T) {
	blocks := made(300)
	peer := open(t, t.TempDir())
	defer closing(t, peer)
	appendAll(t, peer, blocks)

	for _, have := range []int{0, 40} {
		dir := t.TempDir()
		j := open(t, dir)
		appendAll(t, j, blocks[:have])
		before := j.Last()
		snapshot := blocks[199]
		if err := j.Rebase(snapshot.Last(), snapshot.Index); err != nil {
			t.Fatal(err)
		}
		appendAll(t, j, blocks[200:])
		if j.Last() != before {
			t.Errorf("last beside a gap: got %v, want %v", j.Last(), before)
		}
		if err := j.Sync(); !errors.Is(err, journal.ErrGap) {
			t.Errorf("sync beside a gap: got %v, want %v", err, journal.ErrGap)
		}
		fill(t, j, peer)
		check(t, j, blocks)
		closing(t, j)
		j = open(t, dir)
		check(t, j, blocks)
		closing(t, j)
	}
}

// fill fetches until nothing is missing; each answer is cut off in the end.
func fill(t *testing.T, j, peer *journal.Journal) {
	t.Helper()
	for rounds := 0; ; rounds++ {
		after, _, open := j.Missing()
		if !open {
			if rounds < 3 {
				t.Errorf("filled in %d rounds: the test shows too little", rounds)
			}
			return
		}
		var wire bytes.Buffer
		if _, err := peer.ServeRange(&wire, after, 10<<10); err != nil {
			t.Fatal(err)
		}
		cut := io.LimitReader(&wire, int64(wire.Len()-5))
		if err := j.Fill(cut); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatal(err)
		}
	}
}

// TestGapBelievesTheChain shows that what a peer sends must continue the chain
// that was made here, and that the block beside the gap must continue theirs.
func TestGapBelievesTheChain(t *testing.T) {
	for what, wrong := range map[string]int{"nothing": -1, "a block in the gap": 100, "the last one in the gap": 199} {
		blocks := chained(made(300))
		theirs := chained(made(300))
		if wrong >= 0 { // sealed over again, so that nothing but the chain tells
			theirs[wrong].Term ^= 2
			eventcodec.Seal(nil, theirs[wrong], theirs[wrong-1].Chain)
		}
		peer := open(t, t.TempDir())
		appendAll(t, peer, theirs)
		j := open(t, t.TempDir())
		appendAll(t, j, blocks[:40])
		if err := j.Rebase(blocks[199].Last(), blocks[199].Index); err != nil {
			t.Fatal(err)
		}
		appendAll(t, j, blocks[200:])
		var wire bytes.Buffer
		if _, err := peer.ServeRange(&wire, blocks[39].Last(), 1<<30); err != nil {
			t.Fatal(err)
		}
		err := j.Fill(&wire)
		_, _, missing := j.Missing()
		if wrong < 0 && (err != nil || missing) || wrong >= 0 && (!errors.Is(err, journal.ErrDiverged) || !missing) {
			t.Errorf("%s is wrong: %v, still missing: %v", what, err, missing)
		}
		closing(t, j)
		closing(t, peer)
	}
}

// TestGapRefusesOthers shows that what a peer sends is verified, and that it
// must follow.
func TestGapRefusesOthers(t *testing.T) {
	blocks := made(100)
	peer := open(t, t.TempDir())
	defer closing(t, peer)
	appendAll(t, peer, blocks)
	j := open(t, t.TempDir())
	defer closing(t, j)
	appendAll(t, j, blocks[:10])
	if err := j.Rebase(blocks[80].Last(), blocks[80].Index); err != nil {
		t.Fatal(err)
	}
	var wire bytes.Buffer
	if _, err := peer.ServeRange(&wire, blocks[30].Last(), 1<<20); err != nil {
		t.Fatal(err)
	}
	if err := j.Fill(bytes.NewReader(wire.Bytes())); !errors.Is(err, journal.ErrGap) {
		t.Errorf("a later range: got %v, want %v", err, journal.ErrGap)
	}
	wire.Bytes()[60] ^= 1
	if err := j.Fill(&wire); !errors.Is(err, journal.ErrCorrupt) {
		t.Errorf("a spoiled range: got %v, want %v", err, journal.ErrCorrupt)
	}
}

// TestJoinFails shows that a full gap that could not be joined, here for a bad
// byte beside it, stays a gap for Sync, and is joined once that can be done.
func TestJoinFails(t *testing.T) {
	blocks := made(100)
	peer := open(t, t.TempDir())
	defer closing(t, peer)
	appendAll(t, peer, blocks)
	dir := t.TempDir()
	j := open(t, dir)
	defer closing(t, j)
	appendAll(t, j, blocks[:20])
	if err := j.Rebase(blocks[49].Last(), blocks[49].Index); err != nil {
		t.Fatal(err)
	}
	appendAll(t, j, blocks[50:])
	beside, err := filepath.Glob(filepath.Join(dir, "beside", "*.journal"))
	if err != nil || len(beside) != 1 {
		t.Fatalf("segments beside the gap: %v, %v", beside, err)
	}
	whole, err := os.ReadFile(beside[0])
	if err != nil {
		t.Fatal(err)
	}
	bad := bytes.Clone(whole)
	bad[len(bad)/2] ^= 1
	write(t, beside[0], bad)
	for range 2 {
		var wire bytes.Buffer
		if _, err := peer.ServeRange(&wire, j.Last().Sequence, 1<<20); err != nil {
			t.Fatal(err)
		}
		if err := j.Fill(&wire); !errors.Is(err, journal.ErrCorrupt) {
			t.Errorf("fill with a bad byte beside the gap: got %v, want %v", err, journal.ErrCorrupt)
		}
		if err := j.Sync(); !errors.Is(err, journal.ErrGap) {
			t.Errorf("sync with an unjoined gap: got %v, want %v", err, journal.ErrGap)
		}
	}
	write(t, beside[0], whole)
	if err := j.Fill(bytes.NewReader(nil)); err != nil {
		t.Fatal(err)
	}
	if _, _, open := j.Missing(); open {
		t.Error("the gap is still open")
	}
	check(t, j, blocks)
	if err := j.Sync(); err != nil {
		t.Error(err)
	}
}

// TestGapForgotten shows that a node that is stopped beside a gap begins again
// where the gap begins: the log and the snapshot bring back the rest.
func TestGapForgotten(t *testing.T) {
	blocks := made(100)
	dir := t.TempDir()
	j := open(t, dir)
	appendAll(t, j, blocks[:20])
	if err := j.Rebase(blocks[49].Last(), blocks[49].Index); err != nil {
		t.Fatal(err)
	}
	appendAll(t, j, blocks[50:])
	closing(t, j)
	j = open(t, dir)
	defer closing(t, j)
	check(t, j, blocks[:20])
}
