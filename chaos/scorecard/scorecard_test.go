package scorecard_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/scenario"
	"github.com/rialto-exchange/rialto/chaos/scorecard"
	"github.com/rialto-exchange/rialto/chaos/site"
)

// TestEveryFaultIsInARow shows that each fault that there is belongs to a row:
// one that is in none fails the scorecard.
func TestEveryFaultIsInARow(t *testing.T) {
	if missing := scorecard.Uncovered(scorecard.Rows()); len(missing) > 0 {
		t.Errorf("in no row of chaos/scorecard/rows.go: %v", missing)
	}
	card := scorecard.Tally(rows(), nil, false, everything, "b")
	if card.State != scorecard.Failed || len(card.Uncovered) == 0 {
		t.Errorf("a card with faults in no row is %s", card.State)
	}
}

// TestRows shows that each row has a name of its own, says what must hold, and
// is made of scenarios that there are.
func TestRows(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range scorecard.Rows() {
		if r.Name == "" || r.Pass == "" || r.Trials == 0 || seen[r.Name] {
			t.Errorf("%+v", r)
		}
		seen[r.Name] = true
		for _, s := range r.Scenarios {
			if _, ok := scenario.Find(s); !ok {
				t.Errorf("%s: no scenario is called %q", r.Name, s)
			}
		}
	}
}

const everything = site.Can(math.MaxUint32)

func rows() []scorecard.Row {
	return []scorecard.Row{
		{Name: "killed", Pass: "p", Scenarios: []string{"kill-leader"}, PerRun: 10, Trials: 40, Quick: 10},
		{Name: "stopped", Pass: "p", Scenarios: []string{"stop-leader", "stop-all"}, PerRun: 5, Trials: 20, Quick: 5, Alone: true},
	}
}

func run(row, name string, trials, invalid int, v scenario.Verdict) scorecard.Run {
	return scorecard.Run{Row: row, Scenario: name, Trials: trials, Invalid: invalid, Verdict: v, Binary: "b"}
}

// TestStates shows what a row comes to: one that did not make all its trials, or
// not each of its scenarios, or was not run, is not passed; more than 5 % of
// invalid trials fail it; the bound is 3/n.
func TestStates(t *testing.T) {
	killed := func(n int, invalid int, v scenario.Verdict) []scorecard.Run {
		return []scorecard.Run{run("killed", "kill-leader", n, invalid, v)}
	}
	for _, c := range []struct {
		what  string
		runs  []scorecard.Run
		can   site.Can
		row   int
		want  scorecard.State
		bound float64
	}{
		{"all trials", killed(40, 0, scenario.Passed), everything, 0, scorecard.Passed, 3.0 / 40},
		{"one too few", killed(39, 0, scenario.Passed), everything, 0, scorecard.Unfinished, 3.0 / 39},
		{"none", nil, everything, 0, scorecard.NotRun, 0},
		{"impossible here", nil, 0, 0, scorecard.NotRun, 0},
		{"of another build", []scorecard.Run{{Row: "killed", Scenario: "kill-leader", Trials: 40, Verdict: scenario.Passed, Binary: "old"}}, everything, 0, scorecard.NotRun, 0},
		{"5 % invalid", killed(42, 2, scenario.Passed), everything, 0, scorecard.Passed, 3.0 / 40},
		{"more than 5 % invalid", killed(43, 3, scenario.Passed), everything, 0, scorecard.Failed, 0},
		{"only invalid ones", killed(1, 1, scenario.Invalid), everything, 0, scorecard.Failed, 0},
		{"one failure", append(killed(40, 0, scenario.Passed), killed(10, 0, scenario.Failed)...), everything, 0, scorecard.Failed, 0},
		{"one of two scenarios", []scorecard.Run{run("stopped", "stop-all", 20, 0, scenario.Passed)}, everything, 1, scorecard.Unfinished, 3.0 / 20},
		{"both", []scorecard.Run{run("stopped", "stop-all", 10, 0, scenario.Passed), run("stopped", "stop-leader", 10, 0, scenario.Passed)}, everything, 1, scorecard.Passed, 3.0 / 20},
		{"a scenario is impossible here", []scorecard.Run{run("stopped", "stop-all", 20, 0, scenario.Passed)}, 0, 1, scorecard.Unfinished, 3.0 / 20},
	} {
		got := scorecard.Tally(rows(), c.runs, false, c.can, "b").Rows[c.row]
		if got.State != c.want || got.Bound != c.bound {
			t.Errorf("%s: %s with bound %v (%v), want %s and %v", c.what, got.State, got.Bound, got.Why, c.want, c.bound)
		}
	}
	elsewhere := scorecard.Tally([]scorecard.Row{{Name: "seeds", Trials: 1, Elsewhere: "make sim"}}, nil, false, everything, "b").Rows[0]
	if elsewhere.State != scorecard.NotRun {
		t.Errorf("what is run elsewhere is %s", elsewhere.State)
	}
}

// options of a scorecard whose runs take no time.
func options(t *testing.T, dir string) scorecard.Options {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "rialto")
	if err := os.WriteFile(binary, []byte("a build"), 0o600); err != nil {
		t.Fatal(err)
	}
	return scorecard.Options{Dir: dir, Binary: binary, Seed: 1, Parallel: 3, Say: func(string, ...any) {}}
}

func passed(o scorecard.Options, j scorecard.Job) *scenario.Result {
	return &scenario.Result{Scenario: j.Scenario, Seed: j.Seed, Verdict: scenario.Passed, Trials: j.Times, Binary: scenario.Hash(o.Binary)}
}

