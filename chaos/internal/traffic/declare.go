package traffic

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
)

// FIXPassword is the password of the FIX sessions that Declare makes.
const FIXPassword = "chaos"

// FIXSession is the CompID, and participant, of a run's session i; FIXAccount
// the account that it trades.
func FIXSession(run string, i int) string { return fmt.Sprintf("%s-F%d", run, i+1) }

// FIXAccount is the account of a run's session i.
func FIXAccount(run string, i int) string { return fmt.Sprintf("%s-f%d", run, i+1) }

// Declare defines what the traffic trades, and so many FIX sessions. Where a
// cluster has these assets and instruments already, with the same scales and
// ticks, nothing changes for it.
func Declare(ctx context.Context, o Options, sessions int) error {
	o.Rich = false
	r := newRun(o)
	defer r.abort()
	c := newClient(r, "setup", 0)
	c.name = "setup"
	for i, d := range declarations(o.Run, sessions) {
		if err := ctx.Err(); err != nil {
			return err
		}
		done := c.settle(plan(fmt.Sprintf("%s-setup-%d", o.Run, i+1), d.verb, "", d.payload))
		r.took(done)
		if done.Status != http.StatusOK {
			return fmt.Errorf("%s: %d %s", d.verb, done.Status, done.Answer)
		}
	}
	return nil
}

type declaration struct {
	verb    string
	payload map[string]any
}

func declarations(run string, sessions int) []declaration {
	none := map[string]any{"max_open_orders": "10000"}
	for _, limit := range []string{
		"max_order_quantity", "max_order_notional", "max_position", "max_gross_exposure",
		"max_net_exposure", "max_concentration_bps", "max_orders_per_second",
	} {
		none[limit] = "none"
	}
	all := []declaration{
		{"assets/define", map[string]any{"asset": "USD", "scale": 6, "minor_unit": 2}},
		{"assets/define", map[string]any{"asset": "BTC", "scale": 8}},
		{"assets/define", map[string]any{"asset": "ETH", "scale": 8}},
		{"instruments/define", map[string]any{"instrument": "BTC-USD", "base": "BTC", "quote": "USD",
			"price_tick": "0.01", "quantity_step": "0.0001", "reference_price": "60000"}},
		{"instruments/define", map[string]any{"instrument": "ETH-USD", "base": "ETH", "quote": "USD",
			"price_tick": "0.01", "quantity_step": "0.001", "reference_price": "3000", "maker_fee_bps": "2", "taker_fee_bps": "5"}},
		{"venue/set-limits", none},
	}
	password := sha256.Sum256([]byte(FIXPassword))
	for i := range sessions {
		name, account := FIXSession(run, i), FIXAccount(run, i)
		all = append(all,
			declaration{"accounts/open", map[string]any{"account": account}},
			declaration{"accounts/deposit", map[string]any{"account": account, "asset": "USD", "amount": "100000000"}},
			declaration{"accounts/deposit", map[string]any{"account": account, "asset": "BTC", "amount": "10000"}},
			declaration{"participants/define", map[string]any{"participant": name, "role": "trader", "accounts": []string{account},
				"fix_password_hash": hex.EncodeToString(password[:]), "fix_sessions": []map[string]any{{"comp_id": name, "kind": "order_entry"}}}},
		)
	}
	return all
}
