package cli

import (
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

func accountCommand(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{Use: "account", Short: "Open accounts, move money, read balances and trades"}
	c.AddCommand(
		accountOpen(sh), accountSimple(sh, "close", "Close an account whose balances are all zero", false),
		accountMoney(sh, "deposit", "Deposit money"), accountMoney(sh, "withdraw", "Withdraw money"),
		accountTransfer(sh),
		accountSimple(sh, "suspend", "Cancel an account's orders and stop it from trading", true),
		accountSimple(sh, "resume", "End a suspension", true),
		accountList(sh), accountBalance(sh), accountBalances(sh), accountTrades(sh),
	)
	return c
}

func accountOpen(sh *shell.Shell) *cobra.Command {
	var owner, participant string
	c := &cobra.Command{Use: "open ACCOUNT", Short: "Open an account", Args: cobra.ExactArgs(1)}
	id := commandID(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		p := map[string]any{"account": args[0]}
		set(p, "owner", owner)
		set(p, "participant", participant)
		return execute(c, sh, id, client.Command{Verb: "accounts/open", Aggregate: args[0], Payload: p})
	}
	c.Flags().StringVar(&owner, "owner", "", "who owns it: orders of one owner are self-trades")
	c.Flags().StringVar(&participant, "participant", "", "whose keys may use it")
	return c
}

// accountSimple builds a command whose payload is the account and, if it may
// have one, a reason.
func accountSimple(sh *shell.Shell, verb, short string, reasoned bool) *cobra.Command {
	c := &cobra.Command{Use: verb + " ACCOUNT", Short: short, Args: cobra.ExactArgs(1)}
	id := commandID(c)
	reason := new(string)
	if reasoned {
		reason = reasonFlag(c)
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		p := map[string]any{"account": args[0]}
		set(p, "reason", *reason)
		return execute(c, sh, id, client.Command{Verb: "accounts/" + verb, Aggregate: args[0], Payload: p})
	}
	return c
}

func accountMoney(sh *shell.Shell, verb, short string) *cobra.Command {
	c := &cobra.Command{Use: verb + " ACCOUNT AMOUNT ASSET", Short: short, Args: cobra.ExactArgs(3)}
	id := commandID(c)
	reference := c.Flags().String("reference", "", "stored with it")
	c.RunE = func(c *cobra.Command, args []string) error {
		p := map[string]any{"amount": args[1], "asset": args[2]}
		set(p, "reference", *reference)
		return execute(c, sh, id, client.Command{Verb: "accounts/" + verb, Aggregate: args[0], Payload: p})
	}
	return c
}

func accountTransfer(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{Use: "transfer FROM TO AMOUNT ASSET", Short: "Move money between accounts", Args: cobra.ExactArgs(4)}
	id := commandID(c)
	reference := c.Flags().String("reference", "", "stored with it")
	c.RunE = func(c *cobra.Command, args []string) error {
		p := map[string]any{"to": args[1], "amount": args[2], "asset": args[3]}
		set(p, "reference", *reference)
		return execute(c, sh, id, client.Command{Verb: "accounts/transfer", Aggregate: args[0], Payload: p})
	}
	return c
}

func accountList(sh *shell.Shell) *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "List the accounts", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkCount("--limit", limit); err != nil {
				return err
			}
			q := url.Values{"limit": {strconv.Itoa(limit)}}
			return printList(c, sh, "/v1/queries/accounts", q, printAccounts)
		},
	}
	c.Flags().IntVar(&limit, "limit", 100, "at most so many, up to 1000")
	return reads(c)
}

func printAccounts(sh *shell.Shell, accounts []client.Account) error {
	rows := make([][]string, 0, len(accounts))
	for _, a := range accounts {
		rows = append(rows, []string{a.Account, a.Owner, a.Participant, a.Status})
	}
	return sh.Table([]string{"ACCOUNT", "OWNER", "PARTICIPANT", "STATUS"}, rows)
}

func accountBalance(sh *shell.Shell) *cobra.Command {
	return reads(&cobra.Command{
		Use: "balance ACCOUNT [ASSET]", Short: "Show one balance (default: of the venue's default asset)", Args: cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			q := url.Values{}
			if len(args) == 2 {
				q.Set("asset", args[1])
			}
			type balance struct {
				client.Balance
				Currency string `json:"currency"`
			}
			return printOne(c, sh, accountPath(args[0])+"/balance", q, func(sh *shell.Shell, b balance) error {
				b.Asset = b.Currency
				return printBalances(sh, []client.Balance{b.Balance})
			})
		},
	})
}

func accountPath(account string) string { return "/v1/queries/accounts/" + url.PathEscape(account) }

func accountBalances(sh *shell.Shell) *cobra.Command {
	return reads(&cobra.Command{
		Use: "balances ACCOUNT", Short: "Show all balances", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return printOne(c, sh, accountPath(args[0])+"/balances", nil, func(sh *shell.Shell, b client.Balances) error {
				return printBalances(sh, b.Balances)
			})
		},
	})
}

func printBalances(sh *shell.Shell, balances []client.Balance) error {
	rows := make([][]string, 0, len(balances))
	for _, b := range balances {
		rows = append(rows, []string{b.Asset, b.Available, b.Held, b.Total})
	}
	return sh.Table([]string{"ASSET", "AVAILABLE", "HELD", "TOTAL"}, rows)
}

func accountTrades(sh *shell.Shell) *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use: "trades ACCOUNT", Short: "List an account's fills, newest first", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkCount("--limit", limit); err != nil {
				return err
			}
			q := url.Values{"limit": {strconv.Itoa(limit)}, "order": {"desc"}}
			return printList(c, sh, accountPath(args[0])+"/trades", q, printFills)
		},
	}
	c.Flags().IntVar(&limit, "limit", 100, "at most so many, up to 1000")
	return reads(c)
}
