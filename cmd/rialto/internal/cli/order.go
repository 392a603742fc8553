package cli

import (
	"cmp"
	"fmt"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

func orderCommand(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{Use: "order", Short: "Place, amend, cancel and list orders"}
	c.AddCommand(orderPlace(sh), orderAmend(sh), orderCancel(sh), orderCancelAll(sh), orderList(sh), orderShow(sh))
	return c
}

func orderPlace(sh *shell.Shell) *cobra.Command {
	var tif, clientID, stp, display, stop, expire string
	var postOnly bool
	c := &cobra.Command{
		Use:     "place ACCOUNT buy|sell QUANTITY INSTRUMENT [PRICE]",
		Short:   "Place an order: a limit order with PRICE, a market order without",
		Example: "  rialto order place trader1 buy 0.5 BTC-USD 60000\n  rialto order place trader2 sell 0.5 BTC-USD",
		Args:    cobra.RangeArgs(4, 5),
	}
	id := commandID(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := cmp.Or(checkSide(args[1]), checkTimeInForce(tif), checkSelfTradePrevention(stp)); err != nil {
			return err
		}
		p := map[string]any{
			"account": args[0], "side": args[1], "quantity": args[2], "instrument": args[3], "type": "market",
		}
		if len(args) == 5 {
			p["type"], p["price"] = "limit", args[4]
		}
		if stop != "" {
			p["type"] = map[any]string{"limit": "stop_limit", "market": "stop"}[p["type"]]
		}
		set(p, "stop_price", stop)
		set(p, "time_in_force", tif)
		set(p, "client_order_id", clientID)
		set(p, "self_trade_prevention", stp)
		set(p, "display_quantity", display)
		set(p, "expire_at", expire)
		if postOnly {
			p["post_only"] = true
		}
		return execute(c, sh, id, client.Command{Verb: "orders/place", Payload: p})
	}
	f := c.Flags()
	f.StringVar(&tif, "tif", "", "time in force: gtc, day, ioc, fok or gtd (default gtc; ioc for market orders)")
	f.StringVar(&clientID, "client-id", "", "the client's own order id")
	f.StringVar(&stp, "stp", "", "self-trade prevention: none, cancel_newest, cancel_oldest, cancel_both or decrement")
	f.StringVar(&display, "display", "", "quantity that the book shows")
	f.StringVar(&stop, "stop", "", "stop price")
	f.StringVar(&expire, "expire-at", "", "instant at which a gtd order ends (RFC 3339)")
	f.BoolVar(&postOnly, "post-only", false, "refuse the order rather than trade at once")
	return c
}

// orderRef reads which order is meant: its id, or account and client id.
func orderRef(args []string, account, clientID string) (map[string]any, error) {
	byID, byClient := len(args) == 1, account != "" && clientID != ""
	if byID == byClient {
		return nil, shell.Usagef("name the order by its id, or by --account and --client-id")
	}
	if byID {
		return map[string]any{"order_id": args[0]}, nil
	}
	return map[string]any{"account": account, "client_order_id": clientID}, nil
}

// refFlags adds the flags that name an order by its client id.
func refFlags(c *cobra.Command) (account, clientID *string) {
	return c.Flags().String("account", "", "the order's account"),
		c.Flags().String("client-id", "", "the client's own order id")
}

func orderAmend(sh *shell.Shell) *cobra.Command {
	var quantity, price string
	c := &cobra.Command{
		Use: "amend [ORDER]", Short: "Change an order's total quantity or price", Args: cobra.MaximumNArgs(1),
		Long: "Change an order's total quantity (what is filled included) or price.\nA smaller quantity at the same price keeps its place in the queue.",
	}
	id := commandID(c)
	account, clientID := refFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		p, err := orderRef(args, *account, *clientID)
		if err != nil {
			return err
		}
		if quantity == "" && price == "" {
			return shell.Usagef("nothing to change: give --quantity or --price")
		}
		set(p, "quantity", quantity)
		set(p, "price", price)
		return execute(c, sh, id, client.Command{Verb: "orders/amend", Payload: p})
	}
	c.Flags().StringVar(&quantity, "quantity", "", "the new total")
	c.Flags().StringVar(&price, "price", "", "the new price")
	return c
}

func orderCancel(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{Use: "cancel [ORDER]", Short: "Cancel an order", Args: cobra.MaximumNArgs(1)}
	id := commandID(c)
	account, clientID := refFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		p, err := orderRef(args, *account, *clientID)
		if err != nil {
			return err
		}
		return execute(c, sh, id, client.Command{Verb: "orders/cancel", Payload: p})
	}
	return c
}

func orderCancelAll(sh *shell.Shell) *cobra.Command {
	var instrument, side string
	c := &cobra.Command{Use: "cancel-all ACCOUNT", Short: "Cancel an account's open orders", Args: cobra.ExactArgs(1)}
	id := commandID(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := checkSide(side); err != nil {
			return err
		}
		p := map[string]any{"account": args[0]}
		set(p, "instrument", instrument)
		set(p, "side", side)
		return execute(c, sh, id, client.Command{Verb: "orders/cancel-all", Payload: p})
	}
	c.Flags().StringVar(&instrument, "instrument", "", "only this instrument's")
	c.Flags().StringVar(&side, "side", "", "only buy or only sell")
	return c
}

func orderList(sh *shell.Shell) *cobra.Command {
	var status string
	var limit int
	c := &cobra.Command{
		Use: "list ACCOUNT", Short: "List an account's orders", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := cmp.Or(checkStatus(status), checkCount("--limit", limit)); err != nil {
				return err
			}
			q := url.Values{"limit": {strconv.Itoa(limit)}}
			if status != "all" {
				q.Set("status", status)
			}
			return printList(c, sh, "/v1/queries/accounts/"+url.PathEscape(args[0])+"/orders", q, printOrders)
		},
	}
	c.Flags().StringVar(&status, "status", "open", "a status, or all")
	c.Flags().IntVar(&limit, "limit", 100, "at most so many, up to 1000")
	return reads(c)
}

func orderShow(sh *shell.Shell) *cobra.Command {
	c := reads(&cobra.Command{
		Use: "show [ORDER]", Short: "Show one order, by its id or by --account and --client-id", Args: cobra.MaximumNArgs(1),
	})
	account, clientID := refFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		if _, err := orderRef(args, *account, *clientID); err != nil {
			return err
		}
		if len(args) == 1 {
			return printOne(c, sh, "/v1/queries/orders/"+url.PathEscape(args[0]), nil, func(sh *shell.Shell, o client.Order) error {
				return printOrders(sh, []client.Order{o})
			})
		}
		q := url.Values{"client_order_id": {*clientID}}
		return printList(c, sh, accountPath(*account)+"/orders", q, func(sh *shell.Shell, orders []client.Order) error {
			if len(orders) == 0 {
				return fmt.Errorf("account %s has no order with the client id %s", *account, *clientID)
			}
			return printOrders(sh, orders)
		})
	}
	return c
}
