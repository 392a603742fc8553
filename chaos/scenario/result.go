package scenario

import (
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/figures"
)

// Verdict is what a run came to.
type Verdict string

// The verdicts.
const (
	Passed Verdict = "passed" // it did its work, every fault bit, and every check holds
	Failed Verdict = "failed" // a check found a violation or could not be run, or the cluster did not recover
	// Invalid: it proves nothing, for there was too little work, or a fault is
	// not shown to have bitten.
	Invalid Verdict = "invalid"
	NotRun  Verdict = "not run" // this site can't do it
)

// Result is what a run was and came to: report.json.
type Result struct {
	Scenario string   `json:"scenario"`
	Doc      string   `json:"doc"`
	Verdict  Verdict  `json:"verdict"`
	Why      []string `json:"why,omitempty"` // in the words of a report, if it is not passed
	// During is what went wrong while it ran, whatever the checks found after.
	During []string `json:"during,omitempty"`

	// Trials are the steps that were made, Invalid those of them in which a fault
	// is not shown to have bitten.
	Trials  int `json:"trials"`
	Invalid int `json:"invalid"`

	// Made are the steps one by one, where a run is of several scenarios or faults.
	Made []Made `json:"made,omitempty"`

	Seed     uint64        `json:"seed"`
	Nodes    int           `json:"nodes"`
	Duration time.Duration `json:"duration_ns"` // that was asked for
	Started  time.Time     `json:"started"`
	Took     time.Duration `json:"took_ns"`
	Commit   string        `json:"commit,omitempty"`
	Modified bool          `json:"modified,omitempty"` // the build was of a changed tree
	Binary   string        `json:"binary,omitempty"`   // SHA-256
	Machine  string        `json:"machine"`
	Site     string        `json:"site"` // what could be done there
	Again    string        `json:"again"`
	Folder   string        `json:"folder"`

	Figures *figures.Figures `json:"figures,omitempty"`
	Checks  []CheckResult    `json:"checks"`
}

// Made is a step that was made.
type Made struct {
	Of     string   `json:"of,omitempty"`     // its scenario, in a tour
	Faults []string `json:"faults,omitempty"` // with their numbers
	// Bit: every fault is shown to have bitten. Recovered: the cluster has.
	Bit       bool `json:"bit"`
	Recovered bool `json:"recovered"`
}

// CheckResult is what one check came to.
type CheckResult struct {
	Name       string        `json:"name"`
	Doc        string        `json:"doc"`
	Took       time.Duration `json:"took_ns"`
	Error      string        `json:"error,omitempty"` // the check itself could not be run
	Violations []Violation   `json:"violations,omitempty"`
}

// Holds reports whether a check was run and found nothing.
func (c CheckResult) Holds() bool { return c.Error == "" && len(c.Violations) == 0 }

// Violation is one thing that must not be, with what the clients and the nodes
// say of it.
type Violation struct {
	What     string   `json:"what"`
	IDs      []string `json:"ids,omitempty"`
	Node     string   `json:"node,omitempty"`
	Sequence uint64   `json:"sequence,omitempty"`
	Fault    string   `json:"fault,omitempty"`
	Lines    []string `json:"lines,omitempty"` // of the history and of the export
}
