package flow

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/venuefile"
)

// The flow's own accounts.
const (
	makerAccount = "flow-maker"
	takerAccount = "flow-taker"
)

// patience is how long one order is tried; then it is let go.
const patience = 10 * time.Second

// Run opens and funds the flow's accounts, cancels what an earlier flow left,
// and sends orders until ctx ends. A failing node is nothing to it: the same
// ids go to the next one. run begins all ids of this flow.
func Run(ctx context.Context, cl *client.Client, seed uint64, run string) error {
	if err := prepare(ctx, cl); err != nil {
		return fmt.Errorf("order flow: %w", err)
	}
	s := sender{client: cl.WithPatience(patience), run: run, list: Instruments()}
	g := NewGenerator(seed, s.list)
	begin := time.Now()
	for n := 1; ; n++ {
		a := g.Next()
		wait := time.Until(begin.Add(a.At))
		if wait < -time.Second {
			begin = begin.Add(-wait) // a pause is not made up for
		}
		if err := sleep(ctx, wait); err != nil {
			return nil
		}
		if err := s.send(ctx, n, a); err != nil {
			return fmt.Errorf("order flow: %w", err)
		}
	}
}

func prepare(ctx context.Context, cl *client.Client) error {
	var file venuefile.File
	for _, name := range []string{makerAccount, takerAccount} {
		account := venuefile.Account{Account: name}
		for _, d := range [][2]string{
			{"USD", "10000000000"}, {"EUR", "10000000000"}, {"JPY", "100000000000"}, {"BTC", "1000000"}, {"ETH", "10000000"},
		} {
			account.Deposit = append(account.Deposit, venuefile.Deposit{Asset: d[0], Amount: venuefile.Number(d[1])})
		}
		file.Accounts = append(file.Accounts, account)
	}
	changes, err := venuefile.Plan(ctx, cl, &file)
	if err != nil {
		return err
	}
	if err := venuefile.Apply(ctx, cl, changes, "", nil); err != nil {
		return err
	}
	_, err = cl.Execute(ctx, client.Command{
		Verb: "orders/cancel-all", ID: client.NewID(), Payload: map[string]string{"account": makerAccount},
	})
	return err
}

// sender turns actions into commands.
type sender struct {
	client *client.Client
	run    string
	list   []Instrument
}

// send sends one action. Refusals are part of the flow: an order that should
// be cancelled may have been filled.
func (s *sender) send(ctx context.Context, n int, a Action) error {
	c := s.command(a)
	c.ID = fmt.Sprintf("%s-%d", s.run, n)
	_, err := s.client.Execute(ctx, c)
	var refusal *client.Problem
	if err == nil || errors.As(err, &refusal) && refusal.Status != 401 && refusal.Status != 403 ||
		errors.Is(err, client.ErrNoAnswer) || ctx.Err() != nil {
		return nil
	}
	return err
}

func (s *sender) command(a Action) client.Command {
	if a.Kind == Cancel {
		return client.Command{Verb: "orders/cancel", Payload: map[string]string{
			"account": makerAccount, "client_order_id": s.name(a.Target),
		}}
	}
	in := s.list[a.Instrument]
	p := map[string]string{
		"account": makerAccount, "instrument": in.Name, "side": "sell", "type": "limit", "time_in_force": "gtc",
		"price": fixed(a.Price, in.PriceDigits), "quantity": fixed(a.Quantity, in.QuantityDigits),
	}
	if a.Buy {
		p["side"] = "buy"
	}
	if a.Kind == Take {
		p["account"], p["time_in_force"] = takerAccount, "ioc"
	} else {
		p["client_order_id"] = s.name(a.Number)
	}
	return client.Command{Verb: "orders/place", Payload: p}
}

func (s *sender) name(number uint64) string { return fmt.Sprintf("%s-o%d", s.run, number) }

// fixed prints units of 10^-digits.
func fixed(units int64, digits int) string {
	text := strconv.FormatInt(units, 10)
	if digits == 0 {
		return text
	}
	for len(text) <= digits {
		text = "0" + text
	}
	return text[:len(text)-digits] + "." + text[len(text)-digits:]
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
