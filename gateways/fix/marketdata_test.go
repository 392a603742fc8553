package fix_test

import (
	"context"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/gateways/fix"
	"github.com/rialto-exchange/rialto/gateways/fix/marketdata"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// bookVenue is a venue whose best bid has as many orders as there are events.
type bookVenue struct{ *venue }

func (v bookVenue) Instrument(event.Pin, string) (event.Reading[event.Instrument], error) {
	return event.Reading[event.Instrument]{}, nil
}

func (v bookVenue) Book(_ context.Context, at event.Pin, name string, _ int) (event.Book, error) {
	return event.Book{Instrument: name, Bids: []event.Level{{Price: 100, Quantity: 1, Orders: uint32(at.Sequence)}}}, nil
}

func (v bookVenue) Trades(context.Context, event.Pin, string, event.Page) (event.List[event.Trade], error) {
	return event.List[event.Trade]{}, nil
}

// screen is a market data client.
type screen struct {
	*client
	last      string // orders at the best bid
	snapshots int
	updates   int
}

func openScreen(t *testing.T, d *door, comp string) *screen {
	t.Helper()
	s := &screen{client: d.connect(t, comp)}
	s.send("35=A|34=1|98=0|108=60|554=rialto|141=Y")
	s.want("35=A|34=1")
	s.send("35=V|262=a|263=1|264=1|265=1|267=1|269=0|146=1|55=BTC-USD")
	s.want("35=W|34=2")
	return s
}

// take takes up what came.
func (s *screen) take() {
	synctest.Wait()
	for {
		select {
		case m, ok := <-s.got:
			if !ok {
				return
			}
			orders, _ := lastOf(m, 346)
			s.last = orders
			switch m.Type() {
			case "W":
				s.snapshots++
			case "X":
				s.updates++
			}
		default:
			return
		}
	}
}

func lastOf(m *wire.Message, tag wire.Tag) (value string, ok bool) {
	for _, f := range m.Fields {
		if f.Tag == tag {
			value, ok = string(f.Value), true
		}
	}
	return value, ok
}

// TestSlowScreen shows at a door, with a socket that is not read, what becomes of
// a slow reader of market data: he misses nothing of the newest, holds up nobody
// and nothing is kept for him; when he reads nothing for five seconds he is gone.
func TestSlowScreen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue()
		reads := bookVenue{v}
		desk, err := marketdata.New(marketdata.Config{Reads: reads, Blocks: v})
		if err != nil {
			t.Fatal(err)
		}
		go desk.Run(t.Context())
		d := openDoor(t, v, "n1", func(c *fix.Config) { c.Reads, c.Desk = reads, desk })
		defer d.close(t)
		quick, slow := openScreen(t, d, "TRADER2-MD"), openScreen(t, d, "TRADER1-MD")
		defer quick.conn.Close()
		happen := func(n int) {
			for range n {
				v.set(func() { v.report("TRADER1") })
				quick.take()
			}
		}
		const many = 3 * marketdata.TapeItems
		resume := slow.stall()
		happen(many)
		time.Sleep(4 * time.Second)
		resume()
		slow.take()
		want := strconv.Itoa(int(v.LastBlock()))
		if quick.updates != many || quick.snapshots != 0 || quick.last != want {
			t.Errorf("the quick one: %d updates, %d snapshots, at %s; want %d, 0, %s", quick.updates, quick.snapshots, quick.last, many, want)
		}
		if slow.updates > 2 || slow.snapshots != 1 || slow.last != want {
			t.Errorf("the slow one: %d updates, %d snapshots, at %s; want a snapshot, and %s", slow.updates, slow.snapshots, slow.last, want)
		}
		happen(3)
		if slow.take(); slow.last != strconv.Itoa(int(v.LastBlock())) {
			t.Errorf("the slow one does not go on: at %s of %d", slow.last, v.LastBlock())
		}
		resume = slow.stall()
		happen(3)
		time.Sleep(6 * time.Second)
		happen(1)
		resume()
		for range slow.got { // until it is closed
		}
		if quick.last != strconv.Itoa(int(v.LastBlock())) {
			t.Errorf("the quick one was held up: at %s of %d", quick.last, v.LastBlock())
		}
	})
}
