package market_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/market"
)

// The contract's names of every value, in the order of their numbers, which
// are on disk. Each is read back where there is a parser, and nothing else is.
func TestEnums(t *testing.T) {
	checkEnum(t, market.ParseSide, "none", "buy", "sell")
	checkEnum(t, market.ParseOrderType, "", "limit", "market", "stop", "stop_limit")
	checkEnum(t, market.ParseTimeInForce, "", "gtc", "day", "ioc", "fok", "gtd")
	checkEnum(t, market.ParseSelfTradePrevention, "none", "cancel_newest", "cancel_oldest", "cancel_both", "decrement")
	checkEnum(t, market.ParseOrderStatus, "", "open", "partially_filled", "pending_trigger", "filled", "cancelled", "rejected", "expired")
	checkEnum(t, market.ParsePhase, "", "closed", "pre_open", "opening_auction", "continuous", "volatility_auction", "closing_auction", "halted", "cancel_only", "post_only")
	checkEnum(t, market.ParseRole, "", "admin", "trader", "read", "audit")
	checkEnum[market.Source](t, nil, "", "rest", "fix", "console", "timer", "system")
	checkEnum[market.Liquidity](t, nil, "", "maker", "taker", "auction")
	checkEnum[market.Reason](t, nil, "", "user", "ioc_remainder", "no_liquidity", "protection", "fill_limit", "self_trade", "mass_cancel", "suspended", "day", "gtd", "trigger_refused", "disconnected")
	checkEnum(t, market.ParseSessionKind, "", "order_entry", "drop_copy", "market_data")
	checkEnum(t, market.ParseProtocol, "", "FIX.4.4", "FIXT.1.1")
	checkEnum[market.SessionEnd](t, nil, "", "logout", "disconnect", "slow", "flood", "operator", "withdrawn", "rolled", "taken_over", "silent", "drained", "protocol")
}

func checkEnum[T interface {
	~uint8
	fmt.Stringer
}](t *testing.T, parse func(string) (T, bool), names ...string) {
	t.Helper()
	for i, want := range names {
		v := T(i)
		if got := v.String(); got != want {
			t.Errorf("%T %d: got %q, want %q", v, i, got, want)
		}
		if parse == nil {
			continue
		}
		_, isSide := any(v).(market.Side)
		readable := want != "" && !(isSide && i == 0)
		if got, ok := parse(want); ok != readable || (ok && got != v) {
			t.Errorf("%T from %q: got %d, %v", v, want, got, ok)
		}
	}
	if got := T(len(names)).String(); got != "unknown" {
		t.Errorf("%T past its end: got %q", T(0), got)
	}
	if parse != nil {
		for _, s := range []string{"unknown", "Limit", "BUY", " "} {
			if _, ok := parse(s); ok {
				t.Errorf("%T was read from %q", T(0), s)
			}
		}
	}
}

// The lists of names that schemas show have every name but that of absence.
func TestNames(t *testing.T) {
	if got := market.PhaseNames(); len(got) != int(market.PhasePostOnly) || slices.Contains(got, "") {
		t.Errorf("phases: %q", got)
	}
	if got := market.StatusNames(); len(got) != int(market.StatusExpired) || slices.Contains(got, "") {
		t.Errorf("statuses: %q", got)
	}
}

// An order is open exactly while it can still trade, and a side's opposite is
// the one that it trades with.
func TestOpenAndOpposite(t *testing.T) {
	for s := market.StatusNone; s <= market.StatusExpired; s++ {
		want := s == market.StatusOpen || s == market.StatusPartiallyFilled || s == market.StatusPendingTrigger
		if got := s.IsOpen(); got != want {
			t.Errorf("%s: open %v, want %v", s, got, want)
		}
	}
	if market.Buy.Opposite() != market.Sell || market.Sell.Opposite() != market.Buy || market.SideNone.Opposite() != market.SideNone {
		t.Error("a side's opposite is wrong")
	}
}

// Names are printed for every event: that allocates nothing.
func TestStringDoesNotAllocate(t *testing.T) {
	phase, n := market.PhaseHalted, 0
	if got := testing.AllocsPerRun(100, func() { n += len(phase.String()) }); got != 0 {
		t.Errorf("%v allocations", got)
	}
}
