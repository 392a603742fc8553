package sequencer_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/sequencer"
)

// While three entries are under way everything that comes waits, and goes out
// in one entry when the first is answered. The term's first entry is alone.
func TestNaturalBatching(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		l.manual = true
		s := l.open(nil)
		s.SetLeader(7)
		synctest.Wait()
		l.proposal(0).resolve(nil)
		synctest.Wait()
		var singles []<-chan result
		for _, name := range []string{"a", "b", "c"} {
			singles = append(singles, enqueue(t, s, name))
			synctest.Wait()
		}
		d := enqueue(t, s, "d1", "d2")
		e := enqueue(t, s, "e")
		before := [][]string{{"term 7 by n1"}, {"a"}, {"b"}, {"c"}}
		wantEntries(t, l, before...)
		l.proposal(1).resolve(nil)
		wantEntries(t, l, append(before, []string{"d1", "d2", "e"})...)
		for i := 2; i < 5; i++ {
			l.proposal(i).resolve(nil)
		}
		if got := <-singles[0]; got.err != nil || string(got.outcomes[0].Data) != "did a" || got.outcomes[0].Index != 2 {
			t.Errorf("a: %v", got)
		}
		if got := <-d; got.err != nil || string(got.outcomes[1].Data) != "did d2" || got.outcomes[1].Index != 5 {
			t.Errorf("d: %v", got)
		}
		if got := <-e; got.err != nil || string(got.outcomes[0].Data) != "did e" {
			t.Errorf("e: %v", got)
		}
		s.Close()
	})
}

// The first entry of a reign is alone under way until it is committed: Raft
// may refuse it and take the next, when a transfer of leadership has failed
// and is not quite over, and then "b" would overtake "a".
func TestFirstEntryOfReignGoesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		s := l.open(nil)
		s.SetLeader(1)
		synctest.Wait()
		l.set(func(l *log) { l.manual = true })
		if err := s.Pause(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.Resume()
		a := enqueue(t, s, "a")
		synctest.Wait()
		b := enqueue(t, s, "b")
		wantEntries(t, l, []string{"term 1 by n1"}, []string{"a"})
		l.proposal(1).resolve(cluster.ErrNotLeader)
		for name, ch := range map[string]<-chan result{"a": a, "b": b} {
			if got := <-ch; !errors.Is(got.err, cluster.ErrNotLeader) {
				t.Errorf("%s: %v", name, got.err)
			}
		}
		wantEntries(t, l, []string{"term 1 by n1"}, []string{"a"})
		s.Close()
	})
}

// A submission over an entry's bounds is cut into consecutive entries, by
// count and by bytes, and answered once; one within them is never divided.
func TestBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		s := l.open(nil)
		defer s.Close()
		s.SetLeader(1)
		many := make([][]byte, 2*cluster.MaxEntryCommands+1)
		for i := range many {
			many[i] = []byte{byte(i)}
		}
		outcomes, err := s.Submit(t.Context(), many)
		if err != nil || len(outcomes) != len(many) {
			t.Fatalf("got %d outcomes, %v", len(outcomes), err)
		}
		big := make([][]byte, cluster.MaxEntryBytes/cluster.MaxCommandBytes+1)
		for i := range big {
			big[i] = make([]byte, cluster.MaxCommandBytes)
		}
		if outcomes, err = s.Submit(t.Context(), big); err != nil || len(outcomes) != len(big) {
			t.Fatalf("got %d outcomes, %v", len(outcomes), err)
		}
		var sizes []int
		for _, e := range l.entries() {
			sizes = append(sizes, len(e))
		}
		if want := []int{1, 1000, 1000, 1, 16, 1}; !slices.Equal(sizes, want) {
			t.Errorf("entry sizes: got %v, want %v", sizes, want)
		}
		_, err = s.Submit(t.Context(), [][]byte{make([]byte, cluster.MaxCommandBytes+1)})
		if !errors.Is(err, cluster.ErrTooLarge) {
			t.Errorf("one byte over: got %v", err)
		}
	})
}

// The queue takes what its bounds say and not one command or byte more, and
// Room tells when there is room again.
func TestOverload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		l.manual = true
		s := l.open(func(c *sequencer.Config) { c.InFlight, c.MaxQueuedCommands, c.MaxQueuedBytes = 1, 3, 8 })
		s.SetLeader(1)
		synctest.Wait() // the opening entry occupies the only place
		reign, _ := s.Reign()
		nothing := func([]cluster.Outcome, error) {}
		steps := []struct {
			commands [][]byte
			want     error
		}{
			{commands("123456789"), cluster.ErrOverloaded},
			{commands("1234567"), nil},
			{commands("12"), cluster.ErrOverloaded},
			{commands("1"), nil},
			{commands("", ""), cluster.ErrOverloaded},
			{commands(""), nil},
			{commands(""), cluster.ErrOverloaded},
		}
		for i, step := range steps {
			if got := s.Enqueue(reign, step.commands, nothing); !errors.Is(got, step.want) {
				t.Errorf("step %d: got %v, want %v", i, got, step.want)
			}
		}
		room := s.Room()
		select {
		case <-room:
			t.Error("room before anything was cut")
		default:
		}
		l.proposal(0).resolve(nil)
		<-room
		if err := s.Enqueue(reign, commands("x"), nothing); err != nil {
			t.Errorf("after room: %v", err)
		}
		l.proposal(1).resolve(nil)
		synctest.Wait()
		l.proposal(2).resolve(nil)
		s.Close()
	})
}

