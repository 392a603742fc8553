package fix_test

import (
	"context"
	"errors"
	"flag"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/fix"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/fixtest"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

var bent = flag.Int("bent", 2000, "how many messages TestBentMessages sends to a door")

// Bent messages of every type, before and after a logon: whatever they do to
// their own session, the door goes on, holds no more than it may, and a client
// that behaves logs on and is answered.
func TestBentMessages(t *testing.T) {
	const eachDoor = 2000
	became := map[string]int{}
	var before, after runtime.MemStats
	for n := 0; n < *bent; n += eachDoor {
		if n == eachDoor {
			runtime.GC()
			runtime.ReadMemStats(&before)
		}
		synctest.Test(t, func(t *testing.T) { bendAt(t, uint64(n), min(eachDoor, *bent-n), became) })
	}
	t.Logf("%d messages: %v", *bent, became)
	for _, what := range []string{"sent", "logons", "hung up", "answers"} {
		if became[what] == 0 {
			t.Errorf("%s: none", what)
		}
	}
	if before.HeapAlloc == 0 {
		return
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 64<<20 {
		t.Errorf("%d bytes are still held", grown)
	}
}

// bendAt sends bent messages to a door of their own.
func bendAt(t *testing.T, seed uint64, messages int, became map[string]int) {
	v := newVenue()
	d := openDoor(t, v, "n1", func(c *fix.Config) { c.Reads = noOrders{v} })
	defer d.close(t)
	b := fixtest.NewBender(seed, 3)
	for sent := 0; sent < messages; {
		version := "FIX.4.4"
		if b.IntN(2) == 0 {
			version = "FIXT.1.1"
		}
		c := d.connect(t, "TRADER1")
		c.begin = version
		if b.IntN(10) > 0 {
			logon := "35=A|34=1|98=0|108=30|141=Y|554=rialto"
			if version == "FIXT.1.1" {
				logon += "|1137=9"
			}
			c.send(logon)
			became["logons"]++
		}
		for left := min(1+b.IntN(100), messages-sent); left > 0; left-- {
			sent++
			became["sent"]++
			_, raw := b.Message(header(c))
			if _, err := c.conn.Write(raw); err != nil {
				became["hung up"]++
				break
			}
			if takesNumber(raw) {
				c.next++
			}
			if b.IntN(4) == 0 && !goesOn(c, became) {
				break
			}
		}
		_ = c.conn.Close()
		goesOn(c, became)
		time.Sleep(time.Minute) // what an address may do comes back
	}
	good := d.connect(t, "TRADER2")
	good.logon()
	good.want("35=A|34=1")
	good.send("35=1|112=alive")
	good.want("35=0|112=alive")
	_ = good.conn.Close()
}

// noOrders is a venue in which nobody has orders.
type noOrders struct{ *venue }

func (noOrders) OpenedFor(string) string          { return "" }
func (noOrders) AccountsFor(string, int) []string { return nil }

func (noOrders) Order(event.Pin, market.OrderID) (event.Reading[event.Order], error) {
	return event.Reading[event.Order]{}, gateways.ErrNotFound
}

func (noOrders) Orders(context.Context, event.Pin, string, gateways.OrderFilter, event.Page) (event.List[event.Reading[event.Order]], error) {
	return event.List[event.Reading[event.Order]]{}, nil
}

func header(c *client) fixtest.Header {
	now := string(wire.AppendTime(nil, market.Nanos(time.Now().UnixNano()), 3))
	return fixtest.Header{BeginString: c.begin, Number: c.next, Sender: c.comp, Target: fix.Venue, At: now}
}

// goesOn reports whether a session is still there, and counts what it was
// answered.
func goesOn(c *client, became map[string]int) bool {
	for {
		synctest.Wait()
		select {
		case m, ok := <-c.got:
			if !ok {
				return false
			}
			became["answers"]++
			became["35="+m.Type()]++
			if m.Type() == "5" {
				return false
			}
		default:
			return true
		}
	}
}

// takesNumber reports whether a message is one, so that the next has another
// number.
func takesNumber(raw []byte) bool {
	var m wire.Message
	var e *wire.Error
	return !errors.As(wire.Parse(raw, &m), &e) || e.Class == wire.Refused
}
