package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"sort"
	"strings"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/internal/figures"
	"github.com/rialto-exchange/rialto/chaos/scenario"
)

//go:embed run.html
var runPage string

//go:embed style.css
var style string

// page is what the template of a run is given.
type page struct {
	*scenario.Result
	Style    template.CSS
	Plot     template.HTML
	Summary  string
	Kinds    string // of faults
	Holding  int    // checks that hold
	Resting  string
	Longest  time.Duration
	Failing  []scenario.CheckResult
	Files    []string
	Rendered string
	Notes    []figures.Note
}

// HTML writes a run's page.
func HTML(to io.Writer, r *scenario.Result) error {
	t, err := template.New("run").Funcs(words()).Parse(runPage)
	if err != nil {
		return err
	}
	p := page{Result: r, Notes: r.Figures.Said(), Style: template.CSS(style), Summary: summary(r), Rendered: time.Now().UTC().Format(time.RFC3339)} //nolint:gosec // our own file
	for _, c := range r.Checks {
		if c.Holds() {
			p.Holding++
		} else {
			p.Failing = append(p.Failing, c)
		}
	}
	if r.Figures != nil {
		p.Plot = Plot(r.Figures)
		p.Kinds = kinds(r.Figures.Faults)
		p.Files = files(r.Figures.Head.Nodes)
	}
	return t.Execute(to, p)
}

func files(nodes []string) []string {
	f := history.Folder("")
	all := []string{f.History(), f.Status(), f.Verdict(), f.JUnit()}
	for _, n := range nodes {
		all = append(all, f.Events(n), f.Log(n))
	}
	return all
}

// kinds is how many faults of which kind there were.
func kinds(all []figures.Fault) string {
	count := map[string]int{}
	for _, f := range all {
		name, _, _ := strings.Cut(f.Name, "#")
		count[name]++
	}
	var parts []string
	for name, n := range count {
		parts = append(parts, fmt.Sprintf("%d × %s", n, name))
	}
	sort.Strings(parts)
	return strings.Join(parts, ", ")
}

// summary is the verdict in a sentence for who reads no other.
func summary(r *scenario.Result) string {
	switch r.Verdict {
	case scenario.Passed:
		if r.Figures == nil {
			return ""
		}
		n := len(r.Figures.Faults)
		return fmt.Sprintf("%s made under load, and each is shown to have bitten. All %s hold over %s commands that clients were answered: "+
			"nothing that a client was told is lost, doubled or changed.",
			plural(n, "fault was", "faults were"), plural(len(r.Checks), "check", "checks"), grouped(r.Figures.Commands.Acked+r.Figures.Commands.Refused))
	case scenario.Failed:
		return "Something that must not happen did, or could not be ruled out. What was found is below, with what clients and nodes say of it."
	case scenario.Invalid:
		return "This run proves nothing, for or against: it counts neither as passed nor as failed."
	default:
		return "This run was not made here. It counts neither as passed nor as failed."
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// grouped writes a number with thousands apart.
func grouped(n uint64) string {
	s := fmt.Sprint(n)
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

// words are what the template says numbers with.
func words() template.FuncMap {
	return template.FuncMap{
		"ms":      func(d time.Duration) string { return milliseconds(d) },
		"at":      func(n history.Nanos) string { return fmt.Sprintf("%.2f s", n.Duration().Seconds()) },
		"between": func(a, b history.Nanos) string { return milliseconds(time.Duration(b - a)) },
		"n":       func(n uint64) string { return grouped(n) },
		"add": func(a ...uint64) (sum uint64) {
			for _, x := range a {
				sum += x
			}
			return sum
		},
		"short":  func(s string) string { return s[:min(12, len(s))] },
		"class":  func(v scenario.Verdict) string { return strings.ReplaceAll(string(v), " ", "-") },
		"upper":  func(v scenario.Verdict) string { return strings.ToUpper(string(v)) },
		"plural": plural,
	}
}

// milliseconds writes a time as people compare it.
func milliseconds(d time.Duration) string {
	switch {
	case d <= 0:
		return "–"
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", d.Seconds()*1000)
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", d.Seconds()*1000)
	case d < 10*time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	default:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
}
