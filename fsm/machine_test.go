package fsm_test

import (
	"bytes"
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
