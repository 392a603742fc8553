package cli

import (
	"fmt"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

func bookCommand(sh *shell.Shell) *cobra.Command {
	var depth int
	c := &cobra.Command{
		Use: "book INSTRUMENT", Short: "Show an instrument's book; with --watch as a ladder", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkCount("--depth", depth); err != nil {
				return err
			}
			q := url.Values{"depth": {strconv.Itoa(depth)}}
			show := printBook
			if again, err := watching(c); err == nil && again {
				show = printLadder
			}
			return printOne(c, sh, instrumentPath(args[0])+"/book", q, show)
		},
	}
	c.Flags().IntVar(&depth, "depth", 10, "levels a side, up to 1000")
	return reads(c)
}

func printBook(sh *shell.Shell, b client.Book) error {
	sh.Line("%s at sequence %d", b.Instrument, b.Sequence)
	rows := make([][]string, max(len(b.Bids), len(b.Asks)))
	for i := range rows {
		row := make([]string, 6)
		if i < len(b.Bids) {
			row[0], row[1], row[2] = fmt.Sprint(b.Bids[i].Orders), b.Bids[i].Quantity, b.Bids[i].Price
		}
		if i < len(b.Asks) {
			row[3], row[4], row[5] = b.Asks[i].Price, b.Asks[i].Quantity, fmt.Sprint(b.Asks[i].Orders)
		}
		rows[i] = row
	}
	return sh.Table([]string{"ORDERS", "QUANTITY", "BID", "ASK", "QUANTITY", "ORDERS"}, rows)
}
