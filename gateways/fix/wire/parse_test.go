package wire_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// whole puts 8, 9 and 10 around a body that is written with "|" for the
// separator.
func whole(version, body string) string {
	body = strings.ReplaceAll(body, "|", "\x01")
	head := fmt.Sprintf("8=%s\x019=%d\x01", version, len(body))
	return head + body + sum(head+body)
}

func sum(s string) string {
	n := 0
	for i := range len(s) {
		n += int(s[i])
	}
	return fmt.Sprintf("10=%03d\x01", n%256)
}

const header = "34=2|49=TRADER1|52=20261121-10:00:00.123|56=RIALTO|"

// A message is taken apart into fields, and what the session layer needs of it
// is read.
func TestParse(t *testing.T) {
	raw := whole("FIX.4.4", "35=D|34=0012|49=TRADER1|52=20261121-10:00:00.123|56=RIALTO|43=Y|122=20261121-09:59:00|97=N|11=a|55=BTC-USD|")
	var m wire.Message
	if err := wire.Parse([]byte(raw), &m); err != nil {
		t.Fatal(err)
	}
	if m.Type() != "D" || m.SeqNum() != 12 || !m.PossDup() || m.PossResend() {
		t.Errorf("got type %q, number %d, PossDup %v, PossResend %v", m.Type(), m.SeqNum(), m.PossDup(), m.PossResend())
	}
	if got := m.SendingTime() - m.OrigSendingTime(); got != 60_123_000_000 {
		t.Errorf("sent %d ns after it was sent first, want 60.123 s", got)
	}
	if len(m.Header()) != 10 || len(m.Body()) != 2 || len(m.Trailer()) != 1 || string(m.Raw) != raw {
		t.Errorf("got %d, %d and %d fields", len(m.Header()), len(m.Body()), len(m.Trailer()))
	}
	if v, ok := m.Get(55); !ok || string(v) != "BTC-USD" {
		t.Errorf("Get(55): got %q, %v", v, ok)
	}
	if _, ok := m.Get(38); ok {
		t.Error("Get finds what is not there")
	}
}

