package node

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// The digests of embedded programs' commands are kept in the venue's state:
// they never change.
func TestDigestIsFrozen(t *testing.T) {
	for want, c := range map[string]command.Command{
		"53acfd0184a00b77": {Body: &command.OpenAccount{Account: "alice"}},
		"11d90169d2455ebc": {Header: command.Header{Aggregate: "alice"}, Body: &command.OpenAccount{Account: "alice"}},
		"94868c16b903b01f": {Header: command.Header{HasExpected: true}, Body: &command.OpenAccount{Account: "alice"}},
		"af9ee5fb47bc7b73": {Body: &command.Deposit{Account: "alice", Money: command.Money{Asset: "USD", Value: market.Decimal{Units: 725, Digits: 2}}, Reference: "payroll"}},
		"b36433b609c281b7": {Body: &command.SetLimits{Scope: command.ScopeVenue, Named: [command.LimitCount]bool{true}, Limits: command.Limits{{State: command.LimitUnlimited}}}},
		"0cecf976538d3aba": {Body: &command.DefineParticipant{Participant: "p", Role: market.RoleTrader, Accounts: []string{"a", "b"}, Keys: []command.Key{{ID: "k"}}}},
	} {
		if got := fmt.Sprintf("%016x", digestOf(&c)); got != want {
			t.Errorf("%T %+v: %s, want %s", c.Body, c.Body, got, want)
		}
	}
}

// Every field of every body counts, and nothing of the header but aggregate and
// expected sequence does.
func TestDigestOfAllBodies(t *testing.T) {
	bodies := []command.Body{
		&command.DefineAsset{}, &command.DefineInstrument{}, &command.HaltInstrument{}, &command.ResumeInstrument{},
		&command.SetPhase{}, &command.RetireInstrument{}, &command.DefineParticipant{}, &command.OpenAccount{}, &command.CloseAccount{},
		&command.Deposit{}, &command.Withdraw{}, &command.Transfer{}, &command.SetLimits{}, &command.SuspendAccount{},
		&command.ResumeAccount{}, &command.PlaceOrder{}, &command.AmendOrder{}, &command.CancelOrder{}, &command.CancelAll{},
		&command.TermStart{}, &command.Probe{}, &command.Fence{}, &command.RaiseLevel{},
		&command.BeginHistory{}, &command.VoidEntry{},
		&command.RedefineParticipant{}, &command.CreateKey{}, &command.RevokeKey{},
	}
	seen := map[uint64]command.Body{}
	for _, b := range bodies {
		fill(reflect.ValueOf(b).Elem())
		whole := digestOf(&command.Command{Body: b})
		if other := seen[whole]; other != nil {
			t.Errorf("%T and %T have one digest", b, other)
		}
		seen[whole] = b
		leaves(reflect.ValueOf(b).Elem(), func(leaf reflect.Value) {
			old := reflect.New(leaf.Type()).Elem()
			old.Set(leaf)
			leaf.SetZero()
			if digestOf(&command.Command{Body: b}) == whole {
				t.Errorf("%T: a %s without effect on the digest: %+v", b, leaf.Type(), b)
			}
			leaf.Set(old)
		})
		header := command.Header{ID: "x", Participant: "p", Actor: "k", Source: market.SourceFIX, Role: market.RoleTrader,
			Label: "l", Correlation: "c", Traceparent: "t", ValidUntil: 1, Deadline: 2, Digest: 3, Expected: 4}
		if digestOf(&command.Command{Header: header, Body: b}) != whole {
			t.Errorf("%T: the header counts", b)
		}
	}
}

// fill gives every field a value that is not zero.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("abcdefghi")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(7)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	}
}

// leaves calls do with each value that holds no others.
func leaves(v reflect.Value, do func(reflect.Value)) {
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			leaves(v.Index(i), do)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			leaves(v.Field(i), do)
		}
	default:
		do(v)
	}
}
