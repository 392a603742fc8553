package wire_test

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/internal/wire"
	"pgregory.net/rapid"
)

// Each shape comes back as it was written, also at the ends of its range.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u, i := rapid.Uint64().Draw(t, "u"), rapid.Int64().Draw(t, "i")
		s, flag := rapid.String().Draw(t, "s"), rapid.Bool().Draw(t, "flag")
		var w wire.Writer
		w.Uvarint(u)
		w.Varint(i)
		w.Fixed64(u)
		w.Text(s)
		w.Bounded(s, len(s))
		w.Bool(flag)
		w.Raw([]byte("raw"))
		r := wire.NewReader(w.Bytes)
		var raw [3]byte
		if r.Uvarint() != u || r.Varint() != i || r.Fixed64() != u || r.Text() != s ||
			r.Bounded(len(s)) != s || r.Bool() != flag {
			t.Fatal("a value came back as another")
		}
		if r.Raw(raw[:]); string(raw[:]) != "raw" {
			t.Fatalf("got %q", raw)
		}
		if err := r.Finish(); err != nil {
			t.Fatal(err)
		}
	})
}

// The numbers are those of encoding/binary, whose format is known everywhere.
func TestSameAsEncodingBinary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u, i := rapid.Uint64().Draw(t, "u"), rapid.Int64().Draw(t, "i")
		var w wire.Writer
		w.Uvarint(u)
		w.Varint(i)
		want := binary.AppendVarint(binary.AppendUvarint(nil, u), i)
		if string(w.Bytes) != string(want) {
			t.Fatalf("got %x, want %x", w.Bytes, want)
		}
	})
}

// What is not the one encoding of a value is refused, with the sentinel that
// says why; nothing is read after the first error.
func TestRefusals(t *testing.T) {
	uvarint := func(r *wire.Reader) { r.Uvarint() }
	for _, c := range []struct {
		name  string
		input string
		read  func(r *wire.Reader)
		want  error
	}{
		{"uvarint of nothing", "", uvarint, wire.ErrShort},
		{"uvarint without its end", "\xff\xff", uvarint, wire.ErrShort},
		{"uvarint with a zero more", "\x81\x00", uvarint, wire.ErrNotCanonical},
		{"uvarint of 65 bits", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", uvarint, wire.ErrNotCanonical},
		{"uvarint of eleven bytes", strings.Repeat("\x80", 10) + "\x01", uvarint, wire.ErrNotCanonical},
		{"largest uvarint", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", uvarint, nil},
		{"bool 2", "\x02", func(r *wire.Reader) { r.Bool() }, wire.ErrNotCanonical},
		{"unknown bit", "\x04", func(r *wire.Reader) { r.Bits(3) }, wire.ErrNotCanonical},
		{"known bits", "\x03", func(r *wire.Reader) { r.Bits(3) }, nil},
		{"up to its limit", "\x05", func(r *wire.Reader) { r.UpTo(5) }, nil},
		{"past its limit", "\x06", func(r *wire.Reader) { r.UpTo(5) }, wire.ErrTooLong},
		{"text at its bound", "\x02ab", func(r *wire.Reader) { r.Bounded(2) }, nil},
		{"text past its bound", "\x02ab", func(r *wire.Reader) { r.Bounded(1) }, wire.ErrTooLong},
		{"text longer than the input", "\x03ab", func(r *wire.Reader) { r.Text() }, wire.ErrShort},
		{"text of 2^63 bytes", "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", func(r *wire.Reader) { r.Text() }, wire.ErrShort},
		{"count that fits", "\x02abcd", func(r *wire.Reader) { r.Count(2); r.Take(4) }, nil},
		{"count that does not fit", "\x03abcd", func(r *wire.Reader) { r.Count(2) }, wire.ErrShort},
		{"seven bytes of eight", "1234567", func(r *wire.Reader) { r.Fixed64() }, wire.ErrShort},
		{"negative take", "ab", func(r *wire.Reader) { r.Take(-1) }, wire.ErrShort},
		{"trailing byte", "\x01\x01", uvarint, wire.ErrTrailing},
	} {
		r := wire.NewReader([]byte(c.input))
		c.read(&r)
		if err := r.Finish(); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
		if r.Byte() != 0 || r.Uvarint() != 0 || r.Fixed64() != 0 || r.Text() != "" {
			t.Errorf("%s: something can be read behind the end", c.name)
		}
	}
}

// A text over its bound is not written and the first error is the one told.
func TestWriterErrorSticks(t *testing.T) {
	var w wire.Writer
	w.Bounded("abc", 3)
	if w.Err() != nil {
		t.Fatalf("text at its bound: %v", w.Err())
	}
	w.Bounded("abcd", 3)
	w.Fail(errors.New("later"))
	if !errors.Is(w.Err(), wire.ErrTooLong) || len(w.Bytes) != 4 {
		t.Fatalf("got %v with %d bytes", w.Err(), len(w.Bytes))
	}
}

// The ends of the signed range are as near as the encoding allows.
func TestVarintEnds(t *testing.T) {
	for _, c := range []struct {
		v    int64
		size int
	}{{0, 1}, {-1, 1}, {63, 1}, {-64, 1}, {64, 2}, {math.MaxInt64, 10}, {math.MinInt64, 10}} {
		var w wire.Writer
		w.Varint(c.v)
		r := wire.NewReader(w.Bytes)
		if got := r.Varint(); got != c.v || len(w.Bytes) != c.size {
			t.Errorf("%d: got %d in %d bytes, want %d", c.v, got, len(w.Bytes), c.size)
		}
	}
}

// No sequence of reads on any input panics.
func FuzzReader(f *testing.F) {
	f.Add([]byte("\x01\x02\x03"), []byte("\x00\x01\x02\x03\x04\x05"))
	f.Fuzz(func(t *testing.T, program, input []byte) {
		r := wire.NewReader(input)
		for _, op := range program {
			switch op % 8 {
			case 0:
				r.Byte()
			case 1:
				r.Bool()
			case 2:
				r.Uvarint()
			case 3:
				r.Varint()
			case 4:
				r.Fixed64()
			case 5:
				r.Text()
			case 6:
				r.Bounded(int(op))
			case 7:
				if n := r.Count(1 + int(op)); n > len(input) {
					t.Fatalf("count %d of %d bytes", n, len(input))
				}
			}
		}
		if r.Remaining() < 0 {
			t.Fatal("read behind the end")
		}
	})
}
