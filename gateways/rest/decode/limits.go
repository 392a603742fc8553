package decode

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// LimitsPayload documents the limits of every scope, and venue/set-limits. A
// limit that is absent stays as it was.
type LimitsPayload struct {
	MaxOrderQuantity    string `json:"max_order_quantity,omitempty" doc:"A decimal or none"`
	MaxOrderNotional    string `json:"max_order_notional,omitempty" doc:"A decimal or none"`
	MaxOpenOrders       string `json:"max_open_orders,omitempty" doc:"A whole number or none"`
	MaxPosition         string `json:"max_position,omitempty" doc:"A decimal or none: of the base, what is there and what all open buys can add"`
	MaxGrossExposure    string `json:"max_gross_exposure,omitempty" doc:"none: this venue enforces no values of it"`
	MaxNetExposure      string `json:"max_net_exposure,omitempty" doc:"none: this venue enforces no values of it"`
	MaxConcentrationBps string `json:"max_concentration_bps,omitempty" doc:"none: this venue enforces no values of it"`
	MaxOrdersPerSecond  string `json:"max_orders_per_second,omitempty" doc:"A whole number or none: how many orders and amendments an account may send in any second of venue time; cancels don't count"`
}

// AccountLimitsPayload documents accounts/set-limits.
type AccountLimitsPayload struct {
	Account string `json:"account,omitempty" maxLength:"64" doc:"Or as aggregate_id"`
	LimitsPayload
}

// OwnerLimitsPayload documents owners/set-limits.
type OwnerLimitsPayload struct {
	Owner string `json:"owner,omitempty" maxLength:"64" doc:"Or as aggregate_id"`
	LimitsPayload
}

// InstrumentLimitsPayload documents instruments/set-limits.
type InstrumentLimitsPayload struct {
	Instrument string `json:"instrument,omitempty" maxLength:"64" doc:"Or as aggregate_id"`
	LimitsPayload
}

func accountLimits(o *object, aggregate string) command.Body {
	return o.limits(command.ScopeAccount, o.about("account", aggregate, ""))
}

func ownerLimits(o *object, aggregate string) command.Body {
	return o.limits(command.ScopeOwner, o.about("owner", aggregate, market.OwnerPrefix))
}

func instrumentLimits(o *object, aggregate string) command.Body {
	return o.limits(command.ScopeInstrument, o.about("instrument", aggregate, ""))
}

func venueLimits(o *object, aggregate string) command.Body {
	if aggregate != "" && aggregate != market.Venue {
		o.fail("", "the aggregate of the venue's limits is "+market.Venue)
	}
	return o.limits(command.ScopeVenue, "")
}

// unlimited is how a client says that a limit has no bound; inherited how it
// takes a limit away again.
const (
	unlimited = "none"
	inherited = "inherited"
)

func (o *object) limits(scope command.LimitScope, target string) command.Body {
	c := &command.SetLimits{Scope: scope, Target: target}
	named := false
	for n := range command.LimitCount {
		i := o.find(n.String())
		if i < 0 {
			continue
		}
		named = true
		c.Named[n], c.Limits[n] = true, o.limit(n.String(), &o.nodes[i])
	}
	if !named {
		o.fail("", "names no limit")
	}
	return c
}

// limit takes a decimal string, a whole number (some limits are counts),
// "none" or "inherited".
func (o *object) limit(name string, n *node) command.Limit {
	switch {
	case n.kind == '"' && n.text == unlimited:
		return command.Limit{State: command.LimitUnlimited}
	case n.kind == '"' && n.text == inherited:
		return command.Limit{State: command.LimitInherited}
	}
	v := o.basisPoints(name)
	if v.Value.Units < 0 {
		o.fail(name, "must not be negative")
	}
	return command.Limit{State: command.LimitValue, Value: v.Value}
}
