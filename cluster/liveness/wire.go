package liveness

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/rialto-exchange/rialto/cluster"
)

// A frame, big-endian, is a length (2, of the rest), a kind (1) and
//
//	1 view      length and id of the node (1 + n) · length and id of its leader
//	            (1 + n) · term 8 · term of its last entry 8 · index of that 8 ·
//	            flags 1: 1 it hears the leader, 2 it would stand, 4 it pings
//	            while it leads, 8 it stands now
//	2 farewell  reason 1: 1 mute, 2 stopped, 3 failed
//	3 ping      nothing: the process runs
//
// Only who was called speaks. What follows the fields, and other kinds, are of
// later builds and passed over.
const (
	kindView     = 1
	kindFarewell = 2
	kindPing     = 3

	flagHears    = 1
	flagStands   = 2
	flagPings    = 4
	flagStanding = 8

	// maxFrame bounds a frame's rest.
	maxFrame = 1 << 10
)

var errFrame = errors.New("liveness: frame can't be read")

// frame is one that was read.
type frame struct {
	kind   byte
	view   View
	reason byte
}

func appendView(dst []byte, v View) []byte {
	at := len(dst)
	dst = append(dst, 0, 0, kindView)
	dst = appendID(appendID(dst, v.Node), v.Leader)
	for _, n := range []uint64{uint64(v.Term), uint64(v.Last.Term), uint64(v.Last.Index)} {
		dst = binary.BigEndian.AppendUint64(dst, n)
	}
	var flags byte
	if v.Hears {
		flags |= flagHears
	}
	if v.Stands {
		flags |= flagStands
	}
	if v.Pings {
		flags |= flagPings
	}
	if v.Standing {
		flags |= flagStanding
	}
	dst = append(dst, flags)
	binary.BigEndian.PutUint16(dst[at:], uint16(len(dst)-at-2))
	return dst
}

func appendID(dst []byte, id cluster.NodeID) []byte {
	id = id[:min(len(id), 255)]
	return append(append(dst, byte(len(id))), id...)
}

func appendFarewell(dst []byte, cause cluster.Cause) []byte {
	return append(dst, 0, 2, kindFarewell, reasonOf(cause))
}

func appendPing(dst []byte) []byte { return append(dst, 0, 1, kindPing) }

func reasonOf(cause cluster.Cause) byte {
	switch cause {
	case cluster.CauseMute:
		return 1
	case cluster.CauseStopped:
		return 2
	}
	return 3
}

func causeOf(reason byte) cluster.Cause {
	switch reason {
	case 1:
		return cluster.CauseMute
	case 2:
		return cluster.CauseStopped
	}
	return cluster.CauseFailed
}

type reader struct{ in *bufio.Reader }

func newReader(r io.Reader) reader { return reader{bufio.NewReaderSize(r, maxFrame+2)} }

// next reads a frame. One of an unknown kind has no fields.
func (r reader) next() (frame, error) {
	var head [2]byte
	if _, err := io.ReadFull(r.in, head[:]); err != nil {
		return frame{}, err
	}
	size := binary.BigEndian.Uint16(head[:])
	if size < 1 || size > maxFrame {
		return frame{}, fmt.Errorf("%w: %d bytes", errFrame, size)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(r.in, body); err != nil {
		return frame{}, err
	}
	return parse(body)
}

func parse(body []byte) (f frame, err error) {
	f.kind = body[0]
	rest := body[1:]
	switch f.kind {
	case kindFarewell:
		if len(rest) < 1 {
			return f, errFrame
		}
		f.reason = rest[0]
	case kindView:
		var ok [2]bool
		f.view.Node, rest, ok[0] = takeID(rest)
		f.view.Leader, rest, ok[1] = takeID(rest)
		if !ok[0] || !ok[1] || len(rest) < 25 {
			return f, errFrame
		}
		f.view.Term = cluster.Term(binary.BigEndian.Uint64(rest))
		f.view.Last = LogEnd{cluster.Term(binary.BigEndian.Uint64(rest[8:])), cluster.Index(binary.BigEndian.Uint64(rest[16:]))}
		f.view.Hears, f.view.Stands = rest[24]&flagHears != 0, rest[24]&flagStands != 0
		f.view.Pings, f.view.Standing = rest[24]&flagPings != 0, rest[24]&flagStanding != 0
	}
	return f, nil
}

func takeID(b []byte) (id cluster.NodeID, rest []byte, ok bool) {
	if len(b) < 1 || len(b) < 1+int(b[0]) {
		return "", nil, false
	}
	n := 1 + int(b[0])
	return cluster.NodeID(b[1:n]), b[n:], true
}
