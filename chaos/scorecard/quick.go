package scorecard

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/internal/figures"
	"github.com/rialto-exchange/rialto/chaos/scenario"
	"github.com/rialto-exchange/rialto/chaos/site"
)

// A quick card makes few trials of many rows, so most of its time would go into
// starting clusters and judging what they left. It makes tours instead, one for
// each build: a trial of each row after the other in one cluster, then a second
// of those that want one. What a tour does not reach in its time is not run.

// visit is a trial of a row in a tour.
type visit struct {
	row      Row
	scenario string
}

// tourOverhead is what a tour takes beside its steps, until one was made.
const tourOverhead = 45 * time.Second

// quick makes a tour for each build.
func (d *drive) quick(ctx context.Context) error {
	tours := d.tours()
	overhead := tourOverhead
	for i, visits := range tours {
		job := Job{Seed: seedOf(d.options.Seed, "tour", i), Times: 1, Scenario: names(visits)}
		if d.options.For > 0 {
			var all int
			for _, v := range tours[i:] {
				all += len(v)
			}
			left := d.options.For - time.Since(d.begun) - time.Duration(len(tours)-i)*overhead
			if job.Within = left * time.Duration(len(visits)) / time.Duration(all); job.Within <= 0 {
				return ctx.Err()
			}
		}
		begun := time.Now()
		if err := d.tour(ctx, i, job, visits); err != nil {
			return err
		}
		overhead = max(overhead, time.Since(begun)-job.Within)
	}
	return ctx.Err()
}

func names(visits []visit) string {
	all := make([]string, len(visits))
	for i, v := range visits {
		all[i] = v.scenario
	}
	return strings.Join(all, ",")
}

// tours are the trials that are missing: for each build those of each row in
// turn, and last in each turn those that need a long log. The shortest tour comes
// first: the time that is left bounds the longest.
func (d *drive) tours() (tours [][]visit) {
	byBuild := map[string]int{}
	for turn, any := 0, true; any; turn++ {
		var round []visit
		any = false
		for _, row := range d.rows {
			wanted := row.target(true)
			trials, _, _ := d.made(row)
			if turn >= wanted-trials || !d.chosen(row.Name) {
				continue
			}
			any = true
			if v, ok := d.visit(row, trials+turn); ok {
				round = append(round, v)
			}
		}
		slices.SortStableFunc(round, func(a, b visit) int { return long(a.scenario) - long(b.scenario) })
		for _, v := range round {
			build := d.options.Build(Job{Scenario: v.scenario})
			at, known := byBuild[build]
			if !known {
				at = len(tours)
				byBuild[build], tours = at, append(tours, nil)
			}
			tours[at] = append(tours[at], v)
		}
	}
	slices.SortStableFunc(tours, func(a, b []visit) int { return len(a) - len(b) })
	return tours
}

// visit is the trial of a row with a number; which of its scenarios is first
// comes from the seed.
func (d *drive) visit(row Row, number int) (visit, bool) {
	possible, _ := row.possible(d.can)
	possible = slices.DeleteFunc(possible, func(name string) bool {
		s, _ := scenario.Find(name)
		return !s.Tours()
	})
	if len(possible) == 0 {
		return visit{}, false
	}
	first := seedOf(d.options.Seed, row.Name, 0) % uint64(len(possible))
	return visit{row, possible[(first+uint64(number))%uint64(len(possible))]}, true
}

// long is 1 of a scenario that fills the log first.
func long(name string) int {
	s, _ := scenario.Find(name)
	if s.Extra != "" {
		return 1
	}
	return 0
}

// tour makes one and writes down a run for each row that had a trial in it.
func (d *drive) tour(ctx context.Context, number int, job Job, visits []visit) error {
	name := fmt.Sprintf("tour-%d-%08x", number+1, job.Seed)
	folder := history.Folder(filepath.Join(d.options.Dir, name))
	if err := fresh(folder); err != nil {
		return err
	}
	d.options.Say("%s: %d trials of %s", name, len(visits), job.Scenario)
	r, err := d.options.Do(ctx, job, folder)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		r = broken(d.binary, job, err)
	}
	if r.Verdict == scenario.Passed {
		slim(folder, r)
	}
	for _, run := range split(visits, r) {
		run.Folder = name
		d.options.Say("  %s: %s, %d trials, %d invalid%s", run.Row, run.Verdict, run.Trials, run.Invalid, because(run.Why))
		if err := d.book.append(run); err != nil {
			return err
		}
		d.runs = append(d.runs, run)
	}
	return nil
}

