package eventcodec

import (
	"fmt"
	"math"

	"github.com/rialto-exchange/rialto/fsm/internal/wire"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// base is what instants and sequences inside a block are counted from: most
// are equal to it and take one byte.
type base struct {
	at    market.Nanos
	first market.Sequence
}

// encoder writes one block, group or outcome.
type encoder struct {
	wire.Writer
	base   base
	recent recent
}

// decoder reads one block, group or outcome.
type decoder struct {
	wire.Reader
	base   base
	recent recent
	// of is the version of the record that is being read.
	of byte
}

// recentNames is how many names a block remembers.
const recentNames = 16

// recent holds the last names that were written in full, the oldest replaced
// first. An entry's commands speak of few accounts, instruments and assets:
// each is written once and then by its place here.
type recent struct {
	names [recentNames]string
	used  int // names written in full so far
}

// find returns the place of s, or -1.
func (c *recent) find(s string) int {
	for i := range min(c.used, recentNames) {
		if c.names[i] == s {
			return i
		}
	}
	return -1
}

func (c *recent) add(s string) {
	c.names[c.used%recentNames] = s
	c.used++
}

// name writes a name that is likely to come again: 2 × place + 1 of one that
// is remembered, else 2 × length and the bytes.
func (e *encoder) name(s string) {
	if s == "" {
		e.Byte(0)
		return
	}
	if i := e.recent.find(s); i >= 0 {
		e.Byte(byte(i<<1 | 1))
		return
	}
	e.recent.add(s)
	e.Uvarint(uint64(len(s)) << 1)
	e.Bytes = append(e.Bytes, s...)
}

func (d *decoder) name() string {
	v := d.Uvarint()
	if v == 0 {
		return ""
	}
	if v&1 == 1 {
		return d.remembered(v >> 1)
	}
	if v>>1 > uint64(d.Remaining()) {
		d.Fail(wire.ErrShort)
		return ""
	}
	s := d.Take(int(v >> 1))
	if d.recent.find(s) >= 0 {
		d.Fail(wire.ErrNotCanonical)
		return ""
	}
	d.recent.add(s)
	return s
}

func (d *decoder) remembered(place uint64) string {
	if place >= uint64(min(d.recent.used, recentNames)) {
		d.Fail(wire.ErrNotCanonical)
		return ""
	}
	return d.recent.names[place]
}

// at writes an instant by its distance from another; the difference wraps, so
// that any two instants have one.
func (e *encoder) at(t, from market.Nanos) { e.Varint(int64(t) - int64(from)) }

func (d *decoder) at(from market.Nanos) market.Nanos {
	return market.Nanos(int64(from) + d.Varint())
}

func (e *encoder) bytes() []byte {
	if err := e.Err(); err != nil {
		panic("event: a block that cannot be written: " + err.Error())
	}
	return e.Bytes
}

// version reads a version and fails if it is not the one known.
func (d *decoder) version(known byte) {
	if v := d.Byte(); d.Err() == nil && v != known {
		d.Fail(fmt.Errorf("version %d: %w", v, ErrUnknownKind))
	}
}

func (d *decoder) uint32() uint32 { return uint32(d.UpTo(math.MaxUint32)) }

// optional reads a Varint that is there if bit is set.
func (d *decoder) optional(bits, bit uint64) int64 {
	if bits&bit == 0 {
		return 0
	}
	return d.Varint()
}

// canonicalIf fails the reading unless ok.
func (d *decoder) canonicalIf(ok bool) {
	if !ok {
		d.Fail(wire.ErrNotCanonical)
	}
}

func (e *encoder) optional(v int64) {
	if v != 0 {
		e.Varint(v)
	}
}
