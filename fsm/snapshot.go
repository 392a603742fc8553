package fsm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/rialto-exchange/rialto/fsm/internal/wire"
	"github.com/rialto-exchange/rialto/fsm/slab"
)

// ErrSnapshot: a snapshot does not verify, or is of a format, feature level or
// cluster that this machine does not know.
var ErrSnapshot = errors.New("snapshot cannot be restored")

// A snapshot is, little endian:
//
//	 0  4  magic "RLTS"
//	 4  2  format: 1 at level 1, 2 above
//	 6  2  feature level in force, 0 = before the first entry
//	 8  8  cluster
//	16  4  length of the small tables
//	20  …  position and small tables
//	    4  CRC-32C of all before it
//	    …  the big tables, each in the format of package slab; in format 2
//	       with a label before each, see label, and an empty one at the end
//	end 4  magic "RLTE"
//
// It is written in the layouts of the level in force, so that every member of
// a venue at that level can read it, whatever else its build knows.
const (
	snapshotMagic = "RLTS"
	snapshotEnd   = "RLTE"
	snapshotHead  = 20
	// formatPlaces knows a table by its place, formatNames by its name, and
	// says how its records lie.
	formatPlaces = 1
	formatNames  = 2
	// maxSmall bounds the small tables of a snapshot in bytes.
	maxSmall = 1 << 30
)

// Snapshot is the machine as it was when it was captured. It may be written
// on another goroutine while the machine goes on; it holds memory until
// Release.
type Snapshot struct {
	// Index and Term are those of the last applied entry.
	Index, Term uint64
	format      uint16
	head        []byte // up to the position
	position    position
	small       []byte
	views       slab.Views
	// hashing is the state hash that was under way; it is finished when the
	// snapshot is written. covers are the views of what it covers.
	hashing hashing
	covers  []*slab.View
}

// position is where a machine stands in the log.
type position struct{ index, term, hashIndex, hash uint64 }

// snapshotFormat is the format of snapshots at a level.
func snapshotFormat(level uint16) uint16 {
	if level >= levelWorstDay {
		return formatNames
	}
	return formatPlaces
}

// Capture returns the machine as it is now. It copies page tables and small
// tables; after it the first write to each page copies the page.
func (m *Machine) Capture() *Snapshot {
	c := &m.clock
	s := &Snapshot{
		Index: c.index, Term: c.term, format: snapshotFormat(c.level), head: make([]byte, snapshotHead),
		position: position{c.index, c.term, c.hashIndex, c.hash}, small: m.encodeSmall(), hashing: m.hashing,
	}
	le := binary.LittleEndian
	copy(s.head, snapshotMagic)
	le.PutUint16(s.head[4:], s.format)
	le.PutUint16(s.head[6:], c.level)
	le.PutUint64(s.head[8:], m.cluster)
	tables := slab.Present(m.tables())
	s.views = slab.Capture(tables)
	for _, t := range s.hashing.tables {
		s.covers = append(s.covers, s.views[slices.Index(tables, t)])
	}
	return s
}

// heading returns what comes before the big tables.
func (s *Snapshot) heading() []byte {
	p := s.position
	if h := &s.hashing; h.under {
		p.hashIndex, p.hash = h.index, slab.Mix(slab.HashOf(s.covers, (*slab.View).Frozen), h.small)
	}
	w := wire.Writer{Bytes: slices.Clone(s.head)}
	p.pass(archive{w: &w})
	w.Raw(s.small)
	b := w.Bytes
	binary.LittleEndian.PutUint32(b[16:], uint32(len(b)-snapshotHead))
	return binary.LittleEndian.AppendUint32(b, crc(b))
}

// WriteTo writes the snapshot; io.WriterTo.
func (s *Snapshot) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(s.heading())
	written := int64(n)
	if err == nil {
		var m int64
		m, err = s.writeTables(w)
		written += m
	}
	if err == nil {
		n, err = io.WriteString(w, snapshotEnd)
		written += int64(n)
	}
	if err != nil {
		return written, fmt.Errorf("write snapshot of index %d: %w", s.Index, err)
	}
	return written, nil
}

func (s *Snapshot) writeTables(w io.Writer) (int64, error) {
	if s.format == formatPlaces {
		return s.views.WriteTo(w)
	}
	var written int64
	for _, v := range s.views {
		n, err := w.Write(label(v.Shape()))
		if written += int64(n); err != nil {
			return written, err
		}
		m, err := v.WriteTo(w)
		if written += m; err != nil {
			return written, err
		}
	}
	n, err := w.Write(label("", ""))
	return written + int64(n), err
}

// Release gives the snapshot's memory back. It must not be used after it.
func (s *Snapshot) Release() { s.views.Release() }

// Restore returns the machine of a snapshot. Its bounds are the snapshot's.
// The error wraps ErrSnapshot or slab.ErrCorrupt if the snapshot is not good,
// else it is the reader's.
func Restore(o Options, r io.Reader) (*Machine, error) {
	m := empty(o)
	if err := m.restore(r); err != nil {
		return nil, fmt.Errorf("restore snapshot: %w", err)
	}
	return m, nil
}

