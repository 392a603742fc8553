package cli

import (
	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/venuefile"
)

func venueCommand(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{Use: "venue", Short: "About venue files, which 'rialto apply' takes"}
	var table bool
	schema := &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of a venue file, for editors; or its fields, for people", Args: cobra.NoArgs,
		Long: `Print the JSON Schema of a venue file, for editors: write it to a file and begin
the venue file with '# yaml-language-server: $schema=FILE'. With --table it lists
the fields for people.`,
		RunE: func(*cobra.Command, []string) error {
			if !table {
				return sh.JSON(venuefile.Schema())
			}
			var rows [][]string
			for _, f := range venuefile.Fields() {
				rows = append(rows, []string{f.Path, f.Type, f.Doc})
			}
			return sh.Table([]string{"FIELD", "IS", "WHAT"}, rows)
		},
	}
	schema.Flags().BoolVar(&table, "table", false, "list the fields instead")
	c.AddCommand(schema, &cobra.Command{
		Use: "example", Short: "Print the venue file of the demo venue", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := sh.Out.Write(venuefile.Demo())
			return err
		},
	})
	return c
}
