package twin

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/model"
)

// NewMixer returns a mixer for a machine of the venue Small.
func NewMixer(seed uint64, m *Machine) *Mixer {
	return &Mixer{
		Rand: rand.New(rand.NewPCG(seed, 1)), at: func() time.Time { return time.Unix(0, int64(m.Now)).UTC() },
	}
}

// NewMixerAt returns a mixer for a venue Small that runs elsewhere: at is its
// time.
func NewMixerAt(random *rand.Rand, at func() time.Time) *Mixer { return &Mixer{Rand: random, at: at} }

// Know remembers an order that was accepted.
func (m *Mixer) Know(order string) { m.orders = append(m.orders, order) }

// Entry draws the commands of an entry, and now and then what lets trading go on
// where it was stopped.
func (m *Mixer) Entry() (entry []Wish) {
	if m.chance(25) {
		entry, m.heal = m.heal, nil
	}
	for range 1 + m.IntN(1+m.IntN(6)) {
		w := m.Draw()
		if m.chance(8) {
			w = w.By("P2", "kt")
		}
		entry = append(entry, w)
	}
	return entry
}

// Mixer draws commands of all kinds, good and bad, about a small venue.
type Mixer struct {
	*rand.Rand
	orders []string // ids that were given out
	heal   []Wish   // what makes trading go on
	count  int
	at     func() time.Time // venue time
}

func (m *Mixer) pick(of ...string) string { return of[m.IntN(len(of))] }

func (m *Mixer) chance(percent int) bool { return m.IntN(100) < percent }

func (m *Mixer) account() string {
	if m.chance(3) {
		return m.pick("nobody", "venue:fees", "b1")
	}
	return m.pick("a1", "a2", "a3", "a4", "a5", "a6")
}

func (m *Mixer) instrument() string {
	if m.chance(1) {
		return "NO-NE"
	}
	return m.pick("ETH-USD", "ETH-USD", "BTC-USD", "ETH-BTC", "ODD-USD")
}

// price lies around where the markets are, and now and then elsewhere.
func (m *Mixer) price(instrument string) string {
	if m.chance(2) {
		return m.pick("0", "-1", "0.00000001", "99999999999999999", "3000.005")
	}
	switch instrument {
	case "BTC-USD":
		return fmt.Sprintf("%d.%02d", 49990+m.IntN(20), m.IntN(100))
	case "ETH-BTC":
		return fmt.Sprintf("0.0%d", 595+m.IntN(10))
	case "ODD-USD":
		return fmt.Sprintf("%d.%d", 7+m.IntN(2), 25*m.IntN(4)*10)
	}
	return fmt.Sprintf("%d.%d0", 2995+m.IntN(10), m.IntN(10))
}

func (m *Mixer) quantity() string {
	if m.chance(2) {
		return m.pick("0", "-1", "0.00000001", "99999999999999999", "1.23456789")
	}
	return m.pick(fmt.Sprintf("0.%03d", 1+m.IntN(999)), fmt.Sprint(1+m.IntN(5)), fmt.Sprintf("%d.5", m.IntN(4)), "3")
}

func (m *Mixer) order() string {
	if len(m.orders) == 0 || m.chance(2) {
		return m.pick("O0000000000000", "nonsense", "OZZZZZZZZZZZZZ", "O7ZZZZZZZZZZZZ")
	}
	last := m.orders[max(0, len(m.orders)-40):]
	return last[m.IntN(len(last))]
}

func (m *Mixer) clientID() string { return fmt.Sprintf("x%d", m.IntN(m.count/3+2)) }

func (m *Mixer) amount() map[string]any {
	if m.chance(30) {
		return map[string]any{"amount_cents": m.IntN(100_000), "currency": m.pick("USD", "ETH", "BTC", "JPY", "ODD")}
	}
	return map[string]any{
		"amount": m.pick("10", "0.5", "1.000001", "0.00000001", "0.000000001", "1000", "0", "-5", "4611686018427", "9223372036854775807"),
		"asset":  m.pick("USD", "ETH", "BTC", "JPY", "ODD", "NONE"),
	}
}

