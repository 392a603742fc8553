package encode_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/encode"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// fields returns the values of some tags of a message.
func fields(t *testing.T, m []byte, tags ...wire.Tag) []string {
	t.Helper()
	var parsed wire.Message
	if err := wire.Parse(m, &parsed); err != nil {
		t.Fatalf("%v: %s", err, readable(m))
	}
	var out []string
	for _, tag := range tags {
		v, _ := parsed.Get(tag)
		out = append(out, string(v))
	}
	return out
}

// A report sent again, by another node and months later, is the same message
// but for PossDupFlag and the times of sending: OrigSendingTime is the event's,
// each time.
func TestSentAgain(t *testing.T) {
	b, list := reports(asked(command.KindPlaceOrder, newOrder()), changed(event.TypeOrderAccepted, order(nil)), fill(true, order(filled)))
	for _, protocol := range []string{encode.FIX44, encode.FIXT11} {
		first := encoder(protocol).Report(nil, b, &list[2], encode.Sending{At: at + 1_000_000})
		again := encoder(protocol).Report(nil, b, &list[2], encode.Sending{At: at + 1e15, Again: true})
		once := encoder(protocol).Report(nil, b, &list[2], encode.Sending{At: at + 2e15, Again: true})
		if got := fields(t, first, wire.PossDupFlag, wire.OrigSendingTime); got[0]+got[1] != "" {
			t.Errorf("%s: the first time it is sent it has 43 and 122: %q", protocol, got)
		}
		if got := fields(t, again, wire.PossDupFlag, wire.OrigSendingTime); got[0] != "Y" || !strings.HasPrefix(got[1], "20261121-10:00:00.123") {
			t.Errorf("%s: got 43 and 122 %q", protocol, got)
		}
		if a, o := fields(t, again, wire.OrigSendingTime), fields(t, once, wire.OrigSendingTime); a[0] != o[0] {
			t.Errorf("%s: 122 is %s, then %s", protocol, a, o)
		}
		if f, a := stripped(first), stripped(again); !bytes.Equal(f, a) {
			t.Errorf("%s: sent again\n got %s\nwant %s", protocol, readable(a), readable(f))
		}
		if why := invalid(t, again); why != "" {
			t.Error(why)
		}
	}
}

// stripped is a message without what may change when it is sent again.
func stripped(m []byte) []byte {
	return regexp.MustCompile("(^|\x01)(9|43|52|122|10)=[^\x01]*").ReplaceAll(m, nil)
}

// A node whose clock is behind never says that it sent something before it
// happened.
func TestSendingTimeIsNeverBeforeTheEvent(t *testing.T) {
	b, list := reports(elsewhere(0), changed(event.TypeOrderAccepted, order(nil)))
	for _, s := range []encode.Sending{{At: at - 3_600e9}, {At: at - 1, Again: true}, {At: at}} {
		m := encoder(encode.FIXT11).Report(nil, b, &list[0], s)
		if got := fields(t, m, wire.SendingTime)[0]; got != "20261121-10:00:00.123456789" {
			t.Errorf("%+v: 52=%s", s, got)
		}
	}
	o := order(nil)
	m := encoder(encode.FIXT11).Status(nil, encode.Slot{Number: 1, At: at - 1}, &o, &encode.StatusQuery{})
	if got := fields(t, m, wire.SendingTime)[0]; got != "20261121-10:00:00.123456789" {
		t.Errorf("an answer: 52=%s", got)
	}
}

// Three digits of the second in FIX 4.4, whatever was chosen, and up to nine in
// FIX 5.0 SP2.
func TestDigitsOfTime(t *testing.T) {
	for _, c := range []struct {
		protocol string
		chosen   uint8
		want     int
	}{
		{encode.FIX44, 0, 3}, {encode.FIX44, 3, 3}, {encode.FIX44, 9, 3},
		{encode.FIXT11, 0, 3}, {encode.FIXT11, 3, 3}, {encode.FIXT11, 6, 6}, {encode.FIXT11, 9, 9}, {encode.FIXT11, 12, 3},
	} {
		e := encode.New(encode.Session{BeginString: c.protocol, Sender: "RIALTO", Target: desk, Digits: c.chosen})
		b, list := reports(elsewhere(0), changed(event.TypeOrderAccepted, order(nil)))
		m := e.Report(nil, b, &list[0], encode.Sending{At: at, Again: true})
		for _, v := range fields(t, m, wire.SendingTime, wire.OrigSendingTime, 60) {
			if got := len(v) - len("20261121-10:00:00."); got != c.want {
				t.Errorf("%s, %d chosen: got %s", c.protocol, c.chosen, v)
			}
		}
	}
}

// ExecID is of one execution: the two sides of a trade differ, the drop copy
// has its original's; TrdMatchID is the same on both sides.
func TestExecIDAndTrdMatchID(t *testing.T) {
	own := order(filled)
	own.ID, own.ClientOrderID = market.NewOrderID(8, 1), "a9"
	f := fill(true, order(filled))
	f.Maker = own // the desk on both sides
	b, list := reports(elsewhere(0), f)
	if len(list) != 4 {
		t.Fatalf("%d reports; want both sides, each with its copy", len(list))
	}
	e := encoder(encode.FIX44)
	var exec, match []string
	for i := range list {
		got := fields(t, e.Report(nil, b, &list[i], encode.Sending{At: at}), 17, 880)
		exec, match = append(exec, got[0]), append(match, got[1])
	}
	if exec[0] == exec[2] || exec[0] != exec[1] || exec[2] != exec[3] {
		t.Errorf("17: %v", exec)
	}
	if match[0] != "42" || match[2] != "42" {
		t.Errorf("880: %v", match)
	}
	b.History++
	if other := fields(t, e.Report(nil, b, &list[0], encode.Sending{At: at}), 17)[0]; other == exec[0] {
		t.Errorf("another history has the same ExecID %s", other)
	}
}

