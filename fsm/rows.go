package fsm

import (
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/internal/wire"
	"github.com/rialto-exchange/rialto/fsm/slab"
)

// From level 2 on the rows of the small tables lie in slabs too, encoded: so a
// state hash and a capture look at the rows that were written since the last
// one, and not at all 30,000. What the machine works with are the rows
// themselves; each entry ends by encoding those that it wrote to.

// rowHead says where a row's encoding begins, and how long it is. Row n is
// record n-1.
type rowHead struct{ first, length uint32 }

// rowChunk is a part of an encoding.
type rowChunk struct {
	next, _ uint32
	bytes   [chunkBytes]byte
}

// chunkBytes makes a chunk 128 bytes: an asset is one, an instrument one or two.
const chunkBytes = 120

// rowStore holds the encodings of one table's rows.
type rowStore struct {
	heads  *slab.Slab[rowHead]
	chunks *slab.Pool[rowChunk]
}

func newRowStore(alloc slab.Allocator) rowStore {
	return rowStore{slab.New[rowHead](alloc), slab.NewPool[rowChunk](alloc)}
}

func (s *rowStore) tables() []slab.Table { return []slab.Table{s.heads, s.chunks} }

func (s *rowStore) describe(name string) {
	s.heads.Describe(slab.Shape{Name: name + ".heads", Layouts: []slab.Layout{{Level: levelWorstDay, Fields: "first 4, length 4"}}})
	s.chunks.Describe(slab.Shape{Name: name + ".chunks", Layouts: []slab.Layout{{Level: levelWorstDay, Fields: "next 4, _ 4, bytes 120"}}})
}

// write makes data the encoding of row n, and touches no chunk that stays as
// it is.
func (s *rowStore) write(n uint32, data []byte) {
	s.heads.Grow(n)
	if head := s.heads.Get(n - 1); head.length != uint32(len(data)) {
		s.resize(n, uint32(len(data)))
	}
	for at := s.heads.Get(n - 1).first; at != 0; at = s.chunks.Get(at).next {
		part := data[:min(len(data), chunkBytes)]
		data = data[len(part):]
		if string(s.chunks.Get(at).bytes[:len(part)]) != string(part) {
			c := s.chunks.Mut(at)
			c.bytes = [chunkBytes]byte{}
			copy(c.bytes[:], part)
		}
	}
}

// resize gives row n as many chunks as its length takes, all empty.
func (s *rowStore) resize(n, length uint32) {
	for at := s.heads.Get(n - 1).first; at != 0; {
		next := s.chunks.Get(at).next
		s.chunks.Free(at)
		at = next
	}
	first := uint32(0)
	for range (length + chunkBytes - 1) / chunkBytes {
		c := s.chunks.Alloc()
		s.chunks.Mut(c).next = first
		first = c
	}
	*s.heads.Mut(n - 1) = rowHead{first, length}
}

// read returns the encoding of row n; fewer bytes than its length if its
// chunks do not hold them.
func (s *rowStore) read(n uint32) []byte {
	head := *s.heads.Get(n - 1)
	data := make([]byte, 0, min(head.length, 1<<16))
	for at := head.first; at != 0 && at < s.chunks.Len() && uint32(len(data)) < head.length; {
		c := s.chunks.Get(at)
		data = append(data, c.bytes[:min(head.length-uint32(len(data)), chunkBytes)]...)
		at = c.next
	}
	return data
}

// store encodes the rows that were written to since the last call.
func (r *registry[T]) store(buffer []byte, each func(archive, *T)) []byte {
	for _, n := range r.touched {
		w := wire.Writer{Bytes: buffer[:0]}
		each(archive{w: &w}, r.at(n))
		buffer = w.Bytes
		r.stored.write(n, buffer)
		r.written[n-1] = false
	}
	r.touched = r.touched[:0]
	return buffer
}

// load makes the rows of their encodings.
func (r *registry[T]) load(name func(*T) string, each func(archive, *T)) error {
	for n := uint32(1); n <= r.stored.heads.Len(); n++ {
		reader := wire.NewReader(r.stored.read(n))
		row := new(T)
		each(archive{r: &reader}, row)
		if err := reader.Finish(); err != nil {
			return fmt.Errorf("row %d: %w", n, err)
		}
		r.add(name(row), row)
	}
	r.forget()
	return nil
}

// check compares the rows with their encodings: a row that was written to
// without mut is found.
func (r *registry[T]) check(each func(archive, *T)) error {
	for i := range r.rows {
		var w wire.Writer
		each(archive{w: &w}, r.rows[i])
		if string(w.Bytes) != string(r.stored.read(uint32(i+1))) {
			return fmt.Errorf("audit: row %d is not what is stored of it", i+1)
		}
	}
	return nil
}

// storeRows ends an entry: what it wrote to small tables goes into their slabs,
// from the level on at which these are there.
func (m *Machine) storeRows() {
	if m.level() < levelWorstDay {
		m.assets.forget()
		m.instruments.forget()
		m.participants.forget()
		return
	}
	b := m.scratch.row
	b = m.assets.store(b, archive.asset)
	b = m.instruments.store(b, archive.instrument)
	m.scratch.row = m.participants.store(b, archive.participantRow)
}

// touchRows marks all rows, for a level that begins to store them.
func (m *Machine) touchRows() {
	m.assets.touchAll()
	m.instruments.touchAll()
	m.participants.touchAll()
}

// loadRows makes the small tables of a restored machine.
func (m *Machine) loadRows() error {
	if m.level() < levelWorstDay {
		return nil
	}
	if err := m.assets.load(assetName, archive.asset); err != nil {
		return fmt.Errorf("assets: %w", err)
	}
	if err := m.instruments.load(instrumentName, archive.instrument); err != nil {
		return fmt.Errorf("instruments: %w", err)
	}
	if err := m.participants.load(participantName, archive.participantRow); err != nil {
		return fmt.Errorf("participants: %w", err)
	}
	return nil
}

func (m *Machine) auditRows() error {
	if m.level() < levelWorstDay {
		return nil
	}
	if err := m.assets.check(archive.asset); err != nil {
		return err
	}
	if err := m.instruments.check(archive.instrument); err != nil {
		return err
	}
	return m.participants.check(archive.participantRow)
}

func assetName(r *asset) string             { return r.image.Asset }
func instrumentName(r *instrument) string   { return r.image.Instrument }
func participantName(r *participant) string { return r.Participant }
