package cli

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// completePatience is how long a person who pressed Tab waits for names.
const completePatience = time.Second

// lists says where the names of a kind of argument come from, by the word that
// usage lines have for it, and which member holds the name.
func lists() map[string]struct{ path, member string } {
	return map[string]struct{ path, member string }{
		"INSTRUMENT":  {"/v1/queries/instruments", "instrument"},
		"ACCOUNT":     {"/v1/queries/accounts", "account"},
		"OWNER":       {"/v1/queries/accounts", "owner"},
		"FROM":        {"/v1/queries/accounts", "account"},
		"TO":          {"/v1/queries/accounts", "account"},
		"ASSET":       {"/v1/queries/assets", "asset"},
		"PARTICIPANT": {"/v1/queries/participants", "participant"},
		"COMP-ID":     {sessionsPath, "comp_id"},
	}
}

// completions teaches a family of commands to complete their arguments, by the
// words of their usage lines, and their flags. prepare finds the cluster.
func completions(c *cobra.Command, sh *shell.Shell, prepare func(*cobra.Command) error) {
	for _, sub := range c.Commands() {
		completions(sub, sh, prepare)
	}
	names := strings.Fields(c.Use)[1:]
	if len(names) > 0 && c.ValidArgsFunction == nil && len(c.ValidArgs) == 0 {
		c.ValidArgsFunction = func(c *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if prepare(c) != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return candidates(c, sh, argument(names, args))
		}
	}
	asked := map[string]string{"instrument": "INSTRUMENT", "account": "ACCOUNT", "participant": "PARTICIPANT", "as": "COMP-ID",
		"sessions": "COMP-ID", "accounts": "ACCOUNT", "aggregate": "ACCOUNT"}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if kind, ok := asked[f.Name]; ok {
			_ = c.RegisterFlagCompletionFunc(f.Name, func(c *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
				if prepare(c) != nil {
					return nil, cobra.ShellCompDirectiveError
				}
				return candidates(c, sh, kind)
			})
		}
	})
}

// argument is the word of a usage line that the next argument stands for. Those of
// limits depend on the one before: venue has no id, and the rest has one of its kind.
func argument(names, args []string) string {
	if len(names) > 0 && strings.HasPrefix(names[0], "venue|") {
		at := len(args)
		kinds := map[string]string{"account": "ACCOUNT", "owner": "OWNER", "instrument": "INSTRUMENT"}
		switch {
		case at == 0:
			return "venue|account"
		case at == 1 && kinds[args[0]] != "":
			return kinds[args[0]]
		case strings.HasPrefix(names[len(names)-1], "LIMIT"):
			return "LIMIT=VALUE"
		}
		return ""
	}
	if len(args) >= len(names) {
		return ""
	}
	return strings.Trim(names[len(args)], "[]…")
}

// fixedCompletions teaches all commands the flags that have a few values.
func fixedCompletions(c *cobra.Command) {
	for _, sub := range c.Commands() {
		fixedCompletions(sub)
	}
	register := func(f *pflag.Flag) {
		values, ok := words()[c.CommandPath()+" "+f.Name]
		if !ok {
			values, ok = words()[f.Name]
		}
		if ok {
			_ = c.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(values, directive(values)))
		}
	}
	c.Flags().VisitAll(register)
	c.PersistentFlags().VisitAll(register)
}

// directive is how a shell goes on after one of some values: not with a file's
// name, nor with a space after = or a point.
func directive(values []string) cobra.ShellCompDirective {
	for _, v := range values {
		if strings.HasSuffix(v, "=") || strings.HasSuffix(v, ".") {
			return cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		}
	}
	return cobra.ShellCompDirectiveNoFileComp
}

// candidates asks the venue, or knows, what may stand for a word of a usage
// line.
func candidates(c *cobra.Command, sh *shell.Shell, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if values, ok := words()[word]; ok {
		return values, directive(values)
	}
	cl, err := sh.Client()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	cl = cl.WithPatience(completePatience)
	if word == "NODE" || word == "VIEW" {
		return ofTwin(c, cl, word), cobra.ShellCompDirectiveNoFileComp
	}
	from, ok := lists()[word]
	if !ok {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var page client.List[map[string]json.RawMessage]
	query := url.Values{"limit": {"1000"}}
	if word == "PARTICIPANT" {
		query = nil // that list is given whole
	}
	if cl.Get(c.Context(), from.path, query, &page) != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, item := range page.Items {
		var name string
		if json.Unmarshal(item[from.member], &name) == nil {
			names = append(names, name)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// ofTwin lists the nodes, or the read models.
func ofTwin(c *cobra.Command, cl *client.Client, word string) []string {
	var twin client.Twin
	if cl.Get(c.Context(), "/v1/cluster", nil, &twin) != nil {
		return nil
	}
	var ids []string
	for i := range twin.Nodes {
		if word == "NODE" {
			ids = append(ids, twin.Nodes[i].ID)
		}
		for _, v := range twin.Nodes[i].ReadModels {
			if word == "VIEW" && !slices.Contains(ids, v.Name) {
				ids = append(ids, v.Name)
			}
		}
	}
	return ids
}
