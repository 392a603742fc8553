package risk

import (
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// permission is what a phase allows.
type permission uint8

const (
	nothing  permission = 0
	anything permission = 1 << iota
	postOnlyLimits
)

// phaseRow is a row of the contract's table of phases.
type phaseRow struct {
	phase  market.Phase
	place  permission // amend too
	cancel bool
	match  bool
	code   event.Code // of what is refused
}

// phaseTable is the contract's table of phases. A phase without a row allows
// nothing.
func phaseTable(p market.Phase) phaseRow {
	switch p {
	case market.PhaseContinuous:
		return phaseRow{p, anything, true, true, event.CodePhaseForbids}
	case market.PhasePostOnly:
		return phaseRow{p, postOnlyLimits, true, false, event.CodePhaseForbids}
	case market.PhaseCancelOnly:
		return phaseRow{p, nothing, true, false, event.CodePhaseForbids}
	case market.PhaseHalted:
		return phaseRow{p, nothing, true, false, event.CodeInstrumentHalted}
	case market.PhaseClosed:
		return phaseRow{p, nothing, false, false, event.CodeMarketClosed}
	}
	return phaseRow{p, nothing, true, false, event.CodePhaseForbids}
}

// MayCancel refuses a cancel in the phases that forbid it.
func MayCancel(p market.Phase) *Refusal {
	if row := phaseTable(p); !row.cancel {
		return &Refusal{row.code, "phase", "no cancels while the market is " + p.String()}
	}
	return nil
}

// MayMatch reports whether orders trade in the phase.
func MayMatch(p market.Phase) bool { return phaseTable(p).match }

// instrumentPhase: what the instrument's phase allows.
func instrumentPhase(o *Order) *Refusal {
	row := phaseTable(o.Instrument.Phase)
	if row.place == anything || row.place == postOnlyLimits && o.PostOnly {
		return nil
	}
	return &Refusal{row.code, "phase", "the phase " + row.phase.String() + " does not take this order"}
}
