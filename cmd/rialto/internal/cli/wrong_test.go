package cli_test

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/cli"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// wrongLine is a command line that was typed wrong, and the word that whoever
// typed it must be told.
type wrongLine struct {
	args []string
	word string
}

// wrongLines are what can be typed wrong of a command: flags that are none, have
// no value, or one of another type, words that are missing or too much.
func wrongLines(path []string, c *cobra.Command) (all []wrongLine) {
	add := func(word string, args ...string) {
		all = append(all, wrongLine{append(slices.Clone(path), args...), word})
	}
	add("--no-such-flag", "--no-such-flag")
	if c.HasAvailableSubCommands() && len(strings.Fields(c.Use)) > 1 || c.Name() == "status" {
		return all // it has words of its own, and commands beside
	}
	if c.HasAvailableSubCommands() {
		add(`"no-such-command"`, "no-such-command")
		return all
	}
	c.InitDefaultHelpFlag()
	valueless := 0
	seen := func(f *pflag.Flag) {
		switch kind := f.Value.Type(); kind {
		case "bool", "duration", "int", "int64", "uint", "uint64", "uint16", "float64":
			add("--"+f.Name+`: "nonsense" is not`, "--"+f.Name+"=nonsense")
		}
		if f.Name == "output" {
			add(`--output: "xml"`, append(wordsFor(c), "--output", "xml")...)
		}
		if valueless++; f.NoOptDefVal == "" && valueless < 3 {
			add("--"+f.Name+": its value is missing", "--"+f.Name)
		}
	}
	c.LocalFlags().VisitAll(seen)
	c.InheritedFlags().VisitAll(seen)
	words := wordsFor(c)
	if strings.Contains(c.Use, "|account") {
		return all // limits: TestUsageErrors
	}
	if n := len(words); n > 0 && strings.ToUpper(words[n-1]) == words[n-1] {
		add(words[n-1]+" is missing", words[:n-1]...)
	}
	if !strings.Contains(c.Use, "…") && !strings.Contains(c.Use, "[") && !c.HasAvailableSubCommands() {
		add(`"one-more" is too much`, append(words, "one-more")...)
	}
	return all
}

// wordsFor are the words that a command needs, as its usage has them.
func wordsFor(c *cobra.Command) (words []string) {
	fields := strings.Fields(c.Use)[1:]
	for i := 0; i < len(fields) && !strings.HasPrefix(fields[i], "["); i++ {
		if strings.HasPrefix(fields[i], "-") {
			i++
			continue
		}
		words = append(words, strings.TrimSuffix(fields[i], "…"))
	}
	return words
}

// TestTypedWrong shows that whatever of every command is typed wrong ends with
// status 2 and names the word, in no words of Go; and as JSON, where that was
// asked for.
func TestTypedWrong(t *testing.T) {
	var all []wrongLine
	var walk func(path []string, c *cobra.Command)
	walk = func(path []string, c *cobra.Command) {
		all = append(all, wrongLines(path, c)...)
		for _, sub := range c.Commands() {
			if sub.Name() != "completion" && sub.Name() != "help" && sub.IsAvailableCommand() {
				walk(append(path[:len(path):len(path)], sub.Name()), sub)
			}
		}
	}
	walk(nil, cli.Root(newShell(io.Discard, io.Discard)))
	if len(all) < 300 {
		t.Errorf("only %d lines were tried", len(all))
	}
	for i, line := range all {
		status, stdout, stderr := run(t, line.args...)
		if status != shell.ExitUsage || !strings.Contains(stderr, line.word) || stdout != "" {
			t.Errorf("rialto %s: status %d, want 2, and %s in %q %q", strings.Join(line.args, " "), status, line.word, stderr, stdout)
		}
		for _, word := range []string{"strconv", "pflag", "invalid syntax", "time: ", "arg(s)", "map[", "%!", "parse ", "unmarshal"} {
			if strings.Contains(stderr, word) {
				t.Errorf("rialto %s: the words of Go: %s", strings.Join(line.args, " "), stderr)
			}
		}
		if i%8 != 0 || strings.HasPrefix(line.word, "--output") {
			continue // one of the others is enough of its kind, or it asked for something else
		}
		status, _, stderr = run(t, append([]string{"--output=json"}, line.args...)...)
		var says struct {
			Error struct {
				Code, Message string
				ExitStatus    int `json:"exit_status"`
			}
		}
		if err := json.Unmarshal([]byte(stderr), &says); err != nil || status != shell.ExitUsage || says.Error.Code != "usage" || says.Error.ExitStatus != status || says.Error.Message == "" {
			t.Errorf("rialto %s as JSON: status %d, %v: %s", strings.Join(line.args, " "), status, err, stderr)
		}
	}
	t.Logf("%d lines", len(all))
}
