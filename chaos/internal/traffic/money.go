package traffic

import (
	"fmt"
	"math/rand/v2"

	"github.com/rialto-exchange/rialto/chaos/history"
)

// money makes one client's transfers between the accounts that all such
// clients share.
type money struct {
	run      string
	number   int
	accounts int
	count    int
	random   *rand.Rand
}

// Each client opens an account and puts so much into it; two accounts more
// than there are clients are shared, and the first client opens those.
const (
	sharedAccounts = 2
	opening        = "100000"
)

func (r *Run) money(number int) *money {
	return &money{
		run: r.options.Run, number: number, accounts: r.options.Transfers + sharedAccounts,
		random: rand.New(rand.NewPCG(r.options.Seed, 1<<40|uint64(number))),
	}
}

func (p *money) account(i int) string { return fmt.Sprintf("%s-t%d", p.run, i) }

func (p *money) next() planned {
	p.count++
	own := p.account(p.number)
	switch {
	case p.count == 1:
		return p.command("accounts/open", own, map[string]any{"account": own})
	case p.count == 2:
		return p.command("accounts/deposit", own, map[string]any{"asset": "USD", "amount": opening})
	case p.number == 0 && p.count <= 2+sharedAccounts:
		shared := p.account(p.accounts + 2 - p.count)
		return p.command("accounts/open", shared, map[string]any{"account": shared})
	}
	from, to := p.random.IntN(p.accounts), p.random.IntN(p.accounts)
	if from == to {
		to = (to + 1) % p.accounts
	}
	amount := fmt.Sprintf("%d.%06d", p.random.IntN(2000), p.random.IntN(1_000_000))
	if p.random.IntN(20) == 0 {
		amount = "100000000" // refused: there is never so much
	}
	return p.command("accounts/transfer", p.account(from), map[string]any{"to": p.account(to), "asset": "USD", "amount": amount})
}

func (p *money) learn(history.Operation) {}

func (p *money) command(verb, aggregate string, payload map[string]any) planned {
	return plan(fmt.Sprintf("%s-m%d-%d", p.run, p.number, p.count), verb, aggregate, payload)
}
