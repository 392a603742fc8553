package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
	"github.com/rialto-exchange/rialto/node/finding"
)

func explainCommand(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{
		Use: "explain [CODE]", Short: "Explain a finding of 'rialto status': what it means, what to do", Args: cobra.MaximumNArgs(1),
		Long:      "Explain a finding of 'rialto status': what it means, and what to do. Without a\ncode it lists them.",
		ValidArgs: codes(),
	}
	c.RunE = func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return listCodes(sh)
		}
		page, ok := finding.Page(args[0])
		if !ok {
			return shell.Usagef("no finding has the code %q; there are %s", args[0], strings.Join(codes(), ", "))
		}
		sh.Line("%s", strings.TrimSpace(page))
		return nil
	}
	return c
}

func codes() []string {
	var all []string
	for _, code := range finding.Codes() {
		all = append(all, string(code))
	}
	return all
}

// listCodes shows each code with the title of its page.
func listCodes(sh *shell.Shell) error {
	var rows [][]string
	for _, code := range codes() {
		page, _ := finding.Page(code)
		title, _, _ := strings.Cut(page, "\n")
		rows = append(rows, []string{code, strings.TrimPrefix(title, "# "+code+": ")})
	}
	return sh.Table([]string{"CODE", "MEANS"}, rows)
}
