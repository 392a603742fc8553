package scenario

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/site"
)

// Options of a run.
type Options struct {
	Scenario Scenario
	Folder   history.Folder // new or empty
	Seed     uint64
	// Nodes is in place of the scenario's own, if it is set.
	Nodes int
	// The steps are made Times times, at least once, and then until the load has
	// lasted for Duration.
	Times    int
	Duration time.Duration
	// Within bounds how long steps are begun, 0 is no bound. What was not reached is
	// no trial.
	Within  time.Duration
	Binary  string
	Older   string // binary of an older build, "" if there is none
	Version string // of this program, as git describes it
	Staging *site.Staging
	// Say is told what goes on, a line each; nil: nobody is.
	Say func(format string, args ...any)
	// Keep leaves the nodes' data in the folder, also if all is well.
	Keep bool
}

// Run runs a scenario and judges it. An error means that it could not be run to
// its end: it was interrupted, or the machine failed. Whatever happens, the
// cluster is gone when it returns.
func Run(ctx context.Context, o Options) (*Result, error) {
	o.Scenario = o.Scenario.withDefaults()
	if o.Nodes > 0 {
		o.Scenario.Nodes = o.Nodes
	}
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	r := newResult(o)
	lacks, steps, err := prepare(o)
	if err != nil {
		return nil, err
	}
	if lacks != 0 {
		r.Verdict, r.Why = NotRun, []string{site.Why(lacks)}
		return r, nil
	}
	w := &run{options: o, steps: steps, random: rand.New(rand.NewPCG(o.Seed, 1)), result: r}
	begun := time.Now()
	err = w.all(ctx)
	r.Took = time.Since(begun)
	if ctx.Err() != nil {
		return nil, errors.Join(ctx.Err(), err)
	}
	if err != nil {
		w.fails("%v", err)
	}
	r.During = r.Why
	if err := Judge(ctx, o.Folder, r, o.Scenario); err != nil {
		return nil, err
	}
	if r.Verdict == Passed && !o.Keep && o.Staging == nil {
		return r, os.RemoveAll(w.cluster())
	}
	return r, nil
}

// prepare makes the steps and says what the site lacks for them.
func prepare(o Options) (lacks site.Can, steps func() []Step, err error) {
	s := o.Scenario
	needs, err := s.NeedsOf()
	if err != nil {
		return 0, nil, err
	}
	can := site.Machine(siteOptions(o, needs))
	if lacks = needs &^ can; lacks != 0 {
		return lacks, nil, nil
	}
	all := s.Steps
	if s.Draw != nil {
		all = []Step{{Draw: s.Draw}}
	}
	random := rand.New(rand.NewPCG(o.Seed, 2))
	return 0, func() []Step { return drawn(all, random, can) }, nil
}

func siteOptions(o Options, needs site.Can) site.Options {
	return site.Options{
		Binary: o.Binary, Older: o.Older, Dir: filepath.Join(string(o.Folder), "cluster"), Nodes: o.Scenario.Nodes, Needs: needs,
		Extra: quickHeartbeats + o.Scenario.Extra, Staging: o.Staging,
	}
}

// quickHeartbeats lets FIX clients leave a stopped node after seconds.
const quickHeartbeats = "fix:\n  min_heartbeat: 1s\n"

// run is a run under way.
type run struct {
	options Options
	steps   func() []Step
	random  *rand.Rand
	result  *Result
	site    *site.Site
	history *history.Writer
	id      string
	load    *load
	count   map[string]int // of each fault
	last    uint64         // the sequence that all nodes came to, 0: they did not
	faulty  atomic.Bool    // a fault is under way
	filled  int            // how often the log was filled
	before  uint64         // the last entry when the fault before was over
}

func (w *run) cluster() string { return filepath.Join(string(w.options.Folder), "cluster") }

func (w *run) fails(format string, args ...any) {
	w.result.Why = append(w.result.Why, fmt.Sprintf(format, args...))
}

// all opens the site, has everything happen, exports what the nodes hold, and
// closes the site again.
func (w *run) all(ctx context.Context) (err error) {
	o := w.options
	if err := os.MkdirAll(w.cluster(), 0o755); err != nil {
		return err
	}
	if w.site, err = site.Open(ctx, siteOptions(o, w.needs())); err != nil {
		return fmt.Errorf("start the cluster: %w", err)
	}
	defer func() { err = errors.Join(err, w.logs(), w.site.Close()) }()
	w.result.Site = w.site.Can().String()
	w.id = fmt.Sprintf("x%08x", rand.Uint32()) // new in each run: a staging cluster remembers ids
	head := history.Head{Scenario: o.Scenario.Name, Seed: o.Seed, Run: w.id, Commit: w.result.Commit, Binary: w.result.Binary}
	for _, n := range w.site.Nodes() {
		head.Nodes = append(head.Nodes, n.ID)
	}
	if w.history, err = history.Create(o.Folder.History(), head); err != nil {
		return err
	}
	err = w.happens(ctx)
	err = errors.Join(err, w.history.Close())
	if ctx.Err() != nil {
		return err
	}
	exported := export(ctx, w.site, o.Folder, w.last)
	if err != nil {
		return err // that what is not well can't be exported whole is no news
	}
	return exported
}
