package cli

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// commandID adds the flag that makes a command line safe to repeat.
func commandID(c *cobra.Command) *string {
	return c.Flags().String("command-id", "", "id of the command; the same id again never executes twice (default: a new one)")
}

// execute sends one command and prints its answer.
func execute(c *cobra.Command, sh *shell.Shell, id *string, cmd client.Command) error {
	cl, err := sh.Client()
	if err != nil {
		return err
	}
	nameContext(sh)
	if cmd.ID = *id; cmd.ID == "" {
		cmd.ID = client.NewID()
	}
	if sh.WantsJSON() {
		var raw json.RawMessage // all that it says
		if err := cl.ExecuteInto(c.Context(), cmd, &raw); err != nil {
			return err
		}
		return sh.JSON(raw)
	}
	answer, err := cl.Execute(c.Context(), cmd)
	if err != nil {
		return err
	}
	return printAnswer(sh, answer)
}

// printAnswer prints an answer for people.
func printAnswer(sh *shell.Shell, a *client.Answer) error {
	if a.Order == nil && a.CancelledCount == 0 {
		sh.Line("%s %s (sequence %d)", a.AggregateID, a.Status, a.Sequence)
		return nil
	}
	if a.CancelledCount > 0 {
		sh.Line("%d orders cancelled (sequence %d)", a.CancelledCount, a.Sequence)
		return nil
	}
	if err := printOrders(sh, []client.Order{*a.Order}); err != nil || len(a.Fills) == 0 {
		return err
	}
	sh.Line("")
	return printFills(sh, a.Fills)
}

func printOrders(sh *shell.Shell, orders []client.Order) error {
	rows := make([][]string, 0, len(orders))
	for i := range orders {
		o := &orders[i]
		price := o.Price
		if price == "" {
			price = o.Type
		}
		rows = append(rows, []string{o.OrderID, o.ClientOrderID, o.Account, o.Instrument, o.Side, o.Quantity, price,
			o.TimeInForce, o.Filled, o.Remaining, o.Status, o.Reason})
	}
	return sh.Table([]string{"ORDER", "CLIENT ID", "ACCOUNT", "INSTRUMENT", "SIDE", "QUANTITY", "PRICE", "TIF", "FILLED", "REMAINING", "STATUS", "REASON"}, rows)
}

func printFills(sh *shell.Shell, fills []client.Fill) error {
	rows := make([][]string, 0, len(fills))
	for i := range fills {
		f := &fills[i]
		rows = append(rows, []string{f.TradeID, f.OrderID, f.Instrument, f.Side, f.Quantity, f.Price, f.Liquidity, f.Fee + " " + f.FeeAsset, f.At})
	}
	return sh.Table([]string{"TRADE", "ORDER", "INSTRUMENT", "SIDE", "QUANTITY", "PRICE", "LIQUIDITY", "FEE", "AT"}, rows)
}

// set puts a value into a payload unless it is empty.
func set(payload map[string]any, name, value string) {
	if value != "" {
		payload[name] = value
	}
}
