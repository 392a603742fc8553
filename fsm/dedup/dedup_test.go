package dedup_test

import (
	"strconv"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/dedup"
	"github.com/rialto-exchange/rialto/fsm/market"
)

func add(t *dedup.Table, id int, now, due market.Nanos) bool {
	t.Forget(now)
	if !t.Room(now) {
		return false
	}
	t.Add(dedup.KeyOf("", strconv.Itoa(id)), dedup.Record{First: market.Sequence(id)}, now, due)
	return true
}

func known(t *dedup.Table, id int) bool {
	r, ok := t.Find(dedup.KeyOf("", strconv.Itoa(id)))
	return ok && r.First == market.Sequence(id)
}

// At its bound the table forgets the oldest id that is due, and refuses when
// none is; an id with a far deadline does not stop the rest.
func TestBound(t *testing.T) {
	table := dedup.New(nil, 3)
	add(table, 1, 10, 1000)
	add(table, 2, 11, 20)
	add(table, 3, 12, 21)
	if add(table, 4, 15, 30) {
		t.Fatal("an id that is not due was forgotten")
	}
	if !add(table, 4, 21, 30) || known(table, 2) || !known(table, 1) || !known(table, 3) {
		t.Fatal("the oldest due id was to be forgotten, and no other")
	}
	if table.Len() != 3 {
		t.Fatalf("got %d ids", table.Len())
	}
}

// Without need an id is kept for the window beyond its deadline.
func TestWindow(t *testing.T) {
	table := dedup.New(nil, 100)
	add(table, 1, 10, 60)
	table.Forget(59 + dedup.Window)
	if !known(table, 1) {
		t.Fatal("forgotten inside the window")
	}
	table.Forget(60 + dedup.Window)
	if known(table, 1) {
		t.Fatal("kept beyond the window")
	}
}

// Owner and id cannot be shifted into each other.
func TestKeys(t *testing.T) {
	if dedup.KeyOf("ab", "c") == dedup.KeyOf("a", "bc") {
		t.Fatal("two ids have one key")
	}
}
