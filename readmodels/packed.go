package readmodels

import (
	"encoding/binary"
	"fmt"
)

// AppendUint, AppendInt and AppendText append one field of a packed value:
// an unsigned varint, a zigzag varint, a length and the bytes.

// AppendUint appends an unsigned number.
func AppendUint(dst []byte, v uint64) []byte { return binary.AppendUvarint(dst, v) }

// AppendInt appends a signed number.
func AppendInt(dst []byte, v int64) []byte { return binary.AppendVarint(dst, v) }

// AppendText appends a string.
func AppendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// Unpacker reads the fields of a packed value in their order. After a field
// that is not there everything reads as zero and Err says so.
type Unpacker struct {
	rest []byte
	bad  bool
}

// Unpack returns a reader of the fields of b.
func Unpack(b []byte) Unpacker { return Unpacker{rest: b} }

// Err returns ErrDamaged if a field was missing or bytes are left over.
func (u *Unpacker) Err() error {
	if u.bad || len(u.rest) > 0 {
		return fmt.Errorf("unpack value: %w", ErrDamaged)
	}
	return nil
}

// More reports whether fields are left.
func (u *Unpacker) More() bool { return !u.bad && len(u.rest) > 0 }

// Uint reads what AppendUint wrote.
func (u *Unpacker) Uint() uint64 {
	v, n := binary.Uvarint(u.rest)
	return take(u, v, n)
}

// Int reads what AppendInt wrote.
func (u *Unpacker) Int() int64 {
	v, n := binary.Varint(u.rest)
	return take(u, v, n)
}

// Byte reads one byte.
func (u *Unpacker) Byte() byte {
	b := u.bytes(1)
	if b == nil {
		return 0
	}
	return b[0]
}

// Text reads what AppendText wrote.
func (u *Unpacker) Text() string { return string(u.bytes(u.Uint())) }

func take[T any](u *Unpacker, v T, n int) T {
	if n <= 0 || u.bad {
		var zero T
		u.bad, u.rest = true, nil
		return zero
	}
	u.rest = u.rest[n:]
	return v
}

func (u *Unpacker) bytes(n uint64) []byte {
	if u.bad || n > uint64(len(u.rest)) {
		u.bad, u.rest = true, nil
		return nil
	}
	b := u.rest[:n]
	u.rest = u.rest[n:]
	return b
}
