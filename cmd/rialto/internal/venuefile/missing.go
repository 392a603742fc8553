package venuefile

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
)

// LimitNames are the risk limits, in the order of the API. Each has to be set
// somewhere for an order to be taken.
func LimitNames() []string {
	return []string{
		"max_order_quantity", "max_order_notional", "max_open_orders", "max_position",
		"max_gross_exposure", "max_net_exposure", "max_concentration_bps", "max_orders_per_second",
	}
}

// MissingLimits says which risk limits an account of the file would have nowhere,
// so that every order of its would be refused, and which lines mend it; "" if
// there is no such account.
func MissingLimits(ctx context.Context, cl *client.Client, f *File) (string, error) {
	if len(f.Accounts) == 0 {
		return "", nil
	}
	var venue struct {
		Limits payload `json:"limits"`
	}
	err := cl.Get(ctx, "/v1/queries/venue/limits", url.Values{"consistency": {"linearizable"}}, &venue)
	if err != nil && !isNotFound(err) {
		return "", fmt.Errorf("read the venue's limits: %w", err)
	}
	set := f.Limits.payload()
	for k := range venue.Limits {
		set[k] = true
	}
	missing := slices.DeleteFunc(LimitNames(), func(name string) bool { return set[name] != nil || f.setElsewhere(name) })
	if len(missing) == 0 {
		return "", nil
	}
	lines := "limits:\n"
	for _, name := range missing {
		lines += "  " + name + ": none\n"
	}
	return fmt.Sprintf("every order of an account without limits of its own will be refused (risk_limit_missing): %s set nowhere. These lines mend it, with a number or none for each:\n%s",
		strings.Join(missing, ", "), lines), nil
}

// setElsewhere reports whether a limit is set for every account, or every
// instrument, of the file.
func (f *File) setElsewhere(name string) bool {
	owners := map[string]bool{}
	for _, o := range f.Owners {
		owners[o.Owner] = o.Limits.payload()[name] != nil
	}
	everyAccount := !slices.ContainsFunc(f.Accounts, func(a Account) bool { return a.Limits.payload()[name] == nil && !owners[a.Owner] })
	everyInstrument := len(f.Instruments) > 0 && !slices.ContainsFunc(f.Instruments, func(i Instrument) bool { return i.Limits.payload()[name] == nil })
	return everyAccount || everyInstrument
}
