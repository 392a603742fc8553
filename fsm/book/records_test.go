package book_test

import (
	"reflect"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/book"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// The types in slabs have a fixed size, no pointers and no unnamed padding, so
// that equal books have equal bytes; and those that matching touches are as
// small as they are said to be.
func TestRecordTypes(t *testing.T) {
	want := map[string]uintptr{"order": 32, "level": 32, "ladder": 32, "peak": 24, "node": 272, "leaf": 64 + 64*32}
	for _, v := range book.RecordTypes() {
		typ := reflect.TypeOf(v)
		if got := solid(t, typ); got != typ.Size() {
			t.Errorf("%s: fields have %d bytes of %d", typ, got, typ.Size())
		}
		if typ.Size() != want[typ.Name()] {
			t.Errorf("%s: %d bytes, want %d", typ, typ.Size(), want[typ.Name()])
		}
	}
}

// solid returns the bytes that fields account for.
func solid(t *testing.T, typ reflect.Type) (sum uintptr) {
	switch typ.Kind() {
	case reflect.Struct:
		for i := range typ.NumField() {
			sum += solid(t, typ.Field(i).Type)
		}
	case reflect.Array:
		sum = uintptr(typ.Len()) * solid(t, typ.Elem())
	case reflect.Int64, reflect.Uint64, reflect.Int32, reflect.Uint32, reflect.Uint16, reflect.Uint8:
		sum = typ.Size()
	default:
		t.Errorf("%s in a slab", typ)
	}
	return sum
}

// An id is open, closed or never issued, and a slot's next order is not
// mistaken for the last.
func TestFind(t *testing.T) {
	b := book.New(nil)
	slot := b.Open()
	first := b.ID(slot)
	b.Close(slot)
	again := b.Open()
	if again != slot {
		t.Fatalf("slot = %d, want the free one, %d", again, slot)
	}
	for _, c := range []struct {
		id           market.OrderID
		open, issued bool
	}{
		{first, false, true},
		{b.ID(again), true, true},
		{market.NewOrderID(uint32(slot), 3), false, false},
		{market.NewOrderID(uint32(slot), 0), false, false},
		{market.NewOrderID(uint32(slot)+1, 1), false, false},
		{market.NewOrderID(1<<32-1, 1), false, false},
		{0, false, false},
	} {
		if _, open, issued := b.Find(c.id); open != c.open || issued != c.issued {
			t.Errorf("Find(%x) = %v, %v, want %v, %v", uint64(c.id), open, issued, c.open, c.issued)
		}
	}
}

// Protection is rounded towards the best price and stays a price.
func TestProtection(t *testing.T) {
	const bps = market.BasisPointsOne / 10_000
	for _, c := range []struct {
		best book.Ticks
		side market.Side
		bps  market.BasisPoints
		want book.Ticks
	}{
		{10_000, market.Buy, 500 * bps, 10_500},
		{10_000, market.Sell, 500 * bps, 9_500},
		{19, market.Buy, 500 * bps, 19},
		{19, market.Sell, 500 * bps, 19},
		{21, market.Sell, 500 * bps, 20},
		{1, market.Sell, 20_000 * bps, 1},
		{1<<63 - 1, market.Buy, 500 * bps, 1<<63 - 1},
		{1<<63 - 1, market.Buy, 30_000 * bps, 1<<63 - 1},
	} {
		b := book.New(nil)
		b.AddInstrument(0)
		b.Rest(b.Open(), 0, c.side.Opposite(), book.Terms{Price: c.best, Remaining: 1})
		if got, _ := b.Protection(&book.Incoming{Side: c.side}, c.bps); got != c.want {
			t.Errorf("Protection of %s at %d by %d = %d, want %d", c.side, c.best, c.bps, got, c.want)
		}
		if got, _ := b.Protection(&book.Incoming{Side: c.side.Opposite()}, c.bps); got != 0 {
			t.Errorf("Protection against nobody = %d, want 0", got)
		}
	}
}

// A command costs no allocation once the book has its size: placing,
// repricing, previewing, trading and cancelling.
func TestNoAllocations(t *testing.T) {
	f := newFlow(1)
	f.run(20_000)
	if n := testing.AllocsPerRun(10, func() { f.run(1_000) }); n > 3 {
		t.Errorf("%v allocations in 1,000 commands", n)
	}
}
