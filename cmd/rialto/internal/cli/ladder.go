package cli

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// barWidth is the length of the longest bar of a ladder.
const barWidth = 24

// printLadder shows a book as traders do: asks above, bids below, the best of
// each beside the spread, and how much there is as a bar.
func printLadder(sh *shell.Shell, b client.Book) error {
	sh.Line("%s at sequence %d", b.Instrument, b.Sequence)
	most := new(big.Rat)
	for _, l := range slices.Concat(b.Bids, b.Asks) {
		if q, ok := new(big.Rat).SetString(l.Quantity); ok && q.Cmp(most) > 0 {
			most = q
		}
	}
	rows := make([][]string, 0, len(b.Bids)+len(b.Asks)+1)
	for _, l := range slices.Backward(b.Asks) {
		rows = append(rows, rung("ask", l, most))
	}
	rows = append(rows, []string{"", spread(b), "", "", ""})
	for _, l := range b.Bids {
		rows = append(rows, rung("bid", l, most))
	}
	return sh.Table([]string{"", "PRICE", "QUANTITY", "ORDERS", ""}, rows)
}

func rung(side string, l client.Level, most *big.Rat) []string {
	return []string{side, l.Price, l.Quantity, fmt.Sprint(l.Orders), bar(l.Quantity, most)}
}

// bar shows a quantity beside the largest one; there is always something to see.
func bar(quantity string, most *big.Rat) string {
	q, ok := new(big.Rat).SetString(quantity)
	if !ok || most.Sign() <= 0 {
		return ""
	}
	part, _ := q.Quo(q, most).Float64()
	return strings.Repeat("█", max(1, int(part*barWidth)))
}

// spread is the distance of the best ask from the best bid, in the digits of
// the prices.
func spread(b client.Book) string {
	if len(b.Bids) == 0 || len(b.Asks) == 0 {
		return "no spread"
	}
	ask, ok := new(big.Rat).SetString(b.Asks[0].Price)
	bid, good := new(big.Rat).SetString(b.Bids[0].Price)
	if !ok || !good {
		return "no spread"
	}
	_, digits, _ := strings.Cut(b.Asks[0].Price, ".")
	return "spread " + ask.Sub(ask, bid).FloatString(len(digits))
}
