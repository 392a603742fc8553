package scorecard_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/scenario"
	"github.com/rialto-exchange/rialto/chaos/scorecard"
)

// toured is what a tour comes to in which all is well, as far as so many steps.
func toured(j scorecard.Job, steps int) *scenario.Result {
	s, _ := scenario.Find(j.Scenario)
	r := &scenario.Result{Scenario: j.Scenario, Seed: j.Seed, Verdict: scenario.Passed}
	count := map[string]int{}
	for _, step := range s.Steps[:min(steps, len(s.Steps))] {
		m := scenario.Made{Of: step.Of, Bit: true, Recovered: true}
		for _, f := range step.Faults {
			count[f]++
			m.Faults = append(m.Faults, fmt.Sprintf("%s#%d", f, count[f]))
		}
		r.Made, r.Trials = append(r.Made, m), r.Trials+1
	}
	return r
}

// quickly makes a quick card of some rows, whose only tour comes to a result.
func quickly(t *testing.T, rows []scorecard.Row, result func(o scorecard.Options, j scorecard.Job) (*scenario.Result, error)) (*scorecard.Card, []scorecard.Job) {
	t.Helper()
	o := options(t, t.TempDir())
	o.Quick, o.Parallel, o.For = true, 1, 10*time.Minute
	var jobs []scorecard.Job
	o.Do = func(_ context.Context, j scorecard.Job, _ history.Folder) (*scenario.Result, error) {
		jobs = append(jobs, j)
		r, err := result(o, j)
		if r != nil {
			r.Binary = scenario.Hash(o.Binary)
		}
		return r, err
	}
	card, err := scorecard.Make(t.Context(), o, rows)
	if err != nil {
		t.Fatal(err)
	}
	return card, jobs
}

func quickRows() []scorecard.Row {
	return []scorecard.Row{
		{Name: "killed", Pass: "p", Scenarios: []string{"kill-leader"}, PerRun: 10, Trials: 40, Quick: 2},
		{Name: "stopped", Pass: "p", Scenarios: []string{"stop-all"}, PerRun: 5, Trials: 20, Quick: 1},
		{Name: "installed", Pass: "p", Scenarios: []string{"install-killed"}, PerRun: 5, Trials: 20, Quick: 1},
		{Name: "combined", Pass: "p", Scenarios: []string{"kills"}, PerRun: 5, Trials: 20, Quick: 1},
		{Name: "without a fault", Pass: "p", Scenarios: []string{"calm"}, Trials: 20, Quick: 1},
		{Name: "long", Pass: "p", Scenarios: []string{"soak"}, Trials: 1},
	}
}

// TestQuickIsATour shows that a quick card makes its trials in one cluster: one
// of each row before a second of any, those that fill the log first at the end
// of their turn, in the time that is left. Each row has a verdict.
func TestQuickIsATour(t *testing.T) {
	card, jobs := quickly(t, quickRows(), func(_ scorecard.Options, j scorecard.Job) (*scenario.Result, error) { return toured(j, 99), nil })
	if len(jobs) != 1 || jobs[0].Scenario != "kill-leader,stop-all,kills,calm,install-killed,kill-leader" {
		t.Fatalf("%d tours: %+v", len(jobs), jobs)
	}
	if w := jobs[0].Within; w <= 0 || w > 10*time.Minute-30*time.Second {
		t.Errorf("its steps are begun within %v of ten minutes", w)
	}
	if len(card.Rows) != 5 {
		t.Fatalf("%d rows", len(card.Rows))
	}
	for _, r := range card.Rows {
		if r.State != scorecard.Passed || r.Valid != r.Wanted {
			t.Errorf("%s: %s, %d of %d: %v", r.Name, r.State, r.Valid, r.Wanted, r.Why)
		}
	}
}

// TestQuickIsBounded shows that what a tour did not reach is not passed, and that
// without the time for one none is made.
func TestQuickIsBounded(t *testing.T) {
	card, _ := quickly(t, quickRows(), func(_ scorecard.Options, j scorecard.Job) (*scenario.Result, error) { return toured(j, 2), nil })
	var states []scorecard.State
	for _, r := range card.Rows {
		states = append(states, r.State)
	}
	want := []scorecard.State{scorecard.Unfinished, scorecard.Passed, scorecard.NotRun, scorecard.NotRun, scorecard.NotRun}
	if !slices.Equal(states, want) {
		t.Errorf("after two steps rows are %v, want %v", states, want)
	}
	o := options(t, t.TempDir())
	o.Quick, o.For = true, time.Second
	o.Do = func(context.Context, scorecard.Job, history.Folder) (*scenario.Result, error) {
		t.Error("a tour was begun")
		return nil, errors.New("begun")
	}
	if _, err := scorecard.Make(t.Context(), o, quickRows()); err != nil {
		t.Fatal(err)
	}
}

