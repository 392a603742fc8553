package fsm_test

import (
	"bytes"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// stream draws commands that meet each other: few accounts, few prices, ids
// that come again, references to orders that were, are and never will be.
type stream struct {
	t      *rapid.T
	orders []market.OrderID
	now    market.Nanos
	n      int
}

func (s *stream) pick(label string, from ...string) string {
	return rapid.SampledFrom(from).Draw(s.t, label)
}

func (s *stream) account() string {
	return s.pick("account", "trader4", "trader1", "trader4", "trader2", "trader3", "trader4", "trader1", "trader2", "nobody")
}

func (s *stream) instrument() string {
	return s.pick("instrument", "ETH-USD", "ETH-USD", "ETH-USD", "BTC-USD")
}

func (s *stream) quantity() string {
	return s.pick("quantity", "1", "0.001", "0.003", "0.007", "1.5", "0.003", "2.333", "0.0001", "400", "0")
}

func (s *stream) price() string {
	return s.pick("price", "2999.99", "3000.01", "3000.03", "3000.33", "3001", "2998.5", "3000.001", "50000")
}

// side is of rapid's choice.
func (s *stream) side() market.Side {
	return rapid.SampledFrom([]market.Side{market.Buy, market.Sell}).Draw(s.t, "side")
}

func (s *stream) clientID() string {
	return s.pick("client id", "", "", "a", "b", "c", "d")
}

func (s *stream) order() command.OrderRef {
	if len(s.orders) == 0 || rapid.IntRange(0, 9).Draw(s.t, "by client id") == 0 {
		return command.OrderRef{Account: s.account(), ClientOrderID: s.pick("client id", "a", "b", "c", "d", "x")}
	}
	return command.OrderRef{ID: rapid.SampledFrom(s.orders).Draw(s.t, "order")}
}

func (s *stream) place() *command.PlaceOrder {
	b := limit(s.account(), s.instrument(), s.side(), s.quantity(), s.price())
	b.ClientOrderID = s.clientID()
	b.STP = rapid.SampledFrom([]market.SelfTradePrevention{0, 0, 0, 1, 2, 3, 4}).Draw(s.t, "stp")
	switch rapid.IntRange(0, 24).Draw(s.t, "type") {
	case 10, 11:
		b.Type, b.Price = market.Market, command.Optional{}
		if rapid.Bool().Draw(s.t, "by quote") {
			b.Quantity, b.QuoteQuantity = command.Optional{}, opt(s.pick("quote", "3000", "0.01", "4500.123456", "2000000"))
		}
	case 12:
		b.TimeInForce = market.FillOrKill
	case 13:
		b.TimeInForce = market.ImmediateOrCancel
	case 14:
		b.PostOnly = true
	case 3, 15, 16:
		b.DisplayQuantity = opt(s.pick("display", "0.001", "0.5"))
	case 17:
		b.TimeInForce, b.ExpireAt = market.GoodTillDate, s.now+market.Nanos(rapid.Int64Range(-1, 50).Draw(s.t, "life"))*1e9
	case 18, 19:
		b.Type, b.StopPrice, b.Price = market.Stop, opt(s.price()), command.Optional{}
	case 20, 21:
		b.Type, b.StopPrice = market.StopLimit, opt(s.price())
	}
	return b
}

func (s *stream) body() command.Body {
	// rapid prefers small numbers: what should be frequent is the default.
	switch rapid.IntRange(0, 59).Draw(s.t, "verb") {
	case 30:
		return &command.CancelAll{Account: s.account(), Instrument: s.pick("of", "", "ETH-USD"),
			Side: rapid.SampledFrom([]market.Side{market.SideNone, market.SideNone, market.Buy, market.Sell}).Draw(s.t, "of side")}
	case 31, 32, 33, 34, 35, 36:
		return &command.CancelOrder{Order: s.order()}
	case 4, 40, 41, 42, 43, 44, 45, 46, 47:
		a := &command.AmendOrder{Order: s.order()}
		if rapid.Bool().Draw(s.t, "new quantity") {
			a.Quantity = opt(s.quantity())
		}
		if rapid.Bool().Draw(s.t, "new price") {
			a.Price = opt(s.price())
		}
		a.NewClientOrderID = s.pick("new client id", "", "", "e", "f")
		return a
	case 50, 51:
		return s.admin()
	}
	return s.place()
}

func (s *stream) admin() command.Body {
	switch rapid.IntRange(0, 17).Draw(s.t, "admin verb") {
	case 16, 17:
		n := rapid.SampledFrom([]command.LimitName{command.MaxPosition, command.MaxOrdersPerSecond}).Draw(s.t, "limit")
		return &command.SetLimits{Scope: command.ScopeAccount, Target: s.account(), Named: named(n), Limits: limitsOf(n, s.pick("most", "4", "1001", "1400"))}
	case 9:
		return &command.SuspendAccount{Account: s.account()}
	case 1, 2, 10, 11, 12:
		return &command.ResumeAccount{Account: s.account()}
	case 3:
		return &command.HaltInstrument{Instrument: s.instrument()}
	case 4, 5, 13, 14, 15:
		return &command.SetPhase{Instrument: s.instrument(), Phase: market.PhaseContinuous}
	case 6:
		return &command.Withdraw{Account: s.account(), Money: command.Money{Asset: "USD", Value: dec("900000")}}
	case 7:
		return &command.Transfer{From: s.account(), To: s.account(), Money: command.Money{Asset: "ETH", Value: dec("1")}}
	case 8, 0:
		return &command.DefineInstrument{Instrument: "ETH-USD", Base: "ETH", Quote: "USD", PriceTick: dec("0.01"), QuantityStep: dec("0.001"),
			MakerFeeBps: opt(s.pick("maker", "-3", "0", "2.5")), TakerFeeBps: opt(s.pick("taker", "1", "3.33", "5"))}
	}
	return &command.Probe{Target: "c50"}
}

func (s *stream) command() *command.Command {
	b := s.body()
	s.n++
	c := &command.Command{Header: command.Header{
		ID: fmt.Sprintf("p%d", s.n), Role: market.RoleAdmin, Digest: digest(b), Deadline: s.now + 10e9,
	}, Body: b}
	switch rapid.IntRange(0, 39).Draw(s.t, "header") {
	case 20:
		c.ID = fmt.Sprintf("p%d", rapid.IntRange(1, s.n).Draw(s.t, "again"))
	case 21:
		c.HasExpected, c.Expected = true, rapid.Uint64Range(0, 9).Draw(s.t, "expected")
	case 22, 23, 24, 25:
		c.Role, c.Participant = market.RoleTrader, s.pick("participant", "TRADER1", "TRADER2")
	case 26:
		c.ValidUntil = s.now - 1
	}
	return c
}

// TestInvariants: whatever commands come, after each entry the audit holds,
// sequences are gapless, postings sum to zero, and fills are within their
// orders and never of an account that is suspended; and a second machine that went through a snapshot somewhere says the
// same bytes and has the same hash.
func TestInvariants(t *testing.T) {
	fills := 0
	rapid.Check(t, func(rt *rapid.T) {
		bounds := fsm.Bounds{EventsPerEntry: rapid.SampledFrom([]uint32{1, 3}).Draw(rt, "events"), FillsPerCommand: 4, StepsPerEntry: 50}
		v := newVenue(t, bounds)
		v.demo()
		twin := fsm.New(fsm.Options{Cluster: cluster, Bounds: bounds})
		for i, data := range v.log {
			twin.Apply(uint64(i+1), 1, data)
		}
		s := &stream{t: rt}
		w := watcher{t: rt, last: v.machine.Sequence()}
		for range rapid.IntRange(10, 60).Draw(rt, "entries") {
			v.now += market.Nanos(rapid.Int64Range(-1, 3).Draw(rt, "seconds")) * 1e9
			s.now = v.now
			var commands []*command.Command
			for range rapid.IntRange(1, 5).Draw(rt, "commands") {
				commands = append(commands, s.command())
			}
			block, outcomes := v.apply(commands...)
			w.check(block, outcomes)
			w.once(commands, outcomes)
			s.remember(block)
			if err := v.machine.Audit(); err != nil {
				rt.Fatal(err)
			}
			if steps := v.machine.Steps(); steps >= 50+3*4+8*20 {
				rt.Fatalf("an entry of %d steps", steps)
			}
			if rapid.IntRange(0, 9).Draw(rt, "snapshot") == 7 {
				twin = throughSnapshot(rt, twin)
			}
			again, _ := twin.Apply(block.Index, 1, v.log[len(v.log)-1])
			if got, want := eventcodec.AppendBlock(nil, again), eventcodec.AppendBlock(nil, block); !bytes.Equal(got, want) {
				rt.Fatalf("the twin said another block at index %d", block.Index)
			}
			if twin.Hash() != v.machine.Hash() {
				rt.Fatalf("the twin has another hash at index %d", block.Index)
			}
		}
		fills += w.fills
	})
	if fills == 0 {
		t.Fatal("nothing traded: the run shows nothing")
	}
	t.Logf("%d fills", fills)
}

func (s *stream) remember(b *event.Block) {
	for p := range b.Events {
		if c, ok := p.Record.(*event.OrderChanged); ok && c.Type == event.TypeOrderAccepted {
			s.orders = append(s.orders, c.Order.ID)
		}
	}
}

func throughSnapshot(t rapid.TB, m *fsm.Machine) *fsm.Machine {
	var file bytes.Buffer
	if _, err := m.Capture().WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	restored, err := fsm.Restore(fsm.Options{Cluster: cluster}, &file)
	if err != nil {
		t.Fatal(err)
	}
	if restored.Hash() != m.Hash() {
		t.Fatal("the snapshot has another hash")
	}
	return restored
}

// watcher checks what is said, without knowing the machine.
type watcher struct {
	t    *rapid.T
	last market.Sequence
	// sequences are those of the aggregates.
	sequences map[string]uint64
	// balances are the last images of each account's assets: what a read model
	// would keep.
	balances map[[2]string]event.Balance
	fills    int
	// suspended are the accounts that are.
	suspended map[string]bool
	// executed are the ids that took effect, by participant.
	executed map[[2]string]market.Sequence
}

func (w *watcher) check(b *event.Block, outcomes []event.Outcome) {
	for p := range b.Events {
		if p.Sequence != w.last+1 {
			w.t.Fatalf("sequence %d follows %d", p.Sequence, w.last)
		}
		w.last = p.Sequence
		w.aggregate(p)
		if p.Index == 0 {
			w.record(p.Record)
		}
	}
	for _, o := range outcomes {
		if o.Kind == event.OutcomeExecuted && o.Group.Count == 0 {
			w.t.Fatal("an executed command emitted nothing")
		}
	}
}

// once: an id of a participant takes effect once, and every repeat is of that.
func (w *watcher) once(commands []*command.Command, outcomes []event.Outcome) {
	if w.executed == nil {
		w.executed = make(map[[2]string]market.Sequence)
	}
	for i, c := range commands {
		key := [2]string{c.Participant, c.ID}
		first, before := w.executed[key]
		switch o := &outcomes[i]; o.Kind {
		case event.OutcomeExecuted:
			if before {
				w.t.Fatalf("%s of %q was executed twice", c.ID, c.Participant)
			}
			w.executed[key] = o.Group.First
		case event.OutcomeRepeat:
			if _, probe := c.Body.(*command.Probe); !probe && o.First != first {
				w.t.Fatalf("the repeat of %s is of %d, want %d", c.ID, o.First, first)
			}
		}
	}
}

// aggregate: every event but a few is the next of its aggregate.
func (w *watcher) aggregate(p event.Public) {
	switch p.Type {
	case event.TypeCommandRejected, event.TypeOrdersCancelled, event.TypeCommandFenced:
		return
	}
	if w.sequences == nil {
		w.sequences = make(map[string]uint64)
	}
	if was, ok := w.sequences[p.Aggregate]; ok && p.AggregateSequence != was+1 {
		w.t.Fatalf("%s of %s has sequence %d after %d", p.Type, p.Aggregate, p.AggregateSequence, was)
	}
	w.sequences[p.Aggregate] = p.AggregateSequence
}

// record folds every balance image into the last one.
func (w *watcher) record(r event.Record) {
	switch r := r.(type) {
	case *event.Fill:
		w.fill(r)
	case *event.OrderChanged:
		w.balance(r.Order.Account, r.Hold)
	case *event.AccountChanged:
		if w.suspended == nil {
			w.suspended = make(map[string]bool)
		}
		w.suspended[r.Account.Account] = r.Account.Suspended
	case *event.SelfTradePrevented:
		for i, b := range r.Holds {
			if len(r.Holds) == 2 && i == 1 {
				w.balance(r.Resting.Account, b)
			} else if len(r.Holds) == 2 || r.Incoming.Account == r.Resting.Account {
				w.balance(r.Incoming.Account, b)
			} else {
				delete(w.balances, [2]string{r.Incoming.Account, b.Asset})
			}
		}
	case *event.FundsChanged:
		w.balance(r.Account, r.Balance)
		w.balance(r.Counter.Account, r.Counter.Balance)
	case *event.FundsMoved:
		w.balance(r.From.Account, r.From.Balances[0])
		w.balance(r.To.Account, r.To.Balances[0])
	}
}

// balance: a total changes by its delta and by nothing else.
func (w *watcher) balance(account string, b event.Balance) {
	if b.Asset == "" {
		return
	}
	if w.balances == nil {
		w.balances = make(map[[2]string]event.Balance)
	}
	key := [2]string{account, b.Asset}
	if was, ok := w.balances[key]; ok && was.Total+b.Delta != b.Total {
		w.t.Fatalf("%s %s: total %d + %d is not %d", account, b.Asset, was.Total, b.Delta, b.Total)
	}
	w.balances[key] = b
}

// fill: postings sum to zero, orders keep within quantity and limit, and who
// held for an order does not pay more than that.
func (w *watcher) fill(f *event.Fill) {
	w.fills++
	sums := map[string]market.Amount{}
	for i, p := range f.Postings {
		for _, b := range p.Balances {
			sums[b.Asset] += b.Delta
			was, known := w.balances[[2]string{p.Account, b.Asset}]
			w.balance(p.Account, b)
			held := i == 0 && f.Taker.Type != market.Market || i == 1
			if known && held && f.Taker.Account != f.Maker.Account && b.Available() < was.Available() {
				w.t.Fatalf("trade %d took %d %s from %s beyond the hold", f.TradeID, was.Available()-b.Available(), b.Asset, p.Account)
			}
			if b.Available() < 0 && p.Account != market.AccountExternal {
				w.t.Fatalf("%s has %d available in %s", p.Account, b.Available(), b.Asset)
			}
		}
	}
	for asset, sum := range sums {
		if sum != 0 {
			w.t.Fatalf("trade %d leaves %d %s", f.TradeID, sum, asset)
		}
	}
	for _, o := range []event.Order{f.Taker, f.Maker} {
		if w.suspended[o.Account] {
			w.t.Fatalf("order %s of %s, which is suspended, traded", o.ID, o.Account)
		}
		if o.Filled > o.Quantity || o.Status == market.StatusFilled && o.Filled != o.Quantity {
			w.t.Fatalf("order %s: filled %d of %d", o.ID, o.Filled, o.Quantity)
		}
		if o.Price != 0 && (o.Side == market.Buy && f.Price > o.Price || o.Side == market.Sell && f.Price < o.Price) {
			w.t.Fatalf("order %s traded through its limit", o.ID)
		}
	}
	if f.Taker.Side == f.Maker.Side || f.TakerFee+f.MakerFee < 0 {
		w.t.Fatalf("trade %d: sides %s and %s, fees %d", f.TradeID, f.Taker.Side, f.Maker.Side, f.TakerFee+f.MakerFee)
	}
}
