package dedup_test

import (
	"testing"

	"github.com/rialto-exchange/rialto/fsm/dedup"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/fsm/slab"
)

// Pins that will be dropped at different times are not the same, and what a
// state hash covers says so.
func TestHashCoversWhenPinsAreDue(t *testing.T) {
	hashOf := func(due market.Nanos) uint64 {
		pins := dedup.NewPins(slab.Heap{})
		pins.Add(dedup.KeyOf("p", "c1"), dedup.Record{Digest: 1, First: 2}, 3, due)
		return slab.Hash(pins.Records())
	}
	if hashOf(1e9) == hashOf(2e9) {
		t.Error("due at different times, they hash alike")
	}
	if hashOf(1e9) != hashOf(1e9) {
		t.Error("due at one time, they do not")
	}
}