// TestQuickBlames shows whose row fails when something was found in a tour: that
// of the fault which is named, of the one after which the cluster did not
// recover, and else all, since it may have been any.
func TestQuickBlames(t *testing.T) {
	all := []string{"killed", "stopped", "installed", "combined", "without a fault"}
	for _, c := range []struct {
		what string
		do   func(r *scenario.Result)
		want []string
	}{
		{"nothing", func(*scenario.Result) {}, nil},
		{"a gap at one fault", func(r *scenario.Result) {
			r.Checks = []scenario.CheckResult{{Name: "availability", Violations: []scenario.Violation{{What: "long", Fault: "kill-leader#2"}}}}
		}, []string{"killed"}},
		{"a lost command", func(r *scenario.Result) {
			r.Checks = []scenario.CheckResult{{Name: "once", Violations: []scenario.Violation{{What: "lost"}}}}
		}, all},
		{"a check that could not be run", func(r *scenario.Result) { r.Checks = []scenario.CheckResult{{Name: "replay", Error: "cut"}} }, all},
		{"who had forgotten was let in", func(r *scenario.Result) { r.During = []string{"stop-all#1: let in"} }, []string{"stopped"}},
		{"no recovery", func(r *scenario.Result) {
			r.Made = r.Made[:2]
			r.Made[1].Recovered, r.During = false, []string{"the cluster did not recover: n2"}
		}, []string{"stopped"}},
		{"a failure without a reason", func(r *scenario.Result) { r.Why = []string{"the history can't be read"} }, all},
	} {
		card, _ := quickly(t, quickRows(), func(_ scorecard.Options, j scorecard.Job) (*scenario.Result, error) {
			r := toured(j, 99)
			if c.do(r); c.want != nil {
				r.Verdict = scenario.Failed
			}
			return r, nil
		})
		var failed []string
		for _, r := range card.Rows {
			if r.State == scorecard.Failed {
				failed = append(failed, r.Name)
			}
		}
		if !slices.Equal(failed, c.want) {
			t.Errorf("%s: failed are %q, want %q", c.what, failed, c.want)
		}
	}
	card, _ := quickly(t, quickRows(), func(scorecard.Options, scorecard.Job) (*scenario.Result, error) {
		return nil, errors.New("no room")
	})
	for _, r := range card.Rows {
		if r.State != scorecard.Failed || !strings.Contains(r.Why[0], "no room") {
			t.Errorf("broken off: %s is %s: %v", r.Name, r.State, r.Why)
		}
	}
}

// TestQuickCountsWhatBit shows that a trial of a tour that did not bite is its
// row's, and that with too little work none counts.
func TestQuickCountsWhatBit(t *testing.T) {
	card, _ := quickly(t, quickRows(), func(_ scorecard.Options, j scorecard.Job) (*scenario.Result, error) {
		r := toured(j, 99)
		r.Made[1].Bit, r.Invalid = false, 1
		r.Verdict, r.Why = scenario.Invalid, []string{"stop-all#1 is not shown to have bitten"}
		return r, nil
	})
	for _, r := range card.Rows {
		if invalid := r.Name == "stopped"; invalid != (r.Invalid > 0) || invalid == (r.State == scorecard.Passed) {
			t.Errorf("%s: %s, %d invalid", r.Name, r.State, r.Invalid)
		}
	}
	card, _ = quickly(t, quickRows(), func(_ scorecard.Options, j scorecard.Job) (*scenario.Result, error) {
		r := toured(j, 99)
		r.Verdict, r.Why = scenario.Invalid, []string{"too little work: 3 commands"}
		return r, nil
	})
	for _, r := range card.Rows {
		if r.Valid > 0 || r.State == scorecard.Passed {
			t.Errorf("too little work: %s has %d valid trials and is %s", r.Name, r.Valid, r.State)
		}
	}
}

// TestOneRowAScenario shows that a scenario belongs to one row: a tour tells by
// it whose a trial is.
func TestOneRowAScenario(t *testing.T) {
	of := map[string]string{}
	for _, r := range scorecard.Rows() {
		for _, name := range r.Scenarios {
			if before, taken := of[name]; taken {
				t.Errorf("%s is in %q and in %q", name, before, r.Name)
			}
			of[name] = r.Name
		}
	}
}
