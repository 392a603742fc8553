package store

import (
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// staging collects what one fold writes, so that readers see all of it or
// none. It implements readmodels.Writer.
type staging struct {
	past   past
	bytes  []byte
	writes []write
}

// write is one Set or Append: the key's bytes and then the value's.
type write struct {
	from            market.Sequence
	start, key, end int
}

func (s *staging) clear() { s.bytes, s.writes = s.bytes[:0], s.writes[:0] }

// Set implements readmodels.Writer.
func (s *staging) Set(key, value []byte, from market.Sequence) { s.add(pointKey, key, value, from) }

// Append implements readmodels.Writer.
func (s *staging) Append(list, item []byte, at market.Sequence) { s.add(listKey, list, item, at) }

// Past implements readmodels.Writer.
func (s *staging) Past() readmodels.Reader { return s.past }

func (s *staging) add(kind byte, key, value []byte, from market.Sequence) {
	start := len(s.bytes)
	s.bytes = append(s.bytes, kind)
	s.bytes = append(s.bytes, key...)
	mid := len(s.bytes)
	s.bytes = append(s.bytes, value...)
	s.writes = append(s.writes, write{from, start, mid, len(s.bytes)})
}

// generation holds the versions since the last flush. One goroutine adds to
// it, under the store's lock; once it is flushing it no longer changes.
type generation struct {
	// newest finds a key's newest version in versions.
	newest   map[string]int32
	versions []memory
	bytes    []byte
	through  market.Sequence
}

// memory is one version in a generation. Versions of a key are chained from
// the newest to the oldest, with jumps over many of them (skew-binary jump
// pointers), so that an old version of a hot key is found in O(log n).
type memory struct {
	from        market.Sequence
	start, end  uint32
	older, jump int32 // −1 = none
	depth       int32 // how many are older
}

const none = int32(-1)

// versionBytes is what a version costs beside its value, for the bound.
const versionBytes = 64

func newGeneration(through market.Sequence) *generation {
	return &generation{newest: map[string]int32{}, through: through}
}

func (g *generation) size() int { return len(g.bytes) + versionBytes*len(g.versions) }

// take adds what was staged.
func (g *generation) take(s *staging, through market.Sequence) error {
	for _, w := range s.writes {
		key, value := s.bytes[w.start:w.key], s.bytes[w.key:w.end]
		if err := g.add(key, value, w.from); err != nil {
			return err
		}
	}
	g.through = max(g.through, through)
	return nil
}

func (g *generation) add(key, value []byte, from market.Sequence) error {
	start := uint32(len(g.bytes))
	g.bytes = append(g.bytes, value...)
	end := uint32(len(g.bytes))
	newest, known := g.newest[string(key)]
	if !known {
		newest = none
	} else if v := &g.versions[newest]; v.from >= from {
		if v.from > from {
			return fmt.Errorf("key %q: sequence falls from %d to %d", key, v.from, from)
		}
		v.start, v.end = start, end
		return nil
	}
	jump, depth := g.jumpOver(newest)
	g.versions = append(g.versions, memory{from, start, end, newest, jump, depth})
	g.newest[string(key)] = int32(len(g.versions) - 1)
	return nil
}

// jumpOver returns the jump and the depth of a version that follows another:
// two jumps of equal length in a row become one of twice that and one.
func (g *generation) jumpOver(older int32) (jump, depth int32) {
	if older == none {
		return none, 0
	}
	o := &g.versions[older]
	if o.jump == none {
		return older, o.depth + 1
	}
	middle := &g.versions[o.jump]
	if middle.jump != none && o.depth-middle.depth == middle.depth-g.versions[middle.jump].depth {
		return middle.jump, o.depth + 1
	}
	return older, o.depth + 1
}

// find returns the newest version of a key at or before a point.
func (g *generation) find(key []byte, at market.Sequence) int32 {
	if g == nil {
		return none
	}
	i, ok := g.newest[string(key)]
	if !ok {
		return none
	}
	for i != none && g.versions[i].from > at {
		v := &g.versions[i]
		if i = v.older; v.jump != none && g.versions[v.jump].from > at {
			i = v.jump
		}
	}
	return i
}

// get returns the version of a key in force at a point.
func (g *generation) get(key []byte, at market.Sequence) (version, bool) {
	i := g.find(key, at)
	if i == none {
		return version{}, false
	}
	return g.version(i), true
}

func (g *generation) version(i int32) version {
	v := &g.versions[i]
	return version{v.from, g.bytes[v.start:v.end]}
}

// within appends the versions of a key with low < sequence ≤ high, newest
// first.
func (g *generation) within(dst []version, key []byte, low, high market.Sequence) []version {
	for i := g.find(key, high); i != none && g.versions[i].from > low; i = g.versions[i].older {
		dst = append(dst, g.version(i))
	}
	return dst
}