// Losing leadership answers what waits with ErrNotLeader at once, and what is
// under way as its proposal ends; the old reign takes nothing more.
func TestLostLeadership(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		l.manual = true
		s := l.open(func(c *sequencer.Config) { c.InFlight = 1 })
		s.SetLeader(1)
		synctest.Wait()
		l.proposal(0).resolve(nil)
		under := enqueue(t, s, "under way")
		synctest.Wait()
		waits := enqueue(t, s, "waits")
		old, _ := s.Reign()
		s.LostLeadership()
		if got := <-waits; !errors.Is(got.err, cluster.ErrNotLeader) {
			t.Errorf("what waits: %v", got.err)
		}
		if _, leads := s.Reign(); leads {
			t.Error("still has a reign")
		}
		s.SetLeader(3) // a flap: the proposal of term 1 is still open
		err := s.Enqueue(old, commands("late"), func([]cluster.Outcome, error) {})
		if !errors.Is(err, cluster.ErrNotLeader) {
			t.Errorf("old reign: got %v", err)
		}
		l.proposal(1).resolve(cluster.ErrUnknownOutcome)
		if got := <-under; !errors.Is(got.err, cluster.ErrUnknownOutcome) {
			t.Errorf("what was under way: %v", got.err)
		}
		fresh := enqueue(t, s, "fresh") // the failure of term 1 did not touch this reign
		synctest.Wait()
		l.proposal(2).resolve(nil)
		wantEntries(t, l, []string{"term 1 by n1"}, []string{"under way"}, []string{"term 3 by n1"}, []string{"fresh"})
		l.proposal(3).resolve(nil)
		if got := <-fresh; got.err != nil {
			t.Errorf("fresh: %v", got.err)
		}
		s.Close()
	})
}

// A failed proposal ends the reign although nobody said that leadership is
// lost, so that nothing overtakes it; after a pause a new reign begins in the
// same term, without a second opening entry.
func TestFailedProposalEndsReign(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		l.manual = true
		s := l.open(func(c *sequencer.Config) { c.InFlight = 2 })
		s.SetLeader(1)
		synctest.Wait()
		l.proposal(0).resolve(nil)
		old, _ := s.Reign()
		a := enqueue(t, s, "a")
		synctest.Wait()
		b := enqueue(t, s, "b")
		synctest.Wait()
		c := enqueue(t, s, "c")
		l.proposal(1).resolve(cluster.ErrNotLeader)
		if got := <-a; !errors.Is(got.err, cluster.ErrNotLeader) {
			t.Errorf("a: %v", got.err)
		}
		if got := <-c; !errors.Is(got.err, cluster.ErrNotLeader) {
			t.Errorf("c, behind it: %v", got.err)
		}
		if _, serving := s.Reign(); serving {
			t.Error("the reign goes on after a failure")
		}
		l.proposal(2).resolve(nil)
		if got := <-b; got.err != nil {
			t.Errorf("b, which was committed: %v", got.err)
		}
		time.Sleep(25 * time.Millisecond)
		synctest.Wait()
		now, serving := s.Reign()
		if !serving || now <= old {
			t.Fatalf("no new reign: %d after %d", now, old)
		}
		d := enqueue(t, s, "d")
		wantEntries(t, l, []string{"term 1 by n1"}, []string{"a"}, []string{"b"}, []string{"d"})
		l.proposal(3).resolve(nil)
		<-d
		s.Close()
	})
}

// A submission cut in two whose second part fails is unknown as a whole; one
// of which nothing was executed is not.
func TestPartsThatFail(t *testing.T) {
	for _, test := range []struct {
		first, second, want error
	}{
		{nil, cluster.ErrNotLeader, cluster.ErrUnknownOutcome},
		{cluster.ErrUnknownOutcome, cluster.ErrNotLeader, cluster.ErrUnknownOutcome},
		{cluster.ErrNotLeader, cluster.ErrNotLeader, cluster.ErrNotLeader},
		{cluster.ErrNotLeader, nil, cluster.ErrUnknownOutcome},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLog()
			l.manual = true
			s := l.open(nil)
			s.SetLeader(1)
			reign, _ := s.Reign()
			ch := make(chan result, 1)
			many := make([][]byte, cluster.MaxEntryCommands+1)
			if err := s.Enqueue(reign, many, func(o []cluster.Outcome, err error) { ch <- result{o, err} }); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			l.proposal(0).resolve(nil)
			synctest.Wait()
			l.proposal(1).resolve(test.first)
			l.proposal(2).resolve(test.second)
			got := <-ch
			if !errors.Is(got.err, test.want) || errors.Is(got.err, cluster.ErrNotLeader) && errors.Is(got.err, cluster.ErrUnknownOutcome) {
				t.Errorf("%v then %v: got %v, want %v", test.first, test.second, got.err, test.want)
			}
			s.Close()
		})
	}
}