// A cancel by another session of the participant is unsolicited for the one
// that placed the order: its own ClOrdID, and no OrigClOrdID. The one that
// asked is answered by the ids of its request.
func TestCancelOfAnotherSessionIsUnsolicited(t *testing.T) {
	c := asked(command.KindCancelOrder, cancel())
	c.Actor = "TRADER1-B"
	b, list := reports(c, changed(event.TypeOrderCancelled, closed(market.StatusCancelled, market.ReasonUser)))
	ids := map[string][]string{}
	for i := range list {
		ids[list[i].Touch.CompID] = fields(t, encoder(encode.FIX44).Report(nil, b, &list[i], encode.Sending{At: at}), 11, 41, 378)
	}
	if got := ids["TRADER1"]; len(got) != 3 || got[0] != "a1" || got[1] != "" || got[2] == "" {
		t.Errorf("whose order it is: 11, 41, 378 are %q", got)
	}
	if got := ids["TRADER1-B"]; len(got) != 3 || got[0] != cancel().ClOrdID || got[1] != "a1" || got[2] != "" {
		t.Errorf("who asked: 11, 41, 378 are %q", got)
	}
}

// Reports are written without a single allocation once the buffers have grown.
func TestReportsDoNotAllocate(t *testing.T) {
	b, list := everyReport()
	e, dst := encoder(encode.FIX44), make([]byte, 0, 4096)
	n := testing.AllocsPerRun(100, func() {
		for i := range list {
			dst = e.Report(dst[:0], b, &list[i], encode.Sending{At: at, Again: true})
		}
	})
	if n != 0 {
		t.Errorf("%v allocations for %d reports", n, len(list))
	}
}

// everyReport is a mixed block: an order that trades, an amend, a cancel that
// is refused, and their copies.
func everyReport() (*event.Block, []event.Report) {
	b, list := reports(asked(command.KindPlaceOrder, newOrder()), changed(event.TypeOrderAccepted, order(nil)), fill(true, order(filled)))
	more, rest := reports(asked(command.KindCancelOrder, cancel()), refused(event.CodeOrderClosed, "the order is filled", event.Echo{
		Request: command.KindCancelOrder, Account: "trader1", Order: market.NewOrderID(7, 1), Status: market.StatusFilled}))
	b.Groups = append(b.Groups, more.Groups...)
	return b, append(list, rest...)
}

// BenchmarkReports is what an order and its fill cost to report; 500,000
// reports a second and core are the least.
func BenchmarkReports(b *testing.B) {
	block, list := everyReport()
	for _, protocol := range []string{encode.FIX44, encode.FIXT11} {
		b.Run(protocol, func(b *testing.B) {
			e, dst := encoder(protocol), make([]byte, 0, 4096)
			bytes := 0
			b.ReportAllocs()
			for n := range b.N {
				dst = e.Report(dst[:0], block, &list[n%len(list)], encode.Sending{At: at})
				bytes += len(dst)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reports/s")
			b.ReportMetric(float64(bytes)/float64(b.N), "B/report")
		})
	}
}

// FuzzReports: whatever texts and numbers an event has, its report is one
// message with the fields that it should have, and none of them is another.
func FuzzReports(f *testing.F) {
	f.Add("a1", "why", "BTC-USD", int64(20_000), int64(-1), uint8(4), byte(2))
	f.Add("\x01150=F", "\x0110=000\x01", "", int64(-1<<63), int64(1<<62), uint8(18), byte(200))
	f.Fuzz(func(t *testing.T, id, text, name string, n, price int64, digits, enum byte) {
		if digits > market.MaxDigits {
			return
		}
		o := order(func(o *event.Order) {
			o.ClientOrderID, o.Account, o.Instrument, o.PriceDigits, o.QuantityDigits = id, name, name, digits, digits
			o.Quantity, o.Filled, o.Remaining, o.FilledNotional, o.Price = market.Quantity(n), market.Quantity(price), market.Quantity(n), market.Amount(n), market.Price(price)
			o.Type, o.TimeInForce, o.Status, o.Reason, o.Side = market.OrderType(enum), market.TimeInForce(enum), market.OrderStatus(enum), market.Reason(enum), market.Side(enum)
		})
		trade := fill(true, o)
		trade.FeeAsset, trade.TakerFee, trade.Price, trade.Quantity = name, market.Amount(n), market.Price(price), market.Quantity(n)
		q := command.Request{ClOrdID: id, OrigClOrdID: name}
		for _, r := range []event.Record{
			changed(event.TypeOrderAccepted, o), changed(event.TypeOrderCancelled, o), trade,
			refused(event.Code(enum), text, event.Echo{Request: command.KindPlaceOrder, Account: name, Instrument: name, Quantity: number(n, digits)}),
			refused(event.Code(enum), text, event.Echo{Request: command.KindCancelOrder, Account: name}),
			refused(event.Code(enum), text, event.Echo{Request: command.KindCancelAll, Instrument: name}),
		} {
			b, list := reports(asked(command.KindPlaceOrder, q), r)
			for i := range list {
				for _, protocol := range []string{encode.FIX44, encode.FIXT11} {
					m := encoder(protocol).Report(nil, b, &list[i], encode.Sending{At: at})
					if got := fields(t, m, 34, 37)[0]; got != "5" {
						t.Errorf("34=%s: %s", got, readable(m))
					}
					if n := bytes.Count(m, []byte("\x01150=")); n > 1 {
						t.Errorf("a text became a field: %s", readable(m))
					}
				}
			}
		}
	})
}
