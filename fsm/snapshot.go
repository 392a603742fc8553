package fsm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/rialto-exchange/rialto/fsm/slab"
	"github.com/rialto-exchange/rialto/fsm/wire"
)

// ErrSnapshot: a snapshot does not verify, or is of a format, feature level or
// cluster that this machine does not know.
var ErrSnapshot = errors.New("snapshot cannot be restored")

// A snapshot is, little endian:
//
//	 0  4  magic "RLTS"
//	 4  2  format, 1
//	 6  2  feature level in force, 0 = before the first entry
//	 8  8  cluster
//	16  4  length of the small tables
//	20  …  position and small tables
//	    4  CRC-32C of all before it
//	    …  the big tables, each in the format of package slab
//	end 4  magic "RLTE"
const (
	snapshotMagic  = "RLTS"
	snapshotEnd    = "RLTE"
	snapshotFormat = 1
	snapshotHead   = 20
	// maxSmall bounds the small tables of a snapshot in bytes.
	maxSmall = 1 << 30
)

// Snapshot is the machine as it was when it was captured. It may be written
// on another goroutine while the machine goes on; it holds memory until
// Release.
type Snapshot struct {
	// Index and Term are those of the last applied entry.
	Index, Term uint64
	head        []byte
	views       slab.Views
}

// Capture returns the machine as it is now. It copies page tables and small
// tables; after it the first write to each page copies the page.
func (m *Machine) Capture() *Snapshot {
	w := wire.Writer{Bytes: make([]byte, snapshotHead)}
	m.logPosition(archive{w: &w})
	m.small(archive{w: &w})
	le := binary.LittleEndian
	b := w.Bytes
	copy(b, snapshotMagic)
	le.PutUint16(b[4:], snapshotFormat)
	le.PutUint16(b[6:], m.clock.level)
	le.PutUint64(b[8:], m.cluster)
	le.PutUint32(b[16:], uint32(len(b)-snapshotHead))
	b = le.AppendUint32(b, crc(b))
	return &Snapshot{Index: m.clock.index, Term: m.clock.term, head: b, views: slab.Capture(m.tables())}
}

// WriteTo writes the snapshot; io.WriterTo.
func (s *Snapshot) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(s.head)
	written := int64(n)
	if err == nil {
		var m int64
		m, err = s.views.WriteTo(w)
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
	small, err := m.readHead(r)
	if err != nil {
		return err
	}
	if err := m.decodeSmall(small); err != nil {
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	m.applyBounds()
	if err := slab.ReadFrom(m.tables(), r); err != nil {
		return err
	}
	end := make([]byte, len(snapshotEnd))
	if _, err := io.ReadFull(r, end); err != nil {
		return err
	}
	if string(end) != snapshotEnd {
		return fmt.Errorf("%w: no end", ErrSnapshot)
	}
	m.adopt()
	m.accountNames.Rebuild()
	m.ownerNames.Rebuild()
	return nil
}

// readHead reads up to the big tables, and returns position and small tables.
func (m *Machine) readHead(r io.Reader) ([]byte, error) {
	head := make([]byte, snapshotHead)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	length := le.Uint32(head[16:])
	m.clock.level = le.Uint16(head[6:])
	switch {
	case string(head[:4]) != snapshotMagic:
		return nil, fmt.Errorf("%w: not a snapshot", ErrSnapshot)
	case le.Uint16(head[4:]) != snapshotFormat || m.clock.level > FeatureLevel:
		return nil, fmt.Errorf("%w: format %d, level %d", ErrSnapshot, le.Uint16(head[4:]), m.clock.level)
	case le.Uint64(head[8:]) != m.cluster:
		return nil, fmt.Errorf("%w: of cluster %d", ErrSnapshot, le.Uint64(head[8:]))
	case length > maxSmall:
		return nil, fmt.Errorf("%w: small tables of %d bytes", ErrSnapshot, length)
	}
	rest, err := io.ReadAll(io.LimitReader(r, int64(length)+4))
	if err != nil {
		return nil, err
	}
	if len(rest) != int(length)+4 {
		return nil, io.ErrUnexpectedEOF
	}
	all := append(head, rest[:length]...)
	if crc(all) != le.Uint32(rest[length:]) {
		return nil, fmt.Errorf("%w: checksum", ErrSnapshot)
	}
	return rest[:length], nil
}

// applyBounds hands restored bounds to the tables that have them.
func (m *Machine) applyBounds() {
	m.ids.SetCapacity(m.bounds.DedupCapacity)
	m.clientIDs.SetCapacity(m.bounds.DedupCapacity)
}

// tables lists the big tables, in the order of the snapshot.
func (m *Machine) tables() []slab.Table {
	return slices.Concat(m.ids.Tables(), m.clientIDs.Tables(), m.otherTables())
}

// hashed lists those of them that the state hash covers: all but what is
// made of others and expensive.
func (m *Machine) hashed() []slab.Table {
	return slices.Concat(m.ids.Records(), m.clientIDs.Records(), m.otherTables())
}

func (m *Machine) otherTables() []slab.Table {
	tables := slices.Concat(
		m.accountNames.Tables(), []slab.Table{m.accounts}, m.ownerNames.Tables(), []slab.Table{m.owners, m.limits},
		m.ledger.Tables(), m.orders.book.Tables(), []slab.Table{m.orders.cold}, m.timers.Tables(),
	)
	if m.level() >= levelWorstDay {
		tables = slices.Concat(tables, m.working.tables(), []slab.Table{m.buys, m.paces})
	}
	return tables
}

func crc(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }
