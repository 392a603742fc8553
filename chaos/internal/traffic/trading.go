package traffic

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"

	"github.com/rialto-exchange/rialto/chaos/history"
)

// trading makes one client's orders.
type trading struct {
	run     string
	number  int
	count   int
	account string
	random  *rand.Rand
	rich    bool
	memory  *memory
	open    []string // ids of orders that were accepted and may be open
}

// maxOpen bounds what a client leaves resting.
const maxOpen = 50

// The limits of a rich client are drawn round the reference prices that
// Declarations names.
type instrument struct {
	name   string
	around int // price in units
	digits int // of a quantity
}

func instruments() []instrument {
	return []instrument{{"BTC-USD", 60000, 4}, {"ETH-USD", 3000, 3}}
}

func (r *Run) trading(number int) *trading {
	return &trading{
		run: r.options.Run, number: number, account: fmt.Sprintf("%s-a%d", r.options.Run, number), rich: r.options.Rich,
		random: rand.New(rand.NewPCG(r.options.Seed, uint64(number))), memory: &r.memory,
	}
}

func (p *trading) next() planned {
	p.count++
	switch p.count {
	case 1:
		return p.command("accounts/open", p.account, map[string]any{"account": p.account})
	case 2:
		return p.command("accounts/deposit", p.account, map[string]any{"asset": "USD", "amount": "100000000"})
	case 3:
		return p.command("accounts/deposit", p.account, map[string]any{"asset": "BTC", "amount": "10000"})
	case 4:
		if p.rich {
			return p.command("accounts/deposit", p.account, map[string]any{"asset": "ETH", "amount": "10000"})
		}
	}
	n := p.random.IntN(20)
	switch {
	case n < 4 && len(p.open) > 0:
		return p.command("orders/cancel", p.takeOpen(), map[string]any{})
	case n < 6 && len(p.open) > 0:
		id := p.open[p.random.IntN(len(p.open))]
		return p.command("orders/amend", id, map[string]any{"price": p.price(instruments()[0])})
	case n == 6 && p.rich:
		return p.rare()
	case n < 12 && p.rich:
		return p.order()
	default:
		i := instruments()[0]
		return p.place(i, "limit", map[string]any{"price": p.price(i)})
	}
}

// order is one of the types that are not a plain limit.
func (p *trading) order() planned {
	i := instruments()[p.random.IntN(2)]
	limit := func(more map[string]any) planned {
		more["price"] = p.price(i)
		return p.place(i, "limit", more)
	}
	switch p.random.IntN(8) {
	case 0:
		return limit(map[string]any{"time_in_force": "ioc"})
	case 1:
		return limit(map[string]any{"time_in_force": "fok"})
	case 2:
		return limit(map[string]any{"post_only": true})
	case 3:
		return limit(map[string]any{"display_quantity": "0.001"})
	case 4:
		modes := []string{"cancel_newest", "cancel_oldest", "cancel_both", "decrement"}
		return limit(map[string]any{"self_trade_prevention": modes[p.random.IntN(len(modes))]})
	case 5:
		return p.place(i, "market", map[string]any{})
	case 6:
		stop := p.price(i)
		return p.place(i, "stop_limit", map[string]any{"stop_price": stop, "price": stop})
	default:
		p.count++ // the client's own id is none of another command's
		return limit(map[string]any{"client_order_id": fmt.Sprintf("%s-%d-o%d", p.run, p.number, p.count)})
	}
}

// rare is what a client does now and then besides orders.
func (p *trading) rare() planned {
	switch p.random.IntN(4) {
	case 0:
		p.open = p.open[:0]
		return p.command("orders/cancel-all", p.account, map[string]any{"account": p.account})
	case 1:
		return p.command("accounts/withdraw", p.account, map[string]any{"asset": "USD", "amount": fmt.Sprintf("%d.%02d", p.random.IntN(5000), p.random.IntN(100)), "reference": "chaos"})
	case 2: // refused: there is never so much
		return p.command("accounts/withdraw", p.account, map[string]any{"asset": "BTC", "amount": "1000000"})
	default: // refused: an id that was never issued
		return p.command("orders/cancel", "no-such-order", map[string]any{})
	}
}

func (p *trading) place(i instrument, kind string, payload map[string]any) planned {
	payload["account"], payload["instrument"], payload["type"] = p.account, i.name, kind
	payload["side"] = []string{"buy", "sell"}[p.random.IntN(2)]
	payload["quantity"] = fmt.Sprintf("0.%0*d", i.digits, 1+p.random.IntN(999))
	return p.command("orders/place", p.account, payload)
}

func (p *trading) price(i instrument) string {
	return fmt.Sprintf("%d.%02d", i.around-10+p.random.IntN(20), p.random.IntN(100))
}

func (p *trading) takeOpen() string {
	i := p.random.IntN(len(p.open))
	id := p.open[i]
	p.open[i] = p.open[len(p.open)-1]
	p.open = p.open[:len(p.open)-1]
	return id
}

func (p *trading) command(verb, aggregate string, payload map[string]any) planned {
	return plan(fmt.Sprintf("%s-%d-%d", p.run, p.number, p.count), verb, aggregate, payload)
}

// learn remembers an accepted order, and whether it rests.
func (p *trading) learn(o history.Operation) {
	var answer struct {
		Order struct {
			ID     string `json:"order_id"`
			Status string `json:"status"`
		} `json:"order"`
	}
	if o.Status != http.StatusOK || json.Unmarshal(o.Answer, &answer) != nil || answer.Order.ID == "" {
		return
	}
	p.memory.order(answer.Order.ID)
	if answer.Order.Status == "open" && len(p.open) < maxOpen {
		p.open = append(p.open, answer.Order.ID)
	}
}
