package rest

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
)

// streamStart returns the sequence that the client has seen last.
// Last-Event-ID goes before the parameter: a browser that reconnects repeats
// the address it began with.
func (x *call) streamStart() (market.Sequence, bool) {
	if !x.sameHistory() {
		return 0, false
	}
	if id := x.r.Header.Get("Last-Event-ID"); id != "" {
		history, sequence, _ := strings.Cut(id, "-")
		n, ok := parseSequence(sequence)
		switch {
		case !ok:
			x.malformed("Last-Event-ID", "must be <history>-<sequence>")
			return 0, false
		case history != x.h.history():
			x.historyChanged()
			return 0, false
		}
		return market.Sequence(n), x.reached("Last-Event-ID", market.Sequence(n))
	}
	if v := x.query.Get("after"); v != "" {
		n, ok := parseSequence(v)
		if !ok {
			x.malformed("after", "must be a sequence")
			return 0, false
		}
		return market.Sequence(n), x.reached("after", market.Sequence(n))
	}
	return x.h.reads.Now().Sequence, true
}

// reached reports whether the events go as far as a position. One that only
// this node has not reached is waited for, and only the log knows that; one
// that no event of the venue has yet is refused: the client would wait for
// ever, and then miss what comes before it.
func (x *call) reached(name string, position market.Sequence) bool {
	if position <= x.h.reads.Now().Sequence {
		return true
	}
	ctx, cancel := context.WithTimeout(x.r.Context(), defaultTimeout)
	defer cancel()
	end, err := x.linearizable(ctx)
	if err == nil && position > end {
		x.malformed(name, "lies beyond the last event of the venue")
		return false
	}
	if err == nil {
		_, err = x.waitFor(ctx, position)
	}
	if err != nil {
		x.readFailed(err, "not_found")
	}
	return err == nil
}

// eventFilter reads which events the client wants.
func (x *call) eventFilter() (f gateways.EventFilter, ok bool) {
	f = gateways.EventFilter{Type: event.Type(x.query.Get("type")), Aggregate: x.query.Get("aggregate_id")}
	if f.Aggregate != "" && !market.ValidAggregate(f.Aggregate) {
		x.malformed("aggregate_id", "is not an id")
		return f, false
	}
	return f, true
}

// wanted reports whether an event passes the stream's filter and is the
// reader's to see.
func (s *stream) wanted(e *event.Public) bool {
	return (s.filter.Type == "" || e.Type == s.filter.Type) &&
		(s.filter.Aggregate == "" || e.Aggregate == s.filter.Aggregate) && s.x.sees(e)
}

// lookUp hands on what the filter finds in the past and returns how far that
// goes: to near the end, from where the events are read as they lie. A page is
// one turn. An event without a record is no event: it says how far the reader
// is.
func (s *stream) lookUp(ctx context.Context, after market.Sequence, replay *replay, hand func(event.Public) error) (market.Sequence, error) {
	for {
		now := s.x.h.reads.Now()
		if after+liveWithin >= now.Sequence || s.filter.Type == "" && s.filter.Aggregate == "" {
			return after, nil
		}
		if known, err := s.x.mayLookFor(now, s.filter.Aggregate); err != nil || !known {
			return after, err
		}
		if err := replay.turn(ctx); err != nil {
			return after, err
		}
		found, err := s.x.h.reads.Events(ctx, now, s.filter, event.Page{After: after, Limit: replaySlice})
		replay.rest()
		if err != nil {
			return after, err
		}
		for i := range found.Items {
			if err := hand(found.Items[i]); err != nil {
				return after, err
			}
		}
		if found.Next <= after {
			return after, nil
		}
		after = found.Next
		if err := hand(event.Public{Sequence: after}); err != nil {
			return after, err
		}
	}
}

// refuseStream answers that the caller or the node has as many as may be.
func (x *call) refuseStream(err error) {
	if errors.Is(err, errShare) {
		x.refuse(http.StatusTooManyRequests, "throttled", "the participant has as many streams as one may have")
		return
	}
	x.refuse(http.StatusServiceUnavailable, "degraded", err.Error())
}
