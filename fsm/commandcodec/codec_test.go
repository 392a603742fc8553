package commandcodec_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/commandcodec"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
	"github.com/rialto-exchange/rialto/fsm/market"
	"pgregory.net/rapid"
)

// Any command of any kind comes back as it was, and the bytes that it was read
// from are not kept.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := filled(drawing{t}, rapid.SampledFrom(bodies()).Draw(t, "body"))
		b, err := commandcodec.Append([]byte("before"), want, newest)
		if err != nil {
			t.Fatal(err)
		}
		b = bytes.TrimPrefix(b, []byte("before"))
		got, err := commandcodec.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		clear(b)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v %+v, want %+v %+v", got.Header, got.Body, want.Header, want.Body)
		}
	})
}

// Whatever a command's bytes are cut to or followed by is no command.
func TestCutAndTrailing(t *testing.T) {
	names, commands := samples()
	for i, c := range commands {
		whole, err := commandcodec.Append(nil, c, newest)
		must(t, err)
		for n := range whole {
			if _, err := commandcodec.Decode(whole[:n]); !errors.Is(err, wire.ErrShort) {
				t.Errorf("%s cut to %d of %d bytes: got %v, want ErrShort", names[i], n, len(whole), err)
			}
		}
		if _, err := commandcodec.Decode(append(whole, 0)); !errors.Is(err, wire.ErrTrailing) {
			t.Errorf("%s and one byte: got %v, want ErrTrailing", names[i], err)
		}
	}
}

// A kind or version that nobody has defined is told apart from damage, for the
// machine stops its node on it.
func TestUnknownKind(t *testing.T) {
	good, err := commandcodec.Append(nil, &command.Command{Body: &command.Probe{}}, newest)
	must(t, err)
	for name, change := range map[string]func(b []byte){
		"kind 0":      func(b []byte) { b[0] = 0 },
		"kind 255":    func(b []byte) { b[0] = 255 },
		"version 0":   func(b []byte) { b[1] = 0 },
		"version 255": func(b []byte) { b[1] = 255 },
	} {
		b := bytes.Clone(good)
		change(b)
		if !isUnknown(b) {
			t.Errorf("%s: not ErrUnknownKind", name)
		}
	}
	if isUnknown(good) || isUnknown(nil) {
		t.Error("a known kind and no bytes at all are not an unknown kind")
	}
	if _, err := commandcodec.Append(nil, &command.Command{}, newest); !errors.Is(err, commandcodec.ErrUnknownKind) {
		t.Errorf("command without body: got %v", err)
	}
}

// Each bound holds exactly: at it yes, one past it no.
func TestBounds(t *testing.T) {
	text := func(n int) string { return strings.Repeat("x", n) }
	ids := func(n int) []string {
		list := make([]string, n)
		for i := range list {
			list[i] = text(command.MaxID)
		}
		return list
	}
	for _, c := range []struct {
		name string
		cmd  command.Command
		want error
	}{
		{"id at bound", command.Command{Header: command.Header{ID: text(64)}, Body: &command.Probe{}}, nil},
		{"id past bound", command.Command{Header: command.Header{ID: text(65)}, Body: &command.Probe{}}, wire.ErrTooLong},
		{"label at bound", command.Command{Header: command.Header{Label: text(128)}, Body: &command.Probe{}}, nil},
		{"label past bound", command.Command{Header: command.Header{Label: text(129)}, Body: &command.Probe{}}, wire.ErrTooLong},
		{"reason at bound", command.Command{Body: &command.HaltInstrument{Reason: text(1024)}}, nil},
		{"reason past bound", command.Command{Body: &command.HaltInstrument{Reason: text(1025)}}, wire.ErrTooLong},
		{"18 decimals", command.Command{Body: &command.DefineInstrument{PriceTick: market.Decimal{Digits: 18}}}, nil},
		{"19 decimals", command.Command{Body: &command.DefineInstrument{PriceTick: market.Decimal{Digits: 19}}}, wire.ErrTooLong},
		{"unknown limit state", command.Command{Body: setLimits(3)}, wire.ErrNotCanonical},
		{"accounts below 16 KiB", command.Command{Body: &command.DefineParticipant{Accounts: ids(251)}}, nil},
		{"accounts above 16 KiB", command.Command{Body: &command.DefineParticipant{Accounts: ids(252)}}, commandcodec.ErrTooLarge},
	} {
		before := []byte("before")
		b, err := commandcodec.Append(before, &c.cmd, newest)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
		if err != nil && !bytes.Equal(b, before) {
			t.Errorf("%s: a refused command left %d bytes", c.name, len(b))
		}
	}
	if _, err := commandcodec.Decode(make([]byte, command.MaxBytes+1)); !errors.Is(err, commandcodec.ErrTooLarge) {
		t.Errorf("decode of 16 KiB and one byte: got %v", err)
	}
}

// Lists are bounded by the bytes that are there before room is made for them.
func TestHugeCountsAllocateNothing(t *testing.T) {
	b, err := commandcodec.Append(nil, &command.Command{Body: &command.DefineParticipant{}}, newest)
	must(t, err)
	accounts := len(b) - 4 // accounts, comp ids, hash, keys: four zeros
	huge := append(bytes.Clone(b[:accounts]), 0xff, 0xff, 0xff, 0xff, 0x7f)
	if _, err := commandcodec.Decode(huge); !errors.Is(err, wire.ErrShort) {
		t.Fatalf("got %v, want ErrShort", err)
	}
}

// Whatever can be decoded is encoded to the very same bytes.
func FuzzDecode(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := commandcodec.Decode(b)
		if err != nil {
			return
		}
		again, err := commandcodec.Append(nil, c, newest)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("not canonical: %x\nbecame        %x, %v", b, again, err)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	c := placeOrder()
	buf := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := commandcodec.Append(buf, c, newest); err != nil {
			b.Fatal(err)
		}
	}
	encoded, _ := commandcodec.Append(nil, c, newest)
	b.ReportMetric(float64(len(encoded)), "B/command")
}

func BenchmarkDecode(b *testing.B) {
	encoded, err := commandcodec.Append(nil, placeOrder(), newest)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := commandcodec.Decode(encoded); err != nil {
			b.Fatal(err)
		}
	}
}

func placeOrder() *command.Command {
	return &command.Command{
		Header: command.Header{
			ID: "cmd-880099-000042", Participant: "alpha", Actor: "key-alpha-1",
			Source: market.SourceREST, Role: market.RoleTrader, Label: "PLACE_ORDER",
			Correlation: "cmd-880099-000042", Deadline: 1_780_000_000_000_000_000, Digest: 0x1234567890abcdef,
		},
		Body: &command.PlaceOrder{
			Account: "acc-998811", Instrument: "AAPL-USD", ClientOrderID: "clord-000042",
			Side: market.Buy, Type: market.Limit, TimeInForce: market.GoodTillCancel,
			Quantity: command.Optional{Set: true, Value: market.Decimal{Units: 100}},
			Price:    command.Optional{Set: true, Value: market.Decimal{Units: 58533, Digits: 2}},
		},
	}
}

func setLimits(state command.LimitState) *command.SetLimits {
	b := &command.SetLimits{Scope: command.ScopeVenue}
	b.Named[0], b.Limits[0].State = true, state
	return b
}

func isUnknown(b []byte) bool {
	_, err := commandcodec.Decode(b)
	return errors.Is(err, commandcodec.ErrUnknownKind)
}
