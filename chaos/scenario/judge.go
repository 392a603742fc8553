package scenario

import (
	"bufio"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/internal/check"
	"github.com/rialto-exchange/rialto/chaos/internal/figures"
	"github.com/rialto-exchange/rialto/chaos/internal/traffic"
)

// Judge counts and checks what lies in a folder, and completes the result. It
// needs no cluster.
func Judge(ctx context.Context, folder history.Folder, r *Result, s Scenario) error {
	f, err := figures.Of(folder.History())
	if err != nil {
		r.Verdict = Failed
		r.Why = append(r.Why, fmt.Sprintf("the history can't be read: %v", err))
		return nil //nolint:nilerr // it is the verdict
	}
	r.Figures, r.Checks = f, checked(ctx, check.Run{Folder: folder, Head: f.Head, Limits: s.Limits, Steady: s.Steady})
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := lines(folder, r); err != nil {
		return err
	}
	if len(f.Unsettled) > 0 {
		r.Why = append(r.Why, fmt.Sprintf("commands were repeated for %v and never settled: %v", traffic.Settling, f.Unsettled))
	}
	for _, c := range r.Checks {
		switch {
		case c.Error != "":
			r.Why = append(r.Why, fmt.Sprintf("check %s could not be run: %s", c.Name, c.Error))
		case len(c.Violations) > 0:
			r.Why = append(r.Why, fmt.Sprintf("%s: %s%s", c.Name, c.Violations[0].What, andMore(len(c.Violations)-1)))
		}
	}
	r.Verdict = Passed
	if len(r.Why) > 0 {
		r.Verdict = Failed
	} else if r.Why = invalid(r, s.Least); len(r.Why) > 0 {
		r.Verdict = Invalid
	}
	return nil
}

// MaxInvalid is the share of trials that may be invalid.
const MaxInvalid = 0.05

// invalid says why a run in which nothing was found proves nothing.
func invalid(r *Result, least Work) (why []string) {
	if len(r.Checks) == 0 {
		why = append(why, "nothing was checked")
	}
	if float64(r.Invalid) > MaxInvalid*float64(r.Trials) {
		for _, f := range r.Figures.Faults {
			if f.Evidence == "" {
				why = append(why, f.Name+" is not shown to have bitten")
			}
		}
	}
	if before, after := r.Figures.Work(); before < least.Before || after < least.After {
		why = append(why, fmt.Sprintf("too little work: %d commands were answered before the first fault and %d after the last, and %d and %d are the least",
			before, after, least.Before, least.After))
	}
	return why
}

// checked runs all checks, as many at the same time as there are processors.
func checked(ctx context.Context, run check.Run) []CheckResult {
	all := check.All()
	results := make([]CheckResult, len(all))
	var wait sync.WaitGroup
	free := make(chan struct{}, runtime.NumCPU())
	for i, c := range all {
		wait.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			results[i] = judge(ctx, c, run)
		})
	}
	wait.Wait()
	return results
}

func andMore(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (and %d more)", n)
}

// maxViolations bounds what is kept of a check.
const maxViolations = 20

func judge(ctx context.Context, c check.Check, run check.Run) CheckResult {
	begun := time.Now()
	found, err := c.Run(ctx, run)
	r := CheckResult{Name: c.Name, Doc: c.Doc, Took: time.Since(begun)}
	if err != nil {
		r.Error = err.Error()
	}
	for i, v := range found {
		if i == maxViolations {
			r.Violations = append(r.Violations, Violation{What: fmt.Sprintf("%d more", len(found)-i)})
			break
		}
		r.Violations = append(r.Violations, Violation{What: v.What, IDs: v.IDs, Node: v.Node, Sequence: v.Sequence, Fault: v.Fault})
	}
	return r
}

// maxLines bounds the lines that are shown of one violation, maxShown a line.
const (
	maxLines = 12
	maxShown = 2000
)

