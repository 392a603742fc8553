package model_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/model"
	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// mixer draws commands of all kinds, good and bad, about a small venue.
type mixer struct {
	*rand.Rand
	orders []string // ids that were given out
	heal   []wish   // what makes trading go on
	count  int
	at     func() time.Time // venue time
}

func (m *mixer) pick(of ...string) string { return of[m.IntN(len(of))] }

func (m *mixer) chance(percent int) bool { return m.IntN(100) < percent }

func (m *mixer) account() string {
	if m.chance(3) {
		return m.pick("nobody", "venue:fees", "b1")
	}
	return m.pick("a1", "a2", "a3", "a4", "a5", "a6")
}

func (m *mixer) instrument() string {
	if m.chance(1) {
		return "NO-NE"
	}
	return m.pick("ETH-USD", "ETH-USD", "BTC-USD", "ETH-BTC", "ODD-USD")
}

// price lies around where the markets are, and now and then elsewhere.
func (m *mixer) price(instrument string) string {
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

func (m *mixer) quantity() string {
	if m.chance(2) {
		return m.pick("0", "-1", "0.00000001", "99999999999999999", "1.23456789")
	}
	return m.pick(fmt.Sprintf("0.%03d", 1+m.IntN(999)), fmt.Sprint(1+m.IntN(5)), fmt.Sprintf("%d.5", m.IntN(4)), "3")
}

func (m *mixer) order() string {
	if len(m.orders) == 0 || m.chance(2) {
		return m.pick("O0000000000000", "nonsense", "OZZZZZZZZZZZZZ", "O7ZZZZZZZZZZZZ")
	}
	last := m.orders[max(0, len(m.orders)-40):]
	return last[m.IntN(len(last))]
}

func (m *mixer) clientID() string { return fmt.Sprintf("x%d", m.IntN(m.count/3+2)) }

func (m *mixer) amount() map[string]any {
	if m.chance(30) {
		return map[string]any{"amount_cents": m.IntN(100_000), "currency": m.pick("USD", "ETH", "BTC", "JPY", "ODD")}
	}
	return map[string]any{
		"amount": m.pick("10", "0.5", "1.000001", "0.00000001", "0.000000001", "1000", "0", "-5", "4611686018427", "9223372036854775807"),
		"asset":  m.pick("USD", "ETH", "BTC", "JPY", "ODD", "NONE"),
	}
}

func (m *mixer) place() map[string]any {
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

func (m *mixer) amend() (string, map[string]any) {
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

func (m *mixer) limits() map[string]any {
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

func (m *mixer) definition() wish {
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
	return do("instruments/define", "", p)
}

// draw is the next command.
func (m *mixer) draw() wish {
	m.count++
	switch n := m.IntN(200); {
	case n < 110:
		return do("orders/place", "", m.place())
	case n < 135:
		aggregate, p := m.amend()
		return do("orders/amend", aggregate, p)
	case n < 150:
		if m.chance(25) {
			return do("orders/cancel", "", map[string]any{"account": m.account(), "client_order_id": m.clientID()})
		}
		return do("orders/cancel", m.order(), map[string]any{})
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

func (m *mixer) cancelAll() wish {
	p := map[string]any{"account": m.account()}
	if m.chance(40) {
		p["instrument"] = m.instrument()
	}
	if m.chance(40) {
		p["side"] = m.pick("buy", "sell")
	}
	return do("orders/cancel-all", "", p)
}

func (m *mixer) money() wish {
	p := m.amount()
	switch n := m.IntN(10); {
	case n < 4:
		return do("accounts/deposit", m.account(), p)
	case n < 6:
		return do("accounts/withdraw", m.account(), p)
	}
	p["to"] = m.account()
	if m.chance(50) {
		p["reference"] = "rent"
	}
	return do("accounts/transfer", m.account(), p)
}

func (m *mixer) limitsOf() wish {
	switch p := m.limits(); m.IntN(5) {
	case 0:
		return do("owners/set-limits", "venue:owner:"+m.pick("house", "other"), p)
	case 1:
		return do("instruments/set-limits", m.instrument(), p)
	case 2:
		all := map[string]any{}
		for name := range p {
			all[name] = "none"
		}
		m.heal = append(m.heal, do("venue/set-limits", "", all))
		return do("venue/set-limits", "", p)
	default:
		return do("accounts/set-limits", m.account(), p)
	}
}

func (m *mixer) phase() wish {
	i := m.instrument()
	m.heal = append(m.heal, do("instruments/set-phase", i, map[string]any{"phase": "continuous"}))
	switch n := m.IntN(10); {
	case n < 2:
		return do("instruments/halt", i, map[string]any{"reason": "news"})
	case n < 5:
		return do("instruments/resume", i, map[string]any{})
	case n < 9:
		return do("instruments/set-phase", i, map[string]any{"phase": m.pick("continuous", "continuous", "continuous", "continuous", "post_only", "cancel_only", "closed", "halted", "pre_open")})
	}
	return do("instruments/retire", m.pick("NEW-USD", "ODD-USD"), map[string]any{})
}

func (m *mixer) admin() wish {
	switch m.IntN(7) {
	case 0:
		a := m.account()
		m.heal = append(m.heal, do("accounts/resume", a, map[string]any{}))
		return do("accounts/suspend", a, map[string]any{"reason": "margin"})
	case 1, 2:
		return do("accounts/resume", m.account(), map[string]any{})
	case 3:
		return do("accounts/open", m.pick("a1", "b1", "b2", "venue:mine"), map[string]any{"owner": m.pick("house", "venue:x"), "participant": m.pick("P1", "P2", "P9")})
	case 4:
		return do("accounts/close", m.pick("b1", "b2", "b2", "none"), map[string]any{})
	case 5:
		return do("assets/define", "", map[string]any{"asset": m.pick("USD", "NEW", "NEW2", "ODD"), "scale": m.IntN(10), "minor_unit": m.IntN(3)})
	}
	key := map[string]any{"id": m.pick("k1", "k2", "k3"), "secret_hash": fmt.Sprintf("%064d", m.IntN(2))}
	switch name := m.pick("P1", "P2", "P3", "P9"); m.IntN(4) {
	case 0:
		return do("participants/define", "", map[string]any{"participant": name, "role": "trader", "accounts": []string{"a1"}, "keys": []any{key}})
	case 1:
		return do("participants/redefine", "", map[string]any{"participant": name, "role": m.pick("trader", "admin"), "accounts": []string{"a2", "a3"}, "keys": []any{key}})
	case 2:
		return do("keys/create", "venue:participant:"+name, map[string]any{"key_id": m.pick("k1", "k4", "k5"), "hash": fmt.Sprintf("%064d", 1), "role": "trader"})
	default:
		return do("keys/revoke", "venue:participant:"+name, map[string]any{"key_id": m.pick("k1", "k4", "k5")})
	}
}

// small is a venue of a few accounts, of which two are one owner's.
func small() []wish {
	var w []wish
	for _, a := range []map[string]any{
		{"asset": "USD", "scale": 6, "minor_unit": 2}, {"asset": "ETH", "scale": 8}, {"asset": "BTC", "scale": 8},
		{"asset": "JPY", "scale": 6, "minor_unit": 0}, {"asset": "ODD", "scale": 2, "minor_unit": 4},
	} {
		w = append(w, do("assets/define", "", a))
	}
	for _, i := range []map[string]any{
		{"instrument": "ETH-USD", "base": "ETH", "quote": "USD", "price_tick": "0.01", "quantity_step": "0.001", "reference_price": "3000", "maker_fee_bps": "2", "taker_fee_bps": "5"},
		{"instrument": "BTC-USD", "base": "BTC", "quote": "USD", "price_tick": "0.01", "quantity_step": "0.0001", "reference_price": "50000"},
		{"instrument": "ETH-BTC", "base": "ETH", "quote": "BTC", "price_tick": "0.0001", "quantity_step": "0.001", "maker_fee_bps": "-1.5", "taker_fee_bps": "3.33"},
		{"instrument": "ODD-USD", "base": "ODD", "quote": "USD", "price_tick": "0.25", "quantity_step": "0.05", "maker_fee_bps": "0", "taker_fee_bps": "0.01"},
	} {
		w = append(w, do("instruments/define", "", i))
	}
	limits := map[string]any{}
	for _, name := range []string{"max_order_quantity", "max_order_notional", "max_open_orders", "max_position", "max_gross_exposure", "max_net_exposure", "max_concentration_bps", "max_orders_per_second"} {
		limits[name] = "none"
	}
	limits["max_open_orders"] = "10000"
	w = append(w, do("venue/set-limits", "", limits))
	w = append(w, do("participants/define", "", map[string]any{"participant": "P1", "role": "trader", "accounts": []string{"a5"}}))
	w = append(w, do("participants/define", "", map[string]any{"participant": "P2", "role": "trader", "owner": "house"}))
	for n, open := range []map[string]any{{"participant": "P1"}, {"participant": "P2"}, {"owner": "other"}, {"owner": "house"}, {}, {}} {
		name := fmt.Sprintf("a%d", n+1)
		w = append(w, do("accounts/open", name, open))
		for _, money := range [][2]string{{"USD", "1000000"}, {"ETH", "500"}, {"BTC", "200"}, {"ODD", "3000"}} {
			w = append(w, do("accounts/deposit", name, map[string]any{"asset": money[0], "amount": money[1]}))
		}
	}
	return w
}

// TestMixes shows that the model and the machine agree on everything that is
// said of long mixes of commands of all kinds, one a time and many in an entry,
// while time goes on, with room for few mass effects in an entry.
func TestMixes(t *testing.T) {
	seeds := uint64(9)
	if testing.Short() {
		seeds = 3
	}
	kinds, codes := map[string]int{}, map[string]int{}
	for seed := range seeds {
		bounds := fsm.Bounds{}
		if seed%3 == 1 {
			bounds = fsm.Bounds{EventsPerEntry: 4, FillsPerCommand: 5}
		}
		x := newTwin(t, bounds)
		m := &mixer{Rand: rand.New(rand.NewPCG(seed, 1)), at: func() time.Time { return time.Unix(0, int64(x.now)).UTC() }}
		for _, w := range small() {
			x.do(w)
		}
		for range 400 {
			var entry []wish
			if m.chance(25) {
				entry, m.heal = m.heal, nil
			}
			for range 1 + m.IntN(1+m.IntN(6)) {
				entry = append(entry, m.draw())
			}
			m.learn(t, x.do(entry...))
			x.now += market.Nanos(m.IntN(60_000_000))
			if m.chance(1) {
				x.now += market.Nanos(6 * time.Hour)
			}
		}
		for k, n := range x.kinds {
			kinds[k] += n
		}
		for c, n := range x.codes {
			codes[c] += n
		}
	}
	for _, want := range mixed() {
		if !testing.Short() && kinds[want]+codes[want] == 0 {
			t.Errorf("no %s in all of it: the mixes show less than they should", want)
		}
	}
	t.Logf("compared %v and refusals %v", kinds, codes)
}

// learn remembers the orders of an entry.
func (m *mixer) learn(t *testing.T, lines [][]byte) {
	for _, line := range lines {
		e, err := model.ReadEvent(line)
		if err != nil {
			t.Fatal(err)
		}
		if e.Type == "OrderAccepted" && !slices.Contains(m.orders, e.Aggregate) {
			m.orders = append(m.orders, e.Aggregate)
		}
	}
}

// mixed lists what the mixes must have come to at least once.
func mixed() []string {
	return []string{
		"TradeExecuted", "OrderFilled", "FundsPosted", "SelfTradePrevented", "OrderTriggered", "OrderExpired", "OrderAmended",
		"OrdersCancelled", "AccountSuspended", "FundsTransferred", "ioc_remainder", "no_liquidity", "protection", "self_trade",
		"mass_cancel", "suspended", "day", "gtd", "user", "insufficient_funds", "would_cross", "fok_unfillable",
		"would_trigger_immediately", "duplicate_client_order_id", "order_closed", "quantity_below_filled", "price_tick",
		"quantity_step", "price_outside_band", "market_closed", "instrument_halted", "phase_forbids", "risk_max_order_quantity",
		"risk_max_order_notional", "risk_max_position", "risk_max_open_orders", "risk_max_orders_per_second", "notional_too_small",
		"quantity_out_of_range", "expire_at_in_past", "account_suspended", "amount_scale", "amount_out_of_range", "unknown_order",
		"unknown_account", "unknown_asset", "unknown_instrument", "scale_mismatch", "immutable", "has_open_orders", "reserved_id",
		"fill_limit", "already_exists", "invalid_parameters", "fees_below_zero", "time_in_force_unsupported",
	}
}
