package cli_test

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/cli"
	"github.com/rialto-exchange/rialto/node/finding"
)

// TestDocumentedCommands shows that every command line of the pages for people is
// one of the program as it is: the command is there, and so is each flag and the
// number of arguments. That those of the tour, of FIX and of the drill do what is
// said of them is shown by tests that run them.
func TestDocumentedCommands(t *testing.T) {
	pages, err := filepath.Glob("../../../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	pages = append(pages, "../../../../README.md", "../../../../CONTRIBUTING.md")
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		lines := shellLines(string(text))
		for _, line := range lines {
			if err := understood(line); err != nil {
				t.Errorf("%s: %s: %v", filepath.Base(page), line, err)
			}
		}
		if filepath.Base(page) == "README.md" && len(lines) < 25 {
			t.Errorf("%d lines of the README were looked at", len(lines))
		}
	}
}

// TestExplainedCommands shows that whatever the pages about findings tell to type
// is a command of the program as it is, with flags that it has.
func TestExplainedCommands(t *testing.T) {
	inline, tried := regexp.MustCompile("`rialto ([^`]+)`"), 0
	for _, code := range finding.Codes() {
		page, ok := finding.Page(string(code))
		if !ok {
			t.Errorf("%s has no page", code)
		}
		for _, m := range inline.FindAllStringSubmatch(page+" `"+finding.New(code, "n1", "x").NextStep+"`", -1) {
			line, _, _ := strings.Cut(m[1], " > ")
			words := strings.Fields(line)
			c, rest, err := cli.Root(newShell(io.Discard, io.Discard)).Find(words)
			if err != nil || c.Name() == "rialto" {
				t.Errorf("%s: rialto %s is no command: %v", code, line, err)
				continue
			}
			if err := c.ParseFlags(rest); err != nil {
				t.Errorf("%s: rialto %s: %v", code, line, err)
			}
			tried++
		}
	}
	if tried < 20 {
		t.Errorf("%d commands were looked at", tried)
	}
}

// shellLines are the lines of a page's shell blocks that run the program.
func shellLines(page string) (lines []string) {
	for _, block := range strings.Split(page, "```sh\n")[1:] {
		script, _, _ := strings.Cut(block, "```")
		for line := range strings.Lines(strings.ReplaceAll(script, "\\\n", " ")) {
			line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
			for part := range strings.SplitSeq(line, " && ") {
				lines = append(lines, ofProgram(part)...)
			}
		}
	}
	return lines
}

// ofProgram is a line's words after the program's name, none if another is run.
func ofProgram(line string) []string {
	m := regexp.MustCompile(`(?:^|sudo -u rialto )(?:bin/)?rialto (.*)$`).FindStringSubmatch(strings.TrimSpace(line))
	if m == nil {
		return nil
	}
	command, _, _ := strings.Cut(m[1], " >")
	return []string{strings.TrimSpace(command)}
}

// understood reports what is wrong with a command line, and does nothing.
func understood(line string) error {
	words := regexp.MustCompile(`(?:'[^']*'|"[^"]*"|[^\s'"])+`).FindAllString(line, -1)
	for i, word := range words {
		words[i] = strings.NewReplacer("'", "", `"`, "").Replace(word)
	}
	c, rest, err := cli.Root(newShell(io.Discard, io.Discard)).Find(words)
	if err != nil {
		return err
	}
	if err := c.ParseFlags(rest); err != nil {
		return err
	}
	return c.ValidateArgs(c.Flags().Args())
}
