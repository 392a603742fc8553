package eventcodec_test

import (
	"fmt"
	"reflect"

	"pgregory.net/rapid"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/internal/commandtest"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// source is where the values of a filled struct come from.
type source interface {
	number(bits int) uint64
	text() string
	size() int
	pick(n int) int
	// level is up to which fields are filled: what a build of it knew.
	level() uint16
}

// counting gives every field another value, none of them zero: what a golden
// file freezes.
type counting struct {
	n  uint64
	at uint16
}

func (c *counting) number(bits int) uint64 {
	c.n++
	if bits == 1 {
		return 1
	}
	return c.n
}
func (c *counting) text() string { c.n++; return fmt.Sprintf("text-%d", c.n) }
func (c *counting) size() int    { return 2 }
func (c *counting) pick(int) int { return 0 }

func (c *counting) level() uint16 { return c.at }

// drawing draws. Half of the texts are of few, so that names come again, and
// of more than a block remembers.
type drawing struct{ t *rapid.T }

func (d drawing) number(bits int) uint64 {
	return rapid.Uint64Max(1<<bits-1).Draw(d.t, "number")
}
func (d drawing) text() string {
	few := rapid.Custom(func(t *rapid.T) string { return fmt.Sprintf("name-%d", rapid.IntRange(0, 24).Draw(t, "name")) })
	return rapid.OneOf(few, rapid.StringN(0, -1, market.MaxIDLength)).Draw(d.t, "text")
}
func (d drawing) size() int      { return rapid.IntRange(0, 3).Draw(d.t, "size") }
func (d drawing) pick(n int) int { return rapid.IntRange(0, n-1).Draw(d.t, "pick") }

func (d drawing) level() uint16 { return rapid.SampledFrom([]uint16{2, 3}).Draw(d.t, "level") }

// since says from which level on a struct has a field, 1 for most.
func since(t reflect.Type, field string) uint16 {
	switch {
	case field == "Session" && (t == reflect.TypeFor[event.Context]() || t == reflect.TypeFor[event.Order]()),
		t == reflect.TypeFor[event.Block]() && field == "Sessions",
		t == reflect.TypeFor[event.CommandRejected]() && field == "Echo",
		t == reflect.TypeFor[event.LeaderStarted]() && (field == "Cause" || field == "Previous" || field == "Gap"),
		t == reflect.TypeFor[event.OrdersCancelled]() && (field == "Instrument" || field == "Side"),
		t == reflect.TypeFor[command.DefineParticipant]() && field == "FixSessions":
		return 3
	}
	return 1
}

// fill sets every field that v holds and then makes those zero that an
// encoding does not tell apart: the value of what is absent.
func fill(s source, v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(s.number(1) == 1)
	case reflect.String:
		v.SetString(s.text())
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(s.number(v.Type().Bits()))
	case reflect.Int64:
		v.SetInt(int64(s.number(64)))
	case reflect.Interface:
		list := records()
		r := list[s.pick(len(list))]
		fill(s, reflect.ValueOf(r).Elem())
		v.Set(reflect.ValueOf(r))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(s, v.Elem())
		return
	case reflect.Struct:
		for i := range v.NumField() {
			if since(v.Type(), v.Type().Field(i).Name) <= s.level() {
				fill(s, v.Field(i))
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(s, v.Index(i))
		}
	case reflect.Slice:
		if n := s.size(); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		for i := range v.Len() {
			fill(s, v.Index(i))
		}
	default:
		panic("no filling for " + v.Type().String())
	}
	normalize(s, v.Addr().Interface())
}

func normalize(s source, v any) {
	switch v := v.(type) {
	case *event.Type:
		types := storedTypes()
		*v = types[s.pick(len(types))]
	case *event.OutcomeKind:
		*v %= event.OutcomeSessionGap + 1
	case *event.Block:
		if v.Digest == [32]byte{} {
			v.Sessions = nil // they came later than the digests
		}
	default:
		commandtest.Normalize(v)
	}
}

// records returns an empty record of every kind.
func records() []event.Record {
	return []event.Record{
		&event.AssetChanged{}, &event.InstrumentChanged{}, &event.ParticipantChanged{},
		&event.AccountChanged{}, &event.LimitsChanged{}, &event.FundsChanged{},
		&event.FundsMoved{}, &event.OrderChanged{}, &event.Fill{},
		&event.SelfTradePrevented{}, &event.OrdersCancelled{}, &event.CommandRejected{},
		&event.CommandFenced{}, &event.LeaderStarted{}, &event.LevelRaised{},
		&event.HistoryBegan{}, &event.EntryVoided{},
		&event.OrderReported{}, &event.SessionLoggedOn{}, &event.SessionRefused{},
		&event.SessionsAdvanced{}, &event.SessionEnded{}, &event.SessionReset{},
	}
}

// storedTypes lists the types that a record's bytes tell; the others follow
// from the record. New ones go to the end: goldens name them by their place.
func storedTypes() []event.Type {
	return []event.Type{
		event.TypeOrderAccepted, event.TypeOrderCancelled, event.TypeOrderAmended,
		event.TypeOrderExpired, event.TypeOrderTriggered, event.TypeOrderRejected,
		event.TypeAssetDefined, event.TypeAssetConfirmed, event.TypeInstrumentDefined,
		event.TypeInstrumentConfirmed, event.TypePhaseChanged, event.TypePhaseConfirmed,
		event.TypeInstrumentRetired, event.TypeParticipantDefined, event.TypeParticipantConfirmed,
		event.TypeAccountOpened, event.TypeAccountClosed, event.TypeAccountSuspended,
		event.TypeAccountResumed, event.TypeFundsDeposited, event.TypeFundsWithdrawn,
		event.TypeLimitsSet, event.TypeLimitsConfirmed,
	}
}

// block returns a block with one group of each group's records.
func block(groups ...[]event.Record) *event.Block {
	b := &event.Block{Index: 1001, Term: 7, At: 1_780_000_000_123_456_789, History: 0xfeedfacecafebeef, First: 9001}
	for i := range b.Chain {
		b.Chain[i] = byte(i)
	}
	next := b.First
	for i, list := range groups {
		g := event.Group{First: next, Aggregate: "acc-998811", AggregateSequence: uint64(14 + i), Records: list}
		g.Context = event.Context{
			CommandKind: uint8(command.KindPlaceOrder), Source: market.SourceREST,
			Participant: "alpha", Actor: "key-alpha-1", Label: "PLACE_ORDER",
			CommandID: fmt.Sprintf("cmd-880099-%06d", i), Correlation: fmt.Sprintf("cmd-880099-%06d", i),
		}
		for _, r := range list {
			g.Count += uint32(r.Events())
		}
		next += market.Sequence(g.Count)
		b.Groups = append(b.Groups, g)
	}
	b.Count = uint32(next - b.First)
	return b
}