// split gives each row its part of a tour.
func split(visits []visit, r *scenario.Result) []Run {
	rowOf := map[string]string{}
	for _, v := range visits {
		rowOf[v.scenario] = v.row.Name
	}
	var order []string
	runs := map[string]*Run{}
	faults := map[string]string{} // row of each fault
	of := func(row string) *Run {
		run := runs[row]
		if run == nil {
			run = &Run{Row: row, Seed: r.Seed, Verdict: scenario.Passed, Commit: r.Commit, Binary: r.Binary, Started: r.Started, Again: r.Again}
			runs[row], order = run, append(order, row)
		}
		return run
	}
	for _, made := range r.Made {
		row := rowOf[made.Of]
		run := of(row)
		run.Trials++
		if !made.Bit {
			run.Invalid++
		}
		run.Scenario = joined(run.Scenario, made.Of)
		for _, f := range made.Faults {
			faults[f] = row
		}
	}
	if len(order) == 0 { // it did not come to its first step
		for _, v := range visits {
			run := of(v.row.Name)
			run.Trials++
			run.Scenario = joined(run.Scenario, v.scenario)
		}
	}
	blame(r, runs, faults)
	var all []Run
	for _, row := range order {
		run := runs[row]
		run.Took = r.Took / time.Duration(len(order))
		if run.Verdict == scenario.Passed && run.Invalid == run.Trials {
			run.Verdict = scenario.Invalid
		}
		if r.Figures != nil {
			run.felt(r.Figures.Faults, func(fault string) bool { return faults[fault] == row })
			run.Commands = (r.Figures.Commands.Acked + r.Figures.Commands.Refused) / uint64(len(order))
		}
		all = append(all, *run)
	}
	return all
}

func joined(have, name string) string {
	switch {
	case have == "":
		return name
	case slices.Contains(strings.Split(have, ","), name):
		return have
	}
	return have + "," + name
}

// blame fails the rows that something was found of: of the fault that it names,
// of the last one if the cluster did not recover from that, or else of all: it
// may have been any of them.
func blame(r *scenario.Result, runs map[string]*Run, faults map[string]string) {
	fail := func(why string, only ...string) {
		for name, run := range runs {
			if len(only) > 0 && !slices.Contains(only, name) {
				continue
			}
			run.Verdict = scenario.Failed
			text := why
			if len(only) == 0 && len(runs) > 1 {
				text = fmt.Sprintf("in one cluster with %d other rows: %s", len(runs)-1, why)
			}
			run.Why = append(run.Why, text)
		}
	}
	if r.Verdict == scenario.Invalid && len(r.Made) == 0 || tooLittle(r) {
		for _, run := range runs {
			run.Invalid, run.Why = run.Trials, append(run.Why, r.Why...)
		}
	}
	for _, why := range r.During {
		name, _, _ := strings.Cut(why, ":")
		row, named := faults[name]
		switch {
		case named:
			fail(why, row)
		case len(r.Made) > 0 && !r.Made[len(r.Made)-1].Recovered:
			fail(why, rowsOf(r.Made[len(r.Made)-1], faults)...)
		default:
			fail(why)
		}
	}
	for _, c := range r.Checks {
		if c.Error != "" {
			fail(fmt.Sprintf("check %s could not be run: %s", c.Name, c.Error))
		}
		for _, v := range c.Violations {
			if row, named := faults[v.Fault]; named {
				fail(c.Name+": "+v.What, row)
			} else {
				fail(c.Name + ": " + v.What)
			}
		}
	}
	if r.Verdict == scenario.Failed && !slices.ContainsFunc(values(runs), func(run *Run) bool { return run.Verdict == scenario.Failed }) {
		fail(first(r.Why))
	}
}

// tooLittle reports that a tour's work was too little, whatever else it was.
func tooLittle(r *scenario.Result) bool {
	return r.Verdict == scenario.Invalid && slices.ContainsFunc(r.Why, func(why string) bool { return strings.HasPrefix(why, "too little work") })
}

func values(runs map[string]*Run) (all []*Run) {
	for _, run := range runs {
		all = append(all, run)
	}
	return all
}

// rowsOf are the rows of a step's faults.
func rowsOf(m scenario.Made, faults map[string]string) (rows []string) {
	for _, f := range m.Faults {
		rows = append(rows, faults[f])
	}
	return rows
}

// felt takes down what clients felt of some faults.
func (run *Run) felt(all []figures.Fault, mine func(string) bool) {
	for _, f := range all {
		if mine(f.Name) {
			run.Silences = append(run.Silences, f.Gap.Length())
			run.Waits = append(run.Waits, f.ClientGap.Length())
			run.Heals = append(run.Heals, f.ToHeal())
		}
	}
}

// needsTag reports whether a scenario needs the tagged build.
func needsTag(name string) bool {
	s, ok := scenario.Find(name)
	if !ok {
		return false
	}
	needs, err := s.NeedsOf()
	return err == nil && needs.Has(site.Tagged)
}
