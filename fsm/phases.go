package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

func (m *Machine) haltInstrument(b *command.HaltInstrument, about *subject) *refusal {
	return m.enterPhase(about.instrument, b.Instrument, market.PhaseHalted, b.Reason)
}

// resumeInstrument ends a halt; from any other phase a set-phase leads on.
func (m *Machine) resumeInstrument(b *command.ResumeInstrument, about *subject) *refusal {
	if i := about.instrument; i != 0 {
		switch m.instruments.at(i).image.Phase {
		case market.PhaseHalted, market.PhaseContinuous:
		default:
			return refuse(event.CodePhaseForbids, "phase", "%s is not halted", b.Instrument)
		}
	}
	return m.enterPhase(about.instrument, b.Instrument, market.PhaseContinuous, b.Reason)
}

func (m *Machine) setPhase(b *command.SetPhase, about *subject) *refusal {
	return m.enterPhase(about.instrument, b.Instrument, b.Phase, b.Reason)
}

func (m *Machine) enterPhase(n uint32, name string, phase market.Phase, reason string) *refusal {
	i, no := m.tradable(n, name)
	if no != nil {
		return no
	}
	if no := supportedPhase(phase); no != nil {
		return no
	}
	from := i.image.Phase
	i.image.Phase = phase
	t := event.TypePhaseChanged
	if from == phase {
		t = event.TypePhaseConfirmed
	}
	m.changeInstrument(i, t, from, reason)
	return nil
}

// supportedPhase refuses the phases in which orders gather for an uncross:
// there is none yet.
func supportedPhase(p market.Phase) *refusal {
	switch p {
	case market.PhaseClosed, market.PhaseContinuous, market.PhaseHalted, market.PhaseCancelOnly, market.PhasePostOnly:
		return nil
	}
	return refuse(event.CodeInvalidParameters, "phase", "phase %q is not one that an instrument can enter", p)
}
