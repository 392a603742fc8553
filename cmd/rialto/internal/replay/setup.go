package replay

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"strconv"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/lobster"
)

// Setup opens and funds the accounts of a run and cancels what earlier runs
// left in the book. It reports whether somebody else's orders rest there.
func Setup(ctx context.Context, cl *client.Client, run, instrument string, messages []lobster.Message) (foreign bool, err error) {
	var i struct{ Base, Quote string }
	if err := cl.Get(ctx, "/v1/queries/instruments/"+url.PathEscape(instrument), nil, &i); err != nil {
		return false, fmt.Errorf("instrument %s: %w", instrument, err)
	}
	needs := needsOf(messages)
	var sequence uint64
	for _, account := range []string{MakerAccount, TakerAccount} {
		if err := open(ctx, cl, run, account); err != nil {
			return false, err
		}
		if sequence, err = cancelAll(ctx, cl, run, account, instrument); err != nil {
			return false, err
		}
		for asset, amount := range map[string]string{i.Base: needs.base, i.Quote: needs.quote} {
			if err := deposit(ctx, cl, run, account, asset, amount); err != nil {
				return false, err
			}
		}
	}
	var book client.Book
	q := url.Values{"depth": {"1"}, "min_sequence": {strconv.FormatUint(sequence, 10)}}
	if err := cl.Get(ctx, "/v1/queries/instruments/"+url.PathEscape(instrument)+"/book", q, &book); err != nil {
		return false, fmt.Errorf("book of %s: %w", instrument, err)
	}
	return len(book.Bids)+len(book.Asks) > 0, nil
}

// needs is what one account needs at most over a whole run, as decimal text.
type needs struct{ base, quote string }

// feeRoom is what is added for fees: 1/50 of the notional, 200 basis points.
const feeRoom = 50

// needsOf adds up all that is ever bought and sold.
func needsOf(messages []lobster.Message) needs {
	shares, notional := new(big.Int), new(big.Int)
	for _, m := range messages {
		if m.Kind != lobster.Add && m.Kind != lobster.Execution {
			continue
		}
		size := big.NewInt(m.Size)
		shares.Add(shares, size)
		notional.Add(notional, size.Mul(size, big.NewInt(m.Price)))
	}
	notional.Add(notional, new(big.Int).Div(notional, big.NewInt(feeRoom)))
	whole := notional.Div(notional, big.NewInt(10_000)) // 10^PriceDigits
	return needs{shares.Add(shares, big.NewInt(1)).String(), whole.Add(whole, big.NewInt(1)).String()}
}

func open(ctx context.Context, cl *client.Client, run, account string) error {
	_, err := cl.Execute(ctx, client.Command{
		Verb: "accounts/open", ID: run + "-open-" + account, Aggregate: account, Payload: map[string]string{"account": account},
	})
	var p *client.Problem
	if errors.As(err, &p) && p.Code == "already_exists" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open account %s: %w", account, err)
	}
	return nil
}

func deposit(ctx context.Context, cl *client.Client, run, account, asset, amount string) error {
	_, err := cl.Execute(ctx, client.Command{
		Verb: "accounts/deposit", ID: run + "-deposit-" + account + "-" + asset, Aggregate: account,
		Payload: map[string]string{"amount": amount, "asset": asset, "reference": "replay " + run},
	})
	if err != nil {
		return fmt.Errorf("deposit %s %s to %s: %w", amount, asset, account, err)
	}
	return nil
}

// cancelAll returns the sequence at which nothing of the account is open.
func cancelAll(ctx context.Context, cl *client.Client, run, account, instrument string) (uint64, error) {
	for round := 1; ; round++ {
		answer, err := cl.Execute(ctx, client.Command{
			Verb: "orders/cancel-all", ID: fmt.Sprintf("%s-clear%d-%s", run, round, account),
			Payload: map[string]string{"account": account, "instrument": instrument},
		})
		if err != nil {
			return 0, fmt.Errorf("cancel orders of %s: %w", account, err)
		}
		if !answer.Continues {
			return answer.Sequence, nil
		}
	}
}
