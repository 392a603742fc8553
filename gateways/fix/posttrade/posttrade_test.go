package posttrade_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/fix"
	"github.com/rialto-exchange/rialto/gateways/fix/encode"
	"github.com/rialto-exchange/rialto/gateways/fix/posttrade"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

const (
	hour = market.Nanos(3600 * 1e9)
	// noon of a day; trades are an hour apart and begin on the day before.
	noon = market.Nanos(1795262400_000000000)
)

// venue is what the desk reads: trades of two participants, and a journal that
// grows.
type venue struct {
	gateways.Reads
	trades []event.OwnFill

	mu     sync.Mutex
	blocks []*event.Block
	grown  chan struct{}
	ends   int // of followers
}

func newVenue() *venue {
	v := &venue{grown: make(chan struct{})}
	for i := range 30 {
		v.trades = append(v.trades, v.fill(i, noon-29*hour+market.Nanos(i)*hour).Own(event.Trade{}, true))
		t := &v.trades[i]
		t.Trade = v.fill(i, 0).Trade(market.Sequence(10*i+1), noon-29*hour+market.Nanos(i)*hour)
	}
	return v
}

// fill is a trade of alice, who takes, with bob.
func (v *venue) fill(i int, _ market.Nanos) *event.Fill {
	o := event.Order{
		ID: market.NewOrderID(uint32(i+1), 1), ClientOrderID: fmt.Sprint("a", i), Account: "alice", Instrument: []string{"BTC-USD", "ETH-USD"}[i%2],
		Side: market.Side(1 + i%2), PriceDigits: 2, QuantityDigits: 4, QuoteScale: 6,
	}
	maker := o
	maker.ID, maker.ClientOrderID, maker.Account, maker.Side = market.NewOrderID(uint32(i+1), 2), fmt.Sprint("b", i), "bob", o.Side.Opposite()
	return &event.Fill{TradeID: market.TradeID(i + 1), Price: 10_000, Quantity: 10_000, TakerSide: o.Side, Taker: o, Maker: maker}
}

func (v *venue) Authority() *gateways.Authority {
	p := func(id string, accounts ...string) *event.Participant {
		return &event.Participant{DefineParticipant: command.DefineParticipant{Participant: id, Accounts: accounts}}
	}
	return &gateways.Authority{Known: true, Participants: []*event.Participant{p("A", "alice", "unopened"), p("B", "bob")}}
}
func (v *venue) OpenedFor(account string) string { return map[string]string{"alice2": "A"}[account] }

func (v *venue) AccountsFor(participant string, _ int) []string {
	return map[string][]string{"A": {"alice2"}}[participant]
}
func (v *venue) History() uint64 { return 0xab }
func (v *venue) Wait(_ context.Context, s market.Sequence) (event.Pin, error) {
	return event.Pin{Sequence: max(s, 300), At: noon}, nil
}

func (v *venue) AccountTrades(_ context.Context, _ event.Pin, account string, p event.Page) (l event.List[event.OwnFill], err error) {
	if account != "alice" {
		return l, gateways.ErrNotFound
	}
	for _, t := range v.trades {
		if t.Executed() <= p.After || t.At < p.From {
			continue
		}
		if len(l.Items) == 4 { // a page may be shorter than asked for
			l.Next = l.Items[3].Executed()
			break
		}
		l.Items = append(l.Items, t)
	}
	return l, nil
}

func (v *venue) OrderFills(_ context.Context, _ event.Pin, id market.OrderID, _ event.Page) (l event.List[event.OwnFill], err error) {
	for _, t := range v.trades {
		if t.OrderID == id {
			l.Items = append(l.Items, t)
		}
	}
	return l, nil
}

func (v *venue) Order(_ event.Pin, id market.OrderID) (event.Reading[event.Order], error) {
	return event.Reading[event.Order]{Value: event.Order{ClientOrderID: fmt.Sprint("a", id.Slot()-1)}}, nil
}

func (v *venue) Balances(_ event.Pin, account string) ([]event.Reading[event.Balance], error) {
	if account == "unopened" {
		return nil, gateways.ErrNotFound
	}
	return []event.Reading[event.Balance]{
		{Value: event.Balance{Asset: "USD", Total: 5_000_000, Held: 1_000_000, Scale: 6}}, {Value: event.Balance{Asset: "BTC", Total: 2, Scale: 0}},
	}, nil
}

func (v *venue) LastBlock() market.Sequence { return 300 }

