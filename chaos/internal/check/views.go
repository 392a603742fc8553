package check

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"

	"github.com/rialto-exchange/rialto/chaos/internal/model"
)

// views are what reads show, as the events up to one make it.
type views struct {
	orders   map[string]map[string]any
	accounts map[string]*accountView
	minor    map[string][2]int // scale and minor unit of an asset
}

type accountView struct {
	balances map[string]map[string]any // by asset: asset, available, held, total
	changed  map[string]change         // by asset
	sequence uint64                    // of the account
}

type change struct {
	sequence uint64
	at       string
}

func newViews() *views {
	return &views{orders: map[string]map[string]any{}, accounts: map[string]*accountView{}, minor: map[string][2]int{}}
}

func (v *views) account(name string) *accountView {
	a := v.accounts[name]
	if a == nil {
		a = &accountView{balances: map[string]map[string]any{}, changed: map[string]change{}}
		v.accounts[name] = a
	}
	return a
}

// fold takes an event.
func (v *views) fold(e *model.Event) {
	order, _ := e.Data["order"].(map[string]any)
	if order != nil {
		v.orders[e.Aggregate] = order
	}
	switch e.Type {
	case "AssetDefined":
		scale, _ := strconv.Atoi(fmt.Sprint(e.Data["scale"]))
		minor, _ := strconv.Atoi(fmt.Sprint(e.Data["minor_unit"]))
		v.minor[e.Aggregate] = [2]int{scale, minor}
	case "AccountOpened", "AccountClosed", "AccountSuspended", "AccountResumed":
		v.account(e.Aggregate).sequence = e.AggregateSequence
	case "FundsDeposited", "FundsWithdrawn":
		v.balance(e, e.Aggregate, e.Data, e.AggregateSequence)
	case "FundsTransferred", "FundsPosted":
		balances, _ := e.Data["balances"].([]any)
		for _, b := range balances {
			if one, ok := b.(map[string]any); ok {
				v.balance(e, e.Aggregate, one, e.AggregateSequence)
			}
		}
	default:
		if hold, ok := e.Data["hold"].(map[string]any); ok && order != nil {
			name, _ := order["account"].(string)
			v.balance(e, name, hold, v.account(name).sequence)
		}
	}
}

// balance is a balance as an event shows it.
func (v *views) balance(e *model.Event, account string, of map[string]any, sequence uint64) {
	asset, _ := of["asset"].(string)
	a := v.account(account)
	a.sequence = sequence
	a.balances[asset] = map[string]any{"asset": asset, "available": of["available"], "held": of["held"], "total": of["total"]}
	a.changed[asset] = change{e.Sequence, e.At}
}

// settle takes from the model, at the end of an entry, what its events leave
// out: the holds of orders that were decremented.
func (v *views) settle(venue *model.Venue, entry []model.Event) {
	for i := range entry {
		if entry[i].Type != "SelfTradePrevented" {
			continue
		}
		order, _ := entry[i].Data["order"].(map[string]any)
		name, _ := order["account"].(string)
		for asset, b := range venue.Balances(name) {
			if v.account(name).balances[asset] != nil {
				v.account(name).balances[asset] = b
			}
		}
	}
}

// question is what a read asks for.
type question struct {
	path  []string
	query url.Values
	at    uint64
	whole bool // an entry ends at the sequence
}

// answer is what a read is answered; a nil answer of what exists cannot be said
// of the middle of an entry.
func (v *views) answer(q *question, venue *model.Venue) (want any, exists, known bool) {
	switch {
	case len(q.path) == 2 && q.path[0] == "orders":
		o, there := v.orders[q.path[1]]
		return asAny(o, there), there, true
	case len(q.path) == 3 && q.path[0] == "accounts" && q.path[2] == "balance":
		return v.balanceOf(q)
	case len(q.path) == 3 && q.path[0] == "accounts" && q.path[2] == "balances":
		return v.balancesOf(q)
	case len(q.path) == 3 && q.path[0] == "instruments" && q.path[2] == "book":
		if !q.whole {
			return nil, true, true
		}
		want, exists := book(q, venue)
		return want, exists, true
	case len(q.path) == 2 && q.path[0] == "ledger" && q.path[1] == "trial-balance":
		if !q.whole {
			return nil, true, true
		}
		return trialBalance(q, venue), true, true
	}
	return nil, false, false
}

func asAny(o map[string]any, there bool) any {
	if !there {
		return nil
	}
	return o
}

func (v *views) balanceOf(q *question) (want any, exists, known bool) {
	a, asset := v.accounts[q.path[1]], q.query.Get("asset")
	digits, defined := v.minor[asset]
	if a == nil || !defined {
		return nil, false, true
	}
	b, held := a.balances[asset]
	if !held {
		zero := model.Zero(digits[0])
		b = map[string]any{"available": zero, "held": zero, "total": zero}
	}
	total, _ := b["total"].(string)
	d := map[string]any{
		"aggregate_id": q.path[1], "currency": asset, "available": b["available"], "held": b["held"], "total": b["total"],
		"current_balance_cents": json.Number(model.Minor(total, digits[0], digits[1])),
		"last_updated_sequence": model.Whatever(), "last_updated_at": model.Whatever(),
	}
	if held {
		d["last_updated_at"] = a.changed[asset].at
	}
	return d, true, true
}

func (v *views) balancesOf(q *question) (want any, exists, known bool) {
	a := v.accounts[q.path[1]]
	if a == nil {
		return nil, false, true
	}
	return map[string]any{"account": q.path[1], "sequence": number(q.at), "balances": model.Unordered("asset", a.balances)}, true, true
}

func number(n uint64) json.Number { return json.Number(strconv.FormatUint(n, 10)) }

func book(q *question, venue *model.Venue) (any, bool) {
	depth := 20
	if d, err := strconv.Atoi(q.query.Get("depth")); err == nil {
		depth = d
	}
	side := func(name string) ([]any, bool) {
		levels, ok := venue.Depth(q.path[1], name, depth)
		out := []any{}
		for _, l := range levels {
			out = append(out, []any{l.Price, l.Quantity, json.Number(strconv.Itoa(l.Orders))})
		}
		return out, ok
	}
	bids, ok := side("buy")
	asks, _ := side("sell")
	return map[string]any{"instrument": q.path[1], "sequence": number(q.at), "bids": bids, "asks": asks}, ok
}

func trialBalance(q *question, venue *model.Venue) any {
	assets := map[string]map[string]any{}
	for asset, l := range venue.Ledger() {
		assets[asset] = map[string]any{"asset": asset, "debits": l.Debits, "credits": l.Credits, "net": l.Net}
	}
	return map[string]any{"sequence": number(q.at), "assets": model.Unordered("asset", assets)}
}
