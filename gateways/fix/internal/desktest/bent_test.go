package desktest_test

import (
	"context"
	"flag"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/fix"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/desktest"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/dictionary"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/fixtest"
	"github.com/rialto-exchange/rialto/gateways/fix/marketdata"
	"github.com/rialto-exchange/rialto/gateways/fix/reference"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

var bent = flag.Int("bent", 4000, "how many requests TestBentRequests makes")

// venue has one instrument and nothing happens.
type venue struct{ gateways.Reads }

func (venue) LastBlock() market.Sequence { return 7 }

func (venue) FollowBlocks(ctx context.Context, _ market.Sequence, _ func(*event.Block) error) error {
	<-ctx.Done()
	return nil
}

func (venue) Wait(_ context.Context, at market.Sequence) (event.Pin, error) {
	return event.Pin{Sequence: at}, nil
}

func (venue) Instrument(_ event.Pin, name string) (event.Reading[event.Instrument], error) {
	if name != "BTC-USD" {
		return event.Reading[event.Instrument]{}, gateways.ErrNotFound
	}
	return event.Reading[event.Instrument]{Value: event.Instrument{Instrument: name, Quote: "USD", Phase: market.PhaseContinuous, PriceTick: 1, QuantityStep: 1}}, nil
}

func (v venue) Instruments(context.Context, event.Pin, event.Page) (l event.List[event.Reading[event.Instrument]], _ error) {
	i, _ := v.Instrument(event.Pin{}, "BTC-USD")
	l.Items = append(l.Items, i)
	return l, nil
}

func (venue) Book(_ context.Context, _ event.Pin, name string, _ int) (event.Book, error) {
	return event.Book{Instrument: name, Bids: []event.Level{{Price: 1, Quantity: 1, Orders: 1}}}, nil
}

func (venue) Trades(context.Context, event.Pin, string, event.Page) (event.List[event.Trade], error) {
	return event.List[event.Trade]{}, nil
}

// TestBentRequests shows that no request that the door lets through harms a
// desk, and that each is answered by what a client takes, or asks for nothing.
func TestBentRequests(t *testing.T) {
	tools := desktest.NewTools(t)
	ours, err := dictionary.Load()
	if err != nil {
		t.Fatal(err)
	}
	became := map[string]int{}
	const eachSession = 10
	for seed := 0; seed*eachSession < *bent; seed++ {
		synctest.Test(t, func(t *testing.T) { bend(t, tools, ours, uint64(seed), eachSession, became) })
	}
	t.Log(became)
	for _, want := range []string{"V", "x", "c", "e", "g", "W", "Y", "y", "d", "f", "h", "3", "j"} {
		if became[want] == 0 {
			t.Errorf("35=%s: none", want)
		}
	}
}

func bend(t *testing.T, tools *desktest.Tools, ours *dictionary.Dictionary, seed uint64, requests int, became map[string]int) {
	market := []market.SessionKind{market.SessionMarketData, market.SessionOrderEntry}[seed%2]
	begin := []string{"FIX.4.4", "FIXT.1.1"}[seed/2%2]
	data, err := marketdata.New(marketdata.Config{Reads: venue{}, Blocks: venue{}})
	if err != nil {
		t.Fatal(err)
	}
	about := reference.New(venue{}, venue{}, nil)
	go data.Run(t.Context())
	go about.Run(t.Context())
	synctest.Wait()
	s := tools.Open(t, fix.Desks{data, about}, desktest.Client(market, begin, 3))
	bender := fixtest.NewBender(seed, 7)
	for n := 0; n < requests; {
		m := request(ours, bender, begin)
		if m == nil || !s.Clerk.Request(fix.Request{Message: m, Applied: atOnce}) {
			continue
		}
		n++
		became[m.Type()]++
		synctest.Wait()
		for _, answer := range s.Read() {
			kind, _, _ := strings.Cut(strings.TrimPrefix(desktest.Story(answer), "35="), "|")
			became[kind]++
		}
	}
	s.Leave()
	synctest.Wait()
}

func atOnce(f func(market.Sequence)) { f(7) }

// request returns a bent request for a desk that the door would let through, nil
// for another message.
func request(ours *dictionary.Dictionary, b *fixtest.Bender, begin string) *wire.Message {
	kind, raw := b.Message(fixtest.Header{BeginString: begin, Number: 2, Sender: "TRADER1", Target: fix.Venue, At: "20261121-10:00:00"})
	var m wire.Message
	if !strings.Contains("V x c e g", kind) || wire.Parse(raw, &m) != nil || ours.Validate(&m, dictionary.ProtocolOf(begin)) != nil {
		return nil
	}
	return &m
}
