package backup

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// The stream is "RIALTOBK" and a version byte, 1, and then frames, little
// endian: kind 1, length of the rest 4, CRC-32C of kind and rest 4, the rest.
// They come in this order:
//
//	1 description   JSON, see Description; first
//	2 snapshot      bytes of the newest snapshot's stream, if it is new
//	3 entry         index 8, term 8, data
//	4 block         index 8, encoding of the block
//	5 end           JSON, see Mark; last, and nothing counts without it
//	6 failed        a text: why there is no end
const (
	streamMagic   = "RIALTOBK"
	streamVersion = 1

	kindDescription = 1
	kindSnapshot    = 2
	kindEntry       = 3
	kindBlock       = 4
	kindEnd         = 5
	kindFailed      = 6

	frameHead = 9
	// maxFrame bounds a frame: the largest is a block.
	maxFrame = 256 << 20
	// snapshotPart is how much of a snapshot a frame holds.
	snapshotPart = 1 << 20
)

// ErrStream: what came is no backup's stream, or is damaged or cut off.
var ErrStream = errors.New("backup stream is damaged")

// Have is what a backup holds already: only what follows is sent.
type Have struct {
	// Entries, Blocks and Snapshot are log indexes, 0 = none.
	Entries, Blocks, Snapshot uint64
}

// Mark is a place in the past of a venue.
type Mark struct {
	Index    uint64 `json:"index"` // of the last entry
	Term     uint64 `json:"term"`
	Sequence uint64 `json:"sequence"` // of the last event
	At       int64  `json:"at"`       // venue time, nanoseconds
	History  string `json:"history"`
	// Head is the hash chain's head after it, hexadecimal: whoever has it can
	// tell whether anything before it was changed.
	Head string `json:"head"`
}

// Description says what a stream is of.
type Description struct {
	ClusterID string `json:"cluster_id"`
	History   string `json:"history"`
	Node      string `json:"node"`
	Build     string `json:"build"`
	// Entries is the first index from which entries are sent; Last the last
	// one of entries and blocks.
	Entries uint64 `json:"entries"`
	Last    uint64 `json:"last"`
	// Snapshot is the index of the snapshot that is sent, 0 = none.
	Snapshot uint64 `json:"snapshot"`
}

func castagnoli(parts ...[]byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	var sum uint32
	for _, p := range parts {
		sum = crc32.Update(sum, table, p)
	}
	return sum
}

type frameWriter struct{ out *bufio.Writer }

func (w *frameWriter) write(kind byte, parts ...[]byte) error {
	length := 0
	for _, p := range parts {
		length += len(p)
	}
	var head [frameHead]byte
	head[0] = kind
	binary.LittleEndian.PutUint32(head[1:], uint32(length))
	binary.LittleEndian.PutUint32(head[5:], castagnoli(append([][]byte{head[:1]}, parts...)...))
	for _, p := range append([][]byte{head[:]}, parts...) {
		if _, err := w.out.Write(p); err != nil {
			return fmt.Errorf("send backup: %w", err)
		}
	}
	return nil
}

func (w *frameWriter) json(kind byte, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return w.write(kind, b)
}

func (w *frameWriter) entry(e cluster.Entry) error {
	head := binary.LittleEndian.AppendUint64(nil, uint64(e.Index))
	return w.write(kindEntry, binary.LittleEndian.AppendUint64(head, uint64(e.Term)), e.Data)
}

func (w *frameWriter) block(f journal.Frame) error {
	return w.write(kindBlock, binary.LittleEndian.AppendUint64(nil, f.Index), f.Encoded)
}

// frameReader reads frames, with one of look-ahead.
type frameReader struct {
	in   *bufio.Reader
	kind byte
	rest []byte
}

func openStream(r io.Reader) (*frameReader, error) {
	in := bufio.NewReaderSize(r, 1<<20)
	head := make([]byte, len(streamMagic)+1)
	if _, err := io.ReadFull(in, head); err != nil || string(head[:len(streamMagic)]) != streamMagic {
		return nil, fmt.Errorf("%w: it does not begin as one", ErrStream)
	}
	if v := head[len(streamMagic)]; v != streamVersion {
		return nil, fmt.Errorf("%w: version %d is not known", ErrStream, v)
	}
	f := &frameReader{in: in}
	return f, f.next()
}

// next reads the next frame into kind and rest.
func (f *frameReader) next() error {
	var head [frameHead]byte
	if _, err := io.ReadFull(f.in, head[:]); err != nil {
		return fmt.Errorf("%w: it ends early: %w", ErrStream, err)
	}
	length := binary.LittleEndian.Uint32(head[1:])
	if length > maxFrame {
		return fmt.Errorf("%w: frame of %d bytes", ErrStream, length)
	}
	f.kind, f.rest = head[0], make([]byte, length)
	if _, err := io.ReadFull(f.in, f.rest); err != nil {
		return fmt.Errorf("%w: it ends early: %w", ErrStream, err)
	}
	if castagnoli(head[:1], f.rest) != binary.LittleEndian.Uint32(head[5:]) {
		return fmt.Errorf("%w: checksum", ErrStream)
	}
	if f.kind == kindFailed {
		return fmt.Errorf("the node gave up: %s", f.rest)
	}
	return nil
}

func (f *frameReader) entry() (cluster.Entry, error) {
	if len(f.rest) < 16 {
		return cluster.Entry{}, fmt.Errorf("%w: entry of %d bytes", ErrStream, len(f.rest))
	}
	return cluster.Entry{
		Index: cluster.Index(binary.LittleEndian.Uint64(f.rest)), Term: cluster.Term(binary.LittleEndian.Uint64(f.rest[8:])), Data: f.rest[16:],
	}, nil
}

func (f *frameReader) block() (journal.Frame, error) {
	if len(f.rest) < 8 {
		return journal.Frame{}, fmt.Errorf("%w: block of %d bytes", ErrStream, len(f.rest))
	}
	return journal.Frame{Index: binary.LittleEndian.Uint64(f.rest), Encoded: f.rest[8:]}, nil
}
