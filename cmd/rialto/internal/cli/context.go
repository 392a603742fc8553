package cli

import (
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/contexts"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

func openContexts(sh *shell.Shell) (*contexts.List, error) {
	return contexts.Open(contexts.Path(sh.Env))
}

func contextCommand(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{
		Use: "context", Short: "Keep clusters by name: servers, the file of a key, the authority of certificates",
		Long: `Keep clusters by name: their servers, the file that holds your key, and the
authority of their certificates. The one in use is where commands go that name no
--server; a flag goes before a variable, a variable before the context. What
writes names the context on standard error.`,
	}
	c.AddCommand(contextAdd(sh), contextUse(sh), contextList(sh), contextRemove(sh))
	outputFlag(c, sh)
	c.PersistentPreRunE = func(*cobra.Command, []string) error { return checkOutput(sh) }
	return c
}

func contextAdd(sh *shell.Shell) *cobra.Command {
	var in contexts.Context
	c := &cobra.Command{
		Use: "add NAME --server URL[,URL…]", Short: "Add a context or change it; it is not switched to", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) (err error) {
			if _, err := client.New(in.Servers, ""); err != nil {
				return shell.Usagef("--server: %v", err)
			}
			for _, path := range []*string{&in.KeyFile, &in.CA} {
				if *path == "" {
					continue
				}
				if *path, err = filepath.Abs(*path); err != nil {
					return err
				}
			}
			list, err := openContexts(sh)
			if err != nil {
				return err
			}
			if err := list.Add(args[0], in); err != nil {
				return err
			}
			if err := list.Save(contexts.Path(sh.Env)); err != nil {
				return err
			}
			if list.Current != args[0] {
				sh.Note("to switch to it: rialto context use %s", args[0])
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringSliceVar(&in.Servers, "server", nil, "the cluster's nodes, URL[,URL…]")
	f.StringVar(&in.KeyFile, "key-file", "", "file that holds the key; only its path is kept")
	f.StringVar(&in.CA, "ca", "", "PEM file of the authority that signed the nodes' certificates")
	return c
}

func contextUse(sh *shell.Shell) *cobra.Command {
	return &cobra.Command{
		Use: "use NAME", Short: "Switch to a context; - for none", Args: cobra.ExactArgs(1),
		ValidArgsFunction: contextNames(sh),
		RunE: func(_ *cobra.Command, args []string) error {
			list, err := openContexts(sh)
			if err != nil {
				return err
			}
			if list.Current = args[0]; args[0] == "-" {
				list.Current = ""
			} else if _, ok := list.Contexts[args[0]]; !ok {
				return shell.Usagef("no context %q; there are %s", args[0], strings.Join(list.Names(), ", "))
			}
			return list.Save(contexts.Path(sh.Env))
		},
	}
}

func contextRemove(sh *shell.Shell) *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Forget a context", Args: cobra.ExactArgs(1),
		ValidArgsFunction: contextNames(sh),
		RunE: func(_ *cobra.Command, args []string) error {
			list, err := openContexts(sh)
			if err != nil {
				return err
			}
			if _, ok := list.Contexts[args[0]]; !ok {
				return shell.Usagef("no context %q; there are %s", args[0], strings.Join(list.Names(), ", "))
			}
			delete(list.Contexts, args[0])
			if list.Current == args[0] {
				list.Current = ""
			}
			return list.Save(contexts.Path(sh.Env))
		},
	}
}

func contextList(sh *shell.Shell) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the contexts; * is in use", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			list, err := openContexts(sh)
			if err != nil {
				return err
			}
			if sh.WantsJSON() {
				return sh.JSON(list)
			}
			var rows [][]string
			for _, name := range list.Names() {
				mark, in := "", list.Contexts[name]
				if name == list.Current {
					mark = "*"
				}
				rows = append(rows, []string{mark, name, strings.Join(in.Servers, ","), in.KeyFile, in.CA})
			}
			return sh.Table([]string{"", "NAME", "SERVERS", "KEY FILE", "CA"}, rows)
		},
	}
}

func contextNames(sh *shell.Shell) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		list, err := openContexts(sh)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return list.Names(), cobra.ShellCompDirectiveNoFileComp
	}
}
