package commandindex_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/commandindex"
	"github.com/rialto-exchange/rialto/readmodels/store"
	"github.com/rialto-exchange/rialto/readmodels/viewtest"
)

// openStore opens a store whose generations hold a few blocks only.
func openStore(dir string) (readmodels.Store, error) {
	return store.Open(store.Options{Dir: dir, Identity: "test", Boot: "boot", MemTable: 1 << 20, Generation: 8 << 10})
}

// TestSuite shows that each command is found by its id, as of every sequence,
// and none that there is not.
func TestSuite(t *testing.T) {
	viewtest.Run(t, viewtest.Case{
		New: func(j readmodels.Journal) readmodels.View { return commandindex.New(j, 40) },
		Dump: func(v readmodels.View, at event.Pin) (string, error) {
			return dump(at.Sequence, func(id string) (market.Sequence, error) {
				_, g, err := v.(*commandindex.View).First(context.Background(), at.Sequence, "p", id)
				if err != nil {
					return 0, err
				}
				return g.First, nil
			})
		},
		Naive:     func() viewtest.Naive { return naive{} },
		OpenStore: openStore,
	})
}

// dump looks for a part of the ids that the made-up venue may have used by a
// point, and for one beyond it.
func dump(at market.Sequence, first func(id string) (market.Sequence, error)) (string, error) {
	var out strings.Builder
	for s := 1 + at%7; s <= at+7; s += 7 {
		found, err := first(fmt.Sprint("c", s))
		if err != nil && !errors.Is(err, readmodels.ErrNotFound) {
			return "", err
		}
		fmt.Fprintf(&out, "%d:%d ", s, found)
	}
	return out.String(), nil
}

type naive map[string]market.Sequence

func (n naive) Event(e event.Public) {
	if e.Type == event.TypeCommandFenced {
		return // it settles another command
	}
	if _, known := n[e.Group.Context.CommandID]; !known {
		n[e.Group.Context.CommandID] = e.Sequence
	}
}

func (n naive) Dump(at event.Pin) (string, error) {
	return dump(at.Sequence, func(id string) (market.Sequence, error) { return n[id], nil })
}

// past is a journal made by hand: a block a command.
type past struct{ blocks []*event.Block }

func (p *past) add(participant, id string, record event.Record) market.Sequence {
	first := market.Sequence(len(p.blocks) + 1)
	p.blocks = append(p.blocks, &event.Block{Index: uint64(first), First: first, Count: 1, Groups: []event.Group{{
		First: first, Count: 1, Context: event.Context{Participant: participant, CommandID: id}, Records: []event.Record{record},
	}}})
	return first
}

