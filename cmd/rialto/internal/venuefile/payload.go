package venuefile

import (
	"crypto/sha256"
	"encoding/hex"
)

// payload is what a command carries and, field by field, what a query shows
// when it has been executed.
type payload map[string]any

func (p payload) text(name, value string) payload {
	if value != "" {
		p[name] = value
	}
	return p
}

func (p payload) number(name string, n Number) payload { return p.text(name, string(n)) }

func (p payload) list(name string, ids []string) payload {
	if len(ids) > 0 {
		p[name] = ids
	}
	return p
}

func (p payload) flag(name string, set bool) payload {
	if set {
		p[name] = true
	}
	return p
}

func (a Asset) payload() payload {
	p := payload{"asset": a.Asset, "scale": a.Scale, "minor_unit": a.Scale}
	if a.MinorUnit != nil {
		p["minor_unit"] = *a.MinorUnit
	}
	return p
}

func (i Instrument) payload() payload {
	p := payload{
		// What the venue takes for absent: named, so that the difference shows
		// when the file drops one.
		"market_protection_bps": "500", "maker_fee_bps": "0", "taker_fee_bps": "0",
	}
	return p.text("instrument", i.Instrument).text("base", i.Base).text("quote", i.Quote).
		number("price_tick", i.PriceTick).number("quantity_step", i.QuantityStep).
		number("min_quantity", i.MinQuantity).number("max_quantity", i.MaxQuantity).
		number("min_notional", i.MinNotional).number("reference_price", i.ReferencePrice).
		number("price_band_bps", i.PriceBandBps).number("market_protection_bps", i.MarketProtectionBps).
		number("maker_fee_bps", i.MakerFeeBps).number("taker_fee_bps", i.TakerFeeBps).
		text("phase", i.Phase)
}

func (l Limits) payload() payload {
	return payload{}.number("max_order_quantity", l.MaxOrderQuantity).number("max_order_notional", l.MaxOrderNotional).
		number("max_open_orders", l.MaxOpenOrders).number("max_position", l.MaxPosition).
		number("max_gross_exposure", l.MaxGrossExposure).number("max_net_exposure", l.MaxNetExposure).
		number("max_concentration_bps", l.MaxConcentrationBps).number("max_orders_per_second", l.MaxOrdersPerSecond)
}

func (p Participant) payload() payload {
	out := payload{}.text("participant", p.Participant).text("role", p.Role).text("owner", p.Owner).
		list("accounts", p.Accounts).list("fix_comp_ids", p.FIXCompIDs).
		text("fix_password_hash", hashed(p.FIXPassword, p.FIXPasswordHash))
	var keys []payload
	for _, k := range p.Keys {
		key := payload{}.text("id", k.ID).text("secret_hash", hashed(k.Secret, k.SecretHash)).text("role", k.Role)
		if k.MaxAgeMs > 0 {
			key["max_age_ms"] = k.MaxAgeMs
		}
		keys = append(keys, key)
	}
	if keys != nil {
		out["keys"] = keys
	}
	var sessions []payload
	for _, s := range p.FIXSessions {
		sessions = append(sessions, s.payload())
	}
	if sessions != nil {
		out["fix_sessions"] = sessions
	}
	return out
}

// payload names what the venue takes for absent, as a query shows it.
func (s FIXSession) payload() payload {
	out := payload{"kind": "order_entry"}.text("comp_id", s.CompID).text("kind", s.Kind).text("protocol", s.Protocol)
	roll := s.Roll
	if len(roll) == len("21:00") {
		roll += ":00"
	}
	out.text("roll", roll).flag("cancel_on_disconnect", s.CancelOnDisconnect).
		flag("cancel_on_logout", s.CancelOnLogout).flag("keep_gtc", s.KeepGTC)
	if s.Throttle > 0 {
		out["throttle"] = s.Throttle
	}
	if s.TimeDigits > 0 {
		out["time_digits"] = s.TimeDigits
	}
	return out
}

// hashed returns the hash of a secret, or the hash that was given instead.
func hashed(secret, hash string) string {
	if secret == "" {
		return hash
	}
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

func (a Account) payload() payload {
	return payload{}.text("account", a.Account).text("owner", a.Owner).text("participant", a.Participant)
}
