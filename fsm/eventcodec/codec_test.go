package eventcodec_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
	"github.com/rialto-exchange/rialto/fsm/market"
	"pgregory.net/rapid"
)

// Any block comes back as it was, and the bytes that it was read from are not
// kept.
func TestBlockRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := new(event.Block)
		fill(drawing{t}, reflect.ValueOf(want).Elem())
		b := bytes.TrimPrefix(eventcodec.AppendBlock([]byte("before"), want), []byte("before"))
		got, err := eventcodec.DecodeBlock(b)
		clear(b)
		checkSame(t, got, want, err)
	})
}

// Any group comes back as it was.
func TestGroupRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := new(event.Group)
		fill(drawing{t}, reflect.ValueOf(want).Elem())
		got, err := eventcodec.DecodeGroup(eventcodec.AppendGroup(nil, want))
		checkSame(t, got, want, err)
	})
}

// Any outcome comes back as it was, with and without a group.
func TestOutcomeRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := new(event.Outcome)
		fill(drawing{t}, reflect.ValueOf(want).Elem())
		if rapid.Bool().Draw(t, "no group") {
			want.Group = nil
		}
		got, err := eventcodec.DecodeOutcome(eventcodec.AppendOutcome(nil, want))
		checkSame(t, got, want, err)
	})
}

func checkSame(t *rapid.T, got, want any, err error) {
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v\nwant %+v", got, want)
	}
}

// Whatever an encoding is cut to or followed by is none.
func TestCutAndTrailing(t *testing.T) {
	for _, g := range goldens() {
		whole := g.encode()
		for n := range whole {
			if _, err := decodeLike(g.value, whole[:n]); err == nil {
				t.Errorf("%s can be read from %d of %d bytes", g.name, n, len(whole))
			}
		}
		if _, err := decodeLike(g.value, append(whole, 0)); !errors.Is(err, wire.ErrTrailing) {
			t.Errorf("%s and one byte: got %v, want ErrTrailing", g.name, err)
		}
	}
}

// A version or type that nobody has defined is told apart from damage.
func TestUnknownKind(t *testing.T) {
	asset := eventcodec.AppendGroup(nil, &event.Group{Records: []event.Record{&event.AssetChanged{Type: event.TypeAssetDefined}}})
	version, typ := bytes.Clone(asset), bytes.Clone(asset)
	version[9], typ[10] = 2, 200
	outcome := eventcodec.AppendOutcome(nil, &event.Outcome{})
	outcome[0] = 200
	empty := eventcodec.AppendBlock(nil, new(event.Block))
	empty[0] = 4
	if !isUnknown(eventcodec.DecodeGroup(version)) || !isUnknown(eventcodec.DecodeGroup(typ)) {
		t.Error("group: an unknown version or type is not ErrUnknownKind")
	}
	if _, err := eventcodec.DecodeOutcome(outcome); !errors.Is(err, eventcodec.ErrUnknownKind) {
		t.Errorf("outcome: got %v", err)
	}
	if _, err := eventcodec.DecodeBlock(empty); !errors.Is(err, eventcodec.ErrUnknownKind) {
		t.Errorf("block: got %v", err)
	}
}

// A name that is not remembered, or written again in full, is refused: there
// is one encoding of a block.
func TestNamesAreCanonical(t *testing.T) {
	group := func(aggregate ...byte) []byte {
		b := append([]byte{0, 0, 0, 0, 0}, aggregate...)
		// One record AccountChanged with the aggregate's name again in full.
		return append(b, 0, 1, 4, 1, 1, 2<<1, 'a', 'b', 0, 0, 0, 0, 0, 0)
	}
	if _, err := eventcodec.DecodeGroup(group(2<<1, 'x', 'y')); err != nil {
		t.Errorf("two different names: %v", err)
	}
	if _, err := eventcodec.DecodeGroup(group(2<<1, 'a', 'b')); !errors.Is(err, wire.ErrNotCanonical) {
		t.Errorf("a name twice in full: got %v", err)
	}
	if _, err := eventcodec.DecodeGroup(group(0<<1 | 1)); !errors.Is(err, wire.ErrNotCanonical) {
		t.Errorf("a place with no name yet: got %v", err)
	}
}

