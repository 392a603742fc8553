package scorecard

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/rialto-exchange/rialto/chaos/scenario"
)

// Run is one run of a scenario for a row: a line of runs.jsonl.
type Run struct {
	Row      string           `json:"row"`
	Number   int              `json:"number"` // of the row's runs, from 0
	Scenario string           `json:"scenario"`
	Seed     uint64           `json:"seed"`
	Verdict  scenario.Verdict `json:"verdict"`
	Why      []string         `json:"why,omitempty"`
	Trials   int              `json:"trials"`
	Invalid  int              `json:"invalid"`
	Commit   string           `json:"commit,omitempty"`
	Binary   string           `json:"binary"`
	Started  time.Time        `json:"started"`
	Took     time.Duration    `json:"took_ns"`
	Folder   string           `json:"folder"` // below the scorecard's
	Again    string           `json:"again"`
	// Of each fault: how long nobody was answered, how long one client waited,
	// how long healing took.
	Silences []time.Duration `json:"silences_ns,omitempty"`
	Waits    []time.Duration `json:"waits_ns,omitempty"`
	Heals    []time.Duration `json:"heals_ns,omitempty"`
	Commands uint64          `json:"commands"`
}

// runOf takes from a result what the scorecard keeps.
func runOf(row Row, number int, r *scenario.Result) Run {
	run := Run{
		Row: row.Name, Number: number, Scenario: r.Scenario, Seed: r.Seed, Verdict: r.Verdict, Why: r.Why,
		Trials: r.Trials, Invalid: r.Invalid, Commit: r.Commit, Binary: r.Binary, Started: r.Started, Took: r.Took, Again: r.Again,
	}
	if run.Trials == 0 {
		run.Trials = 1 // without a fault, the run is the trial
	}
	if r.Verdict == scenario.Invalid {
		run.Invalid = max(run.Invalid, 1)
	}
	if r.Figures == nil {
		return run
	}
	run.Commands = r.Figures.Commands.Acked + r.Figures.Commands.Refused
	run.felt(r.Figures.Faults, func(string) bool { return true })
	return run
}

// book is the file of the runs that were made.
type book struct{ path string }

func bookIn(dir string) book { return book{filepath.Join(dir, "runs.jsonl")} }

// append writes a run down, on disk when it returns.
func (b book) append(r Run) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(b.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return errors.Join(err, f.Sync(), f.Close())
}

// read returns all runs. A last line that is not whole, of a scorecard that was
// killed while it wrote, is cut off: that run is made again.
func (b book) read() ([]Run, error) {
	text, err := os.ReadFile(b.path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	whole := bytes.LastIndexByte(text, '\n') + 1
	if whole < len(text) {
		if err := os.Truncate(b.path, int64(whole)); err != nil {
			return nil, err
		}
	}
	var runs []Run
	lines := bufio.NewScanner(bytes.NewReader(text[:whole]))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		var r Run
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", b.path, n, err)
		}
		runs = append(runs, r)
	}
	return runs, lines.Err()
}
