package dictionary_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/gateways/fix/internal/dictionary"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

const now = "20261121-10:00:00"

// message builds a message from "35=D|11=a|…", with a header that is right.
func message(t testing.TB, p dictionary.Protocol, body string) *wire.Message {
	t.Helper()
	fields := strings.Split(strings.TrimSuffix(body, "|"), "|")
	var b wire.Builder
	b.Start(p.String(), strings.TrimPrefix(fields[0], "35="))
	b.Fields([]byte("34=2\x0149=TRADER1\x0152=" + now + "\x0156=RIALTO\x01"))
	for _, f := range fields[1:] {
		b.Fields([]byte(f + "\x01"))
	}
	var m wire.Message
	if err := wire.Parse(b.Finish(nil), &m); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return &m
}

func load(t testing.TB) *dictionary.Dictionary {
	t.Helper()
	d, err := dictionary.Load()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const (
	order      = "35=D|11=a|55=BTC-USD|54=1|38=1|40=2|44=100.00|59=1|60=" + now + "|"
	both       = dictionary.Protocol(0)
	fix44      = dictionary.FIX44
	fixt11     = dictionary.FIXT11
	newer      = "35=D|11=a|453=2|448=X|447=D|452=1|802=1|523=s|803=1|448=Y|447=D|452=3|55=BTC-USD|54=1|60=" + now + "|40=1|"
	marketData = "35=V|262=m|263=1|264=0|265=1|267=2|269=0|269=1|146=2|55=BTC-USD|55=ETH-USD|"
)

// The messages that the venue takes, and those that QuickFIX's definitions
// send, are as the dictionary has them.
func TestValid(t *testing.T) {
	d := load(t)
	for _, c := range []struct {
		p    dictionary.Protocol
		body string
	}{
		{both, order},
		{both, newer},
		{both, order + "1=trader1|18=6|110=0|111=1|126=20270101-00:00:00|432=20270101|62=20270101-00:00:00|99=1|21=1|526=c|"},
		{both, order + "25001=5|"},
		{both, order + "7928=N|"},
		{both, order + "18=6 G|"},
		{both, order + "354=5|355=hello|"},
		{both, strings.Replace(order, "38=1|", "38=002000.00|", 1)},
		{both, order + "453=0|"},
		{both, "35=F|41=a|11=b|55=BTC-USD|54=1|60=" + now + "|37=O1|"},
		{both, "35=G|41=a|11=b|55=BTC-USD|54=1|38=2|40=2|44=1|60=" + now + "|"},
		{both, "35=H|11=a|54=1|790=r|55=BTC-USD|"},
		{both, "35=q|11=m|530=7|60=" + now + "|"},
		{both, "35=AF|584=m|585=7|"},
		{both, "35=x|320=r|559=4|"},
		{both, "35=c|320=r|321=0|55=BTC-USD|"},
		{both, "35=e|324=r|263=0|55=BTC-USD|"},
		{both, "35=g|335=r|263=0|"},
		{both, "35=AN|710=r|724=0|1=trader1|581=1|715=20261121|60=" + now + "|453=0|"},
		{both, "35=AD|568=r|569=0|"},
		{both, "35=j|372=D|380=0|"},
		{both, marketData},
		{both, "35=0|"}, {both, "35=0|112=hi|"}, {both, "35=1|112=hi|"}, {both, "35=2|7=1|16=0|"}, {both, "35=3|45=2|"},
		{both, "35=4|36=5|123=Y|"}, {both, "35=5|58=bye|"},
		{fix44, "35=A|98=0|108=30|141=Y|789=5|553=u|554=p|95=3|96=abc|"},
		{fixt11, "35=A|98=0|108=30|1137=9|"},
		{fixt11, order + "1138=1|"},
		{fixt11, "35=D|1128=9|" + strings.TrimPrefix(order, "35=D|")},
		{fix44, "35=4|43=Y|36=5|123=Y|"},
	} {
		for _, p := range protocols(c.p) {
			if err := d.Validate(message(t, p, c.body), p); err != nil {
				t.Errorf("%v %s: %v", p, c.body, err)
			}
		}
	}
}

func protocols(p dictionary.Protocol) []dictionary.Protocol {
	if p == both {
		return []dictionary.Protocol{fix44, fixt11}
	}
	return []dictionary.Protocol{p}
}

// Every way in which a message may be wrong has the answer that the
// specification names.
func TestRejects(t *testing.T) {
	d := load(t)
	for _, c := range []struct {
		name   string
		p      dictionary.Protocol
		body   string
		reason wire.Reason
		tag    wire.Tag
	}{
		{"type that nobody knows", both, "35=*|", wire.InvalidMsgType, 0},
		{"application type of two letters that nobody knows", both, "35=ZZ|", wire.InvalidMsgType, 0},
		{"tag that the specification does not know", both, "35=0|999=HI|", wire.InvalidTagNumber, 999},
		{"tag of somebody's own", both, "35=0|5000=HI|", wire.InvalidTagNumber, 5000},
		{"tag beyond all tables", both, order + "999999999=x|", wire.InvalidTagNumber, 999999999},
		{"own tag where it means nothing", both, "35=0|25001=1|", wire.TagNotDefinedForType, 25001},
		{"tag of a later version", fix44, order + "1138=1|", wire.InvalidTagNumber, 1138},
		{"tag of another message", fix44, "35=0|55=MSFT|", wire.TagNotDefinedForType, 55},
		{"tag of another message, FIXT", fixt11, "35=0|58=Text|", wire.TagNotDefinedForType, 58},
		{"tag of another application message", both, order + "262=x|", wire.TagNotDefinedForType, 262},
		{"required tag of the body", both, "35=D|40=1|60=" + now + "|54=1|21=3|", wire.RequiredTagMissing, 11},
		{"required tag of the body, FIXT", fixt11, "35=D|40=1|60=" + now + "|11=id|21=3|", wire.RequiredTagMissing, 54},
		{"required tag of a session message", both, "35=2|7=1|", wire.RequiredTagMissing, 16},
		{"version of the application in a logon", fixt11, "35=A|98=0|108=30|", wire.RequiredTagMissing, 1137},
		{"PossDup without the first time", both, "35=D|43=Y|" + strings.TrimPrefix(order, "35=D|"), wire.RequiredTagMissing, 122},
		{"value that is none of the list", both, strings.Replace(order, "40=2", "40=w", 1), wire.ValueIncorrect, 40},
		{"side of two characters", both, strings.Replace(order, "54=1", "54=12", 1), wire.ValueIncorrect, 54},
		{"security type that is none", both, order + "167=BOO|", wire.ValueIncorrect, 167},
		{"one of a list that is none", both, order + "18=6 !|", wire.ValueIncorrect, 18},
		{"list with two spaces", both, order + "18=6  G|", wire.ValueIncorrect, 18},
		{"self-trade prevention out of range", both, order + "25001=6|", wire.ValueIncorrect, 25001},
		{"flag that is none", fix44, "35=4|36=5|123=Z|", wire.ValueIncorrect, 123},
		{"flag that is none, FIXT", fixt11, "35=4|36=5|123=Z|", wire.IncorrectFormat, 123},
		{"quantity with a plus", both, strings.Replace(order, "38=1", "38=+200.00", 1), wire.IncorrectFormat, 38},
		{"price with an exponent", both, strings.Replace(order, "44=100.00", "44=1e2", 1), wire.IncorrectFormat, 44},
		{"price of a point", both, strings.Replace(order, "44=100.00", "44=.", 1), wire.IncorrectFormat, 44},
		{"price of a minus", both, strings.Replace(order, "44=100.00", "44=-", 1), wire.IncorrectFormat, 44},
		{"price of two points", both, strings.Replace(order, "44=100.00", "44=1.0.0", 1), wire.IncorrectFormat, 44},
		{"time that is a date", both, order + "126=20270101|", wire.IncorrectFormat, 126},
		{"date that is none", both, order + "432=20270231|", wire.IncorrectFormat, 432},
		{"number with a point", both, "35=2|7=1.5|16=0|", wire.IncorrectFormat, 7},
		{"number below zero", both, "35=4|36=-5|", wire.IncorrectFormat, 36},
		{"number of twenty digits", both, "35=2|7=1|16=10000000000000000000|", wire.IncorrectFormat, 16},
		{"interval of letters", both, "35=A|98=0|108=ten|1137=9|", wire.IncorrectFormat, 108},
		{"month that is none", both, order + "200=202613|", wire.IncorrectFormat, 200},
		{"length that is not the data's", both, order + "354=4|355=hello|", wire.ValueIncorrect, 354},
		{"length without data", both, order + "354=4|", wire.RequiredTagMissing, 355},
		{"data without a length", both, order + "355=hello|", wire.RequiredTagMissing, 354},
		{"tag twice", both, "35=D|11=a|40=1|40=2|54=1|38=1|55=x|60=" + now + "|", wire.TagAppearsTwice, 40},
		{"own tag twice", both, order + "25001=1|25001=2|", wire.TagAppearsTwice, 25001},
		{"group with fewer than it says", both, order + "386=3|336=1|336=2|", wire.GroupCountIncorrect, 386},
		{"group with more than it says", both, order + "386=1|336=1|336=2|", wire.GroupCountIncorrect, 386},
		{"group of nothing that says one", both, order + "386=1|", wire.GroupCountIncorrect, 386},
		{"group that begins with another field", both, order + "453=1|447=D|448=X|", wire.GroupOutOfOrder, 447},
		{"group with fields out of order", both, order + "453=1|448=X|452=1|447=D|", wire.GroupOutOfOrder, 447},
		{"group with a field twice", both, order + "453=1|448=X|447=D|447=D|", wire.TagAppearsTwice, 447},
		{"field of a group without one", both, order + "448=X|", wire.GroupOutOfOrder, 448},
		{"group within a group with fewer", both, order + "453=1|448=X|802=2|523=s|", wire.GroupCountIncorrect, 802},
		{"unknown tag in a group", both, order + "453=1|448=X|9999=1|", wire.InvalidTagNumber, 9999},
		{"count of letters", both, order + "453=x|", wire.IncorrectFormat, 453},
		{"group twice", both, order + "453=1|448=X|453=1|448=Y|", wire.TagAppearsTwice, 453},
		{"another application version", fixt11, "35=D|1128=7|" + strings.TrimPrefix(order, "35=D|"), wire.InvalidApplVer, 1128},
	} {
		for _, p := range protocols(c.p) {
			err := d.Validate(message(t, p, c.body), p)
			var e *wire.Error
			if !errors.As(err, &e) || e.Class != wire.Refused || e.Reason != c.reason || e.Tag != c.tag {
				t.Errorf("%v, %s: got %v, want %v: tag %d", p, c.name, err, c.reason, c.tag)
			}
		}
	}
}

// A type that the specification knows and the venue does not take is refused
// as business, whatever its body holds.
func TestUnsupportedType(t *testing.T) {
	d := load(t)
	for _, body := range []string{"35=8|37=id|", "35=i|", "35=E|999=x|", "35=6|", "35=BH|"} {
		for _, p := range protocols(both) {
			var e *wire.BusinessError
			if err := d.Validate(message(t, p, body), p); !errors.As(err, &e) || e.Reason != wire.UnsupportedMsgType {
				t.Errorf("%v %s: got %v", p, body, err)
			}
		}
	}
}

// Checking costs no allocation, and one dictionary serves all at once.
func TestShared(t *testing.T) {
	d := load(t)
	m := message(t, fix44, newer)
	if n := testing.AllocsPerRun(100, func() {
		if err := d.Validate(m, fix44); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	for range 8 {
		t.Run("at once", func(t *testing.T) {
			t.Parallel()
			m := message(t, fixt11, marketData)
			for range 100 {
				if err := d.Validate(m, fixt11); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		load(b)
	}
}

func BenchmarkValidate(b *testing.B) {
	d := load(b)
	m := message(b, fix44, newer)
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Validate(m, fix44); err != nil {
			b.Fatal(err)
		}
	}
}
