package clientid_test

import (
	"strconv"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/dedup"
	"github.com/rialto-exchange/rialto/fsm/internal/clientid"
	"github.com/rialto-exchange/rialto/fsm/market"
)

func key(i int) dedup.Key { return dedup.KeyOf("P", strconv.Itoa(i)) }

// An id is its order's while that is open, however long; then for the window,
// or until newer closed ones need its place.
func TestWindow(t *testing.T) {
	table := clientid.New(nil, 2)
	refs := make([]clientid.Ref, 5)
	for i := range refs {
		refs[i] = table.Add(key(i), market.OrderID(i+1))
	}
	known := func(i int) bool {
		id, ok := table.Find(key(i))
		return ok && id == market.OrderID(i+1)
	}
	table.Close(refs[0], 10, 0)
	table.Close(refs[1], 11+dedup.Window, 0)
	if known(0) || !known(1) || !known(4) {
		t.Fatal("the window of 0 has passed, 1 is inside it, 4 is open")
	}
	table.Close(refs[2], 12+dedup.Window, 0)
	table.Close(refs[3], 13+dedup.Window, 0)
	if known(1) || !known(2) || !known(3) || !known(4) {
		t.Fatal("of three closed ids in a table for two, the oldest is forgotten")
	}
}

// A closed id reaches its least age, also in a table that is full.
func TestMinAge(t *testing.T) {
	table := clientid.New(nil, 1)
	refs := make([]clientid.Ref, 4)
	for i := range refs {
		refs[i] = table.Add(key(i), market.OrderID(i+1))
	}
	known := func(i int) bool { _, ok := table.Find(key(i)); return ok }
	for i, at := range []market.Nanos{100, 101, 112} {
		table.Close(refs[i], at, 12)
	}
	if !known(0) || !known(1) {
		t.Fatal("forgotten 12 after it closed, which is not yet more than its least age")
	}
	table.Close(refs[3], 113, 12)
	if known(0) || !known(1) {
		t.Fatal("of a full table the oldest is to be forgotten once it is 13 old, and no other")
	}
}
