package decode_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/decode"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/dictionary"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

func number(text string) command.Optional {
	d, err := market.ParseDecimal(text)
	if err != nil {
		panic(err)
	}
	return command.Optional{Set: true, Value: d}
}

func instant(text string) market.Nanos {
	at, ok := wire.ParseTime([]byte(text))
	if !ok {
		panic(text)
	}
	return at
}

// limit is what the order below asks for.
func limit(change func(*command.PlaceOrder)) *command.PlaceOrder {
	c := &command.PlaceOrder{
		Account: "trader1", Instrument: "BTC-USD", ClientOrderID: "a", Side: market.Buy, Type: market.Limit,
		TimeInForce: market.GoodTillCancel, Quantity: number("1.5"), Price: number("100.25"),
	}
	if change != nil {
		change(c)
	}
	return c
}

const order = "35=D|11=a|55=BTC-USD|54=1|38=1.5|40=2|44=100.25|59=1|60=TIME|"

// with replaces a field of the order, or adds it.
func with(field string) string { return replace(order, field) }

func replace(body, field string) string {
	tag, value, _ := strings.Cut(field, "=")
	fields := strings.Split(body, "|")
	for i := range fields {
		if i > 0 && strings.HasPrefix(fields[i], tag+"=") {
			fields[i] = field
			if value == "" {
				fields = append(fields[:i], fields[i+1:]...)
			}
			return strings.Join(fields, "|")
		}
	}
	return body + field + "|"
}