// Each broken rule has its answer: ignored, refused with a reason and a tag,
// or the connection is given up.
func TestParseAnswers(t *testing.T) {
	const garbled, refused, hangUp = wire.Garbled, wire.Refused, wire.HangUp
	fix := func(body string) string { return whole("FIX.4.4", body) }
	for _, c := range []struct {
		name   string
		raw    string
		class  wire.Class
		reason wire.Reason
		tag    wire.Tag
	}{
		{"nothing", "", garbled, -1, 0},
		{"no separator", "8=FIX.4.4", garbled, -1, 0},
		{"field without =", fix("35=0|" + header + "garbled|"), garbled, -1, 0},
		{"letters in a tag", fix("35=0|34=2|4garbled9=TW|52=20261121-10:00:00|56=RIALTO|"), garbled, -1, 0},
		{"tag with a zero in front", fix("35=0|" + header + "058=hi|"), garbled, -1, 0},
		{"tag of ten digits", fix("35=0|" + header + "1000000058=hi|"), garbled, -1, 0},
		{"empty tag", fix("35=0|" + header + "=hi|"), garbled, -1, 0},
		{"MsgType is not third", fix("34=2|35=0|49=TRADER1|52=20261121-10:00:00|56=RIALTO|"), garbled, -1, 0},
		{"no MsgType", fix("35=|" + header), garbled, -1, 0},
		{"not FIX", whole("FAST", "35=0|"+header), garbled, -1, 0},
		{"BeginString too long", whole("FIX.4.4444444", "35=0|"+header), garbled, -1, 0},
		{"wrong checksum", strings.Replace(fix("35=0|"+header), "10=", "10=9", 1), garbled, -1, 0},
		{"checksum of two digits", fix("35=0|" + header)[:len(fix("35=0|"+header))-3] + "1\x01", garbled, -1, 0},
		{"checksum in the middle", fix("35=0|10=123|" + header), garbled, -1, 0},
		{"length too short", strings.Replace(fix("35=0|"+header), "9=56", "9=55", 1), garbled, -1, 0},
		{"length of eight digits", strings.Replace(fix("35=0|"+header), "9=", "9=000000", 1), garbled, -1, 0},

		{"tag zero", fix("35=0|" + header + "0=HI|"), refused, wire.InvalidTagNumber, 0},
		{"negative tag", fix("35=0|" + header + "-1=HI|"), refused, wire.InvalidTagNumber, -1},
		{"empty value", fix("35=0|" + header + "112=|"), refused, wire.TagWithoutValue, 112},
		{"empty name", fix("35=0|34=2|49=TRADER1|52=20261121-10:00:00|56=|"), refused, wire.TagWithoutValue, 56},
		{"no name", fix("35=0|34=2|49=TRADER1|52=20261121-10:00:00|"), refused, wire.RequiredTagMissing, 56},
		{"no time", fix("35=0|34=2|49=TRADER1|56=RIALTO|"), refused, wire.RequiredTagMissing, 52},
		{"time is no time", fix("35=0|34=2|49=TRADER1|52=20261321-10:00:00|56=RIALTO|"), refused, wire.IncorrectFormat, 52},
		{"flag is no flag", fix("35=0|" + header + "43=1|"), refused, wire.ValueIncorrect, 43},
		{"name twice", fix("35=0|" + header + "49=TRADER2|"), refused, wire.TagAppearsTwice, 49},
		{"body before the header", fix("35=D|11=a|" + header), refused, wire.TagOutOfOrder, 34},
		{"body after the trailer", fix("35=0|" + header + "93=1|89=x|112=hi|"), refused, wire.TagOutOfOrder, 112},
		{"secure data", fix("35=0|" + header + "90=5|91=hello|"), refused, wire.TagNotDefinedForType, 90},
		{"too many fields", fix("35=0|" + header + strings.Repeat("58=x|", wire.MaxFields)), refused, wire.OtherReason, 0},

		{"no number", fix("35=0|49=TRADER1|52=20261121-10:00:00|56=RIALTO|"), hangUp, -1, 0},
		{"number is no number", fix("35=0|34=-2|49=TRADER1|52=20261121-10:00:00|56=RIALTO|"), hangUp, -1, 0},
		{"number beyond 18 digits", fix("35=0|34=1000000000000000000|49=TRADER1|52=20261121-10:00:00|56=RIALTO|"), hangUp, -1, 0},
	} {
		var m wire.Message
		err := wire.Parse([]byte(c.raw), &m)
		var e *wire.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: got %v, want an error", c.name, err)
			continue
		}
		if e.Class != c.class || e.Reason != c.reason || e.Tag != c.tag {
			t.Errorf("%s: got class %d, reason %d, tag %d (%v); want %d, %d, %d", c.name, e.Class, e.Reason, e.Tag, e, c.class, c.reason, c.tag)
		}
		if e.Class == refused && (m.SeqNum() != 2 || m.Type() == "") {
			t.Errorf("%s: refused without its number", c.name)
		}
	}
}

// What is at its bound is taken.
func TestParseBounds(t *testing.T) {
	for name, raw := range map[string]string{
		"as many fields as there may be":   whole("FIX.4.4", "35=0|"+header+strings.Repeat("58=x|", wire.MaxFields-8)),
		"a version of twelve characters":   whole("FIX.4.444444", "35=0|"+header),
		"a length of seven digits":         padded(whole("FIX.4.4", "35=0|"+header)),
		"a number of eighteen digits":      whole("FIX.4.4", "35=0|"+strings.Replace(header, "34=2", "34=999999999999999999", 1)),
		"a tag of nine digits":             whole("FIX.4.4", "35=0|"+header+"999999999=x|"),
		"every tag of the header, no data": whole("FIX.4.4", "35=0|"+header+"43=N|97=N|122=20261121-10:00:00|115=a|128=a|50=a|142=a|57=a|143=a|116=a|144=a|129=a|145=a|347=a|369=1|370=a|627=1|628=a|629=a|630=1|1128=9|1129=a|1156=1|"),
	} {
		var m wire.Message
		if err := wire.Parse([]byte(raw), &m); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if name[:5] == "every" && len(m.Body()) != 0 {
			t.Errorf("%s: %d fields are of the body", name, len(m.Body()))
		}
	}
}

