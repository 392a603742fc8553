package model_test

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/model"
	"github.com/rialto-exchange/rialto/chaos/internal/twin"
	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// pair is a machine and the model that follows it.
type pair struct {
	*twin.Machine
	t     testing.TB
	model *model.Venue
	name  string
	log   [][][]byte
	said  map[string]int // events, reasons of orders and codes of refusals that were compared
}

func newPair(t testing.TB, bounds fsm.Bounds) *pair {
	own := model.DefaultBounds()
	if bounds.EventsPerEntry != 0 {
		own.EventsPerEntry = int(bounds.EventsPerEntry)
	}
	if bounds.FillsPerCommand != 0 {
		own.FillsPerCommand = int(bounds.FillsPerCommand)
	}
	x := &pair{Machine: twin.NewMachine(t, "c", bounds), t: t, model: model.New(own), said: map[string]int{}}
	x.follow(x.Begin())
	return x
}

// do gives both an entry, and those that go on with it.
func (x *pair) do(wishes ...twin.Wish) [][]byte {
	x.t.Helper()
	lines := x.Apply(wishes...)
	x.follow(lines)
	for x.FSM.Pending() {
		x.follow(x.Apply())
	}
	return lines
}

// follow lets the model read an entry, and fails where they part.
func (x *pair) follow(lines [][]byte) {
	x.t.Helper()
	events := read(x.t, lines)
	if len(events) == 0 {
		return
	}
	x.log = append(x.log, lines)
	if err := x.model.Entry(events, x.command); err != nil {
		x.t.Fatalf("%s: %v\nof the entry\n%s", x.name, err, bytes.Join(lines, []byte("\n")))
	}
	for _, e := range events {
		x.said[e.Type]++
		if code, ok := e.Data["code"].(string); ok {
			x.said[code]++
		}
		if o, ok := e.Data["order"].(map[string]any); ok {
			if reason, ok := o["reason"].(string); ok {
				x.said[reason]++
			}
		}
	}
}

func read(t testing.TB, lines [][]byte) []model.Event {
	t.Helper()
	var events []model.Event
	for _, line := range lines {
		e, err := model.ReadEvent(line)
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

// command is what the client sent, and was answered.
func (x *pair) command(e *model.Event) (model.Command, bool) {
	sent, ok := x.Sent[e.CommandID]
	if !ok {
		return model.Command{}, false
	}
	c, err := model.ReadCommand(sent.Verb, sent.Body)
	if err != nil {
		x.t.Fatalf("the door took %s, and the model does not: %v", sent.Body, err)
	}
	c.Tell(sent.Status, sent.Answer)
	return c, true
}

// TestMixes shows that the model and the machine agree on everything that is
// said of long mixes of commands of all kinds, one a time and many in an entry,
// while time goes on, with room for few mass effects in an entry.
// RIALTO_MODEL_SEEDS has it draw more of them.
func TestMixes(t *testing.T) {
	seeds := uint64(9)
	if testing.Short() {
		seeds = 3
	}
	if more, err := strconv.ParseUint(os.Getenv("RIALTO_MODEL_SEEDS"), 10, 64); err == nil {
		seeds = more
	}
	said := map[string]int{}
	for seed := range seeds {
		bounds := fsm.Bounds{}
		if seed%3 == 1 {
			bounds = fsm.Bounds{EventsPerEntry: 4, FillsPerCommand: 5}
		}
		x := newPair(t, bounds)
		x.name = fmt.Sprintf("seed %d", seed)
		m := twin.NewMixer(seed, x.Machine)
		for _, w := range twin.Small() {
			x.do(w)
		}
		for range 400 {
			m.Learn(x.do(m.Entry()...))
			x.Now += market.Nanos(m.IntN(60_000_000))
			if m.IntN(100) == 0 {
				x.Now += market.Nanos(6 * time.Hour)
			}
		}
		for what, n := range x.said {
			said[what] += n
		}
	}
	for _, want := range mixed() {
		if !testing.Short() && said[want] == 0 {
			t.Errorf("no %s in all of it: the mixes show less than they should", want)
		}
	}
	t.Logf("compared %v", said)
}

// mixed lists what the mixes must have come to at least once.
func mixed() []string {
	return []string{
		"TradeExecuted", "OrderFilled", "FundsPosted", "SelfTradePrevented", "OrderTriggered", "OrderExpired", "OrderAmended",
		"OrdersCancelled", "AccountSuspended", "FundsTransferred", "ioc_remainder", "no_liquidity", "protection", "self_trade",
		"mass_cancel", "suspended", "day", "gtd", "user", "insufficient_funds", "would_cross", "fok_unfillable",
		"would_trigger_immediately", "duplicate_client_order_id", "order_closed", "quantity_below_filled", "price_tick",
		"quantity_step", "price_outside_band", "market_closed", "instrument_halted", "phase_forbids", "risk_max_order_quantity",
		"risk_max_order_notional", "risk_max_position", "risk_max_open_orders", "risk_max_orders_per_second", "notional_too_small",
		"quantity_out_of_range", "expire_at_in_past", "account_suspended", "amount_scale", "amount_out_of_range", "unknown_order",
		"unknown_account", "unknown_asset", "unknown_instrument", "scale_mismatch", "immutable", "has_open_orders", "reserved_id",
		"fill_limit", "already_exists", "invalid_parameters", "fees_below_zero", "time_in_force_unsupported",
	}
}