// Orders are read as clients of other venues send them, exactly as written.
func TestNewOrderSingle(t *testing.T) {
	d := dictionaries(t)
	for _, c := range []struct {
		name string
		p    dictionary.Protocol
		body string
		want *command.PlaceOrder
	}{
		{"limit", fix44, order, limit(nil)},
		{"limit, FIX 5.0 SP2", sp2, order, limit(nil)},
		{"another account", fix44, with("1=other"), limit(func(c *command.PlaceOrder) { c.Account = "other" })},
		{"sell", fix44, with("54=2"), limit(func(c *command.PlaceOrder) { c.Side = market.Sell })},
		{"leading zeros", fix44, replace(with("38=002000.00"), "44=00.5"), limit(func(c *command.PlaceOrder) { c.Quantity, c.Price = number("2000"), number("0.5") })},
		{"points at the ends", fix44, replace(with("38=5."), "44=.5"), limit(func(c *command.PlaceOrder) { c.Quantity, c.Price = number("5"), number("0.5") })},
		{"below zero, for the machine to refuse", fix44, with("44=-00.5"), limit(func(c *command.PlaceOrder) { c.Price = number("-0.5") })},
		{"no time in force is the day", fix44, with("59="), limit(func(c *command.PlaceOrder) { c.TimeInForce = market.Day })},
		{"day", fix44, with("59=0"), limit(func(c *command.PlaceOrder) { c.TimeInForce = market.Day })},
		{"immediate or cancel", fix44, with("59=3"), limit(func(c *command.PlaceOrder) { c.TimeInForce = market.ImmediateOrCancel })},
		{"fill or kill", fix44, with("59=4"), limit(func(c *command.PlaceOrder) { c.TimeInForce = market.FillOrKill })},
		{"good till a time", fix44, with("59=6") + "126=20270101-12:00:00|", limit(func(c *command.PlaceOrder) {
			c.TimeInForce, c.ExpireAt = market.GoodTillDate, instant("20270101-12:00:00")
		})},
		{"good till a date is to its end", fix44, with("59=6") + "432=20270101|", limit(func(c *command.PlaceOrder) {
			c.TimeInForce, c.ExpireAt = market.GoodTillDate, instant("20270102-00:00:00")
		})},
		{"market, for the day", fix44, replace(replace(with("40=1"), "44="), "59=0"), limit(func(c *command.PlaceOrder) {
			c.Type, c.Price, c.TimeInForce = market.Market, command.Optional{}, market.ImmediateOrCancel
		})},
		{"market, without time in force", fix44, replace(replace(with("40=1"), "44="), "59="), limit(func(c *command.PlaceOrder) {
			c.Type, c.Price, c.TimeInForce = market.Market, command.Optional{}, market.ImmediateOrCancel
		})},
		{"market for an amount of quote", fix44, replace(replace(replace(with("40=1"), "44="), "38="), "59=3") + "152=1000|", limit(func(c *command.PlaceOrder) {
			c.Type, c.Price, c.Quantity, c.QuoteQuantity = market.Market, command.Optional{}, command.Optional{}, number("1000")
			c.TimeInForce = market.ImmediateOrCancel
		})},
		{"stop", fix44, replace(with("40=3"), "44=") + "99=90|", limit(func(c *command.PlaceOrder) {
			c.Type, c.Price, c.StopPrice = market.Stop, command.Optional{}, number("90")
		})},
		{"stop limit", fix44, with("40=4") + "99=90|", limit(func(c *command.PlaceOrder) {
			c.Type, c.StopPrice = market.StopLimit, number("90")
		})},
		{"post-only", fix44, with("18=6"), limit(func(c *command.PlaceOrder) { c.PostOnly = true })},
		{"iceberg", fix44, with("111=0.5"), limit(func(c *command.PlaceOrder) { c.DisplayQuantity = number("0.5") })},
		{"iceberg of FIX 5.0", sp2, with("1138=0.5"), limit(func(c *command.PlaceOrder) { c.DisplayQuantity = number("0.5") })},
		{"iceberg said twice", sp2, with("111=0.5") + "1138=0.50|", limit(func(c *command.PlaceOrder) { c.DisplayQuantity = number("0.5") })},
		{"self-trade prevention, none", fix44, with("25001=1"), limit(nil)},
		{"self-trade prevention, newest", fix44, with("25001=2"), limit(func(c *command.PlaceOrder) { c.STP = market.STPCancelNewest })},
		{"self-trade prevention, oldest", fix44, with("25001=3"), limit(func(c *command.PlaceOrder) { c.STP = market.STPCancelOldest })},
		{"self-trade prevention, both", fix44, with("25001=4"), limit(func(c *command.PlaceOrder) { c.STP = market.STPCancelBoth })},
		{"self-trade prevention, decrement", fix44, with("25001=5") + "7928=D|", limit(func(c *command.PlaceOrder) { c.STP = market.STPDecrement })},
		{"self-trade prevention of others, N", fix44, with("7928=N"), limit(func(c *command.PlaceOrder) { c.STP = market.STPCancelNewest })},
		{"self-trade prevention of others, O", fix44, with("7928=O"), limit(func(c *command.PlaceOrder) { c.STP = market.STPCancelOldest })},
		{"self-trade prevention of others, B", fix44, with("7928=B"), limit(func(c *command.PlaceOrder) { c.STP = market.STPCancelBoth })},
		{"what means nothing here", fix44, order + "21=1|15=USD|207=X|167=CS|110=0|423=2|854=0|", limit(nil)},
		{"symbol of the exchange", fix44, with("55=") + "48=BTC-USD|22=8|", limit(nil)},
	} {
		o, err := decode.ReadOrder(message(t, d, c.p, c.body), sender)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(command.Body(c.want), o.Body); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.name, diff)
		}
		if o.Request.ClOrdID != "a" || o.Request.PossResend {
			t.Errorf("%s: request %+v", c.name, o.Request)
		}
	}
}

// What the reports say again: client ids, parties, and whether the message may
// be a repeat.
func TestRequestEcho(t *testing.T) {
	d := dictionaries(t)
	const parties = "453=2|448=X|447=D|452=1|802=1|523=s|803=1|448=Y|447=D|452=3|"
	for _, c := range []struct {
		body string
		want command.Request
	}{
		{with("97=Y"), command.Request{}},
		{order + parties, command.Request{ClOrdID: "a", Parties: parties}},
		{order + "526=second|583=link|" + parties, command.Request{ClOrdID: "a", Parties: "526=second|583=link|" + parties}},
		{order + "453=0|526=second|", command.Request{ClOrdID: "a", Parties: "526=second|"}},
		{"35=F|41=a|11=b|55=BTC-USD|54=1|60=TIME|", command.Request{ClOrdID: "b", OrigClOrdID: "a", ResponseTo: '1'}},
		{"35=G|41=a|11=b|55=BTC-USD|54=1|60=TIME|40=2|44=1|38=1|", command.Request{ClOrdID: "b", OrigClOrdID: "a", ResponseTo: '2'}},
		{"35=q|11=m|530=7|60=TIME|", command.Request{ClOrdID: "m"}},
	} {
		body := c.body
		if c.want == (command.Request{}) { // a flag of the header
			body, c.want = "35=D|97=Y|"+strings.TrimPrefix(order, "35=D|"), command.Request{ClOrdID: "a", PossResend: true}
		}
		o, err := decode.ReadOrder(message(t, d, fix44, body), sender)
		if err != nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		c.want.Parties = strings.ReplaceAll(c.want.Parties, "|", "\x01")
		if diff := cmp.Diff(c.want, o.Request); diff != "" {
			t.Errorf("%s: -want +got\n%s", body, diff)
		}
	}
	o, err := decode.ReadOrder(message(t, d, fix44, with("62=20261121-10:00:05")), sender)
	if err != nil || o.ValidUntil != instant("20261121-10:00:05") {
		t.Errorf("ValidUntilTime: got %d, %v", o.ValidUntil, err)
	}
}