// A presence bit over an absent value is refused, in a context and in an
// order; so is a correlation in full that equals the command id.
func TestPresenceIsCanonical(t *testing.T) {
	for name, b := range map[string][]byte{
		"empty actor":            {2, 0, 0, 0, 0, 0, 0, 0, 0},
		"correlation = id":       {4 | 16, 0, 0, 1, 'x', 1, 'x', 0, 0, 0, 0, 0},
		"correlation without id": {32, 0, 0, 0, 0, 0, 0, 0},
	} {
		if _, err := eventcodec.DecodeGroup(b); !errors.Is(err, wire.ErrNotCanonical) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	o := order(1)
	o.Filled = 1
	b := eventcodec.AppendGroup(nil, &event.Group{Records: []event.Record{&event.OrderChanged{Type: event.TypeOrderAccepted, Order: o}}})
	// Quantity 100 is c8 01 zigzagged; Filled 1 follows as 02.
	at := bytes.Index(b, []byte{0xc8, 1, 2}) + 2
	b[at] = 0
	if _, err := eventcodec.DecodeGroup(b); !errors.Is(err, wire.ErrNotCanonical) {
		t.Errorf("filled 0 with its bit: got %v", err)
	}
}

// One byte changed anywhere: an error, or another value with those very bytes.
func TestChangedBytes(t *testing.T) {
	for _, g := range goldens() {
		whole := g.encode()
		for i := range whole {
			for _, v := range []byte{0, 1, whole[i] ^ 1, whole[i] ^ 0x80, 0xff} {
				b := bytes.Clone(whole)
				b[i] = v
				if back, err := decodeLike(g.value, b); err == nil {
					checkCanonical(t, b, encodeLike(back))
				}
			}
		}
	}
}

func encodeLike(v any) []byte {
	switch v := v.(type) {
	case *event.Block:
		return eventcodec.AppendBlock(nil, v)
	case *event.Outcome:
		return eventcodec.AppendOutcome(nil, v)
	}
	return eventcodec.AppendGroup(nil, v.(*event.Group))
}

// An event that this package does not name must never reach a journal.
func TestUnnamedTypePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	eventcodec.AppendGroup(nil, &event.Group{Records: []event.Record{&event.AssetChanged{Type: "AssetPainted"}}})
}

// A public event of ordinary trading is small; the bound is the promise, the
// logged number the present state.
func TestSize(t *testing.T) {
	b := trading(100)
	size := len(eventcodec.AppendBlock(nil, b))
	each := size / int(b.Count)
	t.Logf("%d commands, %d events, %d bytes: %d B an event", len(b.Groups), b.Count, size, each)
	if each > 120 {
		t.Errorf("%d bytes an event, at most 120 of the allowed 300", each)
	}
	alone := block([]event.Record{accepted(1)})
	if size := len(eventcodec.AppendBlock(nil, alone)); size > 300 {
		t.Errorf("a block of one event takes %d bytes, at most 300", size)
	}
}

// Appending to a buffer with room allocates nothing.
func TestAppendDoesNotAllocate(t *testing.T) {
	b, buf := trading(100), make([]byte, 0, 1<<20)
	if n := testing.AllocsPerRun(100, func() { eventcodec.AppendBlock(buf, b) }); n != 0 {
		t.Errorf("AppendBlock allocates %v times", n)
	}
	o := &event.Outcome{Kind: event.OutcomeExecuted, Group: &b.Groups[0]}
	if n := testing.AllocsPerRun(100, func() { eventcodec.AppendOutcome(buf, o) }); n != 0 {
		t.Errorf("AppendOutcome allocates %v times", n)
	}
}

// FuzzDecodeBlock: whatever can be decoded is encoded to the very same bytes;
// likewise below.
func FuzzDecodeBlock(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		if v, err := eventcodec.DecodeBlock(b); err == nil {
			checkCanonical(t, b, eventcodec.AppendBlock(nil, v))
		}
	})
}

func FuzzDecodeGroup(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		if v, err := eventcodec.DecodeGroup(b); err == nil {
			checkCanonical(t, b, eventcodec.AppendGroup(nil, v))
		}
	})
}

func FuzzDecodeOutcome(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		if v, err := eventcodec.DecodeOutcome(b); err == nil {
			checkCanonical(t, b, eventcodec.AppendOutcome(nil, v))
		}
	})
}

func checkCanonical(t *testing.T, b, again []byte) {
	if !bytes.Equal(again, b) {
		t.Fatalf("not canonical: %x\nbecame        %x", b, again)
	}
}

func BenchmarkAppendBlock(b *testing.B) {
	v, buf := placements(100), make([]byte, 0, 1<<20)
	b.ReportAllocs()
	for b.Loop() {
		eventcodec.AppendBlock(buf, v)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/group")
	b.ReportMetric(float64(len(eventcodec.AppendBlock(buf, v)))/100, "B/group")
}

func BenchmarkAppendBlockTrading(b *testing.B) {
	v, buf := trading(100), make([]byte, 0, 1<<20)
	b.ReportAllocs()
	for b.Loop() {
		eventcodec.AppendBlock(buf, v)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(v.Count), "ns/event")
}

func BenchmarkDecodeBlock(b *testing.B) {
	encoded := eventcodec.AppendBlock(nil, placements(100))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := eventcodec.DecodeBlock(encoded); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/group")
}

func BenchmarkAppendOutcome(b *testing.B) {
	o := &event.Outcome{Kind: event.OutcomeExecuted, Index: 9, At: 1_780_000_000_000_000_000, Group: &placements(1).Groups[0]}
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		eventcodec.AppendOutcome(buf, o)
	}
}

// placements returns a block of n orders that come to rest.
func placements(n int) *event.Block {
	var groups [][]event.Record
	for i := range n {
		groups = append(groups, []event.Record{accepted(i)})
	}
	return block(groups...)
}