// padded writes a message's length with seven digits.
func padded(raw string) string {
	version, rest, _ := strings.Cut(raw, "9=")
	length, rest, _ := strings.Cut(rest, "\x01")
	body := rest[:len(rest)-len("10=xxx|")]
	head := version + "9=" + strings.Repeat("0", 7-len(length)) + length + "\x01" + body
	return head + sum(head)
}

// The defects that ended quickfixgo's process from outside, and their like:
// none of them reaches a session.
func TestKnownKillers(t *testing.T) {
	fix := func(body string) string { return whole("FIX.4.4", body) }
	for _, c := range []struct {
		name string
		raw  string
	}{
		{"an empty version and a length beyond 64 bits", "8=\x019=11999999999999999970\x01"},
		{"the same with a version", "8=FIX.4.4\x019=11999999999999999970\x0135=0\x0110=000\x01"},
		{"a length that overflows to below zero", "8=FIX.4.4\x019=9999999999999999999\x0135=0\x0110=000\x01"},
		{"a negative length", "8=FIX.4.4\x019=-5\x0135=0\x0110=000\x01"},
		{"a length of nothing", "8=FIX.4.4\x019=\x0135=0\x0110=000\x01"},
		{"XML data longer than the message", fix("35=D|" + header + "212=999999999|213=x|")},
		{"XML data of a negative length", fix("35=D|" + header + "212=-1|213=x|")},
		{"XML data without a length", fix("35=D|" + header + "212=|213=x|")},
		{"an empty number", fix("35=0|34=|49=TRADER1|52=20261121-10:00:00|56=RIALTO|")},
		{"an empty number in a body", fix("35=2|" + header + "7=|16=0|")},
		{"an empty flag", fix("35=4|" + header + "123=|36=5|")},
		{"an empty heartbeat interval", fix("35=A|" + header + "98=0|108=|")},
		{"a number of a hundred digits", fix("35=0|34=" + strings.Repeat("9", 100) + "|49=TRADER1|52=20261121-10:00:00|56=RIALTO|")},
		{"a tag of nothing but a minus", fix("35=0|" + header + "-=x|")},
		{"no checksum", "8=FIX.4.4\x019=5\x0135=0\x01"},
	} {
		var m wire.Message
		if err := wire.Parse([]byte(c.raw), &m); err == nil {
			t.Errorf("%s: taken", c.name)
		}
		r := wire.NewReader(strings.NewReader(c.raw+fix("35=0|"+header)), wire.MaxMessage)
		for range 10 {
			if _, err := r.Next(); err != nil && !isGarbled(err) {
				break
			}
		}
	}
}

func isGarbled(err error) bool {
	var e *wire.Error
	return errors.As(err, &e) && e.Class == wire.Garbled
}

// What stands in for a refused message is a message, with its number and names
// and without its faults; what its header lacks is filled in.
func TestStandIn(t *testing.T) {
	for _, c := range []struct{ name, sent, want string }{
		{
			"faults all over", "35=D|115=JCD|116=|11=a|34=7|34=8|49=TRADER1|52=20261121-09:00:00|56=RIALTO|212=5|0=x|43=Y|122=x|97=N|",
			"35=D|34=7|49=TRADER1|52=20261121-09:00:00.000|56=RIALTO|43=Y|115=JCD|",
		},
		{"no names, no time", "35=0|34=2|56=|52=now|43=1|", "35=0|34=2|49=CLIENT|52=20261121-10:00:00.123|56=VENUE|"},
		{"names of somebody else", "35=5|34=2|49=OTHER|56=|52=20261121-09:00:00|43=Y|122=20261121-08:00:00|97=Y|", "35=5|34=2|49=OTHER|52=20261121-09:00:00.000|56=VENUE|43=Y|97=Y|122=20261121-08:00:00.000|"},
	} {
		var m, in wire.Message
		if err := wire.Parse([]byte(whole("FIX.4.4", c.sent)), &m); err == nil {
			t.Errorf("%s: taken", c.name)
		}
		got := m.AppendStandIn(nil, "CLIENT", "VENUE", at)
		if err := wire.Parse(got, &in); err != nil {
			t.Errorf("%s: %q: %v", c.name, got, err)
		}
		if want := whole("FIX.4.4", c.want); string(got) != want {
			t.Errorf("%s:\ngot  %q\nwant %q", c.name, got, want)
		}
	}
}