func (m *Mixer) place() map[string]any {
	instrument := m.instrument()
	p := map[string]any{"account": m.account(), "instrument": instrument, "side": m.pick("buy", "sell"), "quantity": m.quantity()}
	if m.chance(45) {
		p["self_trade_prevention"] = m.pick("none", "cancel_newest", "cancel_oldest", "cancel_both", "decrement")
	}
	if m.chance(40) {
		p["client_order_id"] = m.clientID()
	}
	switch n := m.IntN(20); {
	case n < 12:
		p["type"], p["price"] = "limit", m.price(instrument)
		if m.chance(40) {
			p["time_in_force"] = m.pick("gtc", "day", "ioc", "fok", "gtd")
		}
		if m.chance(12) {
			p["post_only"] = true
		}
		if m.chance(20) {
			p["display_quantity"] = m.pick("0.1", "0.001", "1", "0.5", "2")
		}
	case n < 17:
		p["type"] = "market"
		if m.chance(40) {
			p["time_in_force"] = m.pick("ioc", "fok", "gtc")
		}
		if m.chance(50) {
			delete(p, "quantity")
			p["quote_quantity"] = m.pick("1000", "0.5", "5", "2999.99", "10000.000001", "123.45", "0.0000001")
		}
	default:
		p["type"], p["stop_price"] = m.pick("stop", "stop_limit", "stop"), m.price(instrument)
		if p["type"] == "stop_limit" {
			p["price"] = m.price(instrument)
		}
		if m.chance(10) {
			p["time_in_force"] = m.pick("day", "ioc", "gtd")
		}
	}
	if p["time_in_force"] == "gtd" || m.chance(1) {
		p["expire_at"] = m.at().Add(time.Duration(m.IntN(4000)-500) * time.Millisecond).Format("2006-01-02T15:04:05.000000000Z")
	}
	return p
}

func (m *Mixer) amend() (string, map[string]any) {
	p, aggregate := map[string]any{}, ""
	if m.chance(25) {
		p["account"], p["client_order_id"] = m.account(), m.clientID()
		if m.chance(20) {
			p["new_client_order_id"] = m.clientID()
		}
	} else {
		aggregate = m.order()
		if m.chance(20) {
			p["client_order_id"] = m.clientID()
		}
	}
	for _, member := range []struct {
		name, value string
		percent     int
	}{
		{"quantity", m.quantity(), 60}, {"price", m.price("ETH-USD"), 50}, {"stop_price", m.price("ETH-USD"), 8},
		{"display_quantity", m.pick("0.1", "0.01", "1", "2"), 8},
	} {
		if m.chance(member.percent) {
			p[member.name] = member.value
		}
	}
	if m.chance(5) {
		p["expire_at"] = m.at().Add(time.Duration(m.IntN(4000)-500) * time.Millisecond).Format(time.RFC3339Nano)
	}
	return aggregate, p
}

func (m *Mixer) limits() map[string]any {
	p := map[string]any{}
	for range 1 + m.IntN(2) {
		switch name := m.pick("max_order_quantity", "max_order_notional", "max_open_orders", "max_position", "max_gross_exposure", "max_orders_per_second"); name {
		case "max_open_orders":
			p[name] = m.pick("5", "20", "none", "inherited", "7.0")
		case "max_orders_per_second":
			p[name] = m.pick("5", "20", "none", "inherited")
		default:
			p[name] = m.pick("4.5", "2000", "1010", "none", "none", "inherited", "0.000000001")
		}
	}
	return p
}

func (m *Mixer) definition() Wish {
	p := map[string]any{
		"instrument": m.pick("ETH-USD", "BTC-USD", "ETH-BTC", "NEW-USD", "venue:x"), "base": "ETH", "quote": "USD",
		"price_tick": m.pick("0.01", "0.01", "0.01", "0.01", "0.010", "0.1", "0.000001"), "quantity_step": m.pick("0.001", "0.001", "0.001", "0.001", "0.01", "0"),
		"reference_price": "3000", "maker_fee_bps": m.pick("2", "-1", "0", "-0.25"), "taker_fee_bps": m.pick("5", "7.25", "1", "0.5"),
	}
	if m.chance(30) {
		p["price_band_bps"] = m.pick("100", "20", "0", "33.33")
	}
	if m.chance(30) {
		p["market_protection_bps"] = m.pick("10", "5", "0", "100")
	}
	if m.chance(20) {
		p["min_quantity"], p["min_notional"] = m.pick("0.01", "0.1"), m.pick("10", "100", "0.5")
	}
	if m.chance(15) {
		p["max_quantity"] = m.pick("100", "3", "0.05")
	}
	return Do("instruments/define", "", p)
}

