package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Errors of a Reader.
var (
	// ErrShort: the input ends inside a value.
	ErrShort = errors.New("input ends too early")
	// ErrNotCanonical: the value could have been written in another way, or a
	// bit is set that means nothing.
	ErrNotCanonical = errors.New("not the canonical encoding")
	// ErrTrailing: the input goes on behind the last value.
	ErrTrailing = errors.New("bytes behind the end")
)

// Reader reads what a Writer wrote. It takes any input without a panic and
// allocates nothing beyond one copy of the input. The first error sticks; from
// then on every method returns zero.
type Reader struct {
	input  string
	offset int
	err    error
}

// NewReader copies b. All texts that are read are parts of that one copy: who
// keeps one of them for long keeps the whole, unless it is cloned.
func NewReader(b []byte) Reader { return Reader{input: string(b)} }

// Err returns the first error, with the offset where it was met.
func (r *Reader) Err() error { return r.err }

// Finish returns the first error, ErrTrailing if input is left.
func (r *Reader) Finish() error {
	if r.err == nil && r.offset != len(r.input) {
		r.Fail(ErrTrailing)
	}
	return r.err
}

// Fail records an error, unless there is one, and ends the reading.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = fmt.Errorf("at byte %d of %d: %w", r.offset, len(r.input), err)
		r.offset = len(r.input)
	}
}

// Remaining returns how many bytes are left.
func (r *Reader) Remaining() int { return len(r.input) - r.offset }

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if r.offset >= len(r.input) {
		r.Fail(ErrShort)
		return 0
	}
	v := r.input[r.offset]
	r.offset++
	return v
}

// Bool reads 0 or 1.
func (r *Reader) Bool() bool {
	v := r.Byte()
	if v > 1 {
		r.Fail(ErrNotCanonical)
	}
	return v == 1
}

// Bits reads a Uvarint in which no bit outside known may be set.
func (r *Reader) Bits(known uint64) uint64 {
	v := r.Uvarint()
	if v&^known != 0 {
		r.Fail(ErrNotCanonical)
		return 0
	}
	return v
}

// Uvarint reads what Writer.Uvarint wrote. Longer forms of the same number
// are refused.
func (r *Reader) Uvarint() uint64 {
	if r.offset < len(r.input) && r.input[r.offset] < 0x80 {
		v := r.input[r.offset]
		r.offset++
		return uint64(v)
	}
	return r.longUvarint()
}

func (r *Reader) longUvarint() uint64 {
	var v uint64
	for n := range binary.MaxVarintLen64 {
		b := r.Byte()
		last := b < 0x80
		if last && (n > 0 && b == 0 || n == binary.MaxVarintLen64-1 && b > 1) {
			break
		}
		v |= uint64(b&0x7f) << (7 * n)
		if last {
			return r.unlessFailed(v)
		}
	}
	r.Fail(ErrNotCanonical)
	return 0
}

func (r *Reader) unlessFailed(v uint64) uint64 {
	if r.err != nil {
		return 0
	}
	return v
}

// UpTo reads a Uvarint that is at most limit, ErrTooLong else.
func (r *Reader) UpTo(limit uint64) uint64 {
	v := r.Uvarint()
	if v > limit {
		r.Fail(fmt.Errorf("%d, at most %d: %w", v, limit, ErrTooLong))
		return 0
	}
	return v
}

// Varint reads what Writer.Varint wrote.
func (r *Reader) Varint() int64 {
	v := r.Uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// Fixed64 reads eight bytes, lowest first.
func (r *Reader) Fixed64() uint64 {
	s := r.Take(8)
	if len(s) < 8 {
		return 0
	}
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// Raw fills dst.
func (r *Reader) Raw(dst []byte) { copy(dst, r.Take(len(dst))) }

// Text reads a text without a bound of its own.
func (r *Reader) Text() string { return r.Take(r.Count(1)) }

// Bounded reads a text of at most limit bytes, ErrTooLong if it is longer.
func (r *Reader) Bounded(limit int) string { return r.Take(int(r.UpTo(uint64(limit)))) }

// Count reads the number of parts that follow. Each is written in at least
// size bytes, so that a count which the rest of the input cannot hold is
// refused before anyone makes room for it.
func (r *Reader) Count(size int) int {
	v := r.Uvarint()
	if v > uint64(r.Remaining()/size) {
		r.Fail(ErrShort)
		return 0
	}
	return int(v)
}

// Take reads n bytes.
func (r *Reader) Take(n int) string {
	if n < 0 || n > r.Remaining() {
		r.Fail(ErrShort)
		return ""
	}
	s := r.input[r.offset : r.offset+n]
	r.offset += n
	return s
}