// Replaces, cancels and mass cancels.
func TestChanges(t *testing.T) {
	d := dictionaries(t)
	const amend = "35=G|41=a|11=b|55=BTC-USD|54=1|60=TIME|40=2|44=1.5|38=2|"
	id := market.NewOrderID(7, 1)
	for _, c := range []struct {
		name string
		p    dictionary.Protocol
		body string
		want command.Body
	}{
		{"replace", fix44, amend, &command.AmendOrder{
			Order: command.OrderRef{ClientOrderID: "a"}, NewClientOrderID: "b", Quantity: number("2"), Price: number("1.5"),
		}},
		{"replace of all there is", fix44, replace(amend, "40=4") + "99=1|111=1|59=6|126=20270101-00:00:00|1=trader1|", &command.AmendOrder{
			Order: command.OrderRef{ClientOrderID: "a", Account: "trader1"}, NewClientOrderID: "b", Quantity: number("2"), Price: number("1.5"),
			StopPrice: number("1"), DisplayQuantity: number("1"), ExpireAt: instant("20270101-00:00:00"),
		}},
		{"cancel", fix44, "35=F|41=a|11=b|55=BTC-USD|54=1|60=TIME|37=junk|", &command.CancelOrder{Order: command.OrderRef{ClientOrderID: "a"}}},
		{"cancel by the venue's id", sp2, "35=F|37=" + id.String() + "|11=b|55=BTC-USD|54=1|60=TIME|", &command.CancelOrder{Order: command.OrderRef{ID: id}}},
		{"mass cancel", fix44, "35=q|11=m|530=7|60=TIME|", &command.CancelAll{Account: "trader1"}},
		{"mass cancel of a side", fix44, "35=q|11=m|530=7|54=2|60=TIME|1=other|", &command.CancelAll{Account: "other", Side: market.Sell}},
		{"mass cancel of an instrument", fix44, "35=q|11=m|530=1|55=BTC-USD|60=TIME|", &command.CancelAll{Account: "trader1", Instrument: "BTC-USD"}},
	} {
		o, err := decode.ReadOrder(message(t, d, c.p, c.body), sender)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(c.want, o.Body); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.name, diff)
		}
	}
}

