package decode_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/decode"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/dictionary"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// request reads a message of any type that is no order.
func request(m *wire.Message) (any, error) {
	switch m.Type() {
	case "H":
		return decode.ReadStatus(m)
	case "AF":
		return decode.ReadMassStatus(m)
	case "x":
		return decode.ReadSecurityList(m)
	case "c":
		return decode.ReadSecurityDefinition(m)
	case "e":
		return decode.ReadSecurityStatus(m)
	case "V":
		return decode.ReadMarketData(m)
	case "g":
		return decode.ReadTradingSessionStatus(m)
	case "AN":
		return decode.ReadPositions(m, sender)
	case "AD":
		return decode.ReadTrades(m)
	}
	return nil, wire.Unsupported()
}

// Requests that are no orders are read as their clients wrote them.
func TestRequests(t *testing.T) {
	d := dictionaries(t)
	for _, c := range []struct {
		p    dictionary.Protocol
		body string
		want any
	}{
		{fix44, "35=H|11=a|54=2|790=r|55=BTC-USD|1=trader1|37=O1|", decode.StatusRequest{ClOrdID: "a", StatusID: "r", Symbol: "BTC-USD", Side: market.Sell, Account: "trader1", OrderID: "O1"}},
		{sp2, "35=H|37=O1|54=1|", decode.StatusRequest{OrderID: "O1", Side: market.Buy}},
		{fix44, "35=AF|584=m|585=7|54=1|", decode.MassStatusRequest{RequestID: "m", Type: 7, Side: market.Buy}},
		{fix44, "35=AF|584=m|585=1|55=BTC-USD|1=trader1|", decode.MassStatusRequest{RequestID: "m", Type: 1, Symbol: "BTC-USD", Account: "trader1"}},
		{fix44, "35=x|320=r|559=4|263=0|", decode.SecurityListRequest{RequestID: "r", Type: 4, Subscription: '0'}},
		{fix44, "35=x|320=r|559=0|48=BTC-USD|22=8|", decode.SecurityListRequest{RequestID: "r", Symbol: "BTC-USD"}},
		{fix44, "35=c|320=r|321=3|55=BTC-USD|", decode.SecurityDefinitionRequest{RequestID: "r", Type: 3, Symbol: "BTC-USD"}},
		{fix44, "35=e|324=r|55=BTC-USD|263=1|", decode.SecurityStatusRequest{RequestID: "r", Symbol: "BTC-USD", Subscription: '1'}},
		{fix44, "35=g|335=r|336=BTC-USD|263=0|", decode.TradingSessionStatusRequest{RequestID: "r", SessionID: "BTC-USD", Subscription: '0'}},
		{fix44, "35=V|262=m|263=1|264=0|265=1|266=N|267=2|269=0|269=1|146=2|55=BTC-USD|55=ETH-USD|", decode.MarketDataRequest{
			RequestID: "m", Subscription: '1', Incremental: true, PerOrder: true, Entries: []byte("01"), Symbols: []string{"BTC-USD", "ETH-USD"},
		}},
		{sp2, "35=V|262=m|263=0|264=5|267=1|269=2|146=1|55=BTC-USD|48=x|22=8|", decode.MarketDataRequest{
			RequestID: "m", Subscription: '0', Depth: 5, Entries: []byte("2"), Symbols: []string{"BTC-USD"},
		}},
		{fix44, "35=AN|710=r|724=0|1=other|581=1|715=20261121|60=TIME|453=1|448=x|263=0|", decode.PositionsRequest{RequestID: "r", Account: "other", Subscription: '0'}},
		{fix44, "35=AD|568=r|569=1|571=T|17=e|37=O1|11=a|1=trader1|55=BTC-USD|54=1|263=2|", decode.TradesRequest{
			RequestID: "r", Type: 1, ReportID: "T", ExecID: "e", OrderID: "O1", ClOrdID: "a", Account: "trader1", Symbol: "BTC-USD", Side: market.Buy, Subscription: '2',
		}},
	} {
		got, err := request(message(t, d, c.p, c.body))
		if err != nil {
			t.Errorf("%s: %v", c.body, err)
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.body, diff)
		}
	}
}

// What another field of the same request makes required is missed as business.
func TestRequestsLackingFields(t *testing.T) {
	d := dictionaries(t)
	for body, tag := range map[string]wire.Tag{
		"35=H|54=1|":         11,
		"35=AF|584=m|585=1|": 55,
		"35=x|320=r|559=0|":  55,
		"35=e|324=r|263=0|":  55,
		"35=V|262=m|263=1|264=0|267=1|269=0|146=1|55=BTC-USD|": 265,
	} {
		_, err := request(message(t, d, sp2, body))
		var e *wire.BusinessError
		if !errors.As(err, &e) || e.Reason != wire.ConditionallyRequired || e.Tag != tag {
			t.Errorf("%s: got %v, want tag %d", body, err, tag)
		}
	}
}

// What a mass status request may be for and the venue does not tell apart is
// refused, in place of an answer about other orders.
func TestMassStatusOfOtherKinds(t *testing.T) {
	d := dictionaries(t)
	for _, kind := range []string{"2", "3", "4", "5", "6", "8"} {
		for _, extra := range []string{"", "453=1|448=DESK|447=D|452=3|", "55=BTC-USD|"} {
			_, err := request(message(t, d, fix44, "35=AF|584=m|585="+kind+"|"+extra))
			var e *wire.BusinessError
			if !errors.As(err, &e) || e.Reason != wire.BusinessOther || e.Tag != 585 || e.RefID != "m" {
				t.Errorf("585=%s with %q: got %v", kind, extra, err)
			}
		}
	}
}