// lines finds what clients saw of each violation, and the event at its sequence
// with its neighbours.
func lines(folder history.Folder, r *Result) error {
	byID, bySequence := map[string][]*Violation{}, map[string][]*Violation{}
	for i := range r.Checks {
		for k := range r.Checks[i].Violations {
			v := &r.Checks[i].Violations[k]
			for _, id := range v.IDs {
				byID[id] = append(byID[id], v)
			}
			if v.Sequence > 0 {
				node := v.Node
				if node == "" && len(r.Figures.Head.Nodes) > 0 {
					node = r.Figures.Head.Nodes[0]
				}
				bySequence[node] = append(bySequence[node], v)
			}
		}
	}
	if len(byID) > 0 {
		if err := eachLine(folder.History(), func(_ uint64, line string) {
			for id, violations := range byID {
				if strings.Contains(line, `"`+id+`"`) {
					show(violations, line)
				}
			}
		}); err != nil {
			return err
		}
	}
	for node, violations := range bySequence {
		if err := eachLine(folder.Events(node), func(n uint64, line string) {
			for _, v := range violations {
				if n+1 >= v.Sequence && n <= v.Sequence+1 {
					show([]*Violation{v}, line)
				}
			}
		}); err != nil {
			return err
		}
	}
	return nil
}

func show(violations []*Violation, line string) {
	if len(line) > maxShown {
		line = line[:maxShown] + " …"
	}
	for _, v := range violations {
		if len(v.Lines) < maxLines {
			v.Lines = append(v.Lines, line)
		}
	}
}

// eachLine goes through a file; lines count from 1.
func eachLine(path string, see func(n uint64, line string)) error {
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return nil // the node was not there to be asked
	}
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only read
	s := bufio.NewScanner(f)
	s.Buffer(nil, 16<<20)
	for n := uint64(1); s.Scan(); n++ {
		see(n, s.Text())
	}
	return s.Err()
}

// newResult says what is run, by which build, on which machine.
func newResult(o Options) *Result {
	r := &Result{
		Scenario: o.Scenario.Name, Doc: o.Scenario.Doc, Seed: o.Seed, Nodes: o.Scenario.Nodes, Duration: o.Duration,
		Started: time.Now().UTC(), Machine: Machine(), Again: again(o), Folder: string(o.Folder),
	}
	if o.Staging == nil {
		r.Commit, r.Modified = Build(o.Binary, o.Version)
		r.Binary = Hash(o.Binary)
	}
	return r
}

// Build returns the commit that a binary was built of, and whether the tree was
// changed; "" if it does not say. version is what this program calls itself, as
// git describes it: that counts for its own binary, where that says nothing.
func Build(binary, version string) (commit string, modified bool) {
	if info, err := buildinfo.ReadFile(binary); err == nil {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				commit = s.Value
			case "vcs.modified":
				modified = s.Value == "true"
			}
		}
	}
	if self, err := os.Executable(); commit == "" && err == nil && self == binary {
		return strings.CutSuffix(version, "-dirty")
	}
	return commit, modified
}

// Hash returns the SHA-256 of a file in hex, "" if it can't be read.
func Hash(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close() //nolint:errcheck // it was only read
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Machine says which machine this is.
func Machine() string {
	name, _ := os.Hostname()
	return fmt.Sprintf("%s: %d cores, %s/%s", name, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
}

// again is the command that runs it once more.
func again(o Options) string {
	line := fmt.Sprintf("rialto chaos run %s --nodes %d --seed %d", o.Scenario.Name, o.Scenario.Nodes, o.Seed)
	if o.Times > 1 {
		line += fmt.Sprintf(" --times %d", o.Times)
	}
	if o.Duration > 0 {
		line += fmt.Sprintf(" --duration %v", o.Duration)
	}
	if o.Older != "" {
		line += " --older " + o.Older
	}
	if s := o.Staging; s != nil {
		line += " --server " + strings.Join(s.URLs, ",")
	}
	return line
}

// Again judges a run once more, from its folder. What was found while it ran,
// and not by a check, stays.
func Again(ctx context.Context, folder history.Folder, r *Result) error {
	s, _ := Find(r.Scenario) // of another build: without its limits
	r.Why = r.During
	return Judge(ctx, folder, r, s.withDefaults())
}
