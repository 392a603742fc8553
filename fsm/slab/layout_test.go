package slab_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/slab"
)

// A record as an old build knows it, and as the next one does: it has gained
// fields in the middle and at the end, and is more than twice as big.
type (
	person struct {
		//lint:ignore U1000 the pool reads and writes it while the record is free
		link  uint32
		age   uint32
		name  [24]byte
		money uint64
		_     uint64
		debts uint64
	}
	laterPerson struct {
		//lint:ignore U1000 as above
		link   uint32
		age    uint32
		shoe   uint64
		name   [24]byte
		money  uint64
		thrift uint64 // takes the gap
		debts  uint64
		diary  [64]byte
	}
)

func oldShape() slab.Shape {
	return slab.Shape{Name: "people", Layouts: []slab.Layout{{Level: 1, Fields: "link 4, age 4, name 24, money 8, _ 8, debts 8"}}}
}

func newShape() slab.Shape {
	s := oldShape()
	s.Layouts = append(s.Layouts, slab.Layout{Level: 2, Fields: "link 4, age 4, shoe 8, name 24, money 8, thrift 8, debts 8, diary 64"})
	return s
}

const people = 1000 // several pages of 512

func oldPeople() *slab.Pool[person] {
	p := slab.NewPool[person](nil)
	p.Describe(oldShape())
	for i := range uint64(people) {
		*p.Mut(p.Alloc()) = person{age: uint32(i % 90), name: [24]byte{byte(i), 'x'}, money: i * i, debts: ^i}
	}
	p.Free(17)
	p.Free(700)
	return p
}

func newPeople() *slab.Pool[laterPerson] {
	p := slab.NewPool[laterPerson](nil)
	p.Describe(newShape())
	for i := range uint64(people) {
		*p.Mut(p.Alloc()) = laterPerson{age: uint32(i % 90), name: [24]byte{byte(i), 'x'}, money: i * i, debts: ^i}
	}
	p.Free(17)
	p.Free(700)
	return p
}

func written(t *testing.T, table slab.Table) []byte {
	t.Helper()
	var b bytes.Buffer
	v := table.Capture()
	defer v.Release()
	if _, err := v.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// While the old level is in force, a build whose records have gained fields
// has the old build's hash and writes its bytes: the two can be in one venue.
func TestOldLevelOldBytes(t *testing.T) {
	before, after := oldPeople(), newPeople()
	if before.Hash() != after.Hash() {
		t.Error("other hash at the old level")
	}
	if !bytes.Equal(written(t, before), written(t, after)) {
		t.Error("other bytes at the old level")
	}
	before.Mut(600).money, after.Mut(600).money = 5, 5
	if before.Hash() != after.Hash() {
		t.Error("other hash after a write")
	}
	after.Mut(600).shoe = 43 // not in the old layout
	if before.Hash() != after.Hash() {
		t.Error("the old level's hash covers a new field")
	}
}

// Records of an old build are read: what they had is there, what is new is
// zero, and the pool goes on as it would have.
func TestReadOldLayout(t *testing.T) {
	before, after := oldPeople(), slab.NewPool[laterPerson](nil)
	after.Describe(newShape())
	if _, err := after.ReadAs(bytes.NewReader(written(t, before)), oldShape().Layouts[0].Fields); err != nil {
		t.Fatal(err)
	}
	for _, i := range []uint32{1, 511, 512, people} {
		old, now := before.Get(i), after.Get(i)
		if now.age != old.age || now.name != old.name || now.money != old.money || now.debts != old.debts || now.shoe != 0 || now.thrift != 0 || now.diary != [64]byte{} {
			t.Errorf("record %d: got %+v, want %+v", i, now, old)
		}
	}
	for range 2 {
		if was, is := before.Alloc(), after.Alloc(); was != is {
			t.Errorf("the free list is another: %d, was %d", is, was)
		}
	}
	if before.Live() != after.Live() {
		t.Errorf("%d live, was %d", after.Live(), before.Live())
	}
	after.Enter(2)
	fresh := newPeople()
	fresh.Alloc()
	fresh.Alloc()
	fresh.Enter(2)
	if after.Hash() != fresh.Hash() {
		t.Error("at the new level: other hash than that of a table that never was old")
	}
	if bytes.Equal(written(t, after), written(t, before)) {
		t.Error("the new level writes the old layout")
	}
	again := slab.NewPool[laterPerson](nil)
	again.Describe(newShape())
	again.Enter(2)
	if _, err := again.ReadFrom(bytes.NewReader(written(t, after))); err != nil || again.Hash() != after.Hash() {
		t.Errorf("read again: %v", err)
	}
}

// An old build says what it does not know, and does not call it damage.
func TestReadNewLayout(t *testing.T) {
	after := newPeople()
	after.Enter(2)
	name, fields := after.Shape()
	_, err := oldPeople().ReadAs(bytes.NewReader(written(t, after)), fields)
	if !errors.Is(err, slab.ErrLayout) || errors.Is(err, slab.ErrCorrupt) || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "shoe") {
		t.Errorf("got %v", err)
	}
	grown := strings.Replace(oldShape().Layouts[0].Fields, "money 8", "money 16", 1)
	if _, err := oldPeople().ReadAs(bytes.NewReader(nil), grown); !errors.Is(err, slab.ErrLayout) || !strings.Contains(err.Error(), "money") {
		t.Errorf("a field of another size: got %v", err)
	}
	if _, err := oldPeople().ReadAs(bytes.NewReader(nil), "money"); !errors.Is(err, slab.ErrCorrupt) {
		t.Errorf("no layout at all: got %v", err)
	}
}

// A table that begins at a level is not there below it.
func TestTableOfALaterLevel(t *testing.T) {
	s := slab.New[uint64](nil)
	s.Describe(slab.Shape{Name: "late", Layouts: []slab.Layout{{Level: 2, Fields: "value 8"}}})
	if s.Present() || len(slab.Present([]slab.Table{s})) != 0 {
		t.Error("there at level 1")
	}
	s.Enter(2)
	if !s.Present() {
		t.Error("not there at level 2")
	}
}
