package marketdata_test

import (
	"errors"
	"flag"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/desktest"
	"github.com/rialto-exchange/rialto/gateways/fix/marketdata"
)

var update = flag.Bool("update", false, "write what the desk says into the stories")

// TestStories plays testdata/*.txt, with | for SOH:
//
//	session FIX.4.4 3       a session, and the digits of its times
//	order_entry             it is one for orders
//	level BTC-USD bid 100.00 0.5000 1    a level, its quantity and orders
//	trade BTC-USD 100.50 0.1000 buy      and who took
//	ladder BTC-USD 3        so many levels a side, moved on by a cent each time
//	lag 2                   so many lines that follow are not read after
//	block                   all that happened since is one entry of the log
//	blocks 300              so many, each with a change of the best bid
//	trades 150              so many trades of BTC-USD in one block
//	> 262=…                 a MarketDataRequest, with its 35=V left out
//	< 35=W|34=2|…           what is written then (-update writes it anew)
//	views hold, views go    the views fall behind, and come up
//	books break, books mend they cannot be read
//	journal breaks          and is followed anew
//	wait 3s                 time passes
//	close                   the session ends
func TestStories(t *testing.T) {
	tools := desktest.NewTools(t)
	desktest.Play(t, *update, func(t *testing.T) desktest.Stage {
		p := &play{t: t, venue: newVenue(), tools: tools}
		desk, err := marketdata.New(marketdata.Config{Reads: p.venue, Blocks: p.venue})
		if err != nil {
			t.Fatal(err)
		}
		p.desk = desk
		go desk.Run(t.Context())
		return p
	})
}

// play is a story under way.
type play struct {
	t       *testing.T
	venue   *venue
	desk    *marketdata.Desk
	tools   *desktest.Tools
	session *desktest.Session
	reads   bool // after the line under way
	lag     int  // times that the session does not read
}

// Session implements desktest.Stage.
func (p *play) Session() *desktest.Session {
	switch {
	case !p.reads:
		return nil
	case p.lag > 0:
		p.lag--
		return nil
	}
	return p.session
}

// Do implements desktest.Stage.
func (p *play) Do(words []string) {
	v := p.venue
	p.reads = true
	switch words[0] {
	case "session":
		p.session = p.tools.Open(p.t, p.desk, desktest.Client(market.SessionMarketData, words[1], p.int(words[2])))
	case "order_entry":
		p.session = p.tools.Open(p.t, p.desk, desktest.Client(market.SessionOrderEntry, "FIX.4.4", 3))
	case ">":
		if !p.session.Ask("35=V|" + words[1]) {
			p.t.Fatal("not served")
		}
	case "level":
		p.reads = false
		v.level(words[1], p.side(words[2]), event.Level{
			Price: market.Price(p.units(words[3])), Quantity: market.Quantity(p.units(words[4])), Orders: uint32(p.int(words[5])),
		})
	case "trade":
		p.reads = false
		taker, _ := market.ParseSide(words[4])
		v.trade(words[1], market.Price(p.units(words[2])), market.Quantity(p.units(words[3])), taker)
	case "ladder":
		p.reads = false
		p.ladder(words[1], p.int(words[2]))
	case "block":
		v.block()
	case "blocks":
		for i := range p.int(words[1]) {
			v.level("BTC-USD", market.Buy, event.Level{Price: 10_000, Quantity: market.Quantity(i + 1), Orders: 1})
			v.block()
			synctest.Wait()
		}
	case "trades":
		for range p.int(words[1]) {
			v.trade("BTC-USD", 10_000, 1, market.Buy)
		}
		v.block()
	case "lag": // the session's next turns to write are missed
		p.lag, p.reads = p.int(words[1]), false
	case "views":
		v.set(func() { v.held = words[1] == "hold" })
	case "books":
		v.set(func() { v.broken = map[string]error{"break": gateways.ErrUnavailable}[words[1]] })
	case "journal":
		v.set(func() { v.cut = errors.New("a gap") })
	case "wait":
		d, err := time.ParseDuration(words[1])
		if err != nil {
			p.t.Fatal(err)
		}
		time.Sleep(d)
	case "close":
		p.session.Leave()
	default:
		p.t.Fatalf("nothing happens so: %v", words)
	}
}

// ladder makes a book of n levels a side, none where any was before.
func (p *play) ladder(instrument string, n int) {
	v := p.venue
	v.mu.Lock()
	versions := v.books[instrument]
	before := versions[len(versions)-1]
	v.mu.Unlock()
	offset := market.Price(0)
	if len(before.Bids) > 0 {
		offset = market.Price(n)
	}
	for _, l := range before.Bids {
		v.level(instrument, market.Buy, event.Level{Price: l.Price})
	}
	for _, l := range before.Asks {
		v.level(instrument, market.Sell, event.Level{Price: l.Price})
	}
	for i := range market.Price(n) {
		v.level(instrument, market.Buy, event.Level{Price: 10_000 - i - offset, Quantity: 1_0000, Orders: 1})
		v.level(instrument, market.Sell, event.Level{Price: 10_001 + i + offset, Quantity: 1_0000, Orders: 1})
	}
}

func (p *play) side(s string) market.Side {
	if s == "bid" {
		return market.Buy
	}
	return market.Sell
}

// units reads a decimal as units of its last digit.
func (p *play) units(s string) int64 {
	n, err := strconv.ParseInt(strings.Replace(s, ".", "", 1), 10, 64)
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

func (p *play) int(s string) int { return int(p.units(s)) }
