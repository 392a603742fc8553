package definitions_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/definitions"
)

func message(text string) definitions.Message {
	return definitions.ParseMessage(strings.ReplaceAll(text, "|", "\x01"))
}

// TestBytes shows what is filled in where a line leaves it out, and that wrong
// values stay as they are.
func TestBytes(t *testing.T) {
	now := time.Date(2026, 5, 23, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct{ line, want string }{
		{"8=FIX.4.4|35=0|52=<TIME>|", "8=FIX.4.4|9=26|35=0|52=20260523-10:00:00|10=209|"},
		{"8=FIX.4.4|35=0|52=<TIME-121>|", "8=FIX.4.4|9=26|35=0|52=20260523-09:57:59|10=243|"},
		{"8=FIX.4.4|9=40|35=0|10=256|", "8=FIX.4.4|9=40|35=0|10=256|"},
		{"35=0|8=FIX.4.4|9=29|10=121|", "35=0|8=FIX.4.4|9=29|10=121|"},
	} {
		if got := strings.ReplaceAll(string(message(c.line).Bytes(now)), "\x01", "|"); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.line, got, c.want)
		}
	}
}

// TestAdapt shows a definition made fit for a venue: a fresh session for each
// connection that is alone, a complete order, a report for an echo, and a wrong
// BodyLength as wrong as before.
func TestAdapt(t *testing.T) {
	senders := []string{"AT1", "AT2"}
	v := definitions.Venue{
		Target: "RIALTO", Password: "secret", Account: "a", Instrument: "AAPL-USD", Price: "1.00",
		Fresh: func() string { s := senders[0]; senders = senders[1:]; return s },
	}
	step := func(kind definitions.Kind, connection int, text string) definitions.Step {
		return definitions.Step{Kind: kind, Connection: connection, Message: message(text)}
	}
	got := v.Adapt(definitions.Definition{Steps: []definitions.Step{
		step(definitions.Connect, 1, ""),
		step(definitions.Send, 1, "8=FIX.4.4|35=A|49=TW|56=ISLD|"),
		step(definitions.Connect, 2, ""),
		step(definitions.Send, 2, "8=FIX.4.4|35=0|49=WT|56=DLSI|"),
		step(definitions.HangUp, 2, ""),
		step(definitions.HangUp, 1, ""),
		step(definitions.Connect, 1, ""),
		step(definitions.Send, 1, "8=FIX.4.4|9=9|35=0|49=TW|56=ISLD|"),
		step(definitions.Send, 1, "8=FIX.4.4|35=D|49=TW|56=ISLD|40=1|55=INTC|"),
		step(definitions.Expect, 1, "8=FIX.4.4|35=D|34=2|49=ISLD|56=TW|55=INTC|"),
	}})
	want := map[int]string{
		1: "8=FIX.4.4|35=A|49=AT1|56=RIALTO|553=AT1|554=secret|",
		3: "8=FIX.4.4|35=0|49=WT|56=DLSI|",
		7: "8=FIX.4.4|9=12|35=0|49=AT2|56=RIALTO|",
		8: "8=FIX.4.4|35=D|49=AT2|56=RIALTO|40=2|55=AAPL-USD|1=a|38=1|44=1.00|",
		9: "8=FIX.4.4|35=8|34=2|49=RIALTO|56=AT2|55=INTC|",
	}
	for i, text := range want {
		if s := got.Steps[i].Message.String(); s != text {
			t.Errorf("step %d:\ngot  %s\nwant %s", i, s, text)
		}
	}
	if differs := v.Compare().Differs(got.Steps[9].Message, message("8=FIX.4.4|9=1|35=8|34=2|49=RIALTO|56=AT2|55=AAPL-USD|39=0|10=1|")); differs != "" {
		t.Errorf("a report for an echo differs: %s", differs)
	}
	if v.Compare().Differs(got.Steps[9].Message, message("8=FIX.4.4|9=1|35=8|34=3|49=RIALTO|56=AT2|10=1|")) == "" {
		t.Error("a report with another number is as good")
	}
}
