package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// versionLine says which build this is.
func versionLine(sh *shell.Shell) string {
	return fmt.Sprintf("rialto %s %s %s/%s", sh.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

func versionCommand(sh *shell.Shell) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			sh.Line("%s", versionLine(sh))
			return nil
		},
	}
}
