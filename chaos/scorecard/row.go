package scorecard

import (
	"slices"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/fault"
	"github.com/rialto-exchange/rialto/chaos/scenario"
	"github.com/rialto-exchange/rialto/chaos/site"
)

// Row is a promise and how it is tried.
type Row struct {
	Name string
	Pass string // what must hold, in a line
	// Scenarios are made in turn, a run each; a run makes PerRun trials.
	Scenarios []string
	PerRun    int
	// Trials are how many the whole scorecard makes, Quick the quick one; 0: none.
	Trials, Quick int
	// Nodes and Duration are of each run; 0: the scenario's own.
	Nodes    int
	Duration time.Duration
	// Alone: it times something, and nothing else may run beside it.
	Alone bool
	// Elsewhere is the command that proves it, where that is no scenario. Such a
	// row is never passed here.
	Elsewhere string
}

// Uncovered are the faults that are in no row's scenarios by name. Those that
// are only drawn by chance count as in none.
func Uncovered(rows []Row) []string {
	covered := map[string]bool{}
	for _, r := range rows {
		for _, name := range r.Scenarios {
			s, ok := scenario.Find(name)
			if ok && s.Draw == nil {
				for _, f := range s.Faults() {
					covered[f] = true
				}
			}
		}
	}
	var not []string
	for _, f := range fault.Faults() {
		if !covered[f.Name] {
			not = append(not, f.Name)
		}
	}
	return not
}

// target is how many trials a card of a kind wants of a row.
func (r Row) target(quick bool) int {
	if quick {
		return r.Quick
	}
	return r.Trials
}

// runs is how many runs make so many trials, each scenario equally often as far
// as that goes.
func (r Row) runs(trials int) int {
	per := max(1, r.PerRun)
	return (trials + per - 1) / per
}

// impossible says why a machine can't run a scenario, "" if it can.
func impossible(name string, can site.Can) string {
	s, ok := scenario.Find(name)
	if !ok {
		return "no scenario is called " + name
	}
	needs, err := s.NeedsOf()
	if err != nil {
		return err.Error()
	}
	return site.Why(needs &^ can)
}

// possible are the scenarios of a row that a machine can run, and why it can't
// run the others.
func (r Row) possible(can site.Can) (names, why []string) {
	for _, name := range r.Scenarios {
		if reason := impossible(name, can); reason != "" {
			why = append(why, name+": "+reason)
		} else {
			names = append(names, name)
		}
	}
	return names, slices.Compact(why)
}
