package wire_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/quickfixgo/quickfix"

	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// FuzzParse: whatever is taken is written back by the builder byte for byte,
// and quickfixgo reads the same type and number out of it; what is refused has
// a stand-in for which both hold.
func FuzzParse(f *testing.F) {
	for _, body := range []string{
		"35=0|" + header, "35=A|" + header + "98=0|108=30|141=Y|", "35=D|" + header + "11=a|453=1|448=x|93=1|89=y|",
		"35=4|" + header + "43=Y|122=20261121-10:00:00|36=5|", "35=D|115=JCD|116=|11=a|34=7|34=8|212=5|0=x|-1=y|",
	} {
		f.Add([]byte(whole("FIX.4.4", body)), false)
		f.Add([]byte(strings.ReplaceAll(body, "|", "\x01")), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, wrap bool) {
		if wrap {
			data = framed(data)
		}
		var m wire.Message
		err := wire.Parse(data, &m)
		var e *wire.Error
		switch {
		case err == nil:
			rebuilt(t, &m)
			readByEngine(t, data, &m)
		case !errors.As(err, &e):
			t.Fatalf("%q: %v is no *wire.Error", data, err)
		case e.Class == wire.Refused:
			var in wire.Message
			raw := m.AppendStandIn(nil, "TRADER1", "RIALTO", at)
			if err := wire.Parse(raw, &in); err != nil {
				t.Fatalf("%q stands in for %q: %v", raw, data, err)
			}
			if in.SeqNum() != m.SeqNum() || in.Type() != m.Type() {
				t.Fatalf("%q stands in for %q: another number or type", raw, data)
			}
			readByEngine(t, raw, &m)
		}
		if len(m.Fields) > wire.MaxFields+1 {
			t.Fatalf("%d fields", len(m.Fields))
		}
	})
}

// framed puts version, length and checksum around the bytes of a body.
func framed(data []byte) []byte {
	head := fmt.Appendf(nil, "8=FIX.4.4\x019=%d\x01", len(data))
	head = append(head, data...)
	return append(head, sum(string(head))...)
}

// rebuilt fails unless the builder writes the message as it was; a length that
// was padded with zeros is written without.
func rebuilt(t *testing.T, m *wire.Message) {
	t.Helper()
	var b wire.Builder
	b.Start(string(m.Fields[0].Value), m.Type())
	for _, f := range m.Fields[3 : len(m.Fields)-1] {
		b.Bytes(f.Tag, f.Value)
	}
	got := b.Finish(nil)
	if m.Fields[1].Value[0] == '0' {
		var again wire.Message
		if err := wire.Parse(got, &again); err != nil || len(again.Fields) != len(m.Fields) {
			t.Fatalf("%q written back: %v", m.Raw, err)
		}
		return
	}
	if !bytes.Equal(got, m.Raw) {
		t.Fatalf("got  %q\nwant %q", got, m.Raw)
	}
}

// readByEngine fails unless quickfixgo finds the same in the message.
func readByEngine(t *testing.T, raw []byte, m *wire.Message) {
	t.Helper()
	q := quickfix.NewMessage()
	if err := quickfix.ParseMessage(q, bytes.NewBuffer(raw)); err != nil {
		t.Fatalf("%q: quickfixgo says %v", raw, err)
	}
	kind, err := q.Header.GetString(35)
	if err != nil || kind != m.Type() {
		t.Fatalf("%q: quickfixgo reads type %q, %v", raw, kind, err)
	}
	if n, err := q.Header.GetInt(34); err != nil || uint64(n) != m.SeqNum() {
		t.Fatalf("%q: quickfixgo reads number %d, %v", raw, n, err)
	}
}