func (p *past) fold(t testing.TB, every int) (*commandindex.View, *store.Store) {
	t.Helper()
	s, err := store.Open(store.Options{Dir: t.TempDir() + "/store", Identity: "test", Boot: "boot"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	v := commandindex.New(viewtest.NewJournal(p.blocks...), every)
	if _, err := v.Open(s, 0); err != nil {
		t.Fatal(err)
	}
	for _, b := range p.blocks {
		if err := s.Commit(b.Last(), func(w readmodels.Writer) error { return v.Fold(b, w) }); err != nil {
			t.Fatal(err)
		}
	}
	return v, s
}

func account() event.Record {
	return &event.AccountChanged{Type: event.TypeAccountOpened, Account: event.Account{Account: "a", Sequence: 1}}
}

// A participant's id is its own; of what was executed twice, because the machine
// had forgotten it, the first answer counts; a refused command used its id; a
// fence settles another id than its own, and what has no id has none.
func TestWhoseAndWhat(t *testing.T) {
	for _, every := range []int{1, 3, 100} {
		var p past
		mine := p.add("p1", "c1", account())
		theirs := p.add("p2", "c1", account())
		p.add("p1", "c1", account()) // again
		refused := p.add("p1", "c2", &event.CommandRejected{Code: event.CodeUnknownAccount, Aggregate: "a"})
		p.add("p1", "f1", &event.CommandFenced{Participant: "p1", Target: "c3"})
		p.add("p1", "", account())
		v, _ := p.fold(t, every)
		for _, c := range []struct {
			participant, id string
			want            market.Sequence
		}{
			{"p1", "c1", mine}, {"p2", "c1", theirs}, {"p1", "c2", refused},
			{"p2", "c2", 0}, {"p1", "c3", 0}, {"p1", "f1", 0}, {"p1", "", 0}, {"p3", "c1", 0},
		} {
			b, g, err := v.First(t.Context(), market.Sequence(len(p.blocks)), c.participant, c.id)
			switch {
			case c.want == 0 && !errors.Is(err, readmodels.ErrNotFound):
				t.Errorf("every %d: %s of %s: %v, want none", every, c.id, c.participant, err)
			case c.want != 0 && (err != nil || g.First != c.want || b.First != c.want):
				t.Errorf("every %d: %s of %s: %+v, %v, want the one at %d", every, c.id, c.participant, g, err, c.want)
			}
		}
	}
}

// Two ids with one mark are told apart by the journal. These two are the first
// that meet of two million.
func TestMarksMeet(t *testing.T) {
	one, other := "m1900298", "m1993914"
	var p past
	p.add("p", one, account())
	second := p.add("p", other, account())
	for _, every := range []int{1, 2, 100} {
		v, _ := p.fold(t, every)
		_, g, err := v.First(t.Context(), 2, "p", other)
		if err != nil || g.First != second || g.Context.CommandID != other {
			t.Errorf("every %d: %+v, %v", every, g, err)
		}
	}
}

// What lies below the retention floor is not known, and what is above it is.
func TestBelowTheFloor(t *testing.T) {
	var p past
	p.add("p", "old", account())
	p.add("p", "again", account())
	p.add("p", "new", account())
	kept := p.add("p", "again", account())
	whole, s := p.fold(t, 2)
	if _, _, err := whole.First(t.Context(), 4, "p", "old"); err != nil {
		t.Fatal(err)
	}
	v := commandindex.New(floored{viewtest.NewJournal(p.blocks[2:]...)}, 2)
	if _, err := v.Open(s, 4); err != nil {
		t.Fatal(err)
	}
	if _, _, err := v.First(t.Context(), 4, "p", "old"); !errors.Is(err, readmodels.ErrNotFound) {
		t.Errorf("below the floor: %v", err)
	}
	if _, g, err := v.First(t.Context(), 4, "p", "again"); err != nil || g.First != kept {
		t.Errorf("below the floor and above it: %+v, %v", g, err)
	}
	if _, _, err := v.First(t.Context(), 4, "p", "new"); err != nil {
		t.Errorf("above the floor: %v", err)
	}
}

// floored is a journal that says of what it has dropped that it did.
type floored struct{ *viewtest.Journal }

func (j floored) Block(s market.Sequence) (*event.Block, error) {
	if s < j.Floor().Sequence {
		return nil, readmodels.ErrBeforeFloor
	}
	return j.Journal.Block(s)
}

// A view that is being rebuilt, or has not got so far, does not say that there
// is no such command; neither does one whose reader is gone.
func TestNotKnownIsNotNever(t *testing.T) {
	var p past
	p.add("p", "c1", account())
	p.add("p", "c1", account())
	v, s := p.fold(t, 1)
	if _, _, err := v.First(t.Context(), 3, "p", "c2"); !errors.Is(err, readmodels.ErrNotCaughtUp) {
		t.Errorf("beyond what is folded: %v", err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, _, err := v.First(gone, 2, "p", "c2"); !errors.Is(err, context.Canceled) {
		t.Errorf("without a reader: %v", err)
	}
	if err := s.Reset(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := v.First(t.Context(), 2, "p", "c2"); !errors.Is(err, readmodels.ErrRebuilding) {
		t.Errorf("while it is rebuilt: %v", err)
	}
}

// A venue of few ids closes its strides too, so that a start folds few events
// again.
func TestFewIDs(t *testing.T) {
	blocks := make([]*event.Block, 300)
	for i := range blocks {
		first := market.Sequence(i)*1000 + 1
		blocks[i] = &event.Block{Index: uint64(i + 1), First: first, Count: 1000, Groups: []event.Group{{
			First: first, Count: 1000, Records: []event.Record{account()},
		}}}
	}
	p := past{blocks}
	v, s := p.fold(t, 0)
	resume, err := v.Open(s, blocks[len(blocks)-1].Last())
	if err != nil || resume < 1<<18 {
		t.Errorf("goes on after %d, %v", resume, err)
	}
}

// The bytes of an item are what DESIGN.md says.
func TestItemIsFrozen(t *testing.T) {
	var p past
	p.add("p", "a", account())
	p.add("p", "b", account())
	p.add("p", "a", account())
	_, s := p.fold(t, 3)
	var got []string
	for bucket := range 1 << 10 {
		list := []byte{'c', byte(bucket >> 8), byte(bucket)}
		err := s.List(list, readmodels.Span{At: 3}, func(b []byte, at market.Sequence) bool {
			got = append(got, fmt.Sprintf("%03x %d: %x", bucket, at, b))
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	// printf 'p\0a' | sha256sum: the bucket is its first 10 bits, the
	// fingerprint its third to sixth byte.
	want := []string{"284 3: fd2502f900000002" + "fd2502f900000000", "304 3: 0eac012c00000001"}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// nothing is a writer that keeps nothing.
type nothing struct{ readmodels.Writer }

func (nothing) Append([]byte, []byte, market.Sequence) {}

// BenchmarkFold is what a command costs without the store.
func BenchmarkFold(b *testing.B) {
	g := viewtest.NewGenerator(1)
	g.Commands = 200
	blocks := g.Blocks(2000)
	commands := 0
	for _, block := range blocks {
		commands += len(block.Groups)
	}
	b.ResetTimer()
	for range b.N {
		v := commandindex.New(nil, 0)
		for _, block := range blocks {
			if err := v.Fold(block, nothing{}); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(commands), "ns/command")
}