// What is right as FIX and no order here is declined, and the report of a
// declined order says what was asked for.
func TestDeclined(t *testing.T) {
	d := dictionaries(t)
	const unsupported, invalid = event.CodeOrderTypeUnsupported, event.CodeInvalidParameters
	const amend = "35=G|41=a|11=b|55=BTC-USD|54=1|60=TIME|40=2|44=1.5|38=2|"
	const cancel = "35=F|41=a|11=b|55=BTC-USD|54=1|60=TIME|"
	for _, c := range []struct {
		name string
		p    dictionary.Protocol
		body string
		code event.Code
		kind command.Kind
	}{
		{"ClOrdID with a blank", fix44, with("11=a b"), invalid, command.KindPlaceOrder},
		{"ClOrdID with a slash", fix44, with("11=a/b"), invalid, command.KindPlaceOrder},
		{"ClOrdID beyond ASCII", fix44, with("11=ä"), invalid, command.KindPlaceOrder},
		{"ClOrdID of the venue's own", fix44, with("11=venue:x"), event.CodeReservedID, command.KindPlaceOrder},
		{"replace with an id of the venue's own", fix44, replace(amend, "11=venue:x"), event.CodeReservedID, command.KindAmendOrder},
		{"account that cannot be", fix44, with("1=a b"), event.CodeUnknownAccount, command.KindPlaceOrder},
		{"symbol that cannot be", fix44, with("55=BTC/USD"), event.CodeUnknownInstrument, command.KindPlaceOrder},
		{"sell short", fix44, with("54=5"), invalid, command.KindPlaceOrder},
		{"a type of another venue", fix44, with("40=K"), unsupported, command.KindPlaceOrder},
		{"at the opening", fix44, with("59=2"), event.CodeTimeInForceUnsupported, command.KindPlaceOrder},
		{"pegged", fix44, with("18=R"), invalid, command.KindPlaceOrder},
		{"post-only and more", fix44, with("18=6 G"), invalid, command.KindPlaceOrder},
		{"minimum quantity", fix44, with("110=1"), invalid, command.KindPlaceOrder},
		{"hidden", fix44, with("111=0"), invalid, command.KindPlaceOrder},
		{"two icebergs", sp2, with("111=1") + "1138=0.5|", invalid, command.KindPlaceOrder},
		{"effective later", fix44, with("168=20270101-00:00:00"), invalid, command.KindPlaceOrder},
		{"price in percent", fix44, with("423=1"), invalid, command.KindPlaceOrder},
		{"price beyond 64 bits", fix44, with("44=99999999999999999999"), event.CodePriceOutOfRange, command.KindPlaceOrder},
		{"quantity of nineteen decimals", fix44, with("38=0.0000000000000000001"), event.CodeQuantityOutOfRange, command.KindPlaceOrder},
		{"parties beyond 128 bytes", fix44, order + "453=1|448=" + strings.Repeat("x", 120) + "|", invalid, command.KindPlaceOrder},
		{"replace by a market order", fix44, replace(amend, "40=1"), unsupported, command.KindAmendOrder},
		{"replace by an immediate order", fix44, amend + "59=3|", event.CodeTimeInForceUnsupported, command.KindAmendOrder},
		{"replace with a new amount of quote", fix44, amend + "152=3|", invalid, command.KindAmendOrder},
		{"replace with an id that cannot be", fix44, replace(amend, "11=b c"), invalid, command.KindAmendOrder},
		{"cancel of an id that cannot be", fix44, replace(cancel, "41=a b"), event.CodeUnknownOrder, command.KindCancelOrder},
		{"cancel by an id that cannot be", fix44, replace(cancel, "11=b c"), invalid, command.KindCancelOrder},
		{"cancel by an id of the venue's own", fix44, replace(cancel, "11=venue:x"), event.CodeReservedID, command.KindCancelOrder},
		{"cancel of an order that is none", sp2, replace(cancel, "41=") + "37=junk|", event.CodeUnknownOrder, command.KindCancelOrder},
		{"mass cancel of a product", fix44, "35=q|11=m|530=3|60=TIME|", invalid, command.KindCancelAll},
		{"mass cancel of a side that is none", fix44, "35=q|11=m|530=7|54=5|60=TIME|", invalid, command.KindCancelAll},
	} {
		o, err := decode.ReadOrder(message(t, d, c.p, c.body), sender)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got, ok := o.Body.(*command.DeclineOrder)
		if !ok || event.Code(got.Code) != c.code || got.Request != c.kind || got.Detail == "" {
			t.Errorf("%s: got %+v, want %s of kind %d", c.name, o.Body, c.code.Text(), c.kind)
			continue
		}
		if o.Request.ClOrdID == "" {
			t.Errorf("%s: without its ClOrdID", c.name)
		}
		if c.kind == command.KindPlaceOrder && !strings.Contains(got.Fields, "54=") {
			t.Errorf("%s: echoes %q", c.name, got.Fields)
		}
	}
	o, err := decode.ReadOrder(message(t, d, fix44, with("11=a b")+"99=5|111=1|18=6|1=trader1|"), sender)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll("1=trader1|55=BTC-USD|54=1|38=1.5|40=2|44=100.25|99=5|59=1|18=6|111=1|", "|", "\x01")
	if got := o.Body.(*command.DeclineOrder).Fields; got != want {
		t.Errorf("echoes %q\nwant   %q", got, want)
	}
}

