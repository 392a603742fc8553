package report

import (
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"github.com/rialto-exchange/rialto/chaos/scenario"
)

// suite and its cases are the part of JUnit's format that build servers read.
type suite struct {
	XMLName  xml.Name `xml:"testsuite"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Skipped  int      `xml:"skipped,attr"`
	Time     string   `xml:"time,attr"`
	Stamp    string   `xml:"timestamp,attr"`
	Cases    []tested `xml:"testcase"`
}

type tested struct {
	Class   string   `xml:"classname,attr"`
	Name    string   `xml:"name,attr"`
	Time    string   `xml:"time,attr"`
	Failure *message `xml:"failure,omitempty"`
	Error   *message `xml:"error,omitempty"`
	Skipped *message `xml:"skipped,omitempty"`
}

type message struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit is a run as a test suite: a case each check, and one for the run itself.
// An invalid run is an error and one that was not run is skipped: neither passes.
func JUnit(r *scenario.Result) ([]byte, error) {
	s := suite{Name: "rialto.chaos." + r.Scenario, Time: seconds(r.Took), Stamp: r.Started.Format("2006-01-02T15:04:05")}
	run := tested{Class: s.Name, Name: "run", Time: seconds(r.Took)}
	why := &message{strings.Join(r.Why, "; "), r.Again}
	switch r.Verdict {
	case scenario.Passed:
	case scenario.NotRun:
		run.Skipped = why
	case scenario.Invalid:
		run.Error = why
	default:
		run.Failure = why
	}
	s.Cases = append(s.Cases, run)
	for _, c := range r.Checks {
		this := tested{Class: s.Name, Name: c.Name, Time: seconds(c.Took)}
		switch {
		case c.Error != "":
			this.Error = &message{c.Error, ""}
		case len(c.Violations) > 0:
			this.Failure = &message{c.Violations[0].What, violations(c)}
		}
		s.Cases = append(s.Cases, this)
	}
	for _, c := range s.Cases {
		s.Tests++
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
	text, err := xml.MarshalIndent(s, "", "  ")
	return append([]byte(xml.Header), append(text, '\n')...), err
}

func violations(c scenario.CheckResult) string {
	var b strings.Builder
	for _, v := range c.Violations {
		fmt.Fprintln(&b, v.What)
		for _, l := range v.Lines {
			fmt.Fprintln(&b, "  ", l)
		}
	}
	return b.String()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
