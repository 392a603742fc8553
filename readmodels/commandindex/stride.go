package commandindex

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// buckets is how many lists the ids lie in.
const buckets = 1 << 10

// mark is what is kept of an id: the first 42 bits of a hash. Who chooses ids
// cannot make many of them meet.
type mark struct {
	bucket      uint16
	fingerprint uint32
}

// markOf is of SHA-256 over participant, 0x00, id; it is on disk.
func markOf(participant, id string) mark {
	var buf [2*market.MaxIDLength + 1]byte
	sum := sha256.Sum256(append(append(append(buf[:0], participant...), 0), id...))
	return mark{binary.BigEndian.Uint16(sum[:]) >> 6, binary.BigEndian.Uint32(sum[2:])}
}

// entry is a command of a stride.
type entry struct {
	mark   mark
	offset uint32 // of its first event in the stride
}

// stride is what a row of blocks holds.
type stride struct {
	first   market.Sequence // 0 = nothing was folded yet
	entries []entry         // in the order of their sequences
}

// add notes a block's commands.
func (s *stride) add(b *event.Block) {
	if s.first == 0 {
		s.first = b.First
	}
	for i := range b.Groups {
		if g := &b.Groups[i]; executed(g) {
			s.entries = append(s.entries, entry{markOf(g.Context.Participant, g.Context.CommandID), uint32(g.First - s.first)})
		}
	}
}

// executed reports whether a group is what a command with an id was executed
// as. A fence settles another id than its own, and does not use that up.
func executed(g *event.Group) bool {
	if g.Context.CommandID == "" || g.Count == 0 {
		return false
	}
	_, fence := g.Records[0].(*event.CommandFenced)
	return !fence
}

// An item is 8 bytes a command, in the order of their sequences: the
// fingerprint, and how far the command's first event lies before the item's
// sequence; big-endian.
const entryBytes = 8

// write writes a closed stride: its items, and that it is closed.
func (s *stride) write(w readmodels.Writer, last market.Sequence) {
	var ends [buckets]int // where each list's part of sorted ends, then where it begins
	for i := range s.entries {
		ends[s.entries[i].mark.bucket]++
	}
	end := 0
	for i := range ends {
		end += ends[i] * entryBytes
		ends[i] = end
	}
	sorted := make([]byte, end)
	for i := len(s.entries) - 1; i >= 0; i-- {
		e := &s.entries[i]
		ends[e.mark.bucket] -= entryBytes
		at := sorted[ends[e.mark.bucket]:]
		binary.BigEndian.PutUint32(at, e.mark.fingerprint)
		binary.BigEndian.PutUint32(at[4:], uint32(last-s.first)-e.offset)
	}
	for i, begin := range ends {
		end := len(sorted)
		if i+1 < buckets {
			end = ends[i+1]
		}
		if begin < end {
			w.Append(listOf(uint16(i)), sorted[begin:end], last)
		}
	}
	w.Append(strides(), nil, last)
}

// find appends the first sequences of the commands with a mark, ascending.
func (s *stride) find(dst []market.Sequence, m mark) []market.Sequence {
	for i := range s.entries {
		if s.entries[i].mark == m {
			dst = append(dst, s.first+market.Sequence(s.entries[i].offset))
		}
	}
	return dst
}

// item is what a stride has in one list.
type item struct {
	bytes []byte
	at    market.Sequence
}

func readItem(b []byte, at market.Sequence) (item, error) {
	if len(b) == 0 || len(b)%entryBytes != 0 {
		return item{}, fmt.Errorf("commands of %d bytes: %w", len(b), readmodels.ErrDamaged)
	}
	return item{b, at}, nil
}

// find is stride.find.
func (i item) find(dst []market.Sequence, fingerprint uint32) []market.Sequence {
	for b := i.bytes; len(b) > 0; b = b[entryBytes:] {
		if binary.BigEndian.Uint32(b) == fingerprint {
			dst = append(dst, i.at-market.Sequence(binary.BigEndian.Uint32(b[4:])))
		}
	}
	return dst
}
