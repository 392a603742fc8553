package consensus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
)

// A snapshot's stream, on disk and on the wire: a header, chunks, and an end.
// The library's file store has a checksum of its own, but recomputes it from
// what it received: this one goes from the machine that wrote to the machine
// that reads, and no byte reaches the machine unverified. Little endian:
//
//	header
//	  0 8 magic "RIALTOSN"
//	  8 4 format, 1 or 2
//	 12 8 index of the last entry in the state
//	 20 8 its term
//	 28 4 format 2 only: length n of the roster, at most 64 KiB
//	 32 n format 2 only: the roster
//	  . 4 CRC-32C of all before
//
// Format 2 is written once an incarnation is known: no build that reads only
// format 1 is left in the cluster then.
//
//	chunk
//	  0 4 length n, 1 to 1 MiB
//	  4 4 CRC-32C of the bytes
//	  8 n bytes
//	end
//	  0 4 zero
//	  4 8 sum of the chunks' lengths
//	 12 4 CRC-32C of bytes 0..11 of the end
const (
	snapshotMagic  = "RIALTOSN"
	formatPlain    = 1
	formatRoster   = 2
	snapshotHeader = 28 // without roster and checksum
	rosterBytes    = 64 << 10
	snapshotEnd    = 16
	chunkBytes     = 1 << 20
)

var errSnapshotCorrupt = errors.New("snapshot is corrupt")

func sumOf(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// snapshot is a captured state on its way to disk.
type snapshot struct {
	state       cluster.Snapshot
	roster      cluster.Roster
	index, term uint64
	covered     covered
	due         *snapshotMeter
	closing     <-chan struct{}
	done        bool
}

// Persist writes the stream. Raft runs it beside Apply and closes the sink.
func (s *snapshot) Persist(sink raft.SnapshotSink) error {
	if paced, ok := sink.(*pacedSink); ok {
		paced.until = s.closing
	}
	out := newChunkWriter(sink)
	if _, err := sink.Write(appendSnapshotHeader(s.index, s.term, s.roster)); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	if _, err := s.state.WriteTo(out); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	if err := out.end(); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	s.done = true
	return nil
}

// Release lets the state go; what a failed snapshot covered is due again.
func (s *snapshot) Release() {
	if !s.done {
		s.due.failed(s.covered)
	}
	s.state.Release()
}

func appendSnapshotHeader(index, term uint64, roster cluster.Roster) []byte {
	format := uint32(formatPlain)
	if hasIncarnation(roster) {
		format = formatRoster
	}
	b := append(make([]byte, 0, snapshotHeader+4), snapshotMagic...)
	b = binary.LittleEndian.AppendUint32(b, format)
	b = binary.LittleEndian.AppendUint64(b, index)
	b = binary.LittleEndian.AppendUint64(b, term)
	if format == formatRoster {
		encoded := roster.Append(nil)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(encoded)))
		b = append(b, encoded...)
	}
	return binary.LittleEndian.AppendUint32(b, sumOf(b))
}

func hasIncarnation(r cluster.Roster) bool {
	for _, m := range r.Members {
		if !m.Incarnation.IsZero() {
			return true
		}
	}
	return len(r.Pending) > 0
}

// readSnapshotHeader reads a header of either format and verifies it.
func readSnapshotHeader(from io.Reader) (*chunkReader, error) {
	b := make([]byte, snapshotHeader)
	if _, err := io.ReadFull(from, b); err != nil {
		return nil, fmt.Errorf("%w: header: %w", errSnapshotCorrupt, err)
	}
	r := &chunkReader{from: from, index: binary.LittleEndian.Uint64(b[12:]), term: binary.LittleEndian.Uint64(b[20:])}
	format := binary.LittleEndian.Uint32(b[8:])
	if string(b[:8]) != snapshotMagic || format != formatPlain && format != formatRoster {
		return nil, fmt.Errorf("%w: header", errSnapshotCorrupt)
	}
	var encoded []byte
	if format == formatRoster {
		var err error
		if b, encoded, err = readRoster(from, b); err != nil {
			return nil, err
		}
	}
	var check [4]byte
	if _, err := io.ReadFull(from, check[:]); err != nil || binary.LittleEndian.Uint32(check[:]) != sumOf(b) {
		return nil, fmt.Errorf("%w: header", errSnapshotCorrupt)
	}
	if format == formatRoster {
		var err error
		if r.roster, err = cluster.ParseRoster(encoded); err != nil {
			return nil, fmt.Errorf("%w: %w", errSnapshotCorrupt, err)
		}
	}
	return r, nil
}