func (m *Machine) restore(r io.Reader) error {
	small, format, err := m.readHead(r)
	if err != nil {
		return err
	}
	if err := m.decodeSmall(small); err != nil {
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	m.applyBounds()
	if err := m.readTables(r, format); err != nil {
		return err
	}
	end := make([]byte, len(snapshotEnd))
	if _, err := io.ReadFull(r, end); err != nil {
		return err
	}
	if string(end) != snapshotEnd {
		return fmt.Errorf("%w: no end", ErrSnapshot)
	}
	if err := m.loadRows(); err != nil {
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	for n := range uint32(len(m.participants.rows)) {
		m.indexNames(n + 1)
	}
	m.adopt()
	m.accountNames.Rebuild()
	m.ownerNames.Rebuild()
	m.sessions.names.Rebuild()
	m.sessions.owners.Rebuild()
	m.indexCopies()
	return nil
}

// readTables reads the big tables. In format 1 they are those of the level, in
// their order and its layouts; in format 2 they say what they are, one that is
// not there is empty, and one that is not known is refused.
func (m *Machine) readTables(r io.Reader, format uint16) error {
	if format == formatPlaces {
		return slab.ReadFrom(slab.Present(m.tables()), r)
	}
	unread := make(map[string]slab.Table)
	for _, t := range m.tables() {
		name, _ := t.Shape()
		unread[name] = t
	}
	for {
		name, fields, err := readLabel(r)
		if err != nil || name == "" {
			return err
		}
		t := unread[name]
		if t == nil {
			return fmt.Errorf("%w: table %s is unknown: %w", ErrSnapshot, name, slab.ErrLayout)
		}
		delete(unread, name)
		if _, err := t.ReadAs(r, fields); err != nil {
			return fmt.Errorf("%w: %w", ErrSnapshot, err)
		}
	}
}

// A label says which table follows, little endian: length of the name u16,
// length of the layout u16, name, layout (slab.Layout.Fields), CRC-32C of all
// before it u32. Without a name it ends the tables.
func label(name, fields string) []byte {
	le := binary.LittleEndian
	b := le.AppendUint16(nil, uint16(len(name)))
	b = le.AppendUint16(b, uint16(len(fields)))
	b = append(append(b, name...), fields...)
	return le.AppendUint32(b, crc(b))
}

func readLabel(r io.Reader) (name, fields string, err error) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(r, head); err != nil {
		return "", "", err
	}
	le := binary.LittleEndian
	n, f := int(le.Uint16(head)), int(le.Uint16(head[2:]))
	rest := make([]byte, n+f+4)
	if _, err := io.ReadFull(r, rest); err != nil {
		return "", "", err
	}
	if crc(append(head, rest[:n+f]...)) != le.Uint32(rest[n+f:]) {
		return "", "", fmt.Errorf("%w: label of a table: checksum", ErrSnapshot)
	}
	return string(rest[:n]), string(rest[n : n+f]), nil
}

// readHead reads up to the big tables, and returns position and small tables.
func (m *Machine) readHead(r io.Reader) (small []byte, format uint16, err error) {
	head := make([]byte, snapshotHead)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, 0, err
	}
	le := binary.LittleEndian
	length := le.Uint32(head[16:])
	format = le.Uint16(head[4:])
	m.clock.level = le.Uint16(head[6:])
	switch {
	case string(head[:4]) != snapshotMagic:
		return nil, 0, fmt.Errorf("%w: not a snapshot", ErrSnapshot)
	case format != formatPlaces && format != formatNames || m.clock.level > FeatureLevel || format != snapshotFormat(m.clock.level):
		return nil, 0, fmt.Errorf("%w: format %d, level %d; this build knows format %d, level %d", ErrSnapshot, format, m.clock.level, formatNames, FeatureLevel)
	case le.Uint64(head[8:]) != m.cluster:
		return nil, 0, fmt.Errorf("%w: of cluster %d", ErrSnapshot, le.Uint64(head[8:]))
	case length > maxSmall:
		return nil, 0, fmt.Errorf("%w: small tables of %d bytes", ErrSnapshot, length)
	}
	rest, err := io.ReadAll(io.LimitReader(r, int64(length)+4))
	if err != nil {
		return nil, 0, err
	}
	if len(rest) != int(length)+4 {
		return nil, 0, io.ErrUnexpectedEOF
	}
	all := append(head, rest[:length]...)
	if crc(all) != le.Uint32(rest[length:]) {
		return nil, 0, fmt.Errorf("%w: checksum", ErrSnapshot)
	}
	m.enterTables()
	return rest[:length], format, nil
}

// applyBounds hands restored bounds to the tables that have them.
func (m *Machine) applyBounds() {
	m.ids.setCapacity(m.bounds.DedupCapacity)
	m.clientIDs.SetCapacity(m.bounds.DedupCapacity)
}

func crc(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }
