package cli

import (
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// The libraries say of a line that was typed wrong how many words they wanted,
// and what Go could not read. Whoever typed it is told which word is missing, too
// much or not what it should be.

// flagInWords says what is wrong with a flag.
func flagInWords(_ *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	var needs *pflag.ValueRequiredError
	switch {
	case errors.As(err, &needs):
		return shell.Usagef("--%s: its value is missing", needs.GetFlag().Name)
	case !errors.As(err, &invalid):
		return shell.Usage(err)
	}
	name, what := invalid.GetFlag().Name, flagTakes(invalid.GetFlag().Value.Type())
	switch {
	case what == "":
		return shell.Usagef("--%s: %q: %w", name, invalid.GetValue(), invalid.Unwrap())
	case errors.Is(invalid, strconv.ErrRange):
		return shell.Usagef("--%s: %s is out of all bounds", name, invalid.GetValue())
	}
	return shell.Usagef("--%s: %q is not %s", name, invalid.GetValue(), what)
}

// flagTakes says what a flag of a type takes, "" if its own error does.
func flagTakes(kind string) string {
	switch {
	case kind == "bool":
		return "true or false"
	case kind == "duration":
		return "a duration such as 250ms, 10s or 24h"
	case strings.HasPrefix(kind, "uint"):
		return "a whole number from 0 up"
	case strings.HasPrefix(kind, "int"):
		return "a whole number"
	case strings.HasPrefix(kind, "float"):
		return "a number"
	}
	return ""
}

// argumentsInWords says which word is missing or too much, by the command's own
// line of usage.
func argumentsInWords(c *cobra.Command, args []string, err error) error {
	if err == nil {
		return nil
	}
	needed, most := positions(c)
	switch {
	case len(args) < len(needed):
		return shell.Usagef("%s is missing", needed[len(args)])
	case len(args) > most && most >= 0 && !c.HasSubCommands():
		return shell.Usagef("%q is too much", args[most])
	}
	return shell.Usage(err)
}

// positions are the words that a command needs, as its usage has them, and how
// many it takes at most, -1: any number.
func positions(c *cobra.Command) (needed []string, most int) {
	words := strings.Fields(c.Use)[1:]
	for i := 0; i < len(words); i++ {
		word := words[i]
		switch {
		case strings.HasPrefix(word, "-"):
			i++ // a flag and what it takes
			continue
		case strings.HasSuffix(strings.TrimSuffix(word, "]"), "…"):
			return append(needed, optional(word)...), -1
		}
		needed, most = append(needed, optional(word)...), most+1
	}
	return needed, most
}

// optional is a word that is needed, none if it stands in brackets.
func optional(word string) []string {
	if strings.HasPrefix(word, "[") {
		return nil
	}
	return []string{strings.TrimSuffix(word, "…")}
}

// unknownCommand says that there is no such command, and which was perhaps meant.
func unknownCommand(c *cobra.Command, word string) error {
	c.SuggestionsMinimumDistance = 2
	if meant := c.SuggestionsFor(word); len(meant) > 0 {
		return shell.Usagef("unknown command %q: did you mean %s?", word, strings.Join(meant, " or "))
	}
	return shell.Usagef("unknown command %q", word)
}