// Draw is the next command.
func (m *Mixer) Draw() Wish {
	m.count++
	switch n := m.IntN(200); {
	case n < 110:
		return Do("orders/place", "", m.place())
	case n < 135:
		aggregate, p := m.amend()
		return Do("orders/amend", aggregate, p)
	case n < 150:
		if m.chance(25) {
			return Do("orders/cancel", "", map[string]any{"account": m.account(), "client_order_id": m.clientID()})
		}
		return Do("orders/cancel", m.order(), map[string]any{})
	case n < 154:
		return m.cancelAll()
	case n < 168:
		return m.money()
	case n < 174:
		return m.limitsOf()
	case n < 180:
		return m.phase()
	case n < 184:
		return m.definition()
	}
	return m.admin()
}

func (m *Mixer) cancelAll() Wish {
	p := map[string]any{"account": m.account()}
	if m.chance(40) {
		p["instrument"] = m.instrument()
	}
	if m.chance(40) {
		p["side"] = m.pick("buy", "sell")
	}
	return Do("orders/cancel-all", "", p)
}

func (m *Mixer) money() Wish {
	p := m.amount()
	switch n := m.IntN(10); {
	case n < 4:
		return Do("accounts/deposit", m.account(), p)
	case n < 6:
		return Do("accounts/withdraw", m.account(), p)
	}
	p["to"] = m.account()
	if m.chance(50) {
		p["reference"] = "rent"
	}
	return Do("accounts/transfer", m.account(), p)
}

func (m *Mixer) limitsOf() Wish {
	switch p := m.limits(); m.IntN(5) {
	case 0:
		return Do("owners/set-limits", "venue:owner:"+m.pick("house", "other"), p)
	case 1:
		return Do("instruments/set-limits", m.instrument(), p)
	case 2:
		all := map[string]any{}
		for name := range p {
			all[name] = "none"
		}
		m.heal = append(m.heal, Do("venue/set-limits", "", all))
		return Do("venue/set-limits", "", p)
	default:
		return Do("accounts/set-limits", m.account(), p)
	}
}

func (m *Mixer) phase() Wish {
	i := m.instrument()
	m.heal = append(m.heal, Do("instruments/set-phase", i, map[string]any{"phase": "continuous"}))
	switch n := m.IntN(10); {
	case n < 2:
		return Do("instruments/halt", i, map[string]any{"reason": "news"})
	case n < 5:
		return Do("instruments/resume", i, map[string]any{})
	case n < 9:
		return Do("instruments/set-phase", i, map[string]any{"phase": m.pick("continuous", "continuous", "continuous", "continuous", "post_only", "cancel_only", "closed", "halted", "pre_open")})
	}
	return Do("instruments/retire", m.pick("NEW-USD", "ODD-USD"), map[string]any{})
}

