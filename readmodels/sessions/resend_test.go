package sessions_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/sessions"
	"github.com/rialto-exchange/rialto/readmodels/viewtest"
)

// watched is a journal that says what is read of it, lacks what lies below a
// floor, and has a block that cannot be read.
type watched struct {
	*viewtest.Journal
	floor  market.Sequence
	broken market.Sequence // the last sequence of a block; 0 = none
	blocks int             // yielded so far
	reads  int
	enter  func()
	leave  func()
}

func (j *watched) Floor() event.Pin {
	return event.Pin{Sequence: max(j.floor, j.Journal.Floor().Sequence)}
}

func (j *watched) Read(after market.Sequence, yield func(*event.Block) bool) error {
	if j.enter != nil {
		j.enter()
		defer j.leave()
	} else {
		j.reads++
	}
	if after+1 < j.floor {
		return readmodels.ErrBeforeFloor
	}
	broken := false
	err := j.Journal.Read(after, func(b *event.Block) bool {
		if broken = b.Last() == j.broken; broken {
			return false
		}
		if j.enter == nil {
			j.blocks++
		}
		return yield(b)
	})
	if broken {
		return readmodels.ErrRepairing
	}
	return err
}

// folded returns a view of these blocks, and the pin of their end.
func folded(t testing.TB, j *watched, blocks ...*event.Block) (*sessions.View, event.Pin) {
	t.Helper()
	j.Journal = viewtest.NewJournal(blocks...)
	s, err := openStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	v := sessions.New(j)
	if _, err := v.Open(s, 0); err != nil {
		t.Fatal(err)
	}
	for _, b := range blocks {
		if err := s.Commit(b.Last(), func(w readmodels.Writer) error { return v.Fold(b, w) }); err != nil {
			t.Fatal(err)
		}
	}
	return v, j.Last()
}

// placements are blocks that report one new order each to a session, each
// followed by so many blocks that report to nobody.
func placements(n, others int) []*event.Block { return crowded(n, others, 1) }

// crowded is placements with so many orders a block.
func crowded(n, others, orders int) []*event.Block {
	d := newDesk(1)
	out := make([]*event.Block, 0, n)
	for len(out) < n*(1+others) {
		d.index++
		d.block = &event.Block{Index: d.index, Term: 1, At: market.Nanos(d.index), History: 42, First: d.sequence + 1}
		if len(out)%(1+others) == 0 {
			for range orders {
				d.emit(event.Context{}, &event.OrderChanged{Type: event.TypeOrderAccepted, Order: d.order(one)})
			}
		} else {
			d.emit(event.Context{}, &event.AccountChanged{Type: event.TypeAccountOpened})
		}
		d.block.Count = uint32(d.sequence + 1 - d.block.First)
		out = append(out, d.block)
	}
	return out
}

// What lies below the retention floor is a gap; what lies above is there.
func TestBelowTheFloorIsAGap(t *testing.T) {
	blocks := placements(20, 0)
	j := &watched{floor: blocks[7].First}
	v, end := folded(t, j, blocks...)
	got, err := resend(v, end, one, 3, 12)
	if err != nil {
		t.Fatal(err)
	}
	if want := " 3-7 8@8 9@9 10@10 11@11 12@12\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, err = resend(v, end, one, 1, 5); err != nil || got != " 1-5\n" {
		t.Errorf("all of it below: got %q, %v", got, err)
	}
}

// A range beyond the end, an end of zero numbers, and a session that nobody
// knows.
func TestBeyondTheEnd(t *testing.T) {
	v, end := folded(t, &watched{}, placements(5, 0)...)
	for _, c := range []struct {
		from, to uint64
		want     string
		next     uint64
	}{
		{1, math.MaxUint64, " 1@1 2@2 3@3 4@4 5@5", 6}, {0, 2, " 1@1 2@2", 3}, {5, 5, " 5@5", 6}, {6, 9, "", 6}, {4, 3, "", 4},
	} {
		var out strings.Builder
		next, err := v.Resend(t.Context(), end, one, c.from, c.to, func(r event.Resent) error {
			writeReport(&out, r.From, r.Report.Sequence)
			return nil
		})
		if err != nil || next != c.next || out.String() != c.want {
			t.Errorf("%d to %d: got %q, next %d, %v; want %q, next %d", c.from, c.to, out.String(), next, err, c.want, c.next)
		}
	}
	if _, err := v.Resend(t.Context(), end, "NOBODY", 1, 2, nil); !errors.Is(err, readmodels.ErrNotFound) {
		t.Errorf("a session that nobody knows: %v", err)
	}
}