func (v *venue) FollowBlocks(ctx context.Context, after market.Sequence, yield func(*event.Block) error) error {
	defer func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.ends++
	}()
	for {
		v.mu.Lock()
		blocks, grown := v.blocks, v.grown
		v.mu.Unlock()
		for _, b := range blocks {
			if b.Last() > after {
				if err := yield(b); err != nil {
					return err
				}
				after = b.Last()
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-grown:
		}
	}
}

// trade has another trade happen.
func (v *venue) trade(i int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	f := v.fill(i, 0)
	first := market.Sequence(301 + 10*len(v.blocks))
	v.blocks = append(v.blocks, &event.Block{At: noon + hour, First: first, Count: 4, Groups: []event.Group{{First: first, Count: 4, Records: []event.Record{
		&event.AccountChanged{}, f,
	}}}})
	close(v.grown)
	v.grown = make(chan struct{})
}

// client is a session at the desk: what it is told is written when it reads.
type client struct {
	t       *testing.T
	who     fix.Client
	clerk   fix.Clerk
	mu      sync.Mutex
	waiting []fix.Answer
	most    int
	number  uint64
	encoder *encode.Encoder
}

func open(t *testing.T, d fix.Desk, participant string) *client {
	c := &client{
		t: t, who: fix.Client{CompID: "C", Participant: participant, Kind: market.SessionOrderEntry, BeginString: encode.FIX44},
		encoder: encode.New(encode.Session{BeginString: encode.FIX44, Sender: "RIALTO", Target: "C"}),
	}
	c.clerk = d.Open(c)
	return c
}

func (c *client) Client() fix.Client    { return c.who }
func (c *client) Waiting() (int, int)   { return len(c.waiting), 4096 }
func (c *client) Gone() <-chan struct{} { return nil }
func (c *client) Send(_ string, a fix.Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, a)
	c.most = max(c.most, len(c.waiting))
}

// ask sends a message: its type and fields.
func (c *client) ask(msgType, fields string) {
	c.t.Helper()
	var b wire.Builder
	b.Begin(encode.FIX44, msgType, "C", "RIALTO", 1, noon, 3)
	b.Fields([]byte(strings.ReplaceAll(fields, "|", "\x01") + "\x01"))
	var m wire.Message
	if err := wire.Parse(b.Finish(nil), &m); err != nil {
		c.t.Fatal(err)
	}
	if !c.clerk.Request(fix.Request{Message: &m, Applied: func(f func(market.Sequence)) { f(7) }}) {
		c.t.Fatalf("35=%s is not served", msgType)
	}
}

// read returns all that the client is told now, by these tags, in lines.
func (c *client) read(tags ...wire.Tag) string {
	var out strings.Builder
	for {
		synctest.Wait()
		c.mu.Lock()
		batch := c.waiting
		c.waiting = nil
		c.mu.Unlock()
		if len(batch) == 0 {
			return out.String()
		}
		for _, a := range batch {
			c.number++
			var m wire.Message
			if err := wire.Parse(a(nil, c.encoder, encode.Slot{Number: c.number, At: noon}), &m); err != nil {
				c.t.Fatal(err)
			}
			out.WriteString(m.Type())
			for _, tag := range tags {
				if v, ok := m.Get(tag); ok {
					fmt.Fprintf(&out, " %d=%s", tag, v)
				}
			}
			out.WriteString("\n")
		}
	}
}

func lines(s ...string) string { return strings.Join(s, "\n") + "\n" }

func desk(t *testing.T, show func(t *testing.T, v *venue, d *posttrade.Desk)) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue()
		d := posttrade.New(v, v)
		defer d.Close()
		show(t, v, d)
	})
}

// All trades are those of the day, of the client's own accounts, the last one
// marked.
func TestTradesOfTheDay(t *testing.T) {
	desk(t, func(t *testing.T, _ *venue, d *posttrade.Desk) {
		c := open(t, d, "A")
		c.ask("AD", "568=q|569=0")
		want := "AQ 568=q 750=0\n"
		for i := 17; i < 30; i++ { // midnight is trade 17
			last := "N"
			if i == 29 {
				last = "Y"
			}
			want += fmt.Sprintf("AE 568=q 912=%s 880=%d 11=a%d 1=alice\n", last, i+1, i)
		}
		if got := c.read(568, 750, 912, 880, 11, 1); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	})
}

