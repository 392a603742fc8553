package sessions

import (
	"context"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// Session returns one session as it was at a point: ErrNotFound if there was
// none.
func (v *View) Session(at event.Pin, comp string) (event.Reading[event.SessionState], error) {
	s, from, err := state(v.reader, comp, at.Sequence)
	if err != nil {
		return event.Reading[event.SessionState]{}, err
	}
	changed := event.Pin{Sequence: from, At: s.UpdatedAt}
	return event.Reading[event.SessionState]{Value: s, Version: s.Sequence, Changed: changed}, nil
}

// Sessions lists the sessions in the order in which they became known. Those
// of one definition lie on one page, which may be longer than its limit by
// them.
func (v *View) Sessions(ctx context.Context, at event.Pin, page event.Page) (event.List[event.Reading[event.SessionState]], error) {
	w, err := readmodels.WindowOf(v.journal, at.Sequence, page)
	if err != nil {
		return event.List[event.Reading[event.SessionState]]{}, err
	}
	p := readmodels.NewPager[event.Reading[event.SessionState]](ctx, w, page.Limit)
	var failed error
	err = v.reader.List([]byte{listKey}, w.Span, func(item []byte, from market.Sequence) bool {
		if !p.Wants(from) {
			return false
		}
		failed = v.reader.Noticed(eachName(item, func(comp string) error {
			r, err := v.Session(at, comp)
			if err == nil {
				p.Add(r)
			}
			return err
		}))
		return failed == nil
	})
	return p.List(err, failed)
}
