package gateways_test

import (
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
)

// TestIntake shows what is taken while room is short: cancels, what settles an
// outcome and administrators for as long as anything is; new orders from
// nobody, administrators included.
func TestIntake(t *testing.T) {
	for _, c := range []struct {
		what string
		role market.Role
		body command.Body
		// while only cancels are taken; else and read-only go without saying
		want bool
	}{
		{"a trader's order", market.RoleTrader, &command.PlaceOrder{}, false},
		{"an administrator's order", market.RoleAdmin, &command.PlaceOrder{}, false},
		{"an amend", market.RoleTrader, &command.AmendOrder{}, false},
		{"a cancel", market.RoleTrader, &command.CancelOrder{}, true},
		{"a mass cancel", market.RoleTrader, &command.CancelAll{}, true},
		{"a fence", market.RoleTrader, &command.Fence{}, true},
		{"a marker", market.RoleTrader, &command.Probe{}, true},
		{"a trader's transfer", market.RoleTrader, &command.Transfer{}, false},
		{"an administrator's halt", market.RoleAdmin, &command.HaltInstrument{}, true},
		{"an administrator's suspension", market.RoleAdmin, &command.SuspendAccount{}, true},
		{"an administrator's deposit", market.RoleAdmin, &command.Deposit{}, true},
	} {
		for _, at := range []struct {
			intake gateways.Intake
			want   bool
		}{
			{gateways.IntakeOpen, true}, {gateways.IntakeSlow, true},
			{gateways.IntakeCancels, c.want}, {gateways.IntakeReadOnly, false},
		} {
			if got := at.intake.Takes(c.role, c.body); got != at.want {
				t.Errorf("%s while %s: taken %v, want %v", c.what, at.intake, got, at.want)
			}
		}
	}
}
