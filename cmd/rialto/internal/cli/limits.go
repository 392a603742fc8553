package cli

import (
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/venuefile"
)

// limitNames are the risk limits, in the order of the API.
func limitNames() []string { return venuefile.LimitNames() }

func limitsCommand(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{
		Use: "limits", Short: "Show and set risk limits",
		Long: `Show and set the risk limits of an account, an owner, an instrument or the venue.
What is not set for an account is the owner's, then the instrument's, then the
venue's.`,
	}
	c.AddCommand(limitsShow(sh), limitsSet(sh))
	return c
}

// limitScopes maps what limits are set for to its place in the API.
func limitScopes() map[string]string {
	return map[string]string{"account": "accounts", "owner": "owners", "instrument": "instruments"}
}

// limitTarget reads "venue", or a scope and an id, and returns what follows.
func limitTarget(args []string) (kind, target string, rest []string, err error) {
	if len(args) > 0 && args[0] == "venue" {
		return "venue", "", args[1:], nil
	}
	if len(args) < 2 || limitScopes()[args[0]] == "" {
		return "", "", nil, shell.Usagef("say whose limits: venue, or account, owner or instrument and its id")
	}
	return limitScopes()[args[0]], args[1], args[2:], nil
}

func limitsShow(sh *shell.Shell) *cobra.Command {
	return reads(&cobra.Command{
		Use: "show venue|account ID|owner ID|instrument ID", Short: "Show what limits are set there", Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			kind, target, rest, err := limitTarget(args)
			if err != nil {
				return err
			}
			if len(rest) > 0 {
				return shell.Usagef("%q is too much", rest[0])
			}
			path := "/v1/queries/" + kind
			if target != "" {
				path += "/" + url.PathEscape(target)
			}
			return printOne(c, sh, path+"/limits", nil, printLimits)
		},
	})
}

func printLimits(sh *shell.Shell, l client.Limits) error {
	var rows [][]string
	for _, name := range limitNames() {
		if value := l.Limits[name]; value != "" {
			rows = append(rows, []string{name, value})
		}
	}
	return sh.Table([]string{"LIMIT", "VALUE"}, rows)
}

func limitsSet(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{
		Use: "set venue|account ID|owner ID|instrument ID LIMIT=VALUE…", Short: "Set limits; those that are not named stay", Args: cobra.ArbitraryArgs,
		Long:    "Set limits; those that are not named stay. A value is a number, none for no\nbound, or inherited to take the limit away. The limits are\n" + strings.Join(limitNames(), ",\n") + ".",
		Example: "  rialto limits set account trader1 max_open_orders=50 max_position=none",
	}
	id := commandID(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		kind, target, rest, err := limitTarget(args)
		if err != nil {
			return err
		}
		p, err := limitPayload(rest)
		if err != nil {
			return err
		}
		if target != "" {
			p[strings.TrimSuffix(kind, "s")] = target
		}
		return execute(c, sh, id, client.Command{Verb: kind + "/set-limits", Payload: p})
	}
	return c
}

// limitPayload reads LIMIT=VALUE, each limit once.
func limitPayload(args []string) (map[string]any, error) {
	p := map[string]any{}
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		switch {
		case !ok || value == "":
			return nil, shell.Usagef("%q is not LIMIT=VALUE", arg)
		case !slices.Contains(limitNames(), name):
			return nil, shell.Usagef("%q is none of %s", name, strings.Join(limitNames(), ", "))
		case p[name] != nil:
			return nil, shell.Usagef("%s is given twice", name)
		}
		p[name] = value
	}
	if len(p) == 0 {
		return nil, shell.Usagef("nothing to set: give LIMIT=VALUE")
	}
	return p, nil
}
