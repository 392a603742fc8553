package eventindex

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sort"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// stride is what a row of blocks holds.
type stride struct {
	first market.Sequence // 0 = nothing was folded yet
	// pairs are hash << 16 | offset of a block's first event in the stride;
	// sorted once the stride is closed.
	pairs  []uint64
	sorted bool
}

// add notes a block's types and aggregates, each once.
func (s *stride) add(b *event.Block) {
	if s.first == 0 {
		s.first = b.First
	}
	offset, begin := uint64(b.First-s.first), len(s.pairs)
	for i := range b.Groups {
		for _, r := range b.Groups[i].Records {
			for n := range r.Events() {
				part := r.Event(n)
				s.note(hashOf('t', string(part.Type)), offset, begin)
				s.note(hashOf('a', part.Aggregate), offset, begin)
			}
		}
	}
	block := s.pairs[begin:]
	slices.Sort(block)
	s.pairs = s.pairs[:begin+len(slices.Compact(block))]
}

// repeats is how far back a hash is looked for before it is noted again: the
// events of one command share their names.
const repeats = 8

func (s *stride) note(hash uint32, offset uint64, begin int) {
	pair := uint64(hash)<<16 | offset
	for i := len(s.pairs) - 1; i >= max(begin, len(s.pairs)-repeats); i-- {
		if s.pairs[i] == pair {
			return
		}
	}
	s.pairs = append(s.pairs, pair)
}

func (s *stride) sort() {
	slices.Sort(s.pairs)
	s.sorted = true
}

// find returns the first sequences of the blocks that hold a hash, ascending.
func (s *stride) find(hash uint32) []market.Sequence {
	var out []market.Sequence
	if s.sorted {
		i := sort.Search(len(s.pairs), func(i int) bool { return s.pairs[i] >= uint64(hash)<<16 })
		for ; i < len(s.pairs) && uint32(s.pairs[i]>>16) == hash; i++ {
			out = append(out, s.first+market.Sequence(s.pairs[i]&0xffff))
		}
		return out
	}
	for _, p := range s.pairs { // block by block, and so ascending
		if uint32(p>>16) == hash {
			out = append(out, s.first+market.Sequence(p&0xffff))
		}
	}
	return out
}

// An item is the stride's first sequence, 8 bytes, and its pairs in order, 6
// bytes each: hash and offset; all big-endian.
const (
	headBytes = 8
	pairBytes = 6
)

// append appends the item of a closed stride.
func (s *stride) append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(s.first))
	for _, p := range s.pairs {
		dst = binary.BigEndian.AppendUint32(dst, uint32(p>>16))
		dst = binary.BigEndian.AppendUint16(dst, uint16(p))
	}
	return dst
}

// item is a stride as it is stored.
type item []byte

func readItem(b []byte) (item, error) {
	if len(b) < headBytes || (len(b)-headBytes)%pairBytes != 0 {
		return nil, fmt.Errorf("stride of %d bytes: %w", len(b), readmodels.ErrDamaged)
	}
	return b, nil
}

func (i item) first() market.Sequence { return market.Sequence(binary.BigEndian.Uint64(i)) }

// find is stride.find.
func (i item) find(hash uint32) []market.Sequence {
	pairs := i[headBytes:]
	n := len(pairs) / pairBytes
	hashAt := func(k int) uint32 { return binary.BigEndian.Uint32(pairs[k*pairBytes:]) }
	var out []market.Sequence
	for k := sort.Search(n, func(k int) bool { return hashAt(k) >= hash }); k < n && hashAt(k) == hash; k++ {
		out = append(out, i.first()+market.Sequence(binary.BigEndian.Uint16(pairs[k*pairBytes+4:])))
	}
	return out
}

// hashOf is FNV-1a of a kind and a name; it is on disk.
func hashOf(kind byte, name string) uint32 {
	const offset, prime = 2166136261, 16777619
	h := (uint32(offset) ^ uint32(kind)) * prime
	for i := range len(name) {
		h = (h ^ uint32(name[i])) * prime
	}
	return h
}
