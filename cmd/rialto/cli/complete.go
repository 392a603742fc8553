package cli

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/shell"
)

// completePatience is how long a person who pressed Tab waits for names.
const completePatience = time.Second

// lists says where the names of a kind of argument come from, by the word that
// usage lines have for it, and which member holds the name.
func lists() map[string]struct{ path, member string } {
	return map[string]struct{ path, member string }{
		"INSTRUMENT":  {"/v1/queries/instruments", "instrument"},
		"ACCOUNT":     {"/v1/queries/accounts", "account"},
		"FROM":        {"/v1/queries/accounts", "account"},
		"TO":          {"/v1/queries/accounts", "account"},
		"ASSET":       {"/v1/queries/assets", "asset"},
		"PARTICIPANT": {"/v1/queries/participants", "participant"},
		"COMP-ID":     {sessionsPath, "comp_id"},
	}
}

// words lists the values of the arguments and flags that have a few.
func words() map[string][]string {
	return map[string][]string{
		"buy|sell": {"buy", "sell"}, "side": {"buy", "sell"},
		"PHASE":  {"closed", "continuous", "halted", "cancel_only", "post_only"},
		"tif":    {"gtc", "day", "ioc", "fok", "gtd"},
		"stp":    {"none", "cancel_newest", "cancel_oldest", "cancel_both", "decrement"},
		"status": {"all", "open", "partially_filled", "filled", "cancelled", "rejected", "expired", "pending_trigger"},
		"output": {shell.OutputTable, shell.OutputJSON}, "role": {"admin", "trader", "read", "audit"},
		"protocol": {"FIX.4.4", "FIXT.1.1"},
	}
}

// completions teaches a family of commands to complete their arguments, by the
// words of their usage lines, and their flags. prepare finds the cluster.
func completions(c *cobra.Command, sh *shell.Shell, prepare func(*cobra.Command) error) {
	for _, sub := range c.Commands() {
		completions(sub, sh, prepare)
	}
	names := strings.Fields(c.Use)[1:]
	if len(names) > 0 && c.ValidArgsFunction == nil {
		c.ValidArgsFunction = func(c *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) >= len(names) || prepare(c) != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return candidates(c, sh, strings.Trim(names[len(args)], "[]…"))
		}
	}
	for flag, values := range words() {
		if c.Flags().Lookup(flag) != nil {
			_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
		}
	}
	for flag, kind := range map[string]string{"instrument": "INSTRUMENT", "account": "ACCOUNT", "participant": "PARTICIPANT"} {
		if c.Flags().Lookup(flag) != nil {
			_ = c.RegisterFlagCompletionFunc(flag, func(c *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
				if prepare(c) != nil {
					return nil, cobra.ShellCompDirectiveError
				}
				return candidates(c, sh, kind)
			})
		}
	}
}

// candidates asks the venue, or knows, what may stand for a word of a usage
// line.
func candidates(c *cobra.Command, sh *shell.Shell, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if values, ok := words()[word]; ok {
		return values, cobra.ShellCompDirectiveNoFileComp
	}
	cl, err := sh.Client()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	cl = cl.WithPatience(completePatience)
	if word == "NODE" {
		var twin client.Twin
		if cl.Get(c.Context(), "/v1/cluster", nil, &twin) != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var ids []string
		for i := range twin.Nodes {
			ids = append(ids, twin.Nodes[i].ID)
		}
		return ids, cobra.ShellCompDirectiveNoFileComp
	}
	from, ok := lists()[word]
	if !ok {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var page client.List[map[string]json.RawMessage]
	if cl.Get(c.Context(), from.path, url.Values{"limit": {"1000"}}, &page) != nil {
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