// What is at its bound is taken.
func TestBounds(t *testing.T) {
	d := dictionaries(t)
	id := strings.Repeat("x", 64)
	o, err := decode.ReadOrder(message(t, d, fix44, with("11="+id)+"1="+id+"|"), sender)
	if c, ok := o.Body.(*command.PlaceOrder); err != nil || !ok || c.ClientOrderID != id || c.Account != id || o.Request.ClOrdID != id {
		t.Errorf("ids of 64 characters: got %+v, %v", o.Body, err)
	}
	party := "453=1|448=" + strings.Repeat("x", 128-len("453=1|448=|")) + "|"
	o, err = decode.ReadOrder(message(t, d, fix44, order+party), sender)
	if _, ok := o.Body.(*command.PlaceOrder); err != nil || !ok || len(o.Request.Parties) != 128 {
		t.Errorf("parties of 128 bytes: got %+v, %v", o.Body, err)
	}
	o, err = decode.ReadOrder(message(t, d, fix44, order+strings.Replace(party, "448=", "448=x", 1)), sender)
	if _, ok := o.Body.(*command.DeclineOrder); err != nil || !ok || o.Request.Parties != "" {
		t.Errorf("parties of 129 bytes: got %+v, %v", o.Body, err)
	}
	long := with("11=a b") + "1=" + id + "|111=" + strings.Repeat("0", 500) + "1|"
	o, err = decode.ReadOrder(message(t, d, fix44, long), sender)
	if c, ok := o.Body.(*command.DeclineOrder); err != nil || !ok || len(c.Fields) > command.MaxEcho || strings.Contains(c.Fields, "111=") || !strings.Contains(c.Fields, "44=") {
		t.Errorf("an echo that has no room: got %+v, %v", o.Body, err)
	}
}

// What is wrong as FIX is rejected by the session layer or as business.
func TestRejected(t *testing.T) {
	d := dictionaries(t)
	long := strings.Repeat("x", 65)
	for _, c := range []struct {
		name   string
		p      dictionary.Protocol
		body   string
		reason int // of 373, or of 380 from 1000 on
		tag    wire.Tag
	}{
		{"limit without a price", fix44, with("44="), 1005, 44},
		{"stop without a stop price", fix44, replace(with("40=3"), "44="), 1005, 99},
		{"stop limit without a stop price", fix44, with("40=4"), 1005, 99},
		{"good till date without one", fix44, with("59=6"), 1005, 126},
		{"no quantity", fix44, with("38="), 1005, 38},
		{"no symbol", fix44, with("55="), 1005, 55},
		{"replace without a quantity", fix44, "35=G|41=a|11=b|55=BTC-USD|54=1|60=TIME|40=2|44=1.5|", 1005, 38},
		{"cancel of nothing", sp2, "35=F|11=b|55=BTC-USD|54=1|60=TIME|", 1005, 41},
		{"mass cancel of an instrument without one", fix44, "35=q|11=m|530=1|60=TIME|", 1005, 55},
		{"ClOrdID of 65 characters", fix44, with("11=" + long), int(wire.ValueIncorrect), 11},
		{"OrigClOrdID of 65 characters", fix44, "35=F|41=" + long + "|11=b|55=BTC-USD|54=1|60=TIME|", int(wire.ValueIncorrect), 41},
		{"account of 65 characters", fix44, with("1=" + long), int(wire.ValueIncorrect), 1},
		{"ClOrdID with a line feed", fix44, with("11=a\n"), int(wire.IncorrectFormat), 11},
		{"ClOrdID that is no UTF-8", fix44, with("11=\xff"), int(wire.IncorrectFormat), 11},
		{"party that is no UTF-8", fix44, order + "453=1|448=\xff|", int(wire.IncorrectFormat), 448},
		{"TransactTime ahead of SendingTime", fix44, with("60=20261121-10:02:01"), int(wire.ValueIncorrect), 60},
		{"two self-trade preventions", fix44, order + "25001=2|7928=O|", int(wire.ValueIncorrect), 7928},
	} {
		_, err := decode.ReadOrder(message(t, d, c.p, c.body), sender)
		var session *wire.Error
		var business *wire.BusinessError
		switch {
		case errors.As(err, &session) && int(session.Reason) == c.reason && session.Tag == c.tag:
		case errors.As(err, &business) && int(business.Reason)+1000 == c.reason && business.Tag == c.tag:
		default:
			t.Errorf("%s: got %v, want %d of tag %d", c.name, err, c.reason, c.tag)
		}
	}
	if _, err := decode.ReadOrder(message(t, d, fix44, with("60=20261121-10:02:00")), sender); err != nil {
		t.Errorf("TransactTime two minutes ahead: %v", err)
	}
	_, err := decode.ReadOrder(message(t, d, fix44, order), decode.Sender{})
	var business *wire.BusinessError
	if !errors.As(err, &business) || business.Tag != 1 || business.RefID != "a" {
		t.Errorf("no account of several: got %v", err)
	}
}
