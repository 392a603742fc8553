package marketdata_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/desktest"
	"github.com/rialto-exchange/rialto/gateways/fix/marketdata"
)

// with runs a test with a desk at work.
func with(t *testing.T, v *venue, f func(t *testing.T, d *marketdata.Desk)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		v.changed = make(chan struct{}) // of this bubble
		d, err := marketdata.New(marketdata.Config{Reads: v, Blocks: v})
		if err != nil {
			t.Fatal(err)
		}
		go d.Run(t.Context())
		synctest.Wait()
		f(t, d)
	})
}

// many makes a venue with so many instruments.
func many(n int) *venue {
	v := newVenue()
	for i := range n {
		name := fmt.Sprintf("I%d", i)
		v.books[name] = []event.Book{{Instrument: name}}
	}
	return v
}

// request makes a MarketDataRequest for the instruments from through to-1.
func request(id string, from, to int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "35=V|262=%s|263=1|264=1|265=1|267=1|269=0|146=%d", id, to-from)
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "|55=I%d", i)
	}
	return b.String()
}

func types(messages [][]byte) string {
	counts := map[string]int{}
	for _, m := range messages {
		counts[strings.Split(desktest.Story(m), "|")[0]]++
	}
	return fmt.Sprint(counts)
}

// A request is for 100 instruments at most, a session is sent 1,000.
func TestBounds(t *testing.T) {
	v := many(1001)
	tools := desktest.NewTools(t)
	with(t, v, func(t *testing.T, d *marketdata.Desk) {
		s := tools.Open(t, d, desktest.Client(market.SessionMarketData, "FIX.4.4", 3))
		for i := range 10 {
			s.Ask(request(fmt.Sprint("r", i), i*100, i*100+100))
		}
		synctest.Wait()
		if got := types(s.Read()); got != "map[35=W:1000]" {
			t.Errorf("at the bound: %s", got)
		}
		s.Ask(request("one", 1000, 1001))
		s.Ask(request("long", 0, 101))
		synctest.Wait()
		for i, m := range s.Read() {
			want := []string{
				"35=Y|34=1002|262=one|281=2|58=more than 1000 symbols in all requests of a session",
				"35=Y|34=1003|262=long|281=2|58=more than 100 symbols in a request",
			}[i]
			if got := desktest.Story(m); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		// Room is there again when a request is closed, or was for a snapshot.
		s.Ask("35=V|262=r0|263=2|264=1|267=1|269=0|146=1|55=I0")
		for range 3 {
			s.Ask(strings.Replace(request("now", 0, 100), "263=1", "263=0", 1))
			synctest.Wait()
			if got := types(s.Read()); got != "map[35=W:100]" {
				t.Errorf("with room: %s", got)
			}
		}
	})
}

// The whole book is 100 levels a side, and fits what the venue itself reads.
func TestWholeBook(t *testing.T) {
	v := newVenue()
	tools := desktest.NewTools(t)
	for i := range market.Price(marketdata.MaxDepth + 1) {
		v.level("BTC-USD", market.Buy, event.Level{Price: 90_000_000_000 - i, Quantity: 100_000_000_0000, Orders: 1000})
		v.level("BTC-USD", market.Sell, event.Level{Price: 90_000_000_001 + i, Quantity: 100_000_000_0000, Orders: 1000})
	}
	for range marketdata.MaxTrades + 1 {
		v.trade("BTC-USD", 90_000_000_000, 100_000_000_0000, market.Buy)
	}
	v.block()
	with(t, v, func(t *testing.T, d *marketdata.Desk) {
		s := tools.Open(t, d, desktest.Client(market.SessionMarketData, "FIXT.1.1", 9))
		s.Ask("35=V|262=whole|263=1|264=0|265=0|267=3|269=0|269=1|269=2|146=1|55=BTC-USD")
		synctest.Wait()
		v.trade("BTC-USD", 90_000_000_000, 1, market.Buy)
		for range marketdata.MaxTrades {
			v.trade("BTC-USD", 90_000_000_000, 2, market.Buy)
		}
		first := s.Read()
		v.block()
		synctest.Wait()
		for i, m := range append(first, s.Read()...) {
			if want := fmt.Sprintf("|268=%d|", 2*marketdata.MaxDepth+[]int{1, marketdata.MaxTrades}[i]); !strings.Contains(desktest.Story(m), want) {
				t.Errorf("want %s: %s", want, desktest.Story(m))
			}
			if strings.Contains(desktest.Story(m), "|271=0.0001|") {
				t.Error("the oldest trade is there")
			}
		}
	})
}

// A reader that is exactly as far behind as a tape reaches gets updates, one
// that is further the book anew.
func TestAsFarAsATapeReaches(t *testing.T) {
	tools := desktest.NewTools(t)
	for _, c := range []struct {
		behind int
		want   string
	}{{marketdata.TapeItems, "map[35=X:3]"}, {marketdata.TapeItems + 1, "map[35=W:1]"}} {
		v := newVenue()
		v.level("BTC-USD", market.Buy, event.Level{Price: 10_000, Quantity: 1, Orders: 1})
		v.block()
		with(t, v, func(t *testing.T, d *marketdata.Desk) {
			s := tools.Open(t, d, desktest.Client(market.SessionMarketData, "FIX.4.4", 3))
			s.Ask("35=V|262=s|263=1|264=1|265=1|267=1|269=0|146=1|55=BTC-USD")
			synctest.Wait()
			s.Read()
			for i := range c.behind {
				v.level("BTC-USD", market.Buy, event.Level{Price: 10_000, Quantity: market.Quantity(i + 2), Orders: 1})
				v.block()
				synctest.Wait()
			}
			if n, _ := s.Waiting(); n != 1 {
				t.Errorf("%d messages wait, want one however far the reader is behind", n)
			}
			if got := types(s.Read()); got != c.want {
				t.Errorf("%d behind: got %s, want %s", c.behind, got, c.want)
			}
		})
	}
}

// What a session leaves behind is nothing: not its tapes either, nor for one
// that ends before its snapshot was written.
func TestNothingIsLeft(t *testing.T) {
	v := many(3)
	tools := desktest.NewTools(t)
	with(t, v, func(t *testing.T, d *marketdata.Desk) {
		for range 3 {
			s := tools.Open(t, d, desktest.Client(market.SessionMarketData, "FIX.4.4", 3))
			s.Ask(request("a", 0, 3))
			s.Ask(strings.Replace(request("b", 0, 3), "263=1", "263=0", 1))
			s.Leave()
			synctest.Wait()
			s = tools.Open(t, d, desktest.Client(market.SessionMarketData, "FIX.4.4", 3))
			s.Ask(request("a", 0, 3))
			s.Ask(strings.Replace(request("b", 0, 3), "263=1", "263=0", 1))
			synctest.Wait()
			s.Leave()
		}
		synctest.Wait()
		if tapes, lines := d.Held(); tapes != 0 || lines != 0 {
			t.Errorf("%d tapes and %d lines are left", tapes, lines)
		}
	})
}