// trading returns a block of what n commands make: of twenty, twelve orders
// that rest, five cancels, two that trade once, one refusal.
func trading(n int) *event.Block {
	var groups [][]event.Record
	for i := range n {
		switch {
		case i%20 < 12:
			groups = append(groups, []event.Record{accepted(i)})
		case i%20 < 17:
			groups = append(groups, []event.Record{cancelled(i)})
		case i%20 < 19:
			groups = append(groups, []event.Record{accepted(i), filled(i)})
		default:
			groups = append(groups, []event.Record{&event.CommandRejected{
				Code: event.CodeInsufficientFunds, Rule: "funds", Detail: "needs 585.33, has 12.00 USD",
				Aggregate: "acc-998811", CurrentSequence: uint64(i)}})
		}
	}
	return block(groups...)
}

func order(i int) event.Order {
	return event.Order{
		ID: market.NewOrderID(uint32(100_000+i), 17), ClientOrderID: fmt.Sprintf("clord-%06d", i),
		Account: fmt.Sprintf("acc-%06d", i%10), Instrument: "AAPL-USD",
		Side: market.Buy, Type: market.Limit, TimeInForce: market.GoodTillCancel, Status: market.StatusOpen,
		Quantity: 100, Remaining: 100, Visible: 100, Price: 58533, Sequence: 1,
		CreatedAt: 1_780_000_000_123_456_789, UpdatedAt: 1_780_000_000_123_456_789,
		PriceDigits: 2, QuoteScale: 6,
	}
}

func usd(delta market.Amount) event.Balance {
	return event.Balance{Asset: "USD", Delta: delta, Total: 1_000_000_000_000, Held: 58_533_000_000, Scale: 6, MinorUnit: 2}
}

func accepted(i int) *event.OrderChanged {
	return &event.OrderChanged{Type: event.TypeOrderAccepted, Order: order(i), Hold: usd(0)}
}

func cancelled(i int) *event.OrderChanged {
	o := order(i)
	o.Status, o.Reason, o.Remaining, o.Visible = market.StatusCancelled, market.ReasonUser, 0, 0
	o.CreatedAt -= 3_000_000_000
	return &event.OrderChanged{Type: event.TypeOrderCancelled, Order: o, Hold: usd(0)}
}

func filled(i int) *event.Fill {
	taker, maker := order(i), order(i+50)
	for _, o := range []*event.Order{&taker, &maker} {
		o.Status, o.Filled, o.Remaining, o.Visible = market.StatusFilled, 100, 0, 0
		o.FilledNotional, o.Fees = 58_533_000_000, 58_533_000
	}
	maker.CreatedAt -= 5_000_000_000
	aapl := event.Balance{Asset: "AAPL", Delta: 100, Total: 5000}
	return &event.Fill{
		TradeID: market.TradeID(880_000 + i), InstrumentSequence: uint64(2_000_000 + i),
		Price: 58533, Quantity: 100, Notional: 58_533_000_000, TakerSide: market.Buy,
		Taker: taker, Maker: maker, TakerFee: 58_533_000, MakerFee: -5_853_300, FeeAsset: "USD",
		Postings: []event.Posting{
			{Account: taker.Account, Sequence: 900, Balances: []event.Balance{aapl, usd(-58_591_533_000)}},
			{Account: maker.Account, Sequence: 901, Balances: []event.Balance{aapl, usd(58_527_146_700)}},
			{Account: market.AccountFees, Sequence: 902, Balances: []event.Balance{usd(64_386_300)}},
		},
	}
}

func isUnknown(_ *event.Group, err error) bool { return errors.Is(err, eventcodec.ErrUnknownKind) }

// A brief outcome says where its group begins and nothing else of it; in the
// block a group is found by that, beside groups that left no event.
func TestBriefOutcome(t *testing.T) {
	b := &event.Block{First: 10, Count: 3, Groups: []event.Group{
		{First: 10, Count: 0}, {First: 10, Count: 2}, {First: 12, Count: 0}, {First: 12, Count: 1},
	}}
	whole := event.Outcome{Kind: event.OutcomeExecuted, Index: 5, At: 7, History: 9, Sequence: 11, Group: &b.Groups[1]}
	brief := whole.Brief()
	got, err := eventcodec.DecodeOutcome(eventcodec.AppendOutcome(nil, &brief))
	if err != nil || !got.IsBrief() || got.First != 10 || got.Sequence != 11 || got.Index != 5 {
		t.Fatalf("got %+v, %v", got, err)
	}
	if g := b.GroupAt(got.First); g != &b.Groups[1] {
		t.Errorf("group at 10: %+v", g)
	}
	if g := b.GroupAt(12); g != &b.Groups[3] {
		t.Errorf("group at 12: %+v", g)
	}
	for _, nowhere := range []market.Sequence{9, 11, 13} {
		if g := b.GroupAt(nowhere); g != nil {
			t.Errorf("group at %d: %+v, want none", nowhere, g)
		}
	}
	repeat := event.Outcome{Kind: event.OutcomeRepeat, First: 4}
	if same := repeat.Brief(); same != repeat || same.IsBrief() {
		t.Errorf("a repeat has no group to leave out: %+v", same)
	}
}
