package report_test

import (
	"bytes"
	"encoding/xml"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/internal/figures"
	"github.com/rialto-exchange/rialto/chaos/report"
	"github.com/rialto-exchange/rialto/chaos/scenario"
)

// ran is a run of ten seconds with one fault.
func ran(v scenario.Verdict) *scenario.Result {
	second := history.Nanos(time.Second)
	f := &figures.Figures{
		Head: history.Head{Nodes: []string{"n1", "n2", "n3"}}, LoadBegins: second, LoadEnds: 10 * second, BinNs: int64(time.Second),
		Commands: figures.Counts{Acked: 4000, Refused: 213, Unknown: 1}, Gap: figures.Gap{From: 4 * second, To: 4*second + second/4},
		Faults: []figures.Fault{{
			Name: "kill-<leader>#1", Node: "n1", Begins: 4 * second, Heals: 5 * second, Over: 5 * second, Recovered: 6 * second,
			Evidence: "process 4711 was gone", Gap: figures.Gap{From: 4 * second, To: 4*second + second/4},
		}},
		Leaders: []figures.Leader{{At: 0, Node: "n1", Term: 2}, {At: 4 * second, Node: "n2", Term: 3}},
		Bins:    make([]figures.Bin, 10),
	}
	for i := range f.Bins {
		f.Bins[i] = figures.Bin{Acked: 400, P50: 2 * time.Millisecond, P99: 20 * time.Millisecond}
	}
	r := &scenario.Result{
		Scenario: "kill-leader", Doc: "kill -9 of the leader", Verdict: v, Nodes: 3, Seed: 7, Again: "rialto chaos run kill-leader --seed 7",
		Figures: f, Checks: []scenario.CheckResult{{Name: "exactly-once", Doc: "every command once", Took: time.Second}},
	}
	if v != scenario.Passed {
		r.Why = []string{"because <it> is so"}
	}
	return r
}

func page(t *testing.T, r *scenario.Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.HTML(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestPageStandsByItself shows that the page loads nothing from anywhere, and
// lets no text of a run become markup.
func TestPageStandsByItself(t *testing.T) {
	got := page(t, ran(scenario.Failed))
	if found := regexp.MustCompile(`(?i)(src|href)\s*=\s*"[a-z]+:|@import|url\(|<script|<link`).FindString(got); found != "" {
		t.Errorf("the page has %s in it", found)
	}
	for _, raw := range []string{"kill-<leader>", "because <it>"} {
		if strings.Contains(got, raw) {
			t.Errorf("%q is not escaped", raw)
		}
	}
}

// TestPageSaysWhatCounts shows what a reader of ten seconds must find, and that
// only a run that passed is said to have lost nothing.
func TestPageSaysWhatCounts(t *testing.T) {
	for v, want := range map[scenario.Verdict][]string{
		scenario.Passed:  {"PASSED", "nothing that a client was told is lost", "250 ms", "4,213", "1 of 1", "process 4711 was gone", "rialto chaos run kill-leader --seed 7", "<svg", "n2, term 3"},
		scenario.Failed:  {"FAILED", "because", "<svg"},
		scenario.Invalid: {"INVALID", "proves nothing"},
		scenario.NotRun:  {"NOT RUN", "not made here"},
	} {
		got := page(t, ran(v))
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s: %q is not in the page", v, w)
			}
		}
		if v != scenario.Passed && strings.Contains(got, "is lost, doubled or changed") {
			t.Errorf("%s: the page says that nothing is lost", v)
		}
	}
}

// TestJUnit shows that a build server sees each check, and neither an invalid
// run nor one that was not run as passed.
func TestJUnit(t *testing.T) {
	failed := ran(scenario.Failed)
	failed.Checks = append(failed.Checks, scenario.CheckResult{Name: "gapless", Violations: []scenario.Violation{{What: "event 7 is missing", Lines: []string{"line"}}}},
		scenario.CheckResult{Name: "model", Error: "no export"})
	for _, c := range []struct {
		r                                *scenario.Result
		tests, failures, errors, skipped int
	}{
		{ran(scenario.Passed), 2, 0, 0, 0}, {failed, 4, 2, 1, 0}, {ran(scenario.Invalid), 2, 0, 1, 0}, {ran(scenario.NotRun), 2, 0, 0, 1},
	} {
		text, err := report.JUnit(c.r)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Errors   int `xml:"errors,attr"`
			Skipped  int `xml:"skipped,attr"`
		}
		if err := xml.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if got.Tests != c.tests || got.Failures != c.failures || got.Errors != c.errors || got.Skipped != c.skipped {
			t.Errorf("%s: got %+v, want %+v", c.r.Verdict, got, c)
		}
	}
}

// TestWritesAndReads shows that what is written is read again.
func TestWritesAndReads(t *testing.T) {
	folder := history.Folder(t.TempDir())
	want := ran(scenario.Passed)
	if err := report.Write(folder, want); err != nil {
		t.Fatal(err)
	}
	got, err := report.Read(folder)
	if err != nil || got.Verdict != want.Verdict || got.Figures.Gap != want.Figures.Gap {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, f := range []string{folder.Report(), folder.JUnit(), folder.Verdict()} {
		if filepath.Dir(f) != string(folder) {
			t.Errorf("%s is not in the folder", f)
		}
	}
}