func (m *Mixer) admin() Wish {
	switch m.IntN(7) {
	case 0:
		a := m.account()
		m.heal = append(m.heal, Do("accounts/resume", a, map[string]any{}))
		return Do("accounts/suspend", a, map[string]any{"reason": "margin"})
	case 1, 2:
		return Do("accounts/resume", m.account(), map[string]any{})
	case 3:
		return Do("accounts/open", m.pick("a1", "b1", "b2", "venue:mine"), map[string]any{"owner": m.pick("house", "venue:x"), "participant": m.pick("P1", "P2", "P9")})
	case 4:
		return Do("accounts/close", m.pick("b1", "b2", "b2", "none"), map[string]any{})
	case 5:
		return Do("assets/define", "", map[string]any{"asset": m.pick("USD", "NEW", "NEW2", "ODD"), "scale": m.IntN(10), "minor_unit": m.IntN(3)})
	}
	key := map[string]any{"id": m.pick("k1", "kt", "k3"), "secret_hash": fmt.Sprintf("%064d", m.IntN(2))}
	switch name := m.pick("P1", "P2", "P3", "P9"); m.IntN(4) {
	case 0:
		return Do("participants/define", "", map[string]any{"participant": name, "role": "trader", "accounts": []string{"a1"}, "keys": []any{key}})
	case 1:
		return Do("participants/redefine", "", map[string]any{"participant": name, "role": m.pick("trader", "admin"), "accounts": []string{"a2", "a3"}, "keys": []any{key}})
	case 2:
		return Do("keys/create", "venue:participant:"+name, map[string]any{"key_id": m.pick("k1", "k4", "k5"), "hash": fmt.Sprintf("%064d", 1), "role": "trader"})
	default:
		return Do("keys/revoke", "venue:participant:"+name, map[string]any{"key_id": m.pick("k1", "k4", "k5")})
	}
}

// Small is a venue of a few accounts, of which two are one owner's.
func Small() []Wish {
	var w []Wish
	for _, a := range []map[string]any{
		{"asset": "USD", "scale": 6, "minor_unit": 2}, {"asset": "ETH", "scale": 8}, {"asset": "BTC", "scale": 8},
		{"asset": "JPY", "scale": 6, "minor_unit": 0}, {"asset": "ODD", "scale": 2, "minor_unit": 4},
	} {
		w = append(w, Do("assets/define", "", a))
	}
	for _, i := range []map[string]any{
		{"instrument": "ETH-USD", "base": "ETH", "quote": "USD", "price_tick": "0.01", "quantity_step": "0.001", "reference_price": "3000", "maker_fee_bps": "2", "taker_fee_bps": "5"},
		{"instrument": "BTC-USD", "base": "BTC", "quote": "USD", "price_tick": "0.01", "quantity_step": "0.0001", "reference_price": "50000"},
		{"instrument": "ETH-BTC", "base": "ETH", "quote": "BTC", "price_tick": "0.0001", "quantity_step": "0.001", "maker_fee_bps": "-1.5", "taker_fee_bps": "3.33"},
		{"instrument": "ODD-USD", "base": "ODD", "quote": "USD", "price_tick": "0.25", "quantity_step": "0.05", "maker_fee_bps": "0", "taker_fee_bps": "0.01"},
	} {
		w = append(w, Do("instruments/define", "", i))
	}
	limits := map[string]any{}
	for _, name := range []string{"max_order_quantity", "max_order_notional", "max_open_orders", "max_position", "max_gross_exposure", "max_net_exposure", "max_concentration_bps", "max_orders_per_second"} {
		limits[name] = "none"
	}
	limits["max_open_orders"] = "10000"
	w = append(w, Do("venue/set-limits", "", limits))
	w = append(w, Do("participants/define", "", map[string]any{"participant": "P1", "role": "trader", "accounts": []string{"a5"}}))
	w = append(w, Do("participants/define", "", map[string]any{
		"participant": "P2", "role": "trader", "owner": "house",
		"keys": []any{map[string]any{"id": "kt", "secret_hash": fmt.Sprintf("%064d", 7)}},
	}))
	for n, open := range []map[string]any{{"participant": "P1"}, {"participant": "P2"}, {"owner": "other"}, {"owner": "house"}, {}, {}} {
		name := fmt.Sprintf("a%d", n+1)
		w = append(w, Do("accounts/open", name, open))
		for _, money := range [][2]string{{"USD", "1000000"}, {"ETH", "500"}, {"BTC", "200"}, {"ODD", "3000"}} {
			w = append(w, Do("accounts/deposit", name, map[string]any{"asset": money[0], "amount": money[1]}))
		}
	}
	return w
}

// Learn remembers the orders of an entry.
func (m *Mixer) Learn(lines [][]byte) {
	for _, line := range lines {
		e, err := model.ReadEvent(line)
		if err == nil && e.Type == "OrderAccepted" {
			m.Know(e.Aggregate)
		}
	}
}