// What is asked for narrows it; an order has all of its trades, whenever they
// were.
func TestTradesByWhatIsAskedFor(t *testing.T) {
	for _, c := range []struct{ fields, want string }{
		{"568=q|569=1|55=ETH-USD|54=2|11=a29", lines("AQ 750=0", "AE 880=30 912=Y")},
		{"568=q|569=0|37=" + market.NewOrderID(3, 1).String(), lines("AQ 750=0", "AE 880=3 912=Y")},
		{"568=q|569=0|17=00000000000000ab-22", lines("AQ 750=0", "AE 880=3 912=Y")},
		{"568=q|569=0|571=00000000000000ab-22|54=2", lines("AQ 750=0", "AQ 750=1 748=0")},
		{"568=q|569=0|17=00000000000000ab-23", lines("AQ 750=0", "AQ 750=1 748=0")},
		{"568=q|569=0|17=00000000000000ac-22", lines("AQ 750=2 749=99 748=0")},
		{"568=q|569=0|17=ab-22", lines("AQ 750=2 749=99 748=0")},
		{"568=q|569=0|55=DOGE-USD", lines("AQ 750=0", "AQ 750=1 748=0")},
		{"568=q|569=0|1=alice2", lines("AQ 750=0", "AQ 750=1 748=0")},
		{"568=q|569=0|1=bob", lines("AQ 750=2 749=9 748=0")},
		{"568=q|569=0|37=nonsense", lines("AQ 750=2 749=99 748=0")},
		{"568=q|569=3", lines("AQ 750=2 749=8 748=0")},
		{"568=q|569=0|263=2", lines("AQ 750=2 749=99 748=0")},
	} {
		desk(t, func(t *testing.T, _ *venue, d *posttrade.Desk) {
			client := open(t, d, "A")
			client.ask("AD", c.fields)
			if got := strings.ReplaceAll(client.read(880, 750, 749, 748, 912), " 749=0", ""); got != c.want {
				t.Errorf("%s: got\n%swant\n%s", c.fields, got, c.want)
			}
		})
	}
}

// A subscription goes on with trades as they happen, each side that is the
// client's, until it is ended.
func TestSubscription(t *testing.T) {
	desk(t, func(t *testing.T, v *venue, d *posttrade.Desk) {
		c := open(t, d, "B")
		c.ask("AD", "568=s|569=0|263=1")
		if got, want := c.read(750, 880), lines("AQ 750=0", "AQ 750=1"); got != want {
			t.Errorf("the snapshot: got\n%swant\n%s", got, want)
		}
		v.trade(40)
		v.trade(41)
		if got, want := c.read(568, 325, 880, 11, 571), lines(
			"AE 568=s 325=Y 880=41 11=b40 571=00000000000000ab-304", "AE 568=s 325=Y 880=42 11=b41 571=00000000000000ab-314"); got != want {
			t.Errorf("as it happens: got\n%swant\n%s", got, want)
		}
		c.ask("AD", "568=s|569=0|263=1")
		if got, want := c.read(749, 58), lines("AQ 749=99 58=a request with this id is under way"); got != want {
			t.Errorf("the same again: got\n%swant\n%s", got, want)
		}
		c.ask("AD", "568=s|569=0|263=2")
		if got, want := c.read(750), lines("AQ 750=1"); got != want {
			t.Errorf("its end: got\n%swant\n%s", got, want)
		}
		v.trade(42)
		if got := c.read(); got != "" || v.ends != 1 {
			t.Errorf("after its end: got %q, %d followers ended", got, v.ends)
		}
	})
}

// A client that does not read is handed a window of messages and no more; when
// it reads, nothing is missing. When it goes, so does its subscription.
func TestSlowClient(t *testing.T) {
	desk(t, func(t *testing.T, v *venue, d *posttrade.Desk) {
		c := open(t, d, "A")
		c.ask("AD", "568=s|569=0|263=1|1=alice2")
		c.read()
		c.clerk.Request(fix.Request{Message: parsed(t, "568=t|569=0|263=1"), Applied: func(f func(market.Sequence)) { f(7) }})
		c.read()
		for i := range 3 * posttrade.Window {
			v.trade(100 + i)
		}
		synctest.Wait()
		if c.most != posttrade.Window {
			t.Errorf("%d messages wait for a client that does not read; want %d", c.most, posttrade.Window)
		}
		if got := strings.Count(c.read(), "AE"); got != 3*posttrade.Window {
			t.Errorf("it read %d of %d", got, 3*posttrade.Window)
		}
		c.clerk.Close()
		synctest.Wait()
		if v.ends != 2 {
			t.Errorf("%d of 2 followers ended with the client", v.ends)
		}
	})
}