// FuzzTime: what is read as a time is written back as it was, with the digits
// that it had; the standard library reads the same.
func FuzzTime(f *testing.F) {
	for _, s := range []string{"20261121-10:00:00", "20261121-10:00:00.123", "20161231-23:59:60.5", "20240229-00:00:00.1", "20250229-00:00:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := wire.ParseTime([]byte(s))
		want, err := time.Parse("20060102-15:04:05", s)
		leap := len(s) >= 17 && s[15:17] == "60"
		usual := err == nil && want.Year() >= 1970 && want.Year() <= 2261 && want.Format(layout(len(s))) == s
		if usual && !ok || ok && !usual && !leap {
			t.Fatalf("%q: got %v, the standard library %v, %v", s, ok, want, err)
		}
		if !usual {
			return
		}
		if int64(got) != want.UnixNano() {
			t.Fatalf("%q: got %d, want %d", s, got, want.UnixNano())
		}
		if back := string(wire.AppendTime(nil, got, max(len(s)-18, 0))); back != s {
			t.Fatalf("%q is written back as %q", s, back)
		}
	})
}

// layout is how the standard library writes a time of so many characters.
func layout(length int) string {
	const most = "20060102-15:04:05.000000000"
	if length < len("20060102-15:04:05.0") || length > len(most) {
		return "20060102-15:04:05"
	}
	return most[:length]
}

// FuzzReader: a stream is cut the same way however it arrives, everything that
// is cut out was in it, and never more is held than the bound.
func FuzzReader(f *testing.F) {
	a, b := whole("FIX.4.4", "35=0|"+header), whole("FIXT.1.1", "35=1|"+header+"112=hi|")
	f.Add([]byte(a+b), uint8(3))
	f.Add([]byte("noise8=FIX"+a+"8=FIX.4.4\x019=5\x01"+b), uint8(1))
	f.Add([]byte("8=FIX.4.4\x019=70\x0135=0\x01"+a+b+a), uint8(7))
	f.Fuzz(func(t *testing.T, stream []byte, chunk uint8) {
		const most = 256
		want, end := read(bytes.NewReader(stream), most)
		got, gotEnd := read(&chunks{stream, int(chunk)%64 + 1}, most)
		if len(got) != len(want) || (end == io.EOF) != (gotEnd == io.EOF) {
			t.Fatalf("%q in pieces: got %q, %v\nat once: %q, %v", stream, got, gotEnd, want, end)
		}
		at := 0
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("%q in pieces: got %q, at once %q", stream, got[i], want[i])
			}
			if want[i] == "…" {
				continue
			}
			n := bytes.Index(stream[at:], []byte(want[i]))
			if n < 0 || len(want[i]) > most {
				t.Fatalf("%q: got %q", stream, want[i])
			}
			at += n + len(want[i])
		}
	})
}

// chunks reads a few bytes at a time.
type chunks struct {
	left []byte
	n    int
}

func (c *chunks) Read(p []byte) (int, error) {
	if len(c.left) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), c.n)], c.left)
	c.left = c.left[n:]
	return n, nil
}

// FuzzBuilder: no value that is written breaks out of its field.
func FuzzBuilder(f *testing.F) {
	f.Add("text", []byte("bytes\x0134=1\x01"), int64(5), uint8(9))
	f.Fuzz(func(t *testing.T, text string, value []byte, units int64, digits uint8) {
		if len(text)+len(value) > wire.MaxMessage-500 {
			return
		}
		var b wire.Builder
		b.Begin("FIX.4.4", "8", "RIALTO", "TRADER1", 7, at, 3)
		b.PossDup(at)
		b.Text(58, text)
		b.Bytes(37, value)
		b.Decimal(44, units, digits%19)
		b.Int(1, units)
		var m wire.Message
		if err := wire.Parse(b.Finish(nil), &m); err != nil {
			t.Fatal(err)
		}
		want := 14
		if text == "" {
			want--
		}
		if len(value) == 0 {
			want--
		}
		if len(m.Fields) != want || m.SeqNum() != 7 || m.SendingTime() != at/1e6*1e6 {
			t.Fatalf("%d fields, number %d: %q", len(m.Fields), m.SeqNum(), m.Raw)
		}
	})
}
