package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/sessions"
	"github.com/rialto-exchange/rialto/readmodels/store"
	"github.com/rialto-exchange/rialto/readmodels/viewtest"
)

// openStore opens a store whose generations hold a few blocks only.
func openStore(dir string) (readmodels.Store, error) {
	return store.Open(store.Options{Dir: dir, Identity: "test", Boot: "boot", MemTable: 1 << 20, Generation: 8 << 10})
}

// TestSuite shows that the state of each session, and what each of its numbers
// was, read as a plain model says, as of every point: a session moves by whole
// entries.
func TestSuite(t *testing.T) {
	var said map[market.Sequence]string
	viewtest.Run(t, viewtest.Case{
		New:  func(j readmodels.Journal) readmodels.View { return sessions.New(j) },
		Dump: dump,
		Blocks: func(seed uint64, n int) []*event.Block {
			d := newDesk(seed)
			said = d.said
			return d.blocks(n)
		},
		Naive:     func() viewtest.Naive { return &naive{said: func() map[market.Sequence]string { return said }} },
		OpenStore: openStore,
	})
}

// naive answers what the venue said after the last whole entry.
type naive struct {
	said func() map[market.Sequence]string
	now  string
}

func (n *naive) Event(e event.Public) {
	if e.Sequence == e.Block.Last() {
		n.now = n.said()[e.Sequence]
	}
}

func (n *naive) Dump(event.Pin) (string, error) { return n.now, nil }

func dump(v readmodels.View, at event.Pin) (string, error) {
	var out strings.Builder
	view := v.(*sessions.View)
	for _, comp := range comps() {
		r, err := view.Session(at, comp)
		if errors.Is(err, readmodels.ErrNotFound) {
			continue
		}
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&out, "%+v\n", r.Value)
		for _, span := range spans(r.Value.NextOut) {
			line, err := resend(view, at, comp, span[0], span[1])
			if err != nil {
				return "", err
			}
			out.WriteString(line)
		}
	}
	return out.String(), nil
}

// resend reads a range as lines of text.
func resend(v *sessions.View, at event.Pin, comp string, from, to uint64) (string, error) {
	var out strings.Builder
	next, err := v.Resend(context.Background(), at, comp, from, to, func(r event.Resent) error {
		switch {
		case r.Gap:
			writeGap(&out, r.From, r.To)
		case r.From != r.Report.Number || r.Report.Touch.CompID != comp || r.Report.Sequence > r.Block.Last():
			return fmt.Errorf("number %d is %+v", r.From, r.Report)
		default:
			writeReport(&out, r.From, r.Report.Sequence)
		}
		return nil
	})
	if s, _ := v.Session(at, comp); err == nil && from < s.Value.NextOut && next != min(to, s.Value.NextOut-1)+1 {
		return "", fmt.Errorf("%s: %d to %d ended before %d", comp, from, to, next)
	}
	return out.String() + "\n", err
}

// The list of sessions comes in pages, in the order in which they became known;
// those of one definition come together.
func TestListOfSessions(t *testing.T) {
	d := newDesk(1)
	d.block = &event.Block{Index: 1, Term: 1, At: 1000, History: 42, First: 1, Count: 1}
	d.define(true)
	first := d.block
	d.block = &event.Block{Index: 2, Term: 1, At: 2000, History: 42, First: 2, Count: 1}
	d.emit(event.Context{}, &event.SessionLoggedOn{CompID: "OTHER", Participant: "q", Kind: market.SessionOrderEntry, Epoch: 1, NextIn: 2, Number: 1, Sequence: 1})
	v, end := folded(t, &watched{}, first, d.block)
	list := func(at event.Pin, page event.Page) (out string, next market.Sequence) {
		l, err := v.Sessions(t.Context(), at, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range l.Items {
			out += fmt.Sprintf("%s %s %s since %d; ", r.Value.CompID, r.Value.Kind, r.Value.Status, r.Changed.Sequence)
		}
		return out, l.Next
	}
	const defined = "DESK1 order_entry never since 1; DESK-DC drop_copy never since 1; DESK2 order_entry never since 1; "
	if got, next := list(end, event.Page{Limit: 1}); got != defined || next != 1 {
		t.Errorf("the first page: got %s, next %d", got, next)
	}
	if got, next := list(end, event.Page{Limit: 1, After: 1}); got != "OTHER order_entry on since 2; " || next != 0 {
		t.Errorf("the second page: got %s, next %d", got, next)
	}
	if got, _ := list(event.Pin{Sequence: 1, At: 1000}, event.Page{Limit: 9}); got != defined {
		t.Errorf("before the other one was there: got %s", got)
	}
}

// BenchmarkFold is what a report costs the view: a hundred an entry, and one.
func BenchmarkFold(b *testing.B) {
	for _, reports := range []int{100, 2} {
		b.Run(fmt.Sprint(reports), func(b *testing.B) {
			d, v := newDesk(1), sessions.New(nil)
			blocks := make([]*event.Block, 1000)
			for i := range blocks {
				blocks[i] = d.trades(reports)
			}
			b.ResetTimer()
			for i := range b.N {
				if err := v.Fold(blocks[i%len(blocks)], nothing{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*reports), "ns/report")
		})
	}
}

// nothing is a writer that keeps nothing.
type nothing struct{ readmodels.Writer }

func (nothing) Append([]byte, []byte, market.Sequence) {}
func (nothing) Set([]byte, []byte, market.Sequence)    {}

// The bytes of the store are what DESIGN.md says.
func TestBytesAreFrozen(t *testing.T) {
	d := newDesk(1)
	d.block = &event.Block{Index: 1, Term: 1, At: 1000, History: 42, First: 1}
	d.logOn(one, true)
	d.emit(event.Context{}, &event.OrderChanged{Type: event.TypeOrderAccepted, Order: d.order(one)})
	d.emit(event.Context{}, &event.OrderChanged{Type: event.TypeOrderAccepted, Order: d.order(one)})
	d.end(one)
	d.block.Count = uint32(d.sequence)
	s, err := openStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	v := sessions.New(viewtest.NewJournal(d.block))
	if _, err := v.Open(s, 0); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(d.block.Last(), func(w readmodels.Writer) error { return v.Fold(d.block, w) }); err != nil {
		t.Fatal(err)
	}
	value, from, err := s.Get([]byte("sDESK1"), d.block.Last())
	if err != nil {
		t.Fatal(err)
	}
	got := []string{fmt.Sprintf("s %d: %x", from, value)}
	for _, list := range []string{"nDESK1", "c"} {
		err := s.List([]byte(list), readmodels.Span{At: d.block.Last()}, func(item []byte, at market.Sequence) bool {
			got = append(got, fmt.Sprintf("%s %d: %x", list[:1], at, item))
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"s 4: 0170" + "010201" + "02" + "01" + "026e31" + "02" + "05" + "1e" + "d00f" + "d00f" + "d00f" + "d00f" + "d00f" + "d00f" + "01" + "03627965",
		"n 4: 0201",
		"c 4: 05" + "4445534b31" + "07" + "4445534b2d4443",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
