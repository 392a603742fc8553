package check

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/rialto-exchange/rialto/chaos/history"
)

// streams compares what came on each connection to the event stream with the
// export: hashes of blocks, which begin and end where a connection did or at
// multiples of history.BlockSize.
func streams(ctx context.Context, run Run) ([]Violation, error) {
	path, err := run.export()
	if err != nil {
		return nil, err
	}
	var f found
	var claims []claim
	for o, err := range history.Operations(run.Folder.History(), history.Stream) {
		if err != nil {
			return nil, err
		}
		claims = append(claims, claimed(&f, &o)...)
	}
	slices.SortFunc(claims, func(a, b claim) int { return cmp.Compare(a.first, b.first) })
	last, err := hashed(ctx, &f, path, claims)
	if err != nil {
		return nil, err
	}
	for _, c := range claims {
		if c.last > last {
			f.add(Violation{IDs: []string{c.id}, Node: c.node, Sequence: c.last}, "stream %s was told event %d, and the log ends at %d", c.id, c.last, last)
		}
	}
	return f.all(), nil
}

// claim is a block of events that a stream was told.
type claim struct {
	first, last uint64
	hash        [sha256.Size]byte
	id, node    string
}

// claimed checks that a segment is whole in itself, and returns its blocks.
func claimed(f *found, o *history.Operation) (out []claim) {
	s := o.Events
	if s == nil {
		return nil
	}
	at := Violation{IDs: []string{o.ID}, Node: o.Node, Sequence: s.Hole}
	switch {
	case o.Outcome == history.Refused && o.Answer != nil && o.Status == 200:
		f.add(at, "stream %s: %s", o.ID, o.Answer)
	case s.Hole != 0:
		f.add(at, "stream %s was resumed after %d, and event %d is not the next one", o.ID, s.After, s.Hole)
	case s.Count > 0 && (s.First != s.After+1 || s.Last-s.First+1 != s.Count):
		at.Sequence = s.First
		f.add(at, "stream %s was resumed after %d and told %d events from %d to %d", o.ID, s.After, s.Count, s.First, s.Last)
	default:
		for _, b := range s.Blocks {
			c := claim{first: b.First, last: b.Last, id: o.ID, node: o.Node}
			if n, err := hex.Decode(c.hash[:], []byte(b.Hash)); err != nil || n != sha256.Size {
				f.add(at, "stream %s has no hash of the events from %d on", o.ID, b.First)
				continue
			}
			out = append(out, c)
		}
	}
	return out
}

// hashed goes through an export once, and hashes each block while it passes.
// Blocks are short, so that few are open at a time.
func hashed(ctx context.Context, f *found, path string, claims []claim) (last uint64, err error) {
	var window [][]byte // the events from first on, that open blocks need
	first, next := uint64(1), 0
	for line, err := range lines(path) {
		if err != nil || ctx.Err() != nil {
			return last, cmp.Or(err, ctx.Err())
		}
		last++
		window = append(window, append(slices.Clone(line), '\n'))
		for ; next < len(claims) && claims[next].first <= last && claims[next].last <= last; next++ {
			claims[next].compare(f, window[claims[next].first-first:claims[next].last-first+1])
		}
		need := last + 1
		if next < len(claims) {
			need = min(need, claims[next].first)
		}
		if drop := int(need - first); drop > 0 {
			window, first = window[drop:], need
		}
	}
	return last, nil
}

func (c *claim) compare(f *found, events [][]byte) {
	h := sha256.New()
	for _, e := range events {
		h.Write(e)
	}
	if got := h.Sum(nil); !slices.Equal(got, c.hash[:]) {
		f.add(Violation{IDs: []string{c.id}, Node: c.node, Sequence: c.first},
			"stream %s was told other events from %d to %d than are in the log", c.id, c.first, c.last)
	}
}
