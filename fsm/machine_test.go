package fsm_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// A trade in an instrument with fees makes the events of the contract, in
// their order.
func TestTradeEvents(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	v.must(limit("trader1", "ETH-USD", market.Sell, "2", "3000"))
	o := v.do(limit("trader2", "ETH-USD", market.Buy, "1", "3001"))
	want := "OrderAccepted TradeExecuted OrderFilled OrderFilled FundsPosted FundsPosted FundsPosted"
	if got := types(o.Group); got != want {
		t.Fatalf("got events\n%s, want\n%s", got, want)
	}
	f := o.Group.Records[1].(*event.Fill)
	if f.TakerFee != 1_500_000 || f.MakerFee != 600_000 {
		t.Errorf("got fees %d and %d, want 1.5 and 0.6 USD", f.TakerFee, f.MakerFee)
	}
	if o.Group.Aggregate != "trader2" || o.Group.AggregateSequence != 6 {
		t.Errorf("got aggregate %s at %d", o.Group.Aggregate, o.Group.AggregateSequence)
	}
}

// A snapshot restores a machine with the same hash, which then goes on to
// the same block.
func TestSnapshot(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	v.must(limit("trader1", "ETH-USD", market.Sell, "2", "3000"))
	var file bytes.Buffer
	s := v.machine.Capture()
	if _, err := s.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	other, err := fsm.Restore(fsm.Options{Cluster: cluster}, &file)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := other.Hash(), v.machine.Hash(); got != want {
		t.Fatalf("got hash %x, want %x", got, want)
	}
	index := v.machine.Index() + 1
	v.do(limit("trader2", "ETH-USD", market.Buy, "1", "3001"), &command.CancelAll{Account: "trader1"})
	for _, data := range v.log[len(v.log)-2:] {
		other.Apply(index, 1, data)
		index++
	}
	if got, want := other.Hash(), v.machine.Hash(); got != want {
		t.Fatalf("after more entries got hash %x, want %x", got, want)
	}
}

// A snapshot that is cut short or has a wrong bit anywhere is refused.
func TestBrokenSnapshot(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	var file bytes.Buffer
	if _, err := v.machine.Capture().WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	whole := file.Bytes()
	restore := func(r io.Reader) error {
		_, err := fsm.Restore(fsm.Options{Cluster: cluster}, r)
		return err
	}
	step := len(whole)/500 + 1
	for i := 0; i < len(whole); i += step {
		if restore(bytes.NewReader(whole[:i])) == nil {
			t.Fatalf("restored from %d of %d bytes", i, len(whole))
		}
		broken := bytes.Clone(whole)
		broken[i] ^= 4
		if restore(bytes.NewReader(broken)) == nil {
			t.Fatalf("restored with a wrong bit at %d of %d", i, len(whole))
		}
	}
	if _, err := fsm.Restore(fsm.Options{Cluster: cluster + 1}, bytes.NewReader(whole)); err == nil {
		t.Fatal("restored another cluster's snapshot")
	}
}

// What is not an entry of this venue's log stops the machine.
func TestFaults(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	good := seal(t, v.now, v.admin(&command.CancelAll{Account: "trader1"}))
	for name, apply := range map[string]func(m *fsm.Machine){
		"undecodable":      func(m *fsm.Machine) { m.Apply(m.Index()+1, 1, good[1:]) },
		"index not rising": func(m *fsm.Machine) { m.Apply(m.Index(), 1, good) },
		"another's entry":  func(m *fsm.Machine) { fsm.New(fsm.Options{Cluster: 99}).Apply(1, 1, good) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if _, ok := recover().(*fsm.Fault); !ok {
					t.Fatal("no fault")
				}
			}()
			apply(v.machine)
		})
	}
}

// A rebate is at most what the other side of the trade pays, also when the
// maker's rates are of an older definition than the taker's.
func TestRebateIsPaidFor(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	define := func(maker, taker string) command.Body {
		return &command.DefineInstrument{Instrument: "ETH-USD", Base: "ETH", Quote: "USD", PriceTick: dec("0.01"),
			QuantityStep: dec("0.001"), MakerFeeBps: opt(maker), TakerFeeBps: opt(taker)}
	}
	v.must(define("-3", "5"), limit("trader1", "ETH-USD", market.Sell, "1", "3000"), define("0", "1"))
	o := v.do(limit("trader2", "ETH-USD", market.Buy, "1", "3000"))
	f := o.Group.Records[1].(*event.Fill)
	if f.TakerFee != 300_000 || f.MakerFee != -300_000 {
		t.Fatalf("got fees %d and %d, want 0.3 and -0.3 USD", f.TakerFee, f.MakerFee)
	}
}

// Orders whose time has come trade with nobody any more, also those that one
// entry is too short to end: who meets one ends it, and nobody waits. Level 1
// throttled all orders of the venue meanwhile.
func TestExpiryGoesFirst(t *testing.T) {
	expiring := func(level uint16) *venue {
		v := newVenueAt(t, level, fsm.Bounds{EventsPerEntry: 4})
		v.demo()
		for range 6 {
			b := limit("trader1", "ETH-USD", market.Sell, "1", "3000")
			b.TimeInForce, b.ExpireAt = market.GoodTillDate, v.now+10
			v.must(b)
		}
		v.now += 10
		return v
	}
	buy := limit("trader2", "ETH-USD", market.Buy, "4", "3000")
	v := expiring(fsm.LevelFirst)
	if o := v.do(buy); o.Kind != event.OutcomeThrottled || !v.machine.Pending() {
		t.Fatalf("level 1: got outcome %d, pending %t", o.Kind, v.machine.Pending())
	}
	v = expiring(fsm.FeatureLevel)
	block, outcomes := v.apply(v.admin(buy))
	if got := types(outcomes[0].Group); got != "OrderAccepted OrderExpired OrderExpired OrderExpired" {
		t.Fatalf("got %s", got)
	}
	if len(block.Groups) != 4 || v.machine.Pending() {
		t.Fatalf("got %d groups, pending %t: want three expiries before it, and none left", len(block.Groups), v.machine.Pending())
	}
	if err := v.machine.Audit(); err != nil {
		t.Fatal(err)
	}
}