func parsed(t *testing.T, fields string) *wire.Message {
	var b wire.Builder
	b.Begin(encode.FIX44, "AD", "C", "RIALTO", 1, noon, 3)
	b.Fields([]byte(strings.ReplaceAll(fields, "|", "\x01") + "\x01"))
	m := new(wire.Message)
	if err := wire.Parse(b.Finish(nil), m); err != nil {
		t.Fatal(err)
	}
	return m
}

// So many requests of a session are under way, and so many subscriptions on a
// node; one more is refused, and there is room again when one ends.
func TestBounds(t *testing.T) {
	desk(t, func(t *testing.T, v *venue, d *posttrade.Desk) {
		var clients []*client
		for range posttrade.MaxSubscriptions / posttrade.MaxRequests {
			c := open(t, d, "A")
			for i := range posttrade.MaxRequests {
				c.ask("AD", fmt.Sprintf("568=%d|569=0|263=1|55=none", i))
			}
			if got := c.read(750); strings.Contains(got, "750=2") {
				t.Fatalf("refused within the bounds:\n%s", got)
			}
			clients = append(clients, c)
		}
		clients[0].ask("AD", "568=more|569=0")
		if got, want := clients[0].read(58), lines("AQ 58=too many requests are under way"); got != want {
			t.Errorf("got %s", got)
		}
		c := open(t, d, "A")
		c.ask("AD", "568=more|569=0|263=1")
		if got, want := c.read(58), lines("AQ 58=this node has no more subscriptions"); got != want {
			t.Errorf("got %s", got)
		}
		clients[0].clerk.Close()
		synctest.Wait()
		c.ask("AD", "568=more|569=0|263=1|55=none")
		if got := c.read(750); got != lines("AQ 750=0", "AQ 750=1") {
			t.Errorf("when others had gone: %s", got)
		}
	})
}

// Positions are what an account holds, asset by asset.
func TestPositions(t *testing.T) {
	const date = "|715=20261121|60=20261121-12:00:00"
	for _, c := range []struct{ fields, want string }{
		{"710=p|724=0|1=alice" + date, lines("AO 727=2 728=0", "AP 727=2 728=0 15=USD 704=5.000000 708=4.000000", "AP 727=2 728=0 15=BTC 704=2 708=2")},
		{"710=p|724=0|1=alice|55=USD" + date, lines("AO 727=1 728=0", "AP 727=1 728=0 15=USD 704=5.000000 708=4.000000")},
		{"710=p|724=0|1=alice|55=EUR" + date, lines("AO 727=0 728=2")},
		{"710=p|724=0|1=bob" + date, lines("AO 727=0 728=3")},
		{"710=p|724=1|1=alice" + date, lines("AO 727=0 728=4")},
		{"710=p|724=0|263=1|1=alice" + date, lines("AO 727=0 728=4")},
		{"710=p|724=0|1=unopened" + date, lines("AO 727=0 728=1")},
	} {
		desk(t, func(t *testing.T, _ *venue, d *posttrade.Desk) {
			client := open(t, d, "A")
			client.ask("AN", c.fields)
			if got := client.read(727, 728, 15, 704, 708); got != c.want {
				t.Errorf("%s: got\n%swant\n%s", c.fields, got, c.want)
			}
		})
	}
}

// What is of nobody's accounts is not served to market data sessions, and other
// types to nobody.
func TestNotServed(t *testing.T) {
	desk(t, func(t *testing.T, _ *venue, d *posttrade.Desk) {
		all := fix.Desks{d}
		c := open(t, all, "A")
		c.who.Kind = market.SessionMarketData
		if all.Open(c).Request(fix.Request{Message: parsed(t, "568=q|569=0")}) {
			t.Error("trades on a market data session")
		}
		if c.clerk.Request(fix.Request{Message: other(t)}) {
			t.Error("a request for a list was served")
		}
	})
}

func other(t *testing.T) *wire.Message {
	var b wire.Builder
	b.Begin(encode.FIX44, "x", "C", "RIALTO", 1, noon, 3)
	m := new(wire.Message)
	if err := wire.Parse(b.Finish(nil), m); err != nil {
		t.Fatal(err)
	}
	return m
}
