package gateways

import (
	"errors"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// ErrDegraded: the venue, or this node of it, does not take such commands now.
// Not executed, and this copy never will be.
var ErrDegraded = errors.New("degraded")

// Intake is what the venue takes now. It goes by the room that the best
// majority of its voters has: one full node closes nothing.
type Intake string

// The intakes, from the widest to the narrowest.
const (
	// IntakeOpen: everything.
	IntakeOpen Intake = "open"
	// IntakeSlow: everything; new orders at a bounded rate.
	IntakeSlow Intake = "slow"
	// IntakeCancels: cancels, what settles an outcome, refusals, and what
	// administrators and nodes send; nothing that puts an order on a book.
	IntakeCancels Intake = "cancels_only"
	// IntakeReadOnly: nothing.
	IntakeReadOnly Intake = "read_only"
)

// Takes reports whether a command of a role is taken.
func (i Intake) Takes(role market.Role, body command.Body) bool {
	switch i {
	case IntakeReadOnly:
		return false
	case IntakeCancels:
		return takenAmongCancels(role, body)
	}
	return true
}

func takenAmongCancels(role market.Role, body command.Body) bool {
	switch body.(type) {
	case *command.PlaceOrder, *command.AmendOrder:
		return false
	case *command.CancelOrder, *command.CancelAll, *command.Fence, *command.Probe, *command.DeclineOrder:
		return true
	}
	return role == market.RoleAdmin
}

// NewOrder reports whether a body puts an order on a book, or may: what is
// taken at a bounded rate by IntakeSlow.
func NewOrder(body command.Body) bool {
	switch body.(type) {
	case *command.PlaceOrder, *command.AmendOrder:
		return true
	}
	return false
}
