package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/scenario"
)

// Write puts a run's report.html, report.json and junit.xml into its folder.
func Write(folder history.Folder, r *scenario.Result) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	var page bytes.Buffer
	if err := HTML(&page, r); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	junit, err := JUnit(r)
	return errors.Join(err,
		os.WriteFile(folder.Verdict(), append(text, '\n'), 0o644),
		os.WriteFile(folder.Report(), page.Bytes(), 0o644),
		os.WriteFile(folder.JUnit(), junit, 0o644))
}

// Read returns what a run came to, as it was written.
func Read(folder history.Folder) (*scenario.Result, error) {
	text, err := os.ReadFile(folder.Verdict())
	if err != nil {
		return nil, err
	}
	r := &scenario.Result{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w", folder.Verdict(), err)
	}
	return r, nil
}
