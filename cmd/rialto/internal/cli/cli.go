// Package cli is the command line of Rialto: one file for each command or
// family of commands, each of which reads flags, calls the package that does
// the work, and prints.
package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// The groups of the help text.
const (
	groupRun     = "run"
	groupTrade   = "trade"
	groupObserve = "observe"
	groupMeasure = "measure"
)

// Run executes one command line and returns the exit status.
func Run(ctx context.Context, sh *shell.Shell, args []string) int {
	root := Root(sh)
	root.SetArgs(args)
	defer func() {
		if sh.End != nil {
			sh.End()
		}
	}()
	command, err := root.ExecuteContextC(ctx)
	if err == nil || shell.Silent(err) {
		return shell.ExitStatus(err)
	}
	unknown := (*client.UnknownError)(nil)
	interrupted := !errors.As(err, &unknown) && errors.Is(err, context.Canceled) && ctx.Err() != nil
	if did := shell.Did(err); interrupted && did != "" && !sh.WantsJSON() {
		sh.Note("interrupted: %s", did)
	}
	if interrupted && !sh.WantsJSON() {
		return shell.ExitFailed // the user knows it
	}
	if sh.WantsJSON() || asksJSON(args) {
		return failJSON(sh, command, err)
	}
	return fail(sh, command, err)
}

// Root returns the whole tree of commands.
func Root(sh *shell.Shell) *cobra.Command {
	root := &cobra.Command{
		Use:           "rialto",
		Short:         "A trading venue that does not stop",
		Long:          "Rialto is a trading venue that does not stop: three or five copies of this one\nprogram run the same exchange, and any of them may be killed.",
		SilenceErrors: true, SilenceUsage: true, Version: sh.Version,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(c, args[0])
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetVersionTemplate(versionLine(sh) + "\n")
	root.SetOut(sh.Out)
	root.SetErr(sh.Err)
	root.SetIn(sh.In)
	root.SetFlagErrorFunc(flagInWords)
	root.AddGroup(
		&cobra.Group{ID: groupRun, Title: "Run a venue:"},
		&cobra.Group{ID: groupTrade, Title: "Trade:"},
		&cobra.Group{ID: groupObserve, Title: "Observe and operate:"},
		&cobra.Group{ID: groupMeasure, Title: "Replay and measure:"},
	)
	for _, add := range commands() {
		root.AddCommand(add.build(sh))
	}
	fixedCompletions(root)
	root.SetHelpCommand(helpCommand(root))
	root.InitDefaultCompletionCmd() // now, so that it is made strict as well
	for _, c := range root.Commands() {
		strict(c)
	}
	return root
}

// entry is one row of the list of commands.
type entry struct {
	group string
	make  func(*shell.Shell) *cobra.Command
	// talks says that the command talks to a cluster.
	talks bool
}

func (e entry) build(sh *shell.Shell) *cobra.Command {
	c := e.make(sh)
	c.GroupID = e.group
	if e.talks {
		clusterFlags(c, sh)
	}
	return c
}

// outputFlag adds the flag that chooses between people and programs.
func outputFlag(c *cobra.Command, sh *shell.Shell) {
	c.PersistentFlags().StringVar(&sh.Output, "output", shell.OutputTable, "table or json")
}

func checkOutput(sh *shell.Shell) error {
	if sh.Timeout < 0 {
		return shell.Usagef("--timeout: %v is below 0", sh.Timeout)
	}
	if sh.Output != shell.OutputTable && sh.Output != shell.OutputJSON {
		return shell.Usagef("--output: %q is neither table nor json", sh.Output)
	}
	return nil
}

// strict makes wrong numbers of arguments and unknown subcommands usage
// errors.
func strict(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error { return argumentsInWords(c, args, check(c, args)) }
	} else if c.HasSubCommands() {
		c.Args = func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(c, args[0])
			}
			return nil
		}
	}
	if c.HasSubCommands() && c.RunE == nil && c.Run == nil {
		c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	}
	for _, sub := range c.Commands() {
		strict(sub)
	}
}
