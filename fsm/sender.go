package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// inForce reports whether who sends a command may act at all, in the role that
// the header gives it. The gateway that took the command may have been behind:
// a key that was revoked, or is in another role by now, is none when its
// command's turn comes.
//
//	participant      what must hold
//	none, venue:…    nothing: the venue itself, a node's operators, rialto dev
//	by REST, console the actor is a key of the participant, of this role
//	by FIX           the actor is a CompID of the participant, of its role
//	else, or without an actor   the participant is there, of this role
//
// Below level 2 the gateway's word was good.
func (m *Machine) inForce(h *command.Header) bool {
	if m.level() < levelWorstDay || h.Participant == "" || market.Reserved(h.Participant) {
		return true
	}
	n, p := m.participants.find(h.Participant)
	if n == 0 {
		return false
	}
	role := p.Role
	switch {
	case h.Actor == "":
	case h.Source == market.SourceREST || h.Source == market.SourceConsole:
		k, ok := m.keys[h.Actor]
		if !ok || k.participant != n {
			return false
		}
		if own := p.Keys[k.at].Role; own != market.RoleNone {
			role = own
		}
	case h.Source == market.SourceFIX:
		if m.compIDs[h.Actor] != n {
			return false
		}
	}
	return h.Role == role
}
