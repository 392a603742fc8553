package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/settings"
)

// Reference is the whole command line as a page (docs/reference.md): what --help
// says of every command, from the same source.
func Reference(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString("# The command line\n\nMade from the program's own help by `make reference`; a test keeps it current. Exit statuses, output and repeats: README, Commands.\n")
	shared := sharedFlags(root)
	b.WriteString("\nFlags of every command that talks to a cluster:\n\n```\n" + shared.FlagUsages() + "```\n")
	for _, g := range root.Groups() {
		fmt.Fprintf(&b, "\n## %s\n", strings.TrimSuffix(g.Title, ":"))
		for _, c := range root.Commands() {
			if c.GroupID == g.ID {
				describe(&b, c, shared)
			}
		}
	}
	b.WriteString("\n## Of the program itself\n")
	for _, c := range root.Commands() {
		if c.GroupID == "" && c.Name() != "help" && c.Name() != "completion" {
			describe(&b, c, shared)
		}
	}
	return b.String()
}

// sharedFlags are those that clusterFlags adds, as one of the commands has them.
func sharedFlags(root *cobra.Command) *pflag.FlagSet {
	shared := pflag.NewFlagSet("shared", pflag.ContinueOnError)
	for _, c := range root.Commands() {
		if c.Name() == "status" {
			c.PersistentFlags().VisitAll(shared.AddFlag)
		}
	}
	return shared
}

// settingsFlags are the flags that are settings of a node.
func settingsFlags() map[string]bool {
	of := map[string]bool{}
	for _, s := range settings.List() {
		of[s.Flag()] = true
	}
	return of
}

// describe writes a command and those under it.
func describe(b *strings.Builder, c *cobra.Command, shared *pflag.FlagSet) {
	if !c.IsAvailableCommand() {
		return
	}
	fmt.Fprintf(b, "\n### %s\n\n%s.\n", c.CommandPath(), c.Short)
	if c.Long != "" {
		b.WriteString("\n```\n" + strings.TrimSpace(c.Long) + "\n```\n")
	}
	own := pflag.NewFlagSet("own", pflag.ContinueOnError)
	own.SortFlags = c.Flags().SortFlags
	of, settable := settingsFlags(), 0
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		switch {
		case of[f.Name] && c.Name() != "serve":
			settable++
		case shared.Lookup(f.Name) == nil && f.Name != "help":
			own.AddFlag(f)
		}
	})
	if c.Runnable() && !c.HasSubCommands() || own.HasAvailableFlags() {
		b.WriteString("\n```\n" + c.UseLine() + "\n")
		if flags := own.FlagUsages(); flags != "" {
			b.WriteString("\n" + flags)
		}
		b.WriteString("```\n")
		if settable > 1 {
			b.WriteString("\nEvery setting is a flag too, as of `rialto serve`.\n")
		}
	}
	if c.Example != "" {
		b.WriteString("\n```sh\n" + strings.TrimSpace(strings.ReplaceAll(c.Example, "\n  ", "\n")) + "\n```\n")
	}
	for _, sub := range c.Commands() {
		describe(b, sub, shared)
	}
}
