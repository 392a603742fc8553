package sessions

import (
	"maps"
	"slices"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// fold is what one block changes.
type fold struct {
	view  *View
	block *event.Block
	// changed are the sessions after the block, held the numbers of the reports
	// that it holds for them.
	changed map[string]*event.SessionState
	held    map[string]held
	// begun are the sessions that were not known before.
	begun []string
}

// Fold implements readmodels.View. What a block changes holds from its last
// event on: a session moves by whole entries.
func (v *View) Fold(b *event.Block, w readmodels.Writer) error {
	f := fold{view: v, block: b}
	readmodels.Records(b, f.record)
	if len(b.Sessions) > 0 {
		b.Reports(f.report)
	}
	if len(f.changed) == 0 {
		return nil
	}
	var buf []byte
	for _, comp := range slices.Sorted(maps.Keys(f.changed)) {
		w.Set(key(stateKey, comp), packState(buf[:0], f.changed[comp]), b.Last())
		if h, ok := f.held[comp]; ok {
			w.Append(key(blocksKey, comp), packHeld(buf[:0], h), b.Last())
		}
		v.known[comp] = f.changed[comp]
	}
	if len(f.begun) > 0 {
		w.Append([]byte{listKey}, packNames(nil, f.begun), b.Last())
	}
	return nil
}

// definitions are the sessions that the machine numbers for: market data
// sessions live and end with their connection. A comp id without a definition
// is of an order entry session.
func definitions(p *command.DefineParticipant) []command.FixSession {
	var all []command.FixSession
	for _, d := range p.FixSessions {
		if d.Kind != market.SessionMarketData {
			all = append(all, d)
		}
	}
	for _, comp := range p.FixCompIDs {
		if !slices.ContainsFunc(p.FixSessions, func(d command.FixSession) bool { return d.CompID == comp }) {
			all = append(all, command.FixSession{CompID: comp, Kind: market.SessionOrderEntry})
		}
	}
	return all
}

// current returns a session as it is by now, nil if it is not known.
func (f *fold) current(comp string) *event.SessionState {
	if s, ok := f.changed[comp]; ok {
		return s
	}
	return f.view.known[comp]
}

// all are the sessions that are known by now.
func (f *fold) all() []string {
	return slices.AppendSeq(slices.Clone(f.begun), maps.Keys(f.view.known))
}

// session returns a session that the block changes.
func (f *fold) session(comp string) *event.SessionState {
	if s, ok := f.changed[comp]; ok {
		return s
	}
	s := &event.SessionState{CompID: comp, NextIn: 1, NextOut: 1}
	if before, ok := f.view.known[comp]; ok {
		*s = *before
	} else {
		s.BeganAt = f.block.At
		f.begun = append(f.begun, comp)
	}
	s.UpdatedAt = f.block.At
	if f.changed == nil {
		f.changed = map[string]*event.SessionState{}
	}
	f.changed[comp] = s
	return s
}

// record folds what one record says of sessions.
func (f *fold) record(g *event.Group, r event.Record, first market.Sequence) {
	if place := g.Context.Session; place != nil && first == g.First {
		f.consumed(f.session(g.Context.Actor), place.Number+1)
	}
	switch r := r.(type) {
	case *event.ParticipantChanged:
		f.defined(&r.Participant.DefineParticipant)
	case *event.SessionLoggedOn:
		f.loggedOn(r, first)
	case *event.SessionRefused:
		f.given(r.CompID, r.Number, r.Slots)
	case *event.SessionsAdvanced:
		for i := range r.Steps {
			f.advanced(&r.Steps[i])
		}
	case *event.SessionEnded:
		f.ended(r)
	case *event.SessionReset:
		s := f.session(r.CompID)
		s.NextIn, s.NextOut, s.Sequence = r.NextIn, r.NextOut, r.Sequence
		s.ResetAt, s.BeganAt = first, f.block.At
	}
}

func (f *fold) consumed(s *event.SessionState, next uint64) {
	if next != s.NextIn {
		s.NextIn, s.LastIn = next, f.block.At
	}
}

// given notes a run of outbound numbers that are no reports.
func (f *fold) given(comp string, number uint64, slots uint32) {
	if slots == 0 {
		return
	}
	s := f.session(comp)
	s.NextOut, s.LastOut = number+uint64(slots), f.block.At
}

func (f *fold) loggedOn(r *event.SessionLoggedOn, at market.Sequence) {
	s := f.session(r.CompID)
	s.Participant, s.Kind, s.Status = r.Participant, r.Kind, event.SessionOn
	s.Epoch, s.Owner, s.HeartBtInt, s.LoggedOnAt = r.Epoch, r.Owner, r.HeartBtInt, f.block.At
	s.NextIn, s.LastIn, s.Sequence = r.NextIn, f.block.At, r.Sequence
	if r.Reset {
		s.ResetAt, s.BeganAt = at, f.block.At
	}
	f.given(r.CompID, r.Number, 1)
}

func (f *fold) advanced(step *event.SessionStepped) {
	f.given(step.CompID, step.Number, step.Slots)
	if f.moves(step) {
		f.consumed(f.session(step.CompID), step.NextIn)
	}
}

// moves reports whether a step consumed numbers: one that only vouches for a
// session is nothing to keep.
func (f *fold) moves(step *event.SessionStepped) bool {
	if step.Result != event.StepDone {
		return false
	}
	s := f.current(step.CompID)
	return s == nil || s.NextIn != step.NextIn
}

func (f *fold) ended(r *event.SessionEnded) {
	s := f.session(r.CompID)
	if s.Status != event.SessionWithdrawn { // one that is taken away ends by that
		s.Status = event.SessionOff
	}
	s.EndedAt, s.EndReason, s.EndText = f.block.At, r.Reason, r.Text
	s.NextIn, s.Sequence = r.NextIn, r.Sequence
	f.given(r.CompID, r.Number, r.Slots)
}

// isDefined reports whether a session is what its definition says already.
func (f *fold) isDefined(p *command.DefineParticipant, d *command.FixSession) bool {
	s := f.current(d.CompID)
	return s != nil && s.Participant == p.Participant && s.Kind == d.Kind && s.Status != event.SessionWithdrawn
}

// defined notes the sessions of a participant, and those that were taken away.
func (f *fold) defined(p *command.DefineParticipant) {
	var comps []string
	for _, d := range definitions(p) {
		if comps = append(comps, d.CompID); f.isDefined(p, &d) {
			continue
		}
		s := f.session(d.CompID)
		s.Participant, s.Kind = p.Participant, d.Kind
		switch {
		case s.Status != event.SessionWithdrawn:
		case s.Epoch == 0:
			s.Status = event.SessionNever
		default:
			s.Status = event.SessionOff
		}
	}
	for _, comp := range f.all() {
		s := f.current(comp)
		if s.Participant == p.Participant && s.Status != event.SessionWithdrawn && !slices.Contains(comps, comp) {
			f.session(comp).Status = event.SessionWithdrawn
		}
	}
}

// report notes the number of a report.
func (f *fold) report(r event.Report) bool {
	s := f.session(r.Touch.CompID)
	s.Kind, s.LastOut = r.Touch.Kind, f.block.At
	if r.Sequence < s.ResetAt {
		return true // its number begins again
	}
	s.NextOut = max(s.NextOut, r.Number+1)
	h, ok := f.held[s.CompID]
	if !ok {
		h.first = r.Number
	}
	h.last = r.Number
	if f.held == nil {
		f.held = map[string]held{}
	}
	f.held[s.CompID] = h
	return true
}
