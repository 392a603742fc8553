// Package wire is the alphabet of the venue's binary formats: the few shapes
// that commands, events and envelopes are written with.
//
// Every value has exactly one encoding and a Reader refuses all others, so
// that equal things have equal bytes: hashes, digests and golden files depend
// on it. The formats themselves are the business of the packages that use it.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrTooLong: a text or a list is over its bound.
var ErrTooLong = errors.New("over its bound")

// Writer appends to Bytes. Its zero value is ready; the first error sticks
// and is what Err returns.
type Writer struct {
	Bytes []byte
	err   error
}

// Err returns the first error.
func (w *Writer) Err() error { return w.err }

// Byte appends one byte.
func (w *Writer) Byte(v byte) { w.Bytes = append(w.Bytes, v) }

// Bool appends 0 or 1.
func (w *Writer) Bool(v bool) {
	if v {
		w.Byte(1)
		return
	}
	w.Byte(0)
}

// Uvarint appends v in groups of seven bits, lowest first (LEB128).
func (w *Writer) Uvarint(v uint64) {
	if v < 0x80 {
		w.Bytes = append(w.Bytes, byte(v))
		return
	}
	w.Bytes = binary.AppendUvarint(w.Bytes, v)
}

// Varint appends v zigzagged, so that small negative numbers are short.
func (w *Writer) Varint(v int64) { w.Uvarint(uint64(v)<<1 ^ uint64(v>>63)) }

// Fixed64 appends v in eight bytes, lowest first: for hashes and instants,
// which a Uvarint would make longer.
func (w *Writer) Fixed64(v uint64) { w.Bytes = binary.LittleEndian.AppendUint64(w.Bytes, v) }

// Raw appends bytes without a length.
func (w *Writer) Raw(b []byte) { w.Bytes = append(w.Bytes, b...) }

// Text appends a length and the bytes of s, without a bound.
func (w *Writer) Text(s string) {
	w.Uvarint(uint64(len(s)))
	w.Bytes = append(w.Bytes, s...)
}

// Bounded appends s like Text; ErrTooLong if it has more than limit bytes.
func (w *Writer) Bounded(s string, limit int) {
	if len(s) > limit {
		w.Fail(fmt.Errorf("text of %d bytes, at most %d: %w", len(s), limit, ErrTooLong))
		return
	}
	w.Text(s)
}

// Fail records an error unless there is one.
func (w *Writer) Fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// Flag is bit if set, else 0: for numbers whose bits say what is there.
func Flag(set bool, bit uint64) uint64 {
	if set {
		return bit
	}
	return 0
}
