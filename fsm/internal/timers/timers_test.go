package timers_test

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rialto-exchange/rialto/fsm/internal/timers"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Whatever is set, moved and cleared, timers come due by time and then by the
// order's number, and a slot has at most one.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := timers.New(nil)
		model := map[uint32]timers.Timer{}
		for number := range uint64(rapid.IntRange(1, 60).Draw(rt, "steps")) {
			slot := uint32(rapid.IntRange(1, 12).Draw(rt, "slot"))
			if rapid.IntRange(0, 3).Draw(rt, "clear") == 3 {
				h.Clear(slot)
				delete(model, slot)
				continue
			}
			x := timers.Timer{Due: market.Nanos(rapid.IntRange(1, 9).Draw(rt, "due")), Number: number, Slot: slot}
			h.Set(x)
			model[slot] = x
		}
		if int(h.Len()) != len(model) {
			rt.Fatalf("got %d timers, want %d", h.Len(), len(model))
		}
		var want []timers.Timer
		for _, x := range model {
			want = append(want, x)
		}
		slices.SortFunc(want, func(a, b timers.Timer) int {
			return cmp.Or(cmp.Compare(a.Due, b.Due), cmp.Compare(a.Number, b.Number))
		})
		for _, w := range want {
			got, ok := h.First()
			if !ok || got != w {
				rt.Fatalf("got %+v, want %+v", got, w)
			}
			h.Clear(got.Slot)
		}
	})
}
