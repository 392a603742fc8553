package fsm_test

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/fsm/internal/commandtest"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// hostile draws commands as no gateway would send them: every kind, every
// byte as an enum, numbers at the ends of their range. Names are often those
// of the demo venue, so that what is drawn gets beyond the first question.
type hostile struct{ t *rapid.T }

func (h hostile) text() string {
	return rapid.SampledFrom([]string{
		"trader1", "trader2", "ETH-USD", "USD", "ETH", "TRADER1", "a", "", "BTC-USD", "venue:fees", "venue:external",
		"new", "wild", "\x00\xff \n", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
	}).Draw(h.t, "text")
}

func (h hostile) signed() int64 {
	return rapid.SampledFrom([]int64{
		1, 2, 1000, 3000, 300_000, 1_000_000, 0, -1, 1 << 31, 1 << 61, 1<<62 - 1, 1 << 62, 1<<62 + 1,
		math.MaxInt64 - 1, math.MaxInt64, math.MinInt64, math.MinInt64 + 1, int64(start), int64(start) + 5e9,
	}).Draw(h.t, "number")
}

func (h hostile) byte() uint64 {
	if rapid.IntRange(0, 3).Draw(h.t, "sane") > 0 {
		return rapid.Uint64Range(0, 5).Draw(h.t, "small")
	}
	return rapid.Uint64Range(0, 255).Draw(h.t, "byte")
}

// fill sets every field of a body.
func (h hostile) fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(h.t, "bool"))
	case reflect.String:
		v.SetString(h.text())
	case reflect.Uint8:
		v.SetUint(h.byte())
	case reflect.Uint16, reflect.Uint32:
		v.SetUint(h.byte())
	case reflect.Uint64:
		v.SetUint(h.reference())
	case reflect.Int64:
		v.SetInt(h.signed())
	case reflect.Struct:
		for i := range v.NumField() {
			h.fill(v.Field(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			h.fill(v.Index(i))
		}
	case reflect.Slice:
		n := rapid.IntRange(0, 2).Draw(h.t, "length")
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			h.fill(v.Index(i))
		}
	default:
		panic("no filling for " + v.Type().String())
	}
	commandtest.Normalize(v.Addr().Interface())
}

// reference is an order id that may be one.
func (h hostile) reference() uint64 {
	if rapid.Bool().Draw(h.t, "near") {
		return rapid.Uint64Range(0, 12).Draw(h.t, "slot") | rapid.Uint64Range(0, 3).Draw(h.t, "generation")<<32
	}
	return uint64(h.signed())
}

// bodies returns an empty body of every kind, those with the most to them
// several times.
func bodies() []command.Body {
	return []command.Body{
		&command.PlaceOrder{}, &command.PlaceOrder{}, &command.PlaceOrder{}, &command.AmendOrder{}, &command.AmendOrder{},
		&command.DefineInstrument{}, &command.DefineInstrument{}, &command.DefineAsset{}, &command.SetLimits{},
		&command.TermStart{}, &command.Probe{}, &command.Fence{}, &command.RaiseLevel{}, &command.BeginHistory{}, &command.VoidEntry{}, &command.HaltInstrument{},
		&command.ResumeInstrument{}, &command.SetPhase{}, &command.RetireInstrument{},
		&command.DefineParticipant{}, &command.RedefineParticipant{}, &command.CreateKey{}, &command.RevokeKey{}, &command.OpenAccount{}, &command.CloseAccount{},
		&command.Deposit{}, &command.Deposit{}, &command.Withdraw{}, &command.Transfer{},
		&command.SuspendAccount{}, &command.ResumeAccount{}, &command.CancelOrder{}, &command.CancelAll{},
		&command.LogonSession{}, &command.LogonSession{}, &command.AdvanceSessions{}, &command.EndSession{},
		&command.ResetSession{}, &command.LogoutSession{}, &command.DeclineOrder{},
	}
}

