package scenario

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/internal/fault"
	"github.com/rialto-exchange/rialto/chaos/internal/traffic"
	"github.com/rialto-exchange/rialto/chaos/site"
)

// Bounds of a run.
const (
	// workPatience bounds the wait for the least work.
	workPatience = 60 * time.Second
	// healPatience bounds the wait for all nodes to be ready after a fault.
	healPatience = 2 * time.Minute
	// polls is how often a condition is looked at.
	polls = 20 * time.Millisecond
)

// errRecover: the cluster is not well again after a fault.
var errRecover = errors.New("the cluster did not recover")

// happens has the load and the steps happen. An error ends them; what there is
// of a history is closed all the same.
func (w *run) happens(ctx context.Context) (err error) {
	w.count = map[string]int{}
	if err := w.declare(ctx); err != nil {
		return fmt.Errorf("declare what is traded: %w", err)
	}
	watching, stop := context.WithCancel(ctx)
	var watched sync.WaitGroup
	watched.Go(func() { w.watch(watching) })
	if w.options.Scenario.Steady {
		watched.Go(func() { w.sample(watching) })
	}
	defer func() { stop(); watched.Wait() }()
	w.history.Mark(history.Mark{What: history.LoadBegins})
	if w.load, err = w.start(ctx); err != nil {
		return err
	}
	w.options.Say("traffic begins at %s", strings.Join(w.site.URLs(), " "))
	err = w.stepsAndCalm(ctx)
	w.history.Mark(history.Mark{What: history.LoadEnds})
	if err != nil || ctx.Err() != nil {
		w.load.abandon()
		return errors.Join(err, ctx.Err())
	}
	err = errors.Join(w.load.end(ctx), w.settle(ctx))
	if err == nil && w.options.Scenario.HashWithin > 0 {
		w.hash(ctx)
		err = w.settle(ctx)
	}
	if sweep := w.options.Scenario.Sweep; sweep.Offsets > 0 && err == nil {
		err = w.sweep(ctx, sweep)
	}
	return err
}

// sweep reads the event stream from many offsets at every node.
func (w *run) sweep(ctx context.Context, s Sweep) error {
	t, err := w.site.Twin(ctx, 0)
	if err != nil {
		return err
	}
	if last := t.Nodes[0].Sequence; last < uint64(s.Offsets+s.Events) {
		if err := w.fill(ctx, func(ctx context.Context) bool {
			now, err := w.site.Twin(ctx, 0)
			return err == nil && now.Nodes[0].Sequence >= uint64(s.Offsets+s.Events)
		}); err != nil {
			return fmt.Errorf("as many events as offsets: %w", err)
		}
		if err := w.settle(ctx); err != nil {
			return err
		}
		if t, err = w.site.Twin(ctx, 0); err != nil {
			return err
		}
	}
	w.options.Say("%6.1fs  event streams from %d offsets at %d nodes", w.history.Now().Duration().Seconds(), s.Offsets, w.site.Size())
	return traffic.Sweep(ctx, w.traffic(), s.Offsets, s.Events, s.ToEnd, t.Nodes[0].Sequence)
}

// stepsAndCalm repeats the steps until the time is over, each after the least
// work, and waits for the least work at the end.
func (w *run) stepsAndCalm(ctx context.Context) error {
	least := w.options.Scenario.Least
	begun := time.Now()
	until := begun.Add(w.options.Duration)
	if err := w.work(ctx, least.Before); err != nil {
		return err
	}
	for made := 0; made < max(1, w.options.Times) || time.Now().Before(until); made++ {
		steps := w.steps()
		for i, s := range steps {
			if within := w.options.Within; within > 0 && time.Since(begun) > within {
				w.history.Mark(history.Mark{What: history.Note, Text: fmt.Sprintf("%d steps were not reached within %v", len(steps)-i, within)})
				return ctx.Err()
			}
			if err := w.lengthen(ctx, s); err != nil {
				return err
			}
			if err := w.step(ctx, s); err != nil {
				return err
			}
			if err := w.work(ctx, least.After); err != nil {
				return err
			}
			sleep(ctx, w.span(s.Calm))
		}
		if len(steps) == 0 {
			sleep(ctx, time.Until(until))
		}
	}
	return ctx.Err()
}

