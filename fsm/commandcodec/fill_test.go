package commandcodec_test

import (
	"fmt"
	"reflect"
	"slices"

	"pgregory.net/rapid"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/internal/commandtest"
)

// source is where the values of a filled struct come from.
type source interface {
	number(bits int) uint64
	text() string
	size() int
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

func (c *counting) level() uint16 { return c.at }

// drawing draws.
type drawing struct{ t *rapid.T }

func (d drawing) number(bits int) uint64 {
	return rapid.Uint64Max(1<<bits-1).Draw(d.t, "number")
}
func (d drawing) text() string { return rapid.StringN(0, -1, command.MaxID).Draw(d.t, "text") }
func (d drawing) size() int    { return rapid.IntRange(0, 3).Draw(d.t, "size") }

func (d drawing) level() uint16 { return rapid.SampledFrom([]uint16{1, newest}).Draw(d.t, "level") }

// since says from which level on a struct has a field, 1 for most.
func since(t reflect.Type, field string) uint16 {
	switch {
	case t == reflect.TypeFor[command.Header]() && field == "Session",
		t == reflect.TypeFor[command.TermStart]() && (field == "Cause" || field == "Previous"),
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
	case reflect.Struct:
		for i := range v.NumField() {
			if since(v.Type(), v.Type().Field(i).Name) <= s.level() {
				fill(s, v.Field(i))
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(s, v.Elem())
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
	commandtest.Normalize(v.Addr().Interface())
}

// bodies returns an empty body of every kind.
func bodies() []command.Body {
	return []command.Body{
		&command.TermStart{}, &command.Probe{}, &command.Fence{}, &command.RaiseLevel{},
		&command.BeginHistory{}, &command.VoidEntry{},
		&command.DefineAsset{}, &command.DefineInstrument{}, &command.HaltInstrument{},
		&command.ResumeInstrument{}, &command.SetPhase{}, &command.RetireInstrument{},
		&command.DefineParticipant{}, &command.RedefineParticipant{}, &command.CreateKey{}, &command.RevokeKey{}, &command.OpenAccount{}, &command.CloseAccount{},
		&command.Deposit{}, &command.Withdraw{}, &command.Transfer{}, &command.SetLimits{},
		&command.SuspendAccount{}, &command.ResumeAccount{}, &command.PlaceOrder{},
		&command.AmendOrder{}, &command.CancelOrder{}, &command.CancelAll{},
		&command.LogonSession{}, &command.AdvanceSessions{}, &command.EndSession{},
		&command.ResetSession{}, &command.LogoutSession{}, &command.DeclineOrder{},
	}
}

func filled(s source, body command.Body) *command.Command {
	c := &command.Command{Body: body}
	fill(s, reflect.ValueOf(&c.Header).Elem())
	fill(s, reflect.ValueOf(body).Elem())
	return c
}

// samples returns one fully set command of every kind, by name, and those that
// can say more since.
func samples() (names []string, commands []*command.Command) {
	for _, b := range bodies() {
		names = append(names, reflect.TypeOf(b).Elem().Name())
		commands = append(commands, filled(&counting{at: 1}, b))
	}
	for _, b := range []command.Body{&command.DefineParticipant{}, &command.PlaceOrder{}, &command.TermStart{}} {
		names = append(names, reflect.TypeOf(b).Elem().Name()+"-3")
		commands = append(commands, filled(&counting{at: 3}, b))
	}
	return slices.Clip(names), slices.Clip(commands)
}
