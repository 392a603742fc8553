package chaos_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/fixtraffic"
	"github.com/rialto-exchange/rialto/chaos/internal/check"
	"github.com/rialto-exchange/rialto/chaos/internal/venue"
)

// The short run of TestFIXFaults; `make chaos-fix` sets the full one: 24
// faults, 200,000 orders, 2,000 orders a second.
const (
	fewFaults = 3
	fewOrders = 2000
	lowRate   = 200
)

// between is how long the client has to have traded before the next fault.
const between = 5 * time.Second

// faults are a run's: who trades, and what was done to whom.
type faults struct {
	v      *venue.Venue
	house  *fixtraffic.Run // quickfixgo's initiator, TRADER1, that the faults follow
	raw    *fixtraffic.Run // the raw client, TRADER2
	random *rand.Rand
	done   []fault
}

type fault struct {
	at      time.Time
	stopped bool // and not killed
	owner   bool // of the house's session; else the leader
	until   time.Time
}

// TestFIXFaults shows FIX sessions that outlive their nodes: an initiator of
// another house, and a raw one, trade while the node of the session and the
// leader are killed, or stopped and resumed, at random. Every order is executed
// once, every report comes once and in order, PossDupFlag is where it must be
// and nowhere else. It prints the gaps.
func TestFIXFaults(t *testing.T) {
	v := startFIXVenue(t)
	number := func(name string, standard int) int {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return n
		}
		return standard
	}
	count, orders, rate := number("RIALTO_FIX_FAULTS", fewFaults), number("RIALTO_FIX_ORDERS", fewOrders), number("RIALTO_FIX_RATE", lowRate)
	seed := uint64(number("RIALTO_FIX_SEED", 1))
	start := func(i int, comp, account string, rate float64, engine func(fixtraffic.Options, *fixtraffic.Book) (fixtraffic.Client, error)) *fixtraffic.Run {
		r, err := fixtraffic.Start(context.Background(), fixtraffic.Options{
			Addresses: v.FIX(i), CompID: comp, Password: "rialto", Account: account, Run: "fx" + comp, Rate: rate, HeartBeat: 2 * time.Second,
		}, engine)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(r.Stop)
		return r
	}
	f := &faults{v: v, random: rand.New(rand.NewPCG(seed, 0))}
	f.house = start(0, "TRADER1", "trader1", float64(rate), fixtraffic.QuickFIX)
	f.raw = start(1, "TRADER2", "trader2", float64(rate)/10, startRaw)

	for len(f.done) < count || sentOf(f.house) < orders {
		if err := f.one(t.Context()); err != nil {
			house, raw := f.house.Summary(), f.raw.Summary()
			t.Fatalf("fault %d: %v\n%d of %d orders answered, %v\n%d of %d orders answered, %v", len(f.done)+1, err,
				house.Answered, house.Orders, house.Faults, raw.Answered, raw.Orders, raw.Faults)
		}
	}
	f.prove(t)
}

func sentOf(r *fixtraffic.Run) int {
	sent, _ := r.Progress()
	return sent
}

// one waits until all is well and the client has traded a while, strikes, and
// waits until both clients trade again and the node is back.
func (f *faults) one(ctx context.Context) error {
	if err := f.v.WaitReady(ctx); err != nil {
		return err
	}
	if err := f.v.Until(ctx, "both clients have traded a while", func(context.Context) bool {
		return f.house.Trading() > between && f.raw.Trading() > between
	}); err != nil {
		return err
	}
	this, victim, err := f.choose(ctx)
	if err != nil {
		return err
	}
	house, raw := sentOf(f.house), sentOf(f.raw)
	this.at = time.Now()
	if this.stopped {
		f.v.Signal(victim, syscall.SIGSTOP, false)
	} else {
		f.v.Kill(victim)
	}
	err = f.v.Until(ctx, "both clients trade again", func(context.Context) bool {
		_, houseNow := f.house.Progress()
		_, rawNow := f.raw.Progress()
		return houseNow > house && rawNow > raw // what was sent before is answered, and more
	})
	this.until = time.Now()
	f.done = append(f.done, this)
	if this.stopped {
		f.v.Signal(victim, syscall.SIGCONT, false)
		return err
	}
	if err != nil {
		return err
	}
	return f.v.Restart(victim)
}

// choose picks a fault and its victim.
func (f *faults) choose(ctx context.Context) (this fault, victim int, err error) {
	this = fault{stopped: f.random.IntN(2) == 0, owner: f.random.IntN(2) == 0}
	if !this.owner {
		victim, err = f.v.Leader(ctx)
		return this, victim, err
	}
	err = f.v.Until(ctx, "TRADER1 is logged on", func(context.Context) bool {
		victim = slices.Index(f.v.FIX(0), f.house.Address())
		return victim >= 0
	})
	return this, victim, err
}

// prove ends the trading, waits for the last reports, and checks everything.
func (f *faults) prove(t *testing.T) {
	t.Helper()
	f.house.StopSending()
	f.raw.StopSending()
	if err := f.v.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	var sessions []check.Session
	for comp, r := range map[string]*fixtraffic.Run{"TRADER1": f.house, "TRADER2": f.raw} {
		err := f.v.Until(t.Context(), "all orders of "+comp+" have a report", func(context.Context) bool {
			sent, answered := r.Progress()
			return sent == answered
		})
		s := r.Summary()
		if err != nil {
			t.Errorf("%v: of %v", err, s.Unanswered)
		}
		for _, fault := range s.Faults {
			t.Errorf("%s: %s", comp, fault)
		}
		sessions = append(sessions, check.Session{CompID: comp, Run: "fx" + comp, Saw: s})
	}
	last, err := check.Converged(t.Context(), f.v)
	if err != nil {
		t.Fatal(err)
	}
	for i := range sessions { // the last fills may have come after the last answers
		r := map[string]*fixtraffic.Run{"TRADER1": f.house, "TRADER2": f.raw}[sessions[i].CompID]
		sessions[i].Saw = r.Summary()
	}
	if err := check.Reported(t.Context(), f.v, 0, last, sessions); err != nil {
		t.Error(err)
	}
	for i := range f.v.Size() {
		if err := check.Conserved(t.Context(), f.v, i); err != nil {
			t.Error(err)
		}
	}
	for _, s := range sessions {
		t.Logf("%s: %d orders, %d reports, %d of them first with PossDupFlag, %d messages came again, %d logons",
			s.CompID, s.Saw.Orders, s.Saw.Reports, s.Saw.Resent, s.Saw.Twice, s.Saw.Logons)
		for _, stopped := range []bool{false, true} {
			t.Logf("%s: %s", s.CompID, f.gaps(s.Saw.Gaps, stopped))
		}
	}
}

// gaps says how long a client was without a report after faults of a kind.
func (f *faults) gaps(all []fixtraffic.Gap, stopped bool) string {
	var longest []time.Duration
	for _, this := range f.done {
		if this.stopped != stopped {
			continue
		}
		var worst time.Duration
		for _, g := range all {
			if g.To.After(this.at) && g.From.Before(this.until) {
				worst = max(worst, g.To.Sub(g.From))
			}
		}
		longest = append(longest, worst)
	}
	what := map[bool]string{false: "killed", true: "stopped"}[stopped]
	if len(longest) == 0 {
		return "no node was " + what
	}
	slices.Sort(longest)
	at := func(share float64) time.Duration {
		return longest[int(share*float64(len(longest)-1)+0.5)].Round(time.Millisecond)
	}
	return fmt.Sprintf("gaps with %d nodes %s: p50 %v, p99 %v, longest %v", len(longest), what, at(0.5), at(0.99), at(1))
}