// TestGoesOn shows that a scorecard that was interrupted makes what is missing
// and nothing twice, also after a half line; that no two runs have the same
// scenario and seed; and that another build begins anew.
func TestGoesOn(t *testing.T) {
	dir := t.TempDir()
	o := options(t, dir)
	var mu sync.Mutex
	made := map[string]int{}
	ctx, cancel := context.WithCancel(t.Context())
	o.Do = func(_ context.Context, j scorecard.Job, _ history.Folder) (*scenario.Result, error) {
		mu.Lock()
		defer mu.Unlock()
		made[fmt.Sprintf("%s %d", j.Scenario, j.Seed)]++
		if len(made) == 4 && ctx.Err() == nil {
			cancel()
			return nil, ctx.Err()
		}
		return passed(o, j), nil
	}
	if _, err := scorecard.Make(ctx, o, rows()); !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted: %v", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "runs.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"row":"kil`); err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	before := len(made)
	card, err := scorecard.Make(t.Context(), o, rows())
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{40, 20} {
		if r := card.Rows[i]; r.Valid != want || r.State != scorecard.Passed {
			t.Errorf("%s: %s with %d trials, want %d", r.Name, r.State, r.Valid, want)
		}
	}
	twice := 0
	for _, n := range made {
		twice += n - 1
	}
	if twice > 3 { // those that were under way when it was interrupted
		t.Errorf("%d runs were made twice", twice)
	}
	if len(made) <= before {
		t.Error("nothing was made after the interruption")
	}
	again := len(made)
	if _, err := scorecard.Make(t.Context(), o, rows()); err != nil || len(made) != again {
		t.Errorf("%d runs more of a card that was whole: %v", len(made)-again, err)
	}
	if err := os.WriteFile(o.Binary, []byte("another build"), 0o600); err != nil {
		t.Fatal(err)
	}
	card, err = scorecard.Make(t.Context(), o, rows())
	if err != nil || card.Others == 0 || card.Rows[0].Valid != 40 {
		t.Errorf("another build: %d runs of others, %d trials, %v", card.Others, card.Rows[0].Valid, err)
	}
}

// TestTaggedBuild shows that scenarios which need the tagged build are made with
// it, and others with the one that is shipped; and that a build without the tag
// is refused.
func TestTaggedBuild(t *testing.T) {
	o := scorecard.Options{Binary: "shipped", Tagged: "tagged"}
	if got := o.Build(scorecard.Job{Scenario: "kill-leader"}); got != "shipped" {
		t.Errorf("kill-leader is made with %s", got)
	}
	if got := o.Build(scorecard.Job{Scenario: "clock-leader"}); got != "tagged" {
		t.Errorf("clock-leader is made with %s", got)
	}
	o = options(t, t.TempDir())
	o.Tagged = o.Binary
	if _, err := scorecard.Make(t.Context(), o, rows()); err == nil || !strings.Contains(err.Error(), "tag chaos") {
		t.Errorf("a build without the tag: %v", err)
	}
}

// TestAlone shows that a run of a row that times something has nothing beside
// it, and that others run beside each other.
func TestAlone(t *testing.T) {
	o := options(t, t.TempDir())
	var under, most atomic.Int32
	o.Do = func(_ context.Context, j scorecard.Job, _ history.Folder) (*scenario.Result, error) {
		n := under.Add(1)
		defer under.Add(-1)
		if j.Row.Alone && n > 1 {
			t.Errorf("%s runs beside %d others", j.Scenario, n-1)
		}
		most.Store(max(most.Load(), n))
		if !j.Row.Alone { // until another is there, or it turns out that none comes
			for end := time.Now().Add(100 * time.Millisecond); under.Load() < 2 && time.Now().Before(end); {
				<-time.After(time.Millisecond)
			}
			most.Store(max(most.Load(), under.Load()))
		}
		return passed(o, j), nil
	}
	if _, err := scorecard.Make(t.Context(), o, rows()); err != nil {
		t.Fatal(err)
	}
	if most.Load() < 2 {
		t.Error("no two runs were made at the same time")
	}
}

// TestTimeIsBounded shows that no run is begun that would not end in time, and
// that what was not reached is said.
func TestTimeIsBounded(t *testing.T) {
	o := options(t, t.TempDir())
	o.For = time.Second
	o.Do = func(context.Context, scorecard.Job, history.Folder) (*scenario.Result, error) {
		t.Error("a run was begun")
		return nil, errors.New("begun")
	}
	card, err := scorecard.Make(t.Context(), o, rows())
	if err != nil || card.Rows[0].State != scorecard.NotRun || !slices.Contains(card.Rows[0].Why, "it was not reached") {
		t.Errorf("%+v, %v", card.Rows[0], err)
	}
}

// TestBrokenOff shows that a run that broke off has failed, and that a row which
// never makes a valid trial is given up.
func TestBrokenOff(t *testing.T) {
	o := options(t, t.TempDir())
	runs := map[string]int{}
	o.Parallel = 1
	o.Do = func(_ context.Context, j scorecard.Job, _ history.Folder) (*scenario.Result, error) {
		runs[j.Row.Name]++
		if j.Row.Name == "killed" {
			return nil, errors.New("no room")
		}
		r := passed(o, j)
		r.Verdict, r.Invalid = scenario.Invalid, r.Trials
		return r, nil
	}
	card, err := scorecard.Make(t.Context(), o, rows())
	if err != nil {
		t.Fatal(err)
	}
	if r := card.Rows[0]; r.State != scorecard.Failed || !strings.Contains(r.Why[0], "no room") {
		t.Errorf("broken off: %s, %v", r.State, r.Why)
	}
	if r := card.Rows[1]; r.State != scorecard.Failed || runs["stopped"] != 8 {
		t.Errorf("never valid: %s after %d runs, want 8", r.State, runs["stopped"])
	}
}
