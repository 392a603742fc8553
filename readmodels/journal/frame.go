package journal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// The bytes of a segment are specified in DESIGN.md. All numbers are
// little-endian.
const (
	segmentMagic  = "RLTOJRNL"
	segmentFormat = 1
	headerBytes   = 40
	frameBytes    = 40
	// maxPayload bounds what a frame's length may say: an entry's commands,
	// events and their images stay far below.
	maxPayload = 256 << 20
)

func castagnoli(parts ...[]byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli) // built once by the package
	var sum uint32
	for _, p := range parts {
		sum = crc32.Update(sum, table, p)
	}
	return sum
}

// header opens a segment.
type header struct {
	history uint64
	first   market.Sequence // of the first block
	index   uint64          // of the first block
}

func (h header) append(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, segmentMagic...)
	dst = binary.LittleEndian.AppendUint32(dst, segmentFormat)
	dst = binary.LittleEndian.AppendUint64(dst, h.history)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(h.first))
	dst = binary.LittleEndian.AppendUint64(dst, h.index)
	return binary.LittleEndian.AppendUint32(dst, castagnoli(dst[start:]))
}

func parseHeader(b []byte) (header, error) {
	if len(b) < headerBytes || string(b[:8]) != segmentMagic {
		return header{}, fmt.Errorf("not a segment: %w", ErrCorrupt)
	}
	if sum := binary.LittleEndian.Uint32(b[36:]); sum != castagnoli(b[:36]) {
		return header{}, fmt.Errorf("segment header checksum: %w", ErrCorrupt)
	}
	if f := binary.LittleEndian.Uint32(b[8:]); f != segmentFormat {
		return header{}, fmt.Errorf("segment format %d is not known", f)
	}
	return header{
		history: binary.LittleEndian.Uint64(b[12:]),
		first:   market.Sequence(binary.LittleEndian.Uint64(b[20:])),
		index:   binary.LittleEndian.Uint64(b[28:]),
	}, nil
}

// place is what a frame's head says of its block: enough to find it without
// decoding it.
type place struct {
	index uint64
	first market.Sequence
	count uint32
	at    market.Nanos
	size  uint32 // of the payload
	sum   uint32
}

// last is the sequence of the block's last event, or of the one before it.
func (p place) last() market.Sequence { return p.first + market.Sequence(p.count) - 1 }

func (p place) pin() event.Pin {
	if p.first == 0 {
		return event.Pin{}
	}
	return event.Pin{Sequence: p.last(), At: p.at}
}

// bytes is what the frame takes on disk.
func (p place) bytes() int64 { return frameBytes + int64(p.size) }

// appendFrame appends a block's frame; encoded is the block's encoding, nil if
// nobody has made it yet.
func appendFrame(dst []byte, b *event.Block, encoded []byte) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, frameBytes)...)
	if encoded == nil {
		dst = eventcodec.AppendBlock(dst, b)
	} else {
		dst = append(dst, encoded...)
	}
	frame := dst[start:]
	binary.LittleEndian.PutUint32(frame, uint32(len(frame)-frameBytes))
	binary.LittleEndian.PutUint64(frame[8:], b.Index)
	binary.LittleEndian.PutUint64(frame[16:], uint64(b.First))
	binary.LittleEndian.PutUint64(frame[24:], uint64(b.At))
	binary.LittleEndian.PutUint32(frame[32:], b.Count)
	binary.LittleEndian.PutUint32(frame[4:], frameSum(frame))
	return dst
}

// frameSum covers the whole frame but the sum itself.
func frameSum(frame []byte) uint32 { return castagnoli(frame[:4], frame[8:]) }

// parsePlace reads a frame's head; it verifies nothing.
func parsePlace(b []byte) place {
	return place{
		size:  binary.LittleEndian.Uint32(b),
		sum:   binary.LittleEndian.Uint32(b[4:]),
		index: binary.LittleEndian.Uint64(b[8:]),
		first: market.Sequence(binary.LittleEndian.Uint64(b[16:])),
		at:    market.Nanos(binary.LittleEndian.Uint64(b[24:])),
		count: binary.LittleEndian.Uint32(b[32:]),
	}
}
