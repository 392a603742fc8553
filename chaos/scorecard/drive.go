package scorecard

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/scenario"
	"github.com/rialto-exchange/rialto/chaos/site"
)

// Options of a scorecard.
type Options struct {
	Dir    string // made if it is not there; goes on with what is in it
	Binary string
	Tagged string // the same build with the tag chaos, for scenarios that need it; "": there is none
	Older  string
	// Version is of this program, as git describes it.
	Version string
	Quick   bool
	Seed    uint64
	// For bounds how long new runs are begun, 0 is no bound. A run that is not
	// expected to end in time is not begun.
	For time.Duration
	// Parallel is how many runs are made at the same time; rows that time
	// something are run alone all the same.
	Parallel int
	// Only are the names of the rows to run, empty: all. The others are counted.
	Only []string
	// Do makes a run in a folder and returns what it came to.
	Do func(ctx context.Context, job Job, folder history.Folder) (*scenario.Result, error)
	// Say is told what goes on.
	Say func(format string, args ...any)
}

// Job is a run to be made.
type Job struct {
	Row      Row
	Number   int
	Scenario string
	Seed     uint64
	Times    int
	// Within bounds how long its steps are begun; 0: no bound.
	Within time.Duration
}

// Build is the binary that a job is made with.
func (o Options) Build(j Job) string {
	if o.Tagged != "" && needsTag(j.Scenario) {
		return o.Tagged
	}
	return o.Binary
}

// expected is how long a run is thought to take before one was made, and the
// least for one with a duration.
const expected = 45 * time.Second

// Make runs what is missing and tallies all. When ctx ends, or the time is over,
// what was made counts.
func Make(ctx context.Context, o Options, rows []Row) (*Card, error) {
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, err
	}
	binary := scenario.Hash(o.Binary)
	if binary == "" {
		return nil, fmt.Errorf("%s can't be read", o.Binary)
	}
	d := &drive{
		options: o, rows: rows, binary: binary, can: site.Machine(site.Options{Binary: o.Binary, Older: o.Older}),
		book: bookIn(o.Dir), begun: time.Now(), under: map[place]bool{},
	}
	builds := []string{binary}
	if o.Tagged != "" {
		if !site.Machine(site.Options{Binary: o.Tagged}).Has(site.Tagged) {
			return nil, fmt.Errorf("%s was not built with the tag chaos", o.Tagged)
		}
		d.can |= site.Tagged
		builds = append(builds, scenario.Hash(o.Tagged))
	}
	d.builds = builds
	var err error
	if d.runs, err = d.book.read(); err != nil {
		return nil, err
	}
	if o.Quick {
		err = d.quick(ctx)
	} else {
		err = d.all(ctx)
	}
	card := Tally(rows, d.runs, o.Quick, d.can, builds...)
	card.Machine = scenario.Machine()
	card.Commit, card.Modified = scenario.Build(o.Binary, o.Version)
	return card, err
}

// place is a run's among those of its row: by it the run has its seed.
type place struct {
	row    string
	number int
}

// drive is a scorecard that is being made.
type drive struct {
	options Options
	rows    []Row
	binary  string   // hash
	builds  []string // hashes of all that counts
	can     site.Can
	book    book
	begun   time.Time

	mu     sync.Mutex
	runs   []Run
	under  map[place]bool // runs under way
	failed error
	alone  sync.RWMutex // held whole by a run that must be alone
}

// all makes run after run, some at the same time, until there is none to make.
func (d *drive) all(ctx context.Context) error {
	var wait sync.WaitGroup
	for range max(1, d.options.Parallel) {
		wait.Go(func() {
			for ctx.Err() == nil {
				job, ok := d.next()
				if !ok {
					return
				}
				d.make(ctx, job)
			}
		})
	}
	wait.Wait()
	return errors.Join(ctx.Err(), d.failed)
}

// next picks the row that has the smallest share of what it wants, so that each
// has something when the time is over; the first of equals. With more than one
// run at the same time, those that must be alone come after all others.
func (d *drive) next() (Job, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.failed != nil {
		return Job{}, false
	}
	best, ok := d.pick(func(r Row) bool { return d.options.Parallel <= 1 || !r.Alone })
	if !ok {
		best, ok = d.pick(func(r Row) bool { return r.Alone })
	}
	if ok {
		d.under[place{best.Row.Name, best.Number}] = true
	}
	return best, ok
}

