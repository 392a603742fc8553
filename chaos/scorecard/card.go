package scorecard

import (
	"fmt"
	"slices"
	"time"

	"github.com/rialto-exchange/rialto/chaos/scenario"
	"github.com/rialto-exchange/rialto/chaos/site"
)

// State is what a row or the whole card came to.
type State string

// The states. Only one of them is good.
const (
	Passed     State = "passed"
	Failed     State = "failed"
	Unfinished State = "unfinished" // nothing was found, and not all trials were made
	NotRun     State = "not run"    // no trial was made
)

// Card is what a scorecard came to: scorecard.json.
type Card struct {
	State    State     `json:"state"`
	Why      []string  `json:"why,omitempty"`
	Quick    bool      `json:"quick"`
	Made     time.Time `json:"made"`
	Machine  string    `json:"machine"`
	Possible string    `json:"possible"` // on this machine
	Commit   string    `json:"commit,omitempty"`
	Modified bool      `json:"modified,omitempty"`
	Binary   string    `json:"binary"`
	Rows     []Result  `json:"rows"`
	// Uncovered are faults that are in no row, Others how many runs were of
	// another build and do not count.
	Uncovered []string `json:"uncovered,omitempty"`
	Others    int      `json:"others"`
}

// Result is what a row came to.
type Result struct {
	Name   string   `json:"name"`
	Pass   string   `json:"pass"`
	State  State    `json:"state"`
	Why    []string `json:"why,omitempty"`
	Wanted int      `json:"wanted"` // trials
	Valid  int      `json:"valid"`
	// Invalid trials do not count; beyond 5 % of all they fail the row.
	Invalid  int           `json:"invalid"`
	Failures int           `json:"failures"` // runs
	Runs     []Run         `json:"runs,omitempty"`
	Commands uint64        `json:"commands"`
	Took     time.Duration `json:"took_ns"`
	// Bound is the 95 % upper bound of the share of trials that fail, where none
	// did: 3/n (rule of three); 0: there is none.
	Bound float64 `json:"bound,omitempty"`
	// Waits are how long one client waited at each fault, Heals how long healing
	// took.
	Silences Spread   `json:"silences"`
	Waits    Spread   `json:"waits"`
	Heals    Spread   `json:"heals"`
	Missing  []string `json:"missing,omitempty"` // scenarios that are impossible here, and why
}

// Spread is how some durations are spread.
type Spread struct {
	N   int           `json:"n"`
	P50 time.Duration `json:"p50_ns"`
	P99 time.Duration `json:"p99_ns"`
	Max time.Duration `json:"max_ns"`
}

func spread(all []time.Duration) Spread {
	if len(all) == 0 {
		return Spread{}
	}
	slices.Sort(all)
	at := func(share float64) time.Duration { return all[int(share*float64(len(all)-1)+0.5)] }
	return Spread{len(all), at(.5), at(.99), all[len(all)-1]}
}

// Tally counts the runs of some builds, by their hashes; the first is the one
// that is shipped.
func Tally(rows []Row, runs []Run, quick bool, can site.Can, builds ...string) *Card {
	c := &Card{Quick: quick, Made: time.Now().UTC(), Possible: can.String(), Binary: builds[0], Uncovered: Uncovered(rows)}
	for _, r := range runs {
		if !slices.Contains(builds, r.Binary) {
			c.Others++
		}
	}
	for _, row := range rows {
		if row.target(quick) == 0 {
			continue
		}
		r := row.tally(runs, row.target(quick), can, builds)
		c.Rows = append(c.Rows, r)
	}
	c.judge()
	return c
}

func (row Row) tally(runs []Run, wanted int, can site.Can, builds []string) Result {
	r := Result{Name: row.Name, Pass: row.Pass, Wanted: wanted}
	var silences, waits, heals []time.Duration
	for _, run := range runs {
		if run.Row != row.Name || !slices.Contains(builds, run.Binary) {
			continue
		}
		r.Runs = append(r.Runs, run)
		r.Took += run.Took
		switch run.Verdict {
		case scenario.NotRun:
			continue
		case scenario.Failed:
			r.Failures++
			r.Why = append(r.Why, fmt.Sprintf("%s, seed %d: %s", run.Scenario, run.Seed, first(run.Why)))
		}
		r.Valid += run.Trials - run.Invalid
		r.Invalid += run.Invalid
		r.Commands += run.Commands
		silences, waits, heals = append(silences, run.Silences...), append(waits, run.Waits...), append(heals, run.Heals...)
	}
	r.Silences, r.Waits, r.Heals = spread(silences), spread(waits), spread(heals)
	possible, missing := row.possible(can)
	r.Missing = missing
	r.judge(row, len(possible))
	return r
}

func first(why []string) string {
	if len(why) == 0 {
		return "no reason is given"
	}
	return why[0]
}

// judge settles a row. Whatever it can't show, it is not passed.
func (r *Result) judge(row Row, possible int) {
	all := r.Valid + r.Invalid
	switch {
	case r.Failures > 0:
		r.State = Failed
		return
	case float64(r.Invalid) > scenario.MaxInvalid*float64(all):
		r.State = Failed
		r.Why = append(r.Why, fmt.Sprintf("%d of %d trials are invalid, and 5 %% is the most", r.Invalid, all))
		return
	case row.Elsewhere != "":
		r.State = NotRun
		r.Why = append(r.Why, "not run here: "+row.Elsewhere)
		return
	case r.Valid == 0:
		r.State = NotRun
		r.Why = r.whyNot(row, possible)
		return
	}
	r.Bound = 3 / float64(r.Valid)
	r.State = Passed
	if r.Valid < r.Wanted || len(r.Missing) > 0 || !r.every(row) {
		r.State = Unfinished
		r.Why = append(r.Why, r.Missing...)
	}
}

func (r *Result) whyNot(row Row, possible int) []string {
	switch {
	case len(row.Scenarios) == 0:
		return []string{"this build has no such fault"}
	case possible == 0:
		return r.Missing
	}
	return []string{"it was not reached"}
}

// every reports whether each scenario of a row was run, where there are at least
// as many runs as scenarios to be made.
func (r *Result) every(row Row) bool {
	if row.runs(r.Wanted) < len(row.Scenarios) {
		return true
	}
	seen := map[string]bool{}
	for _, run := range r.Runs {
		seen[run.Scenario] = true
	}
	return len(seen) == len(row.Scenarios)
}

// judge settles the card: a fault in no row fails it, a row that is not passed
// keeps it from passing.
func (c *Card) judge() {
	c.State = Passed
	count := map[State]int{}
	for _, r := range c.Rows {
		count[r.State]++
	}
	if n := count[Unfinished] + count[NotRun]; n > 0 {
		c.State = Unfinished
		c.Why = append(c.Why, fmt.Sprintf("%d of %d rows are not run or not to their end: that says nothing about them", n, len(c.Rows)))
	}
	if n := count[Failed]; n > 0 {
		c.State = Failed
		c.Why = append(c.Why, fmt.Sprintf("%d of %d rows failed", n, len(c.Rows)))
	}
	if len(c.Uncovered) > 0 {
		c.State = Failed
		c.Why = append(c.Why, fmt.Sprintf("faults that are in no row: %v", c.Uncovered))
	}
	if count[Passed]+count[Failed]+count[Unfinished] == 0 && c.State != Failed {
		c.State = NotRun
	}
}
