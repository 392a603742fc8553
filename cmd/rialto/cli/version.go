package cli

import (
	"runtime"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/shell"
)

func versionCommand(sh *shell.Shell) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			sh.Line("rialto %s %s %s/%s", sh.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
}