func (d *drive) pick(may func(Row) bool) (Job, bool) {
	var best *Job
	least := 1.0
	for _, row := range d.rows {
		wanted := row.target(d.options.Quick)
		names, _ := row.possible(d.can)
		if wanted == 0 || len(names) == 0 || !d.chosen(row.Name) || !may(row) {
			continue
		}
		trials, runs, takes := d.made(row)
		under := d.underWay(row)
		share := float64(trials+under*max(1, row.PerRun)) / float64(wanted)
		if share >= least || d.options.For > 0 && time.Since(d.begun)+takes > d.options.For {
			continue
		}
		if runs+under >= mostRuns*row.runs(wanted) {
			continue // one that never makes a valid trial is given up
		}
		number := d.free(row)
		least = share
		best = &Job{
			Row: row, Number: number, Scenario: names[number%len(names)],
			Seed: seedOf(d.options.Seed, row.Name, number), Times: min(max(1, row.PerRun), wanted),
		}
	}
	if best == nil {
		return Job{}, false
	}
	return *best, true
}

// mostRuns is how many times the runs that a row should need are made at most.
const mostRuns = 2

func (d *drive) chosen(row string) bool {
	if len(d.options.Only) == 0 {
		return true
	}
	for _, name := range d.options.Only {
		if name == row {
			return true
		}
	}
	return false
}

// made is what a row has of this build: valid trials, runs, and how long one
// takes.
func (d *drive) made(row Row) (trials, runs int, takes time.Duration) {
	for _, r := range d.runs {
		if r.Row == row.Name && slices.Contains(d.builds, r.Binary) {
			trials += r.Trials - r.Invalid
			runs++
			takes += r.Took
		}
	}
	if runs > 0 {
		return trials, runs, max(takes/time.Duration(runs), row.Duration)
	}
	return trials, runs, max(expected, row.Duration)
}

// underWay is how many runs of a row are.
func (d *drive) underWay(row Row) (n int) {
	for p := range d.under {
		if p.row == row.Name {
			n++
		}
	}
	return n
}

// free is the first place of a row that no run has, made or under way. A run that
// was interrupted leaves its place behind those that were made beside it, and to
// count them would give the seed of one of those again.
func (d *drive) free(row Row) int {
	taken := map[int]bool{}
	for _, r := range d.runs {
		if r.Row == row.Name && slices.Contains(d.builds, r.Binary) {
			taken[r.Number] = true
		}
	}
	for n := 0; ; n++ {
		if !taken[n] && !d.under[place{row.Name, n}] {
			return n
		}
	}
}

func seedOf(seed uint64, row string, number int) uint64 {
	h := fnv.New32a()
	_, _ = fmt.Fprintf(h, "%d/%s/%d", seed, row, number)
	return uint64(h.Sum32())
}

// make makes a run and writes it down. One that broke off has failed: nobody
// knows what it would have found.
func (d *drive) make(ctx context.Context, j Job) {
	if j.Row.Alone {
		d.alone.Lock()
		defer d.alone.Unlock()
	} else {
		d.alone.RLock()
		defer d.alone.RUnlock()
	}
	name := fmt.Sprintf("%s-%08x", j.Scenario, j.Seed)
	folder := history.Folder(filepath.Join(d.options.Dir, name))
	err := fresh(folder)
	var r *scenario.Result
	if err == nil {
		d.options.Say("%s: %s × %d, seed %d", j.Row.Name, j.Scenario, j.Times, j.Seed)
		r, err = d.options.Do(ctx, j, folder)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.under, place{j.Row.Name, j.Number})
	switch {
	case ctx.Err() != nil:
		_ = os.RemoveAll(string(folder)) // it is made again
		return
	case err != nil:
		r = broken(d.binary, j, err)
	}
	run := runOf(j.Row, j.Number, r)
	run.Folder = name
	d.options.Say("  %s: %s, %d trials, %d invalid%s", j.Scenario, run.Verdict, run.Trials, run.Invalid, because(run.Why))
	if r.Verdict == scenario.Passed {
		slim(folder, r)
	}
	if err := d.book.append(run); err != nil {
		d.failed = err
		return
	}
	d.runs = append(d.runs, run)
}

// fresh removes what a run left that was interrupted.
func fresh(folder history.Folder) error { return os.RemoveAll(string(folder)) }

// broken is what a run came to that broke off.
func broken(binary string, j Job, err error) *scenario.Result {
	return &scenario.Result{
		Scenario: j.Scenario, Seed: j.Seed, Binary: binary, Verdict: scenario.Failed, Started: time.Now().UTC(),
		Why: []string{fmt.Sprintf("the run broke off: %v", err)},
	}
}

func because(why []string) string {
	if len(why) == 0 {
		return ""
	}
	return ": " + why[0]
}

// slim removes what is only looked at when something was found.
func slim(folder history.Folder, r *scenario.Result) {
	_ = os.Remove(folder.History())
	if r.Figures != nil {
		for _, n := range r.Figures.Head.Nodes {
			_ = os.Remove(folder.Events(n))
		}
	}
}