// readRoster reads on from header and returns all read so far, and the roster
// alone.
func readRoster(from io.Reader, header []byte) (all, encoded []byte, err error) {
	var length [4]byte
	if _, err := io.ReadFull(from, length[:]); err != nil {
		return nil, nil, fmt.Errorf("%w: roster: %w", errSnapshotCorrupt, err)
	}
	n := binary.LittleEndian.Uint32(length[:])
	if n > rosterBytes {
		return nil, nil, fmt.Errorf("%w: roster of %d bytes", errSnapshotCorrupt, n)
	}
	encoded = make([]byte, n)
	if _, err := io.ReadFull(from, encoded); err != nil {
		return nil, nil, fmt.Errorf("%w: roster: %w", errSnapshotCorrupt, err)
	}
	return append(append(header, length[:]...), encoded...), encoded, nil
}

// chunkWriter frames what it is given.
type chunkWriter struct {
	to    io.Writer
	buf   []byte
	total uint64
}

func newChunkWriter(to io.Writer) *chunkWriter {
	return &chunkWriter{to: to, buf: make([]byte, 0, chunkBytes)}
}

func (w *chunkWriter) Write(b []byte) (int, error) {
	written := 0
	for len(b) > 0 {
		n := min(len(b), chunkBytes-len(w.buf))
		w.buf = append(w.buf, b[:n]...)
		b = b[n:]
		written += n
		if len(w.buf) == chunkBytes {
			if err := w.flush(); err != nil {
				return written, err
			}
		}
	}
	return written, nil
}

func (w *chunkWriter) flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	var head [8]byte
	binary.LittleEndian.PutUint32(head[0:], uint32(len(w.buf)))
	binary.LittleEndian.PutUint32(head[4:], sumOf(w.buf))
	if _, err := w.to.Write(head[:]); err != nil {
		return err
	}
	if _, err := w.to.Write(w.buf); err != nil {
		return err
	}
	w.total += uint64(len(w.buf))
	w.buf = w.buf[:0]
	return nil
}

func (w *chunkWriter) end() error {
	if err := w.flush(); err != nil {
		return err
	}
	b := binary.LittleEndian.AppendUint32(nil, 0)
	b = binary.LittleEndian.AppendUint64(b, w.total)
	_, err := w.to.Write(binary.LittleEndian.AppendUint32(b, sumOf(b)))
	return err
}

// chunkReader yields the verified bytes of a stream.
type chunkReader struct {
	from        io.Reader
	index, term uint64
	roster      cluster.Roster // empty in format 1
	buf         []byte         // the chunk
	left        []byte         // what is unread of it
	total       uint64
	ended       bool
}

func openSnapshot(from io.Reader) (*chunkReader, error) {
	r, err := readSnapshotHeader(from)
	if err != nil {
		return nil, err
	}
	r.buf = make([]byte, chunkBytes)
	return r, nil
}

func (r *chunkReader) Read(b []byte) (int, error) {
	for len(r.left) == 0 {
		if r.ended {
			return 0, io.EOF
		}
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	n := copy(b, r.left)
	r.left = r.left[n:]
	return n, nil
}

func (r *chunkReader) next() error {
	var head [8]byte
	if _, err := io.ReadFull(r.from, head[:]); err != nil {
		return fmt.Errorf("%w: %w", errSnapshotCorrupt, err)
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n == 0 {
		return r.readEnd(head[:])
	}
	if n > chunkBytes {
		return fmt.Errorf("%w: chunk of %d bytes", errSnapshotCorrupt, n)
	}
	if _, err := io.ReadFull(r.from, r.buf[:n]); err != nil {
		return fmt.Errorf("%w: %w", errSnapshotCorrupt, err)
	}
	if sumOf(r.buf[:n]) != binary.LittleEndian.Uint32(head[4:]) {
		return fmt.Errorf("%w: chunk at byte %d", errSnapshotCorrupt, r.total)
	}
	r.left = r.buf[:n]
	r.total += uint64(n)
	return nil
}

func (r *chunkReader) readEnd(head []byte) error {
	b := make([]byte, snapshotEnd)
	copy(b, head)
	if _, err := io.ReadFull(r.from, b[len(head):]); err != nil {
		return fmt.Errorf("%w: %w", errSnapshotCorrupt, err)
	}
	if binary.LittleEndian.Uint32(b[12:]) != sumOf(b[:12]) || binary.LittleEndian.Uint64(b[4:]) != r.total {
		return fmt.Errorf("%w: end", errSnapshotCorrupt)
	}
	r.ended = true
	return nil
}

// finish verifies what the machine left unread.
func (r *chunkReader) finish() error {
	_, err := io.Copy(io.Discard, r)
	return err
}
