package eventindex_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/eventindex"
	"github.com/rialto-exchange/rialto/readmodels/store"
	"github.com/rialto-exchange/rialto/readmodels/viewtest"
)

// openStore opens a store whose generations hold a few blocks only.
func openStore(dir string) (readmodels.Store, error) {
	return store.Open(store.Options{Dir: dir, Identity: "test", Boot: "boot", MemTable: 1 << 20, Generation: 8 << 10})
}

// finder is the view with the journal that it leads to.
type finder struct {
	*eventindex.View
	journal readmodels.Journal
}

// find returns the events of a filter within a span, as a reader finds them.
func (v finder) find(f eventindex.Filter, span readmodels.Span) (found []market.Sequence, err error) {
	end, err := v.Blocks(context.Background(), f, span, func(first market.Sequence) bool {
		var b *event.Block
		if b, err = v.journal.Block(first); err != nil {
			return false
		}
		events := slices.Collect(b.Events)
		if span.Descending {
			slices.Reverse(events)
		}
		for _, e := range events {
			if within(e.Sequence, span) && passes(e, f) {
				found = append(found, e.Sequence)
			}
		}
		return true
	})
	if err == nil && !span.Descending && end != max(span.At, span.After) {
		err = fmt.Errorf("looked through %d of %+v", end, span)
	}
	return found, err
}

func within(s market.Sequence, span readmodels.Span) bool {
	if span.Descending {
		return s <= span.At && (span.After == 0 || s < span.After)
	}
	return s > span.After && s <= span.At
}

func passes(e event.Public, f eventindex.Filter) bool {
	return (f.Type == "" || e.Type == f.Type) && (f.Aggregate == "" || e.Aggregate == f.Aggregate)
}

func filters() []eventindex.Filter {
	account, instrument := viewtest.Accounts()[0], viewtest.Instruments()[0]
	return []eventindex.Filter{
		{Type: event.TypeOrderAccepted}, {Type: event.TypeTradeExecuted}, {Type: "Nothing"},
		{Aggregate: account}, {Aggregate: instrument}, {Aggregate: "nobody"},
		{Type: event.TypeFundsPosted, Aggregate: account}, {Type: event.TypeOrderAccepted, Aggregate: instrument},
	}
}

// spans are parts of a past, in both directions.
func spans(at market.Sequence) []readmodels.Span {
	return []readmodels.Span{
		{At: at}, {At: at, After: at / 2}, {At: at, After: at},
		{At: at, Descending: true}, {At: at, After: at/3 + 1, Descending: true},
	}
}

// TestSuite shows that the events found through the index are the ones that
// are there, as of every sequence and in both directions.
func TestSuite(t *testing.T) {
	viewtest.Run(t, viewtest.Case{
		New: func(j readmodels.Journal) readmodels.View { return finder{eventindex.New(60), j} },
		Dump: func(v readmodels.View, at event.Pin) (string, error) {
			return dump(at.Sequence, v.(finder).find)
		},
		Naive:     func() viewtest.Naive { return &naive{} },
		OpenStore: openStore,
	})
}

func dump(at market.Sequence, find func(eventindex.Filter, readmodels.Span) ([]market.Sequence, error)) (string, error) {
	var out strings.Builder
	for _, f := range filters() {
		for _, span := range spans(at) {
			found, err := find(f, span)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&out, "%v %+v %v\n", f, span, found)
		}
	}
	return out.String(), nil
}

type naive struct{ events []event.Public }

func (n *naive) Event(e event.Public) { n.events = append(n.events, e) }

func (n *naive) Dump(at event.Pin) (string, error) {
	return dump(at.Sequence, func(f eventindex.Filter, span readmodels.Span) (found []market.Sequence, _ error) {
		for _, e := range n.events {
			if within(e.Sequence, span) && passes(e, f) {
				found = append(found, e.Sequence)
			}
		}
		if span.Descending {
			slices.Reverse(found)
		}
		return found, nil
	})
}

