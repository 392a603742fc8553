package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "embed"

	"github.com/rialto-exchange/rialto/chaos/scenario"
	"github.com/rialto-exchange/rialto/chaos/scorecard"
)

//go:embed card.html
var cardPage string

// WriteCard puts a scorecard's scorecard.html, scorecard.json and junit.xml into
// its folder.
func WriteCard(dir string, c *scorecard.Card) error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	var page bytes.Buffer
	if err := Card(&page, c); err != nil {
		return fmt.Errorf("scorecard: %w", err)
	}
	junit, err := CardJUnit(c)
	return errors.Join(err,
		os.WriteFile(filepath.Join(dir, "scorecard.json"), append(text, '\n'), 0o644),
		os.WriteFile(filepath.Join(dir, "scorecard.html"), page.Bytes(), 0o644),
		os.WriteFile(filepath.Join(dir, "junit.xml"), junit, 0o644))
}

// cardTemplate is what the template of a scorecard is given.
type cardTemplate struct {
	*scorecard.Card
	Style                template.CSS
	Summary              string
	Passed, Failed, Open int // rows
	Trials, Wanted       int
	Commands             uint64
	Took                 time.Duration
	Failing              []scorecard.Run
}

// Card writes a scorecard's page.
func Card(to io.Writer, c *scorecard.Card) error {
	f := words()
	f["state"] = func(s scorecard.State) string { return strings.ReplaceAll(string(s), " ", "-") }
	f["upper"] = func(s scorecard.State) string { return strings.ToUpper(string(s)) }
	f["percent"] = func(x float64) string { return fmt.Sprintf("%.2g %%", x*100) }
	f["hours"] = func(d time.Duration) string { return d.Round(time.Minute).String() }
	t, err := template.New("card").Funcs(f).Parse(cardPage)
	if err != nil {
		return err
	}
	p := cardTemplate{Card: c, Style: template.CSS(style)} //nolint:gosec // our own file
	for _, r := range c.Rows {
		switch r.State {
		case scorecard.Passed:
			p.Passed++
		case scorecard.Failed:
			p.Failed++
		default:
			p.Open++
		}
		p.Trials += r.Valid
		p.Wanted += r.Wanted
		p.Commands += r.Commands
		p.Took += r.Took
		for _, run := range r.Runs {
			if run.Verdict == scenario.Failed {
				p.Failing = append(p.Failing, run)
			}
		}
	}
	p.Summary = cardSummary(c, p.Trials, p.Commands)
	return t.Execute(to, p)
}

func cardSummary(c *scorecard.Card, trials int, commands uint64) string {
	switch c.State {
	case scorecard.Passed:
		return fmt.Sprintf("In %s trials under load nothing that a client was told was lost, doubled or changed, over %s commands. Every fault that there is was made.",
			grouped(uint64(trials)), grouped(commands))
	case scorecard.Failed:
		return "Something that must not happen did, or could not be ruled out."
	case scorecard.Unfinished:
		return fmt.Sprintf("Nothing was found in %s trials over %s commands. What was not run, or not to its end, is not counted as passed.", grouped(uint64(trials)), grouped(commands))
	default:
		return "Nothing was run."
	}
}

// CardJUnit is a scorecard as a test suite: a case each row.
func CardJUnit(c *scorecard.Card) ([]byte, error) {
	s := suite{Name: "rialto.chaos.scorecard", Stamp: c.Made.Format("2006-01-02T15:04:05")}
	var took time.Duration
	for _, r := range c.Rows {
		took += r.Took
		this := tested{Class: s.Name, Name: r.Name, Time: seconds(r.Took)}
		why := &message{fmt.Sprintf("%s: %d of %d trials; %s", r.State, r.Valid, r.Wanted, strings.Join(r.Why, "; ")), ""}
		switch r.State {
		case scorecard.Passed:
		case scorecard.Failed:
			this.Failure = why
			s.Failures++
		default:
			this.Skipped = why
			s.Skipped++
		}
		s.Tests++
		s.Cases = append(s.Cases, this)
	}
	if len(c.Uncovered) > 0 {
		s.Tests++
		s.Failures++
		s.Cases = append(s.Cases, tested{Class: s.Name, Name: "every fault is in a row", Failure: &message{strings.Join(c.Uncovered, ", "), ""}})
	}
	s.Time = seconds(took)
	text, err := xml.MarshalIndent(s, "", "  ")
	return append([]byte(xml.Header), append(text, '\n')...), err
}
