package venuefile

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// What the venue would refuse for being what it is, whatever else there is, is
// refused before anything is sent: so --dry-run finds it too.

// maxIDLength is that of the venue's ids.
const maxIDLength = 64

func (f *File) validate() error {
	var errs []error
	add := func(what, field, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %s: %s", what, field, fmt.Sprintf(format, args...)))
	}
	id := func(what, field, value string) {
		const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-"
		if value != "" && (len(value) > maxIDLength || strings.Trim(value, letters) != "" || strings.HasPrefix(value, "venue:")) {
			add(what, field, "%q is not 1–64 characters of [A-Za-z0-9._:-], or is reserved", value)
		}
	}
	for _, a := range f.Assets {
		id("asset "+a.Asset, "asset", a.Asset)
		if a.Scale < 0 || a.Scale > 18 {
			add("asset "+a.Asset, "scale", "%d is not from 0 to 18", a.Scale)
		}
	}
	for i := range f.Instruments {
		in := &f.Instruments[i]
		what := "instrument " + in.Instrument
		id(what, "instrument", in.Instrument)
		for _, n := range in.numbers() {
			n.check(what, add)
		}
		if in.Phase != "" && !slices.Contains([]string{"closed", "continuous", "halted", "cancel_only", "post_only"}, in.Phase) {
			add(what, "phase", "%q is none of closed, continuous, halted, cancel_only, post_only", in.Phase)
		}
		in.Limits.check("limits of "+what, add)
	}
	f.Limits.check("limits of the venue", add)
	for _, o := range f.Owners {
		id("owner "+o.Owner, "owner", o.Owner)
		o.Limits.check("limits of owner "+o.Owner, add)
	}
	for i := range f.Participants {
		p := &f.Participants[i]
		what := "participant " + p.Participant
		id(what, "participant", p.Participant)
		checkRole(what, "role", p.Role, add)
		for _, k := range p.Keys {
			id(what, "keys", k.ID)
			if k.Role != "" {
				checkRole(what, "keys: "+k.ID+": role", k.Role, add)
			}
		}
	}
	for i := range f.Accounts {
		a := &f.Accounts[i]
		id("account "+a.Account, "account", a.Account)
		a.Limits.check("limits of account "+a.Account, add)
		for _, d := range a.Deposit {
			number{"deposit", d.Amount, true, true, false}.check("account "+a.Account, add)
		}
	}
	return errors.Join(errs...)
}

type complain func(what, field, format string, args ...any)

func checkRole(what, field, role string, add complain) {
	if !slices.Contains([]string{"admin", "trader", "read", "audit"}, role) {
		add(what, field, "%q is none of admin, trader, read, audit", role)
	}
}

// number is a decimal of the file, and what it may be.
type number struct {
	field                      string
	value                      Number
	needed, positive, negative bool
}

func (n number) check(what string, add complain) {
	if n.value == "" {
		if n.needed {
			add(what, n.field, "is missing")
		}
		return
	}
	r, ok := new(big.Rat).SetString(string(n.value))
	text := strings.TrimPrefix(string(n.value), "-")
	switch {
	case !ok || strings.Trim(text, "0123456789.") != "" || strings.HasPrefix(text, ".") || strings.HasSuffix(text, "."):
		add(what, n.field, "%q is not a decimal number", n.value)
	case n.positive && r.Sign() <= 0:
		add(what, n.field, "%s is not above 0", n.value)
	case !n.negative && r.Sign() < 0:
		add(what, n.field, "%s is below 0", n.value)
	}
}

func (i *Instrument) numbers() []number {
	return []number{
		{"price_tick", i.PriceTick, true, true, false}, {"quantity_step", i.QuantityStep, true, true, false},
		{"min_quantity", i.MinQuantity, false, false, false}, {"max_quantity", i.MaxQuantity, false, false, false},
		{"min_notional", i.MinNotional, false, false, false}, {"reference_price", i.ReferencePrice, false, true, false},
		{"price_band_bps", i.PriceBandBps, false, false, false}, {"market_protection_bps", i.MarketProtectionBps, false, false, false},
		{"maker_fee_bps", i.MakerFeeBps, false, false, true}, {"taker_fee_bps", i.TakerFeeBps, false, false, true},
	}
}

func (l Limits) check(what string, add complain) {
	for name, v := range l.payload() {
		value := Number(fmt.Sprint(v))
		if value != "none" && value != "inherited" {
			number{name, value, false, false, false}.check(what, add)
		}
	}
}