// work waits until so many further commands are acknowledged, and half as many
// again: those count that were begun and answered in the time that is meant.
func (w *run) work(ctx context.Context, more uint64) error {
	more += more / 2
	before := w.load.done()
	return w.until(ctx, workPatience, fmt.Sprintf("%d more commands are acknowledged", more), func() bool {
		return w.load.done() >= before+more
	})
}

func (w *run) until(ctx context.Context, patience time.Duration, what string, is func() bool) error {
	for end := time.Now().Add(patience); !is(); sleep(ctx, polls) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("waited %v in vain until %s", patience, what)
		}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

func (w *run) span(s Span) time.Duration {
	if s.Max <= s.Min {
		return s.Min
	}
	return s.Min + time.Duration(w.random.Int64N(int64(s.Max-s.Min)))
}

// under is one fault that has begun.
type under struct {
	name    string // with its number
	ongoing fault.Ongoing
	from    uint64 // acknowledged when it began
	begins  history.Nanos
	heals   history.Nanos
}

// beginPatience bounds how long a fault may look for what it needs to begin.
const beginPatience = 90 * time.Second

// step has faults begin, last and end, and waits until the cluster is well.
func (w *run) step(ctx context.Context, s Step) error {
	w.faulty.Store(true)
	defer w.faulty.Store(false)
	all, whole := w.beginAll(ctx, s)
	var errs []error
	for _, u := range slices.Backward(all) {
		if err := w.heal(ctx, u); err != nil {
			errs = append(errs, fmt.Errorf("heal %s: %w", u.name, err))
		}
	}
	if !whole {
		errs = append(errs, w.clear(ctx))
	}
	made := Made{Of: s.Of, Bit: whole}
	err := errors.Join(errs...)
	if err == nil {
		err = w.recovered(ctx, all)
		made.Recovered = err == nil
		for _, u := range all {
			made.Bit = w.bitten(u) && made.Bit
		}
	}
	for _, u := range all {
		made.Faults = append(made.Faults, u.name)
	}
	w.result.Made = append(w.result.Made, made)
	w.result.Trials++
	if !made.Bit {
		w.result.Invalid++
	}
	w.before, _ = w.hashed(ctx)
	return err
}

// beginAll has the faults of a step begin and last, and reports whether all did.
// One that can't begin, for another has taken what it needs, spoils the trial
// and not the run.
func (w *run) beginAll(ctx context.Context, s Step) (all []*under, whole bool) {
	hold := w.span(s.Hold)
	for i, name := range s.Faults {
		if i > 0 {
			sleep(ctx, time.Duration(w.random.Int64N(int64(hold)/2+1)))
		}
		u, err := w.begin(ctx, name)
		if err != nil {
			w.history.Mark(history.Mark{What: history.Note, Text: fmt.Sprintf("%s could not begin: %v", name, err)})
			w.options.Say("         %s could not begin: %v", name, err)
			return all, false
		}
		all = append(all, u)
	}
	sleep(ctx, hold)
	return all, true
}

// clear takes away what a fault left that did not begin, and starts the nodes
// that do not run.
func (w *run) clear(ctx context.Context) error {
	if err := w.site.Undo(); err != nil {
		w.options.Say("         undone: %v", err) // it may have been undone before
	}
	var errs []error
	for _, n := range w.site.Nodes() {
		if !n.Running() {
			errs = append(errs, n.Start(ctx))
		}
	}
	return errors.Join(errs...)
}

