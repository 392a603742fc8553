package check

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/rialto-exchange/rialto/chaos/fixtraffic"
	"github.com/rialto-exchange/rialto/chaos/internal/venue"
)

// Session is one FIX session's account of what happened.
type Session struct {
	CompID string
	Run    string // begins its ClOrdIDs
	Saw    fixtraffic.Summary
}

// Reported fails unless each session was told of each event that is about its
// orders, once and in the venue's order, and of nothing else; and unless each
// of its orders was executed or refused once.
func Reported(ctx context.Context, v *venue.Venue, node int, last uint64, sessions []Session) error {
	checks := make([]reported, len(sessions))
	for i, s := range sessions {
		checks[i] = reported{Session: s, executed: map[string]uint64{}}
	}
	gapless := uint64(0)
	err := EachEvent(ctx, v, node, last, func(e Event) error {
		if gapless++; e.Sequence != gapless {
			return fmt.Errorf("event %d has sequence %d", gapless, e.Sequence)
		}
		for i := range checks {
			if err := checks[i].event(e); err != nil {
				return fmt.Errorf("session %s: %w", checks[i].CompID, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range checks {
		if err := checks[i].end(); err != nil {
			return fmt.Errorf("session %s: %w", checks[i].CompID, err)
		}
	}
	return nil
}

// reported goes through a session's reports beside the events.
type reported struct {
	Session
	next     int               // report
	refused  int               // orders
	executed map[string]uint64 // orders by ClOrdID: the sequence of OrderAccepted
}

func (r *reported) event(e Event) error {
	var data struct {
		Order struct {
			ClientOrderID string `json:"client_order_id"`
		} `json:"order"`
	}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return fmt.Errorf("event %d: %w", e.Sequence, err)
	}
	id, refused := data.Order.ClientOrderID, e.Type == "CommandRejected" && e.Actor == r.CompID
	switch {
	case refused:
		r.refused++
	case !strings.HasPrefix(id, r.Run+"-"):
		return nil
	case e.Type == "OrderAccepted":
		if first := r.executed[id]; first != 0 {
			return fmt.Errorf("order %s was executed twice, by events %d and %d", id, first, e.Sequence)
		}
		r.executed[id] = e.Sequence
	}
	if r.next == len(r.Saw.All) {
		return fmt.Errorf("event %d, %s of %q, was not reported", e.Sequence, e.Type, id)
	}
	report := r.Saw.All[r.next]
	r.next++
	if report.Sequence != e.Sequence || !refused && report.ClOrdID != id {
		return fmt.Errorf("report %d is of event %d and order %q, and event %d, %s of %q, is due",
			report.Number, report.Sequence, report.ClOrdID, e.Sequence, e.Type, id)
	}
	return nil
}

func (r *reported) end() error {
	switch {
	case r.next != len(r.Saw.All):
		return fmt.Errorf("%d reports are of no event, the first is %+v", len(r.Saw.All)-r.next, r.Saw.All[r.next])
	case len(r.executed)+r.refused != r.Saw.Orders:
		return fmt.Errorf("%d orders were sent, %d executed and %d refused", r.Saw.Orders, len(r.executed), r.refused)
	}
	return nil
}