func (h hostile) command(n int) *command.Command {
	b := rapid.SampledFrom(bodies()).Draw(h.t, "body")
	b = reflect.New(reflect.TypeOf(b).Elem()).Interface().(command.Body)
	h.fill(reflect.ValueOf(b).Elem())
	if p, ok := b.(*command.PlaceOrder); ok && rapid.IntRange(0, 2).Draw(h.t, "plausible") > 0 {
		h.plausible(p)
	}
	c := &command.Command{Header: command.Header{ID: fmt.Sprintf("h%d", n), Role: market.RoleAdmin, Digest: uint64(n)}, Body: b}
	switch rapid.IntRange(0, 9).Draw(h.t, "header") {
	case 3, 4, 5:
		if b.Kind() != command.KindRaiseLevel && b.Kind() != command.KindBeginHistory { // the venue's own word, which it follows
			c.Source = market.SourceSystem
		}
	case 6, 7:
		c.Participant, c.Actor, c.Role, c.Source = "TRADER1", "TRADER1", market.RoleTrader, market.SourceFIX
		c.Session = new(command.SessionPlace)
		h.fill(reflect.ValueOf(c.Session).Elem())
	case 0:
		c.ValidUntil, c.Deadline = market.Nanos(h.signed()), market.Nanos(h.signed())
	case 1:
		c.ID, c.Participant, c.Role = h.text(), h.text(), market.Role(h.byte())
	}
	return c
}

// plausible makes an order that may be taken, but for its numbers.
func (h hostile) plausible(p *command.PlaceOrder) {
	number := func(label string, set bool) command.Optional {
		if !set {
			return command.Optional{}
		}
		return command.Optional{Set: true, Value: market.Decimal{
			Units:  rapid.SampledFrom([]int64{1, 3000, 2999, 1 << 40, 1 << 60, math.MaxInt64 / 1000, math.MaxInt64}).Draw(h.t, label),
			Digits: rapid.SampledFrom([]uint8{0, 0, 0, 2, 3, 8}).Draw(h.t, "digits"),
		}}
	}
	t := rapid.SampledFrom([]market.OrderType{market.Limit, market.Market, market.Stop, market.StopLimit}).Draw(h.t, "type")
	*p = command.PlaceOrder{
		Account: rapid.SampledFrom([]string{"trader1", "trader2"}).Draw(h.t, "account"), Instrument: "ETH-USD",
		Side: market.Side(rapid.Uint64Range(1, 2).Draw(h.t, "side")), Type: t,
		STP:       market.SelfTradePrevention(rapid.Uint64Range(0, 4).Draw(h.t, "stp")),
		Price:     number("price", t == market.Limit || t == market.StopLimit),
		StopPrice: number("stop", t == market.Stop || t == market.StopLimit),
	}
	byQuote := t == market.Market && rapid.Bool().Draw(h.t, "by quote")
	p.Quantity, p.QuoteQuantity = number("quantity", !byQuote), number("quote", byQuote)
}

// Whatever can be written as a command, no command stops the venue: each has
// an outcome, its events can be written and read, and the books and the money
// stay right.
func TestHostileCommands(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		v := newVenue(t, fsm.Bounds{EventsPerEntry: 5, FillsPerCommand: 4})
		v.demo()
		v.must(&command.Deposit{Account: "trader1", Money: command.Money{Asset: "USD", Value: dec("4600000000000")}},
			&command.Deposit{Account: "trader2", Money: command.Money{Asset: "ETH", Value: dec("46000000000")}},
			&command.DefineParticipant{Participant: "TRADER1", Role: market.RoleTrader, Accounts: []string{"trader1"},
				FixSessions: []command.FixSession{orderEntry("TRADER1"), {CompID: "a", Kind: market.SessionDropCopy}}})
		h, n := hostile{rt}, 0
		for range rapid.IntRange(1, 30).Draw(rt, "entries") {
			var commands []*command.Command
			for range rapid.IntRange(1, 4).Draw(rt, "commands") {
				n++
				commands = append(commands, h.command(n))
			}
			v.now += market.Nanos(rapid.Int64Range(-1, 2).Draw(rt, "seconds")) * 1e9
			block, outcomes := v.apply(commands...)
			if len(outcomes) != len(commands) {
				rt.Fatalf("%d outcomes of %d commands", len(outcomes), len(commands))
			}
			if err := v.machine.Audit(); err != nil {
				rt.Fatal(err)
			}
			written := eventcodec.AppendBlock(nil, block)
			read, err := eventcodec.DecodeBlock(written)
			if err != nil {
				rt.Fatal(err)
			}
			if !bytes.Equal(eventcodec.AppendBlock(nil, read), written) {
				rt.Fatal("the block reads as another one")
			}
		}
		throughSnapshot(rt, v.machine)
	})
}