// folded returns the view of a made-up venue.
func folded(t testing.TB, blocks int, every market.Sequence) (finder, *viewtest.Journal, readmodels.Store) {
	t.Helper()
	j := viewtest.NewJournal(viewtest.NewGenerator(3).Blocks(blocks)...)
	s, err := openStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	v := finder{eventindex.New(every), j}
	if _, err := v.Open(s, 0); err != nil {
		t.Fatal(err)
	}
	err = j.Read(0, func(b *event.Block) bool {
		err = s.Commit(b.Last(), func(w readmodels.Writer) error { return v.Fold(b, w) })
		return err == nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return v, j, s
}

// A filter that few events pass reads the blocks that they are in, and at most
// one more at the beginning.
func TestFewBlocksAreRead(t *testing.T) {
	v, j, _ := folded(t, 600, 100)
	order := ""
	err := j.Read(j.Last().Sequence/2, func(b *event.Block) bool {
		for e := range b.Events {
			if e.Type == event.TypeOrderAccepted {
				order = e.Aggregate
			}
		}
		return order == ""
	})
	if err != nil {
		t.Fatal(err)
	}
	f := eventindex.Filter{Aggregate: order}
	all, err := v.find(f, readmodels.Span{At: j.Last().Sequence})
	if err != nil {
		t.Fatal(err)
	}
	for _, span := range []readmodels.Span{{At: j.Last().Sequence}, {At: j.Last().Sequence, Descending: true}} {
		read := 0
		if _, err := v.Blocks(t.Context(), f, span, func(market.Sequence) bool { read++; return true }); err != nil {
			t.Fatal(err)
		}
		if read == 0 || read > len(all) {
			t.Errorf("%+v: %d blocks for %d events", span, read, len(all))
		}
	}
}

// A look-up ends with its reader and at its bound, and says how far it came;
// from there it goes on to the same events.
func TestLookUpEnds(t *testing.T) {
	v, j, _ := folded(t, eventindex.MaxStrides+200, 1) // a stride a block
	last := j.Last().Sequence
	none := eventindex.Filter{Aggregate: "nobody"}
	end, err := v.Blocks(t.Context(), none, readmodels.Span{At: last}, func(market.Sequence) bool { return true })
	if err != nil || end >= last || end == 0 {
		t.Fatalf("looked through %d of %d, %v", end, last, err)
	}
	if end, err = v.Blocks(t.Context(), none, readmodels.Span{At: last, After: end}, func(market.Sequence) bool { return true }); err != nil || end != last {
		t.Errorf("went on to %d of %d, %v", end, last, err)
	}
	down, err := v.Blocks(t.Context(), none, readmodels.Span{At: last, Descending: true}, func(market.Sequence) bool { return true })
	if err != nil || down <= 1 {
		t.Fatalf("looked down to %d, %v", down, err)
	}
	if down, err = v.Blocks(t.Context(), none, readmodels.Span{At: last, After: down, Descending: true}, func(market.Sequence) bool { return true }); err != nil || down != 1 {
		t.Errorf("went on down to %d, %v", down, err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if end, err = v.Blocks(gone, eventindex.Filter{Type: event.TypeOrderAccepted}, readmodels.Span{At: last}, func(market.Sequence) bool { return true }); err != nil || end != 0 {
		t.Errorf("without a reader it looked through %d, %v", end, err)
	}
}

// The bytes of an item are what DESIGN.md says.
func TestItemIsFrozen(t *testing.T) {
	_, j, s := folded(t, 3, 1)
	var got []string
	err := s.List([]byte{'s'}, readmodels.Span{At: j.Last().Sequence}, func(b []byte, at market.Sequence) bool {
		got = append(got, fmt.Sprintf("%d: %x", at, b))
		return len(got) < 2
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"19: 0000000000000001" + "0b3f64040000" + "165de1b90000" + "226d115f0000" + "5277b2f40000" + "568e55720000" +
			"5a76ae620000" + "5dce184e0000" + "5de7460f0000" + "652bd15b0000" + "6a228fca0000" + "88642ef20000" +
			"a183fba70000" + "a1c1c7ad0000" + "c999c8910000" + "c9be506c0000" + "f02a21e70000",
		"20: 0000000000000014" + "6a228fca0000" + "d62926b70000",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// BenchmarkFold is what an event costs.
func BenchmarkFold(b *testing.B) {
	blocks := viewtest.NewGenerator(1).Blocks(2000)
	events := 0
	for _, block := range blocks {
		events += int(block.Count)
	}
	b.ResetTimer()
	for range b.N {
		v := eventindex.New(0)
		for _, block := range blocks {
			if err := v.Fold(block, nothing{}); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(events), "ns/event")
}

// nothing is a writer that keeps nothing.
type nothing struct{ readmodels.Writer }

func (nothing) Append([]byte, []byte, market.Sequence) {}
