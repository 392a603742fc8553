package render

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Balance appends the balance of one asset: the banking guide's shape.
func Balance(dst []byte, account string, r *event.Reading[event.Balance]) []byte {
	w := writer{dst}
	w.begin()
	w.text("aggregate_id", account)
	if minor, ok := minorUnits(&r.Value); ok {
		w.key("current_balance_cents")
		w.b = market.AppendFixed(w.b, minor, 0)
	}
	w.text("currency", r.Value.Asset)
	w.amounts(&r.Value)
	w.number("last_updated_sequence", r.Version)
	w.instant("last_updated_at", r.Changed.At)
	w.close()
	return w.b
}

// minorUnits returns the total in minor units, rounded down.
func minorUnits(b *event.Balance) (int64, bool) {
	if b.MinorUnit >= b.Scale {
		return market.MulPow10(int64(b.Total), b.MinorUnit-b.Scale)
	}
	unit := market.Pow10(b.Scale - b.MinorUnit)
	minor := int64(b.Total) / unit
	if int64(b.Total)%unit < 0 {
		minor--
	}
	return minor, true
}

func (w *writer) amounts(b *event.Balance) {
	w.fixed("available", int64(b.Available()), b.Scale)
	w.fixed("held", int64(b.Held), b.Scale)
	w.fixed("total", int64(b.Total), b.Scale)
}

// Balances appends all balances of an account.
func Balances(dst []byte, account string, at market.Sequence, list []event.Reading[event.Balance]) []byte {
	w := writer{dst}
	w.begin()
	w.text("account", account)
	w.number("sequence", uint64(at))
	w.list("balances")
	for i := range list {
		w.element()
		w.text("asset", list[i].Value.Asset)
		w.amounts(&list[i].Value)
		w.close()
	}
	w.endList()
	w.close()
	return w.b
}

// Account appends an account.
func Account(dst []byte, a *event.Account) []byte {
	w := writer{dst}
	w.begin()
	w.accountMembers(a)
	w.close()
	return w.b
}

func (w *writer) accountMembers(a *event.Account) {
	w.text("account", a.Account)
	w.text("owner", a.Owner)
	w.text("participant", a.Participant)
	switch {
	case a.Closed:
		w.text("status", "closed")
	case a.Suspended:
		w.text("status", "suspended")
	default:
		w.text("status", "open")
	}
	w.number("aggregate_sequence", a.Sequence)
}

// TrialBalance appends the sums of the whole ledger.
func TrialBalance(dst []byte, at market.Sequence, lines []event.TrialBalanceLine) []byte {
	w := writer{dst}
	w.begin()
	w.number("sequence", uint64(at))
	w.list("assets")
	for _, l := range lines {
		w.element()
		w.text("asset", l.Asset)
		w.fixed("debits", int64(l.Debits), l.Scale)
		w.fixed("credits", int64(l.Credits), l.Scale)
		w.fixed("net", int64(l.Credits-l.Debits), l.Scale)
		w.close()
	}
	w.endList()
	w.close()
	return w.b
}

// Limits appends the limits set at one scope; inherited ones are absent.
func Limits(dst []byte, scope command.LimitScope, target string, l *command.Limits, version uint64) []byte {
	w := writer{dst}
	w.begin()
	w.limitsMembers(scope, target, l)
	w.number("aggregate_sequence", version)
	w.close()
	return w.b
}

func (w *writer) limitsMembers(scope command.LimitScope, target string, l *command.Limits) {
	w.text("scope", scope.String())
	w.text("target", target)
	w.open("limits")
	for n := range command.LimitCount {
		switch l[n].State {
		case command.LimitUnlimited:
			w.text(n.String(), "none")
		case command.LimitValue:
			w.fixed(n.String(), l[n].Value.Units, l[n].Value.Digits)
		}
	}
	w.close()
}