// A block that cannot be read ends it after the reports before it; from there
// it goes on when the block has been mended.
func TestFaultInTheMiddle(t *testing.T) {
	blocks := placements(1200, 0)
	j := &watched{broken: blocks[700].Last()}
	v, end := folded(t, j, blocks...)
	var got []uint64
	take := func(r event.Resent) error {
		got = append(got, r.From)
		return nil
	}
	next, err := v.Resend(t.Context(), end, one, 1, 1200, take)
	if !errors.Is(err, readmodels.ErrRepairing) || next != 701 || len(got) != 700 {
		t.Fatalf("got %d reports, next %d, %v", len(got), next, err)
	}
	j.broken = 0
	if next, err = v.Resend(t.Context(), end, one, next, 1200, take); err != nil || next != 1201 {
		t.Fatalf("next %d, %v", next, err)
	}
	for i, n := range got {
		if n != uint64(i+1) {
			t.Fatalf("number %d came as %d", i+1, n)
		}
	}
}

// One page is held and no more, however long the range; the reader's end ends
// it between pages, and its error at once.
func TestOnePageAtATime(t *testing.T) {
	const orders = 40
	j := &watched{}
	v, end := folded(t, j, crowded(50, 0, orders)...)
	j.blocks = 0
	ctx, leave := context.WithCancel(t.Context())
	seen := uint64(0)
	next, err := v.Resend(ctx, end, one, 1, 2000, func(r event.Resent) error {
		if ahead := uint64(j.blocks)*orders - seen; ahead > sessions.PageReports+orders {
			t.Fatalf("%d reports are held at number %d", ahead, r.From)
		}
		if seen = r.From; seen == 600 {
			leave()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || next > 600+sessions.PageReports+orders || next <= 600 {
		t.Errorf("left at 600: went on to %d, %v", next, err)
	}
	full := errors.New("the client reads too slowly")
	next, err = v.Resend(t.Context(), end, one, 1, 2000, func(r event.Resent) error {
		if r.From == 9 {
			return full
		}
		return nil
	})
	if !errors.Is(err, full) || next != 9 {
		t.Errorf("got next %d, %v", next, err)
	}
}

// A session whose numbers begin anew inside an entry, after a report with the
// same number as one that follows: the later one is what the number means.
func TestResetInsideABlock(t *testing.T) {
	d := newDesk(1)
	place := func() {
		d.emit(event.Context{}, &event.OrderChanged{Type: event.TypeOrderAccepted, Order: d.order(one)})
	}
	d.block = &event.Block{Index: 1, Term: 1, At: 1, History: 42, First: 1}
	d.logOn(one, true) // 1
	place()            // 2
	place()            // 3
	d.logOn(one, true) // 1 again
	place()            // 2
	d.block.Count = uint32(d.sequence)
	v, end := folded(t, &watched{}, d.block)
	if got, err := resend(v, end, one, 1, 9); err != nil || got != " 1-1 2@5\n" {
		t.Errorf("got %q, %v", got, err)
	}
}

// A session that trades rarely is not searched for in what others do: its
// blocks are found by their sequences.
func TestSparseSession(t *testing.T) {
	j := &watched{}
	v, end := folded(t, j, placements(4, 5000)...)
	j.blocks = 0
	got, err := resend(v, end, one, 1, 4)
	if err != nil || strings.Count(got, "@") != 4 {
		t.Fatalf("got %q, %v", got, err)
	}
	if j.blocks > 8 {
		t.Errorf("%d blocks were read for four reports", j.blocks)
	}
}

// Two pages are read at a time on a node; who comes third waits, and need not.
func TestPagesAtOnce(t *testing.T) {
	var mu sync.Mutex
	inside, most := 0, 0
	full, release := make(chan struct{}), make(chan struct{})
	j := &watched{
		enter: func() {
			mu.Lock()
			if inside++; inside == sessions.PagesAtOnce && most < inside {
				close(full)
			}
			most = max(most, inside)
			mu.Unlock()
			<-release
		},
		leave: func() {
			mu.Lock()
			inside--
			mu.Unlock()
		},
	}
	v, end := folded(t, j, placements(50, 0)...)
	var readers sync.WaitGroup
	for range 5 {
		readers.Go(func() {
			if got, err := resend(v, end, one, 1, 50); err != nil || strings.Count(got, "@") != 50 {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	<-full
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := v.Resend(gone, end, one, 1, 50, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("who leaves while waiting: %v", err)
	}
	close(release)
	readers.Wait()
	if most != sessions.PagesAtOnce {
		t.Errorf("%d pages were read at once; want %d", most, sessions.PagesAtOnce)
	}
}