// An entry without commands is proposed at the machine's deadline and not
// before, and one after the other while it has work pending.
func TestSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		l.deadline = time.Now().Add(time.Second).UnixNano()
		at := l.deadline
		s := l.open(nil)
		defer s.Close()
		s.SetLeader(1)
		time.Sleep(time.Second - 1)
		wantEntries(t, l, []string{"term 1 by n1"})
		l.set(func(l *log) { l.manual = true })
		time.Sleep(time.Nanosecond)
		wantEntries(t, l, []string{"term 1 by n1"}, nil)
		if got := l.proposal(1).entry.stamp; got < at {
			t.Errorf("stamp %d before the deadline %d", got, at)
		}
		l.set(func(l *log) { l.deadline, l.pending = 0, true })
		l.proposal(1).resolve(nil)
		wantEntries(t, l, []string{"term 1 by n1"}, nil, nil) // one at a time
		l.set(func(l *log) { l.pending = false })
		l.proposal(2).resolve(nil)
		wantEntries(t, l, []string{"term 1 by n1"}, nil, nil)
	})
}

// backward is a clock that an operator turned back.
type backward struct {
	cluster.SystemClock
	mu  sync.Mutex
	now time.Time
}

func (b *backward) Now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(-time.Hour)
	return b.now
}

// Stamps never go back, even when the clock does.
func TestStampsNeverGoBack(t *testing.T) {
	l := newLog()
	s := l.open(func(c *sequencer.Config) { c.Clock = &backward{now: time.Now()} })
	defer s.Close()
	s.SetLeader(1)
	for range 5 {
		if _, err := s.Submit(t.Context(), commands("x")); err != nil {
			t.Fatal(err)
		}
	}
	for i := 1; i < len(l.entries()); i++ {
		if before, now := l.proposal(i-1).entry.stamp, l.proposal(i).entry.stamp; now < before {
			t.Errorf("entry %d: %d after %d", i, now, before)
		}
	}
}

// Without leadership, after Close and with an ended context Submit says so.
func TestSubmitErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		l.manual = true
		s := l.open(func(c *sequencer.Config) { c.InFlight = 1 })
		if _, err := s.Submit(t.Context(), commands("x")); !errors.Is(err, cluster.ErrNotLeader) {
			t.Errorf("follower: %v", err)
		}
		s.SetLeader(1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.Submit(ctx, commands("x")); !errors.Is(err, cluster.ErrUnknownOutcome) {
			t.Errorf("ended context: %v", err)
		}
		waits := enqueue(t, s, "y")
		go s.Close()
		if got := <-waits; !errors.Is(got.err, cluster.ErrClosed) {
			t.Errorf("closing: %v", got.err)
		}
		l.proposal(0).resolve(nil)
		synctest.Wait()
		if _, err := s.Submit(t.Context(), commands("z")); !errors.Is(err, cluster.ErrClosed) {
			t.Errorf("closed: %v", err)
		}
	})
}

// Commands that cannot be sealed are refused for good, alone.
func TestSealFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		s := l.open(nil)
		defer s.Close()
		s.SetLeader(1)
		synctest.Wait()
		_, err := s.Submit(t.Context(), commands("unsealable"))
		if err == nil || errors.Is(err, cluster.ErrUnknownOutcome) || errors.Is(err, cluster.ErrNotLeader) {
			t.Errorf("got %v", err)
		}
		time.Sleep(25 * time.Millisecond)
		if _, err := s.Submit(t.Context(), commands("fine")); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

// A pause bounces what waits, returns once nothing is under way, and ends
// with Resume: the order that a transfer of leadership needs.
func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		l.manual = true
		s := l.open(func(c *sequencer.Config) { c.InFlight = 1 })
		s.SetLeader(1)
		synctest.Wait()
		waits := enqueue(t, s, "waits")
		paused := make(chan error, 1)
		go func() { paused <- s.Pause(t.Context()) }()
		if got := <-waits; !errors.Is(got.err, cluster.ErrNotLeader) {
			t.Errorf("what waited: %v", got.err)
		}
		select {
		case <-paused:
			t.Error("paused with an entry under way")
		default:
		}
		l.proposal(0).resolve(nil)
		if err := <-paused; err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		if _, serving := s.Reign(); serving {
			t.Error("the pause ended by itself")
		}
		s.Resume()
		after := enqueue(t, s, "after")
		wantEntries(t, l, []string{"term 1 by n1"}, []string{"after"})
		l.proposal(1).resolve(nil)
		<-after
		s.Close()
	})
}
