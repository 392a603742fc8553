package check

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/rialto-exchange/rialto/chaos/internal/model"
)

// money is the ledger as its postings make it.
type money struct {
	totals map[[2]string]*big.Rat // by account and asset
	held   map[[2]string]*big.Rat
	// entry are the accounts and assets that the entry under way touched.
	entry map[[2]string]bool
}

func newMoney() money {
	return money{totals: map[[2]string]*big.Rat{}, held: map[[2]string]*big.Rat{}, entry: map[[2]string]bool{}}
}

// external alone may be below zero.
const external = "venue:external"

// event books an event's postings, and says what is wrong with them.
func (m *money) event(e *model.Event) (wrong []string) {
	// A transfer tells its postings on both of its events: the first books them.
	if postings, ok := e.Data["postings"].([]any); ok && e.Type != "FundsPosted" {
		wrong = append(wrong, m.post(postings)...)
	}
	balances, _ := e.Data["balances"].([]any)
	for _, b := range balances {
		one, _ := b.(map[string]any)
		wrong = append(wrong, m.shown(e.Aggregate, one)...)
	}
	switch {
	case e.Type == "FundsDeposited" || e.Type == "FundsWithdrawn":
		wrong = append(wrong, m.shown(e.Aggregate, e.Data)...)
	case e.Data["hold"] != nil:
		hold, _ := e.Data["hold"].(map[string]any)
		order, _ := e.Data["order"].(map[string]any)
		wrong = append(wrong, m.shown(word(order, "account"), hold)...)
	}
	return wrong
}

func (m *money) post(postings []any) (wrong []string) {
	sums := map[string]*big.Rat{}
	for _, p := range postings {
		one, _ := p.(map[string]any)
		amount, ok := new(big.Rat).SetString(word(one, "amount"))
		if !ok {
			return append(wrong, fmt.Sprintf("a posting has no amount: %v", one))
		}
		asset := word(one, "asset")
		if sums[asset] == nil {
			sums[asset] = new(big.Rat)
		}
		sums[asset].Add(sums[asset], amount)
		key := [2]string{word(one, "account"), asset}
		m.totals[key] = new(big.Rat).Add(m.of(key), amount)
		m.entry[key] = true
	}
	for asset, sum := range sums {
		if sum.Sign() != 0 {
			wrong = append(wrong, fmt.Sprintf("postings of %s sum to %s and not to zero", asset, sum.RatString()))
		}
	}
	return wrong
}

func (m *money) of(key [2]string) *big.Rat {
	if v := m.totals[key]; v != nil {
		return v
	}
	return new(big.Rat)
}

// shown holds a balance that an event shows to itself: total = available + held,
// and neither is below zero.
func (m *money) shown(account string, b map[string]any) (wrong []string) {
	available, a := new(big.Rat).SetString(word(b, "available"))
	held, h := new(big.Rat).SetString(word(b, "held"))
	total, t := new(big.Rat).SetString(word(b, "total"))
	key := [2]string{account, word(b, "asset")}
	switch {
	case !a || !h || !t:
		return []string{fmt.Sprintf("a balance of %s lacks a number: %v", account, b)}
	case new(big.Rat).Add(available, held).Cmp(total) != 0:
		wrong = append(wrong, fmt.Sprintf("%s has %s of %s available, %s held and %s in total", account, word(b, "available"), key[1], word(b, "held"), word(b, "total")))
	case account != external && (available.Sign() < 0 || held.Sign() < 0):
		wrong = append(wrong, fmt.Sprintf("%s has %s of %s available and %s held", account, word(b, "available"), key[1], word(b, "held")))
	}
	if total.Cmp(m.of(key)) != 0 {
		wrong = append(wrong, fmt.Sprintf("%s is shown %s %s, and its postings come to %s", account, word(b, "total"), key[1], m.of(key).FloatString(scaleOf(b))))
	}
	m.held[key] = held
	return wrong
}

func scaleOf(b map[string]any) int {
	_, fraction, _ := strings.Cut(word(b, "total"), ".")
	return len(fraction)
}

// entryEnds: at the end of an entry nobody but the external account is below
// zero.
func (m *money) entryEnds() (wrong []string) {
	for key := range m.entry {
		if key[0] != external && m.of(key).Sign() < 0 {
			wrong = append(wrong, fmt.Sprintf("%s has %s %s", key[0], m.of(key).RatString(), key[1]))
		}
		delete(m.entry, key)
	}
	return wrong
}
