package batch_test

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/internal/batch"
)

// of returns a submission of commands of the given sizes.
func of(sizes ...int) (commands [][]byte) {
	for _, n := range sizes {
		commands = append(commands, make([]byte, n))
	}
	return commands
}

func same(n, size int) [][]byte { return of(slices.Repeat([]int{size}, n)...) }

// TestBounds shows what a batch takes at the bounds of an entry and one past
// them.
func TestBounds(t *testing.T) {
	const most, full = cluster.MaxEntryCommands, cluster.MaxEntryBytes / cluster.MaxCommandBytes
	for _, c := range []struct {
		what          string
		first, second [][]byte
		n             int // of the second
		all           bool
	}{
		{"up to the last command", same(most-2, 1), same(2, 1), 2, true},
		{"one command more", same(most-2, 1), same(3, 1), 0, false},
		{"up to the last byte", same(full-1, cluster.MaxCommandBytes), of(cluster.MaxCommandBytes), 1, true},
		{"one byte more", same(full-1, cluster.MaxCommandBytes), of(cluster.MaxCommandBytes-1, 2), 0, false},
		{"alone, over the commands", nil, same(most+1, 1), most, false},
		{"alone, over the bytes", nil, same(full+1, cluster.MaxCommandBytes), full, false},
		{"nothing, which is all there is", of(1), nil, 0, true},
	} {
		var b batch.Batch[string]
		if len(c.first) > 0 {
			if n, all := b.Add("first", c.first); n != len(c.first) || !all {
				t.Fatalf("%s: the first took %d, %v", c.what, n, all)
			}
		}
		if n, all := b.Add("second", c.second); n != c.n || all != c.all {
			t.Errorf("%s: took %d, %v; want %d, %v", c.what, n, all, c.n, c.all)
		}
	}
}

// TestMeasure shows the bound of one command.
func TestMeasure(t *testing.T) {
	if n, err := batch.Measure(of(3, cluster.MaxCommandBytes)); err != nil || n != 3+cluster.MaxCommandBytes {
		t.Errorf("at the bound: %d, %v", n, err)
	}
	if _, err := batch.Measure(of(3, cluster.MaxCommandBytes+1)); !errors.Is(err, cluster.ErrTooLarge) {
		t.Errorf("one past it: %v, want %v", err, cluster.ErrTooLarge)
	}
}

// TestCutsInOrder shows that batches together hold all commands once and in
// order, each within the bounds, and that only a submission that is over them by
// itself is divided.
func TestCutsInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var submissions [][][]byte
		for range rapid.IntRange(1, 20).Draw(t, "submissions") {
			n := rapid.SampledFrom([]int{1, 2, 100, 999, 1000, 1001, 2500}).Draw(t, "commands")
			submissions = append(submissions, same(n, rapid.SampledFrom([]int{0, 1, 200, 300, 16 << 10}).Draw(t, "bytes")))
		}
		var b batch.Batch[int]
		taken := make([]int, len(submissions))
		for at := 0; at < len(submissions); {
			b.Reset()
			for at < len(submissions) {
				n, all := b.Add(at, submissions[at][taken[at]:])
				taken[at] += n
				if !all {
					break
				}
				at++
			}
			if b.Empty() || len(b.Commands) > cluster.MaxEntryCommands || b.Bytes > cluster.MaxEntryBytes {
				t.Fatalf("a batch of %d commands, %d bytes", len(b.Commands), b.Bytes)
			}
			count := 0
			for _, p := range b.Parts {
				count += p.Count
				if p.Count < len(submissions[p.Of]) && len(b.Parts) > 1 && taken[p.Of] != len(submissions[p.Of]) {
					t.Fatalf("submission %d is divided behind others", p.Of)
				}
			}
			if count != len(b.Commands) {
				t.Fatalf("parts have %d commands, the batch %d", count, len(b.Commands))
			}
		}
		for i, n := range taken {
			if n != len(submissions[i]) {
				t.Fatalf("submission %d: %d of %d", i, n, len(submissions[i]))
			}
		}
	})
}
