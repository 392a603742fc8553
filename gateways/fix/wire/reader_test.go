package wire_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// read returns what a reader makes of a stream: messages, "…" for what was
// passed over, and how it ended.
func read(from io.Reader, most int) (messages []string, end error) {
	r := wire.NewReader(from, most)
	for {
		raw, err := r.Next()
		switch {
		case err == nil:
			messages = append(messages, string(raw))
		case isGarbled(err):
			if n := len(messages); n == 0 || messages[n-1] != "…" {
				messages = append(messages, "…")
			}
		default:
			return messages, err
		}
	}
}

// A stream is cut into messages however it arrives; what is none is passed
// over; a length that claims too much takes the next message with it.
func TestReader(t *testing.T) {
	a, b := whole("FIX.4.4", "35=0|"+header), whole("FIXT.1.1", "35=1|"+header+"112=hi|")
	long := strings.Replace(a, "9=56", "9=66", 1)
	short := strings.Replace(a, "9=56", "9=30", 1)
	for _, c := range []struct {
		name, stream string
		want         []string
		end          error
	}{
		{"two messages", a + b, []string{a, b}, io.EOF},
		{"nothing", "", nil, io.EOF},
		{"half a message", a + b[:20], []string{a}, io.ErrUnexpectedEOF},
		{"noise before", "hello\r\n35=0\x01" + a + b, []string{"…", a, b}, io.EOF},
		{"noise between", a + "8=8=FI9=5\x01" + b, []string{a, "…", b}, io.EOF},
		{"the beginning twice", "8=FIX" + a, []string{"…", a}, io.EOF},
		{"no length", "8=FIX.4.4\x0134=3\x0135=0\x0110=000\x01" + a, []string{"…", a}, io.EOF},
		{"length with a sign", "8=FIX.4.4\x019=-5\x0135=0\x01" + a, []string{"…", a}, io.EOF},
		{"length of zero", "8=FIX.4.4\x019=0\x0135=0\x01" + a, []string{"…", a}, io.EOF},
		{"length too short", short + b, []string{short, b}, io.EOF},
		{"length too long", long + b + a, []string{long + b, a}, io.EOF},
	} {
		for _, from := range []io.Reader{strings.NewReader(c.stream), iotest.OneByteReader(strings.NewReader(c.stream)), iotest.DataErrReader(strings.NewReader(c.stream))} {
			got, end := read(from, wire.MaxMessage)
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") || !errors.Is(end, c.end) {
				t.Errorf("%s: got %q, %v\nwant %q, %v", c.name, got, end, c.want, c.end)
			}
		}
	}
}

// A message as long as the bound is read, one byte more ends the stream, and
// bytes that never end in a message are passed over within the bound.
func TestReaderBound(t *testing.T) {
	const most = 4 << 10
	fit := whole("FIX.4.4", "35=0|"+header+"58="+strings.Repeat("x", most-84)+"|")
	if len(fit) != most {
		t.Fatalf("the message has %d bytes", len(fit))
	}
	if got, end := read(strings.NewReader(fit+fit), most); len(got) != 2 || end != io.EOF {
		t.Errorf("at the bound: got %d messages, %v", len(got), end)
	}
	over := whole("FIX.4.4", "35=0|"+header+"58="+strings.Repeat("x", most-83)+"|")
	got, end := read(strings.NewReader(over), most)
	var e *wire.Error
	if len(got) != 0 || !errors.As(end, &e) || e.Class != wire.HangUp {
		t.Errorf("beyond the bound: got %d messages, %v", len(got), end)
	}
	endless := &counter{from: io.LimitReader(endless{}, 1<<20)}
	if got, end := read(io.MultiReader(strings.NewReader("8=FIX.4.4\x019=5\x01"), endless, strings.NewReader(fit)), most); len(got) != 2 || end != io.EOF {
		t.Errorf("endless noise: got %d, %v", len(got), end)
	}
	if endless.most > most {
		t.Errorf("asked for %d bytes at once", endless.most)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// counter knows the most that was asked for at once.
type counter struct {
	from io.Reader
	most int
}

func (c *counter) Read(p []byte) (int, error) {
	c.most = max(c.most, len(p))
	return c.from.Read(p)
}
