package event

import "github.com/rialto-exchange/rialto/fsm/market"

// OutcomeKind says what became of one command of an entry.
type OutcomeKind uint8

// The kinds of outcome.
const (
	OutcomeNone OutcomeKind = iota
	// OutcomeExecuted: the command took effect or was refused by an event; the
	// group is in the outcome.
	OutcomeExecuted
	// OutcomeRepeat: the id was executed before with the same body; First is
	// the first sequence of that group. Its answer is the first one's.
	OutcomeRepeat
	// OutcomeReused: the id was executed before with another body.
	OutcomeReused
	// OutcomeFenced: the id was fenced and never executes.
	OutcomeFenced
	// OutcomeForbidden: the account or order is not the participant's, or who
	// sent it is not in force. Nothing happened and the id is free.
	OutcomeForbidden
	// OutcomeThrottled: nothing happened and the id is free; it may come again.
	// The participant's share of undue command ids is full, or something goes first:
	// the rest of a mass effect, or an entry that has its fills.
	OutcomeThrottled
	// OutcomeUnseen: a probe's answer when the id was never seen.
	OutcomeUnseen
	// OutcomeBarrier: a probe's answer when it had no target.
	OutcomeBarrier
	// OutcomeTooFarAhead: nothing happened and the id is free. The copy's
	// deadline lay further ahead of venue time than ids are surely kept: the
	// gateway that gave it must see venue time anew.
	OutcomeTooFarAhead
	// OutcomeSessionStale: the command's epoch, or its owner, is not the session's
	// any more, or its CompID is not in force. Nothing happened, and never will.
	OutcomeSessionStale
	// OutcomeSessionPast: the session's number was used before, by this command
	// or another. Nothing happened.
	OutcomeSessionPast
	// OutcomeSessionGap: a number before the command's own is missing. Nothing
	// happened; it may come again in its turn.
	OutcomeSessionGap
)

// Known reports whether the kind is one of the list.
func (k OutcomeKind) Known() bool { return k <= OutcomeSessionGap }

// Outcome is what the machine answers to one command.
type Outcome struct {
	Kind    OutcomeKind
	Index   uint64
	At      market.Nanos
	History uint64
	// Sequence is the venue's last sequence after the command.
	Sequence market.Sequence
	// First is, for a repeat (or a probe or fence that found the id executed),
	// the first sequence of the group that the id was executed with; in a brief
	// outcome that of its own group.
	First market.Sequence
	// Group is set for OutcomeExecuted, unless the outcome is brief.
	Group *Group
}

// Brief returns the outcome without its group: First says where that begins, in
// the block of the outcome's entry, which every node has in its journal. It is
// encoded and decoded like any other.
func (o *Outcome) Brief() Outcome {
	b := *o
	if b.Group != nil {
		b.First, b.Group = b.Group.First, nil
	}
	return b
}

// IsBrief reports whether a group belongs to the outcome that is not in it.
func (o *Outcome) IsBrief() bool { return o.Kind == OutcomeExecuted && o.Group == nil }
