package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

func commandCommand(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{Use: "command", Short: "Say what became of a command; settle it for good"}
	c.AddCommand(
		&cobra.Command{
			Use: "show ID", Short: "Show what became of a command", Args: cobra.ExactArgs(1),
			Long: `Show what became of a command: accepted, rejected, or pending, and the answer
that it had. One that was never seen is an error: it may still be on its way.
Exit status 3 while it is pending, or can't be told.`,
			RunE: func(c *cobra.Command, args []string) error {
				err := showSettled(c.Context(), sh, args[0], (*client.Client).Lookup)
				if p := (*client.Problem)(nil); errors.As(err, &p) && p.Code == "unknown_command" {
					noteKnownSince(sh, p.KnownSince)
					sh.Note("It may still be on its way; settle it for good with: rialto command fence %s", args[0])
				}
				return err
			},
		},
		&cobra.Command{
			Use: "fence ID", Short: "Settle a command for good: what was not executed never will be", Args: cobra.ExactArgs(1),
			Long: `Settle a command for good, and show what became of it: accepted or rejected if
it was executed, else never. A late copy of it is refused from then on.`,
			RunE: func(c *cobra.Command, args []string) error {
				return showSettled(c.Context(), sh, args[0], (*client.Client).Fence)
			},
		},
	)
	return c
}

// showSettled asks for a command and prints what became of it.
func showSettled(ctx context.Context, sh *shell.Shell, id string, ask func(*client.Client, context.Context, string, any) error) error {
	cl, err := sh.Client()
	if err != nil {
		return err
	}
	var raw json.RawMessage
	if err := ask(cl, ctx, id, &raw); err != nil {
		return err
	}
	var s client.Settled
	if err := json.Unmarshal(raw, &s); err != nil {
		return fmt.Errorf("decode what became of %s: %w", id, err)
	}
	if sh.WantsJSON() {
		err = sh.JSON(raw)
	} else {
		err = printSettled(sh, &s)
	}
	noteKnownSince(sh, s.KnownSince)
	if err == nil && s.Status == "pending" {
		err = shell.Exit(shell.ExitUnknown)
	}
	return err
}

// noteKnownSince says how far back a command would have been found that was not;
// "" = from the beginning.
func noteKnownSince(sh *shell.Shell, since string) {
	if since != "" {
		sh.Note("Executed commands are known since %s: one that was sent before may have been executed.", since)
	}
}

func printSettled(sh *shell.Shell, s *client.Settled) error {
	detail := ""
	if s.Problem != nil {
		detail = s.Problem.Error()
	}
	if err := sh.Table([]string{"COMMAND", "STATUS", "HTTP", "WHY"}, [][]string{{s.CommandID, s.Status, fmt.Sprint(s.HTTPStatus), detail}}); err != nil || s.Answer == nil {
		return err
	}
	sh.Line("")
	return printAnswer(sh, s.Answer)
}

// sayUnknown tells a program on standard output which ids are unknown.
func sayUnknown(sh *shell.Shell, u *client.UnknownError) error {
	return sh.JSON(struct {
		Outcome    string   `json:"outcome"`
		CommandIDs []string `json:"command_ids"`
	}{"unknown", append([]string{}, u.IDs...)})
}

// explainUnknown says how to settle what is unknown, and returns the exit
// status. named says that the command takes --command-id.
func explainUnknown(sh *shell.Shell, u *client.UnknownError, named bool) int {
	if len(u.IDs) == 0 {
		sh.Note("It may have been done, or be done yet: look before you repeat it.")
	}
	for _, id := range u.IDs {
		sh.Note("outcome unknown, settle it with: rialto command show %s", id)
		sh.Note("  or for good: rialto command fence %s", id)
	}
	switch {
	case len(u.IDs) == 1 && !named:
		sh.Note("  or repeat the same command line")
	case len(u.IDs) == 1:
		sh.Note("  or repeat the same command line with: --command-id %s", u.IDs[0])
	}
	return shell.ExitUnknown
}
