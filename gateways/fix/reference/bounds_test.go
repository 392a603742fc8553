package reference_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/desktest"
	"github.com/rialto-exchange/rialto/gateways/fix/reference"
)

// with runs a test with a desk at work, and a session.
func with(t *testing.T, f func(t *testing.T, v *venue, s *desktest.Session)) {
	t.Helper()
	tools := desktest.NewTools(t)
	synctest.Test(t, func(t *testing.T) {
		v := newVenue()
		d := reference.New(v, v, nil)
		go d.Run(t.Context())
		synctest.Wait()
		f(t, v, tools.Open(t, d, desktest.Client(market.SessionOrderEntry, "FIX.4.4", 3)))
	})
}

func last(messages [][]byte) string { return desktest.Story(messages[len(messages)-1]) }

// So many requests wait, and one more is refused: it is answered at once.
func TestRequestsThatWait(t *testing.T) {
	with(t, func(t *testing.T, v *venue, s *desktest.Session) {
		v.set(func() { v.held = true })
		v.change("BTC-USD", "", func(i *event.Instrument) { i.Phase = market.PhaseContinuous })
		s.Ask("35=e|324=under way|55=BTC-USD|263=0")
		synctest.Wait()
		for range reference.MaxRequests {
			s.Ask("35=e|324=waits|55=BTC-USD|263=0")
		}
		if got := s.Read(); len(got) != 0 {
			t.Errorf("at the bound: got %s", last(got))
		}
		s.Ask("35=e|324=too many|55=BTC-USD|263=0")
		if got, want := last(s.Read()), "35=j|34=2|45=67|372=e|380=4|58=64 requests wait for their answers"; got != want {
			t.Errorf("one past it: got %s, want %s", got, want)
		}
		v.set(func() { v.held = false })
		synctest.Wait()
		if got := len(s.Read()); got != 1+reference.MaxRequests {
			t.Errorf("%d answers in the end", got)
		}
	})
}

// So many states are told of, and one more is refused; an id that comes again
// takes its own place.
func TestSubscriptions(t *testing.T) {
	with(t, func(t *testing.T, v *venue, s *desktest.Session) {
		ask := func(i int) string {
			s.Ask(fmt.Sprintf("35=e|324=s%d|55=BTC-USD|263=1", i))
			synctest.Wait()
			return last(s.Read())
		}
		for i := range reference.MaxSubscriptions {
			ask(i)
		}
		if got, want := ask(7), "35=f|34=1002|324=s7|55=BTC-USD|325=N|326=20|58=unknown symbol"; got != want {
			t.Errorf("the same again: got %s, want %s", got, want)
		}
		if got, want := ask(-1), "35=j|34=1003|45=1003|372=e|380=4|58=1000 subscriptions are open"; got != want {
			t.Errorf("one past the bound: got %s, want %s", got, want)
		}
		v.change("BTC-USD", "", func(i *event.Instrument) { i.Phase = market.PhaseContinuous })
		synctest.Wait()
		if got := len(s.Read()); got != reference.MaxSubscriptions {
			t.Errorf("%d of them were told", got)
		}
	})
}

// A long list waits for its reader, a few messages at a time, and ends with the
// session.
func TestLongListWaitsForItsReader(t *testing.T) {
	with(t, func(t *testing.T, v *venue, s *desktest.Session) {
		for i := range (reference.Window + 2) * reference.PageInstruments {
			v.change(fmt.Sprintf("I%d", i), "", func(i *event.Instrument) { i.Phase = market.PhaseContinuous })
		}
		s.Ask("35=x|320=all|559=4")
		for n := range 3 {
			synctest.Wait()
			if got, _ := s.Waiting(); got != min(reference.Window, reference.Window+2-n) {
				t.Errorf("%d messages wait after %d were written", got, n)
			}
			if _, ok := s.Write(nil); !ok {
				t.Fatal("nothing waits")
			}
		}
		s.Ask("35=x|320=all|559=4")
		s.Leave()
		synctest.Wait() // and nobody is left waiting when the test ends
	})
}
