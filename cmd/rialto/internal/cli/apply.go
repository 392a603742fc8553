package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/venuefile"
)

func applyCommand(sh *shell.Shell) *cobra.Command {
	var file string
	var dryRun, all, exitCode bool
	c := &cobra.Command{
		Use: "apply -f FILE", Short: "Declare a venue: assets, instruments, participants, accounts, limits", Args: cobra.NoArgs,
		Long: `Bring the venue to what a file declares, and show the difference:
+ is new, ~ changes, = stays. Applying it again changes nothing; what the file
does not mention stays as it is: nothing is removed, no key revoked. What can't
be changed (an instrument's base and quote, an account's owner) is refused or said.
--dry-run checks the file as the real thing does, shows old and new values, and
sends nothing; its exit status is 0, with --exit-code 4 if something differs.

With --command-id each command has an id made of that one and of what it says:
the same file under the same id again sends the same commands again.`,
	}
	id := commandID(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if file == "" {
			return shell.Usagef("name the file: -f FILE, or -f - for standard input")
		}
		if exitCode && !dryRun {
			return shell.Usagef("--exit-code goes with --dry-run")
		}
		if *id != "" && !venuefile.ValidID(*id) {
			return shell.Usagef("--command-id: %q is not 1–%d characters of [A-Za-z0-9._:-]", *id, venuefile.MaxID)
		}
		text, err := readFile(sh, file)
		if err != nil {
			return err
		}
		venue, err := venuefile.Parse(text)
		if err != nil {
			return shell.Usagef("%s: %w", file, err)
		}
		cl, err := sh.Client()
		if err != nil {
			return err
		}
		changes, err := venuefile.Plan(c.Context(), cl, venue)
		if err != nil {
			return err
		}
		if err := printChanges(sh, changes, all); err != nil {
			return err
		}
		if !dryRun {
			nameContext(sh)
			return applyChanges(c.Context(), sh, cl, changes, *id)
		}
		if exitCode && differs(changes) {
			return shell.Exit(shell.ExitDiffers)
		}
		return nil
	}
	c.Flags().StringVarP(&file, "file", "f", "", "the venue file, YAML; - = standard input")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "show the difference and write nothing")
	c.Flags().BoolVar(&all, "all", false, "show also what stays")
	c.Flags().BoolVar(&exitCode, "exit-code", false, "with --dry-run: exit status 4 if something differs")
	return c
}

// applyChanges sends a plan and says, if it breaks off, how far it has come.
func applyChanges(ctx context.Context, sh *shell.Shell, cl *client.Client, changes []venuefile.Change, id string) error {
	made, all := 0, venuefile.Sent(changes)
	bar := sh.Progress(all, "apply")
	err := venuefile.Apply(ctx, cl, changes, id, func() { made++; bar.Add(1) })
	bar.Done()
	const again = "%d of %d changes were made; the same file again goes on from there"
	if err != nil && ctx.Err() == nil && !sh.WantsJSON() {
		sh.Note(again, made, all)
	}
	return shell.BrokenOff(ctx, err, again, made, all)
}

// differs reports whether a plan changes the venue. Secrets can't be read back:
// a participant that has some is sent again to make sure, and is no difference.
func differs(changes []venuefile.Change) bool {
	return slices.ContainsFunc(changes, func(c venuefile.Change) bool { return c.Sign != venuefile.Keeps })
}

func readFile(sh *shell.Shell, path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(sh.In)
	}
	return os.ReadFile(path)
}

func printChanges(sh *shell.Shell, changes []venuefile.Change, all bool) error {
	if sh.WantsJSON() {
		type change struct {
			Sign   venuefile.Sign `json:"sign"`
			What   string         `json:"what"`
			Detail string         `json:"detail,omitempty"`
		}
		list := make([]change, 0, len(changes))
		for _, c := range changes {
			list = append(list, change{c.Sign, c.What, c.Detail})
		}
		return sh.JSON(list)
	}
	count := map[venuefile.Sign]int{}
	var rows [][]string
	for _, c := range changes {
		count[c.Sign]++
		if all || c.Sign != venuefile.Keeps || c.Detail != "" {
			rows = append(rows, []string{string(c.Sign), c.What, c.Detail})
		}
	}
	if len(rows) > 0 {
		if err := sh.Table([]string{"", "WHAT", "DIFFERENCE"}, rows); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(sh.Out, "%d new, %d changed, %d unchanged\n",
		count[venuefile.Adds], count[venuefile.Changes], count[venuefile.Keeps])
	return err
}
