package fsm_test

import (
	"fmt"
	"hash/fnv"
	"io"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/commandcodec"
	"github.com/rialto-exchange/rialto/fsm/dedup"
	"github.com/rialto-exchange/rialto/fsm/entry"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

const (
	cluster = 7
	history = 1
	// start is 2026-05-23T10:00:00Z.
	start = market.Nanos(1_779_530_400_000_000_000)
)

// venue is a machine with the log that it was given.
type venue struct {
	t       testing.TB
	machine *fsm.Machine
	now     market.Nanos
	ids     int
	log     [][]byte
	level   uint16 // of the entries that apply makes
}

func newVenue(t testing.TB, bounds fsm.Bounds) *venue {
	t.Helper()
	return &venue{t: t, machine: fsm.New(fsm.Options{Cluster: cluster, Bounds: bounds}), now: start, level: fsm.FeatureLevel}
}

// newVenueAt is newVenue at a level of the past.
func newVenueAt(t testing.TB, level uint16, bounds fsm.Bounds) *venue {
	t.Helper()
	v := newVenue(t, bounds)
	v.level = level
	return v
}

// system gives a body the header of the venue's own commands.
func (v *venue) system(b command.Body) *command.Command {
	return &command.Command{Header: command.Header{Role: market.RoleAdmin, Source: market.SourceSystem}, Body: b}
}

// admin gives a body the header of an administrator's command.
func (v *venue) admin(b command.Body) *command.Command {
	v.ids++
	deadline := dedup.MaxDeadline
	if v.level == fsm.LevelFirst && v.machine.Level() <= fsm.LevelFirst {
		deadline = 60e9 // what gateways gave then
	}
	return &command.Command{
		Header: command.Header{
			ID: fmt.Sprintf("c%d", v.ids), Role: market.RoleAdmin, Source: market.SourceREST,
			Digest: digest(b), Deadline: v.now + deadline,
		},
		Body: b,
	}
}

// digest stands for a body. Fields that came later and say nothing count for
// nothing, and words that are numbers are taken as such: the digests of old days
// are in what they hash to.
func digest(b command.Body) uint64 {
	h := fnv.New64a()
	later := strings.NewReplacer(" FixSessions:[]", "", " Cause: Previous:}", "}",
		"State:inherited", "State:0", "State:unlimited", "State:1", "State:value", "State:2",
		"Scope:account", "Scope:1", "Scope:owner", "Scope:2", "Scope:instrument", "Scope:3", "Scope:venue", "Scope:4")
	io.WriteString(h, later.Replace(fmt.Sprintf("%d %+v", b.Kind(), b)))
	return h.Sum64()
}

// seal makes an entry at the newest level.
func seal(t testing.TB, at market.Nanos, commands ...*command.Command) []byte {
	t.Helper()
	return sealAt(t, fsm.FeatureLevel, at, commands...)
}

// sealAt makes an entry at any level.
func sealAt(t testing.TB, level uint16, at market.Nanos, commands ...*command.Command) []byte {
	t.Helper()
	return sealVenue(t, entry.Header{Level: level, Cluster: cluster, History: history, At: at}, commands...)
}

// sealVenue makes an entry of any venue.
func sealVenue(t testing.TB, h entry.Header, commands ...*command.Command) []byte {
	t.Helper()
	var encoded [][]byte
	for _, c := range commands {
		b, err := commandcodec.Append(nil, c, fsm.FeatureLevel)
		if err != nil {
			t.Fatal(err)
		}
		encoded = append(encoded, b)
	}
	data, err := entry.Seal(nil, h, encoded)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// sealOfHistory makes an entry of another past of the venue.
func sealOfHistory(t testing.TB, v *venue, history uint64, commands ...*command.Command) []byte {
	t.Helper()
	return sealVenue(t, entry.Header{Level: v.level, Cluster: cluster, History: history, At: v.now}, commands...)
}

// apply gives the machine one entry with these commands.
func (v *venue) apply(commands ...*command.Command) (*event.Block, []event.Outcome) {
	v.t.Helper()
	data := sealAt(v.t, v.level, v.now, commands...)
	v.log = append(v.log, data)
	return v.machine.Apply(v.machine.Index()+1, 1, data)
}

// do applies bodies of an administrator, one entry each, and returns the last
// outcome.
func (v *venue) do(bodies ...command.Body) event.Outcome {
	v.t.Helper()
	var last event.Outcome
	for _, b := range bodies {
		_, outcomes := v.apply(v.admin(b))
		last = outcomes[0]
	}
	return last
}

// must is do for what has to be accepted.
func (v *venue) must(bodies ...command.Body) {
	v.t.Helper()
	for _, b := range bodies {
		o := v.do(b)
		if o.Kind != event.OutcomeExecuted {
			v.t.Fatalf("%T: outcome %d", b, o.Kind)
		}
		if r := o.Group.Rejection(); r != nil {
			v.t.Fatalf("%T: refused: %s [%s] %s", b, r.Code.Text(), r.Rule, r.Detail)
		}
	}
}

func dec(s string) market.Decimal {
	d, err := market.ParseDecimal(s)
	if err != nil {
		panic(s + ": " + err.Error())
	}
	return d
}

func opt(s string) command.Optional {
	if s == "" {
		return command.Optional{}
	}
	return command.Optional{Set: true, Value: dec(s)}
}

// demo declares a small venue: ETH-USD with fees, BTC-USD without, four
// accounts with money.
func (v *venue) demo() {
	v.t.Helper()
	v.must(&command.TermStart{Term: 1, Leader: "n1", History: history})
	for _, a := range []struct {
		name  string
		scale uint8
		minor int
	}{{"USD", 6, 2}, {"EUR", 6, 2}, {"BTC", 8, -1}, {"ETH", 8, -1}} {
		v.must(&command.DefineAsset{Asset: a.name, Scale: a.scale, HasMinorUnit: a.minor >= 0, MinorUnit: uint8(max(a.minor, 0))})
	}
	v.must(
		&command.DefineInstrument{Instrument: "BTC-USD", Base: "BTC", Quote: "USD", PriceTick: dec("0.01"), QuantityStep: dec("0.0001"), ReferencePrice: opt("50000")},
		&command.DefineInstrument{Instrument: "ETH-USD", Base: "ETH", Quote: "USD", PriceTick: dec("0.01"), QuantityStep: dec("0.001"), ReferencePrice: opt("3000"), MakerFeeBps: opt("2"), TakerFeeBps: opt("5")},
	)
	venueLimits := &command.SetLimits{Scope: command.ScopeVenue}
	for n := range command.LimitCount {
		venueLimits.Named[n] = true
		venueLimits.Limits[n] = command.Limit{State: command.LimitUnlimited}
	}
	venueLimits.Limits[command.MaxOpenOrders] = command.Limit{State: command.LimitValue, Value: dec("10000")}
	v.must(venueLimits)
	for i := 1; i <= 4; i++ {
		p, a := fmt.Sprintf("TRADER%d", i), fmt.Sprintf("trader%d", i)
		v.must(&command.DefineParticipant{Participant: p, Role: market.RoleTrader, Accounts: []string{a}},
			&command.OpenAccount{Account: a, Participant: p})
		for _, asset := range []string{"USD", "EUR"} {
			cash := "1000000"
			if i == 4 {
				cash = "9003.123457" // trader4 runs out
			}
			v.must(&command.Deposit{Account: a, Money: command.Money{Asset: asset, Value: dec(cash)}})
		}
		for _, asset := range []string{"BTC", "ETH"} {
			v.must(&command.Deposit{Account: a, Money: command.Money{Asset: asset, Value: dec("1000")}})
		}
	}
}

// limit is a plain limit order.
func limit(account, instrument string, side market.Side, quantity, price string) *command.PlaceOrder {
	return &command.PlaceOrder{Account: account, Instrument: instrument, Side: side, Type: market.Limit, Quantity: opt(quantity), Price: opt(price)}
}

// types lists the public events of a group.
func types(g *event.Group) string {
	var out []string
	for _, r := range g.Records {
		for i := range r.Events() {
			out = append(out, string(r.Event(i).Type))
		}
	}
	return strings.Join(out, " ")
}