func (w *run) begin(ctx context.Context, name string) (*under, error) {
	f, ok := fault.Find(name)
	if !ok {
		return nil, fmt.Errorf("no fault is called %q", name)
	}
	w.count[name]++
	u := &under{name: fmt.Sprintf("%s#%d", name, w.count[name]), begins: w.history.Now(), from: w.load.done()}
	beginning, cancel := context.WithTimeout(ctx, beginPatience)
	defer cancel()
	ongoing, err := f.Begin(beginning, w.site, rand.New(rand.NewPCG(w.options.Seed, w.random.Uint64())))
	if err != nil {
		return nil, err
	}
	u.ongoing = ongoing
	node := ""
	if n, ok := ongoing.(interface{ Node() string }); ok {
		node = n.Node()
	}
	w.history.Mark(history.Mark{At: u.begins, What: history.FaultBegins, Fault: u.name, Node: node})
	w.options.Say("%6.1fs  %s begins %s", u.begins.Duration().Seconds(), u.name, node)
	return u, nil
}

func (w *run) heal(ctx context.Context, u *under) error {
	u.heals = w.history.Now()
	w.history.Mark(history.Mark{At: u.heals, What: history.FaultHeals, Fault: u.name})
	err := u.ongoing.Heal(ctx)
	w.history.Mark(history.Mark{What: history.FaultOver, Fault: u.name})
	return err
}

// recovered waits until every node is ready and an answer has come since.
func (w *run) recovered(ctx context.Context, all []*under) error {
	err := w.until(ctx, healPatience, "all nodes are ready", func() bool {
		for _, n := range w.site.Nodes() {
			if n.Running() && !w.site.Ready(ctx, n.Number) {
				return false
			}
		}
		return true
	})
	if err == nil {
		err = w.work(ctx, 1)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errRecover, err)
	}
	for _, u := range all {
		w.history.Mark(history.Mark{What: history.Recovered, Fault: u.name})
	}
	w.options.Say("%6.1fs  recovered", w.history.Now().Duration().Seconds())
	return nil
}

// bitten writes down what shows that a fault bit, and whether something does.
func (w *run) bitten(u *under) bool {
	evidence, err := u.ongoing.Bitten()
	if err != nil {
		w.fails("%s: %v", u.name, err)
	}
	if b, ok := u.ongoing.(interface{ Witness() []string }); ok && len(b.Witness()) > 0 {
		if n := w.load.elsewhere(u.begins, u.heals, b.Witness()); n > 0 && evidence == "" {
			evidence = fmt.Sprintf("%d commands were acknowledged elsewhere meanwhile", n)
		} else if n == 0 {
			evidence = "" // whatever else happened: nothing went on without it
		}
	}
	w.history.Mark(history.Mark{What: history.FaultBitten, Fault: u.name, Text: evidence})
	said := evidence
	if said == "" {
		said = "NOT SHOWN to have bitten"
	}
	w.options.Say("         %s: %s", u.name, said)
	return evidence != ""
}

// watch writes down who leads.
func (w *run) watch(ctx context.Context) {
	leader, term := "", uint64(0)
	for ctx.Err() == nil {
		for i := range w.site.Size() {
			if !w.site.Running(i) {
				continue
			}
			node, of, ok := leads(ctx, w.site, i)
			if ok && of > term || ok && of == term && leader == "" {
				leader, term = node, of
				w.history.Mark(history.Mark{What: history.LeaderIs, Node: node, Term: of})
			}
		}
		sleep(ctx, watchEvery)
	}
}

// watchEvery is how often nodes are asked who leads.
const watchEvery = 100 * time.Millisecond

func leads(ctx context.Context, s *site.Site, i int) (leader string, term uint64, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, 5*watchEvery)
	defer cancel()
	t, err := s.Twin(ctx, i)
	if err != nil || t.Leader == "" {
		return "", 0, false
	}
	for _, n := range t.Nodes {
		if n.ID == t.Leader {
			return t.Leader, n.Term, true
		}
	}
	return "", 0, false
}
