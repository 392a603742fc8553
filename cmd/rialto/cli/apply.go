package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/shell"
	"github.com/rialto-exchange/rialto/cmd/rialto/venuefile"
)

func applyCommand(sh *shell.Shell) *cobra.Command {
	var file string
	var dryRun, all bool
	c := &cobra.Command{
		Use: "apply -f FILE", Short: "Declare a venue: assets, instruments, participants, accounts, limits", Args: cobra.NoArgs,
		Long: `Bring the venue to what a file declares, and show the difference:
+ is new, ~ changes, = stays. Applying it again changes nothing; what the file
does not mention stays as it is.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if file == "" {
				return shell.Usagef("name the file: -f FILE, or -f - for standard input")
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
			if err := printChanges(sh, changes, all); err != nil || dryRun {
				return err
			}
			return venuefile.Apply(c.Context(), cl, changes)
		},
	}
	c.Flags().StringVarP(&file, "file", "f", "", "the venue file, YAML; - = standard input")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "show the difference and write nothing")
	c.Flags().BoolVar(&all, "all", false, "show also what stays")
	return c
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
