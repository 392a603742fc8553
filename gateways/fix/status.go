package fix

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/quickfixgo/quickfix"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/encode"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/decode"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// The bounds of questions about orders.
const (
	// maxQuestions is how many of a session are answered at a time.
	maxQuestions = 4
	// questionTime is how long the views may take to know what the client did
	// before it asked.
	questionTime = 5 * time.Second
	// listTime is how long the views may take to list them.
	listTime = 30 * time.Second
	// maxStatusReports is how many orders the answer to one mass status request
	// tells of. Of more it tells of none, and how to ask for fewer.
	maxStatusReports = 100_000
	// maxAccounts is how many accounts that were opened for the participant,
	// beyond those of its definition, a question without Account looks through.
	maxAccounts = 1000
)

// question is what a client asks about its orders.
type question struct {
	query   encode.StatusQuery
	id      market.OrderID
	mass    bool
	account string // "" = any of the participant's
}

// questionOf reads OrderStatusRequest (H) and OrderMassStatusRequest (AF).
func questionOf(m *wire.Message) (q question, known bool, err error) {
	switch m.Type() {
	case "H":
		r, err := decode.ReadStatus(m)
		q.query = encode.StatusQuery{ClOrdID: r.ClOrdID, StatusID: r.StatusID, Instrument: r.Symbol, Side: r.Side}
		q.id, _ = market.ParseOrderID(r.OrderID)
		q.account = r.Account
		return q, true, err
	case "AF":
		r, err := decode.ReadMassStatus(m)
		q.query = encode.StatusQuery{MassID: r.RequestID, Instrument: r.Symbol, Side: r.Side}
		q.mass, q.account = true, r.Account
		return q, true, err
	}
	return q, false, nil
}

// asked counts the questions of a session that are being answered.
type asked struct{ now atomic.Int32 }

// inquire takes a question up. It is answered once everything that the client
// sent before is decided and in the views.
func (s *session) inquire(q question) quickfix.MessageRejectError {
	if s.asked.now.Add(1) > maxQuestions {
		s.asked.now.Add(-1)
		return quickfix.NewBusinessMessageRejectError("too many questions at a time", int(wire.ApplicationNotAvailable), nil)
	}
	s.turn.passed = func(last market.Sequence) {
		s.server.work.Go(func() {
			defer s.asked.now.Add(-1)
			s.answer(q, last)
		})
	}
	return nil
}

func (s *session) answer(q question, last market.Sequence) {
	found, err := s.ordersOf(q, last)
	switch {
	case errors.Is(err, errTooMany), errors.Is(err, errManyAccounts):
		s.say(businessReject(q.query.StatusID+q.query.MassID, kindOf(q), err.Error()), false)
	case err != nil:
		s.log.Warn("a question about orders was not answered", "error", err)
		s.say(businessReject(q.query.StatusID+q.query.MassID, kindOf(q), "the orders cannot be read now"), false)
	case len(found) == 0:
		q.query.Last = true
		s.say(local{kind: "8", write: func(dst []byte, e *encode.Encoder, slot encode.Slot) []byte {
			return e.NoStatus(dst, slot, &q.query)
		}}, false)
	default:
		s.tell(q, found)
	}
}

// tell answers with an order each. The numbers are asked for as there is room,
// in ranges: those that are asked for while an entry is under way share the next.
func (s *session) tell(q question, found []market.OrderID) {
	for i, id := range found {
		query, order := q.query, new(event.Order)
		if q.mass {
			query.Total, query.Last = uint64(len(found)), i == len(found)-1
		}
		if !s.sayWhenRoom(local{kind: "8", about: id, write: func(dst []byte, e *encode.Encoder, slot encode.Slot) []byte {
			return e.Status(dst, slot, order, &query)
		}, renew: func(now event.Order) { *order = now }}) {
			return
		}
	}
}

func kindOf(q question) string {
	if q.mass {
		return "AF"
	}
	return "H"
}

// renewed brings an answer about an order up to the event that gave it its
// number: what was numbered before it must not be newer than it is. Views that
// do not get there in time are an error: the connection ends, for the answer
// would be wrong or would be missing.
func (s *session) renewed(l *local, at market.Sequence) error {
	ctx, cancel := context.WithTimeout(s.server.background, questionTime)
	defer cancel()
	if at == 0 { // the number is this node's alone
		at = s.server.seen()
	}
	pin, err := s.server.cfg.Reads.Wait(ctx, at)
	if err != nil {
		return fmt.Errorf("%w: %w", errCut, err)
	}
	now, err := s.server.cfg.Reads.Order(pin, l.about)
	if err != nil {
		return fmt.Errorf("%w: order %v: %w", errCut, l.about, err)
	}
	l.renew(now.Value)
	return nil
}

// sayWhenRoom waits for room before it queues one of many messages; false: the
// connection is gone.
func (s *session) sayWhenRoom(l local) bool {
	for {
		if waiting, bound := (counter{s}).Waiting(); waiting < bound/2 {
			s.say(l, false)
			return true
		}
		select {
		case <-s.gone:
			return false
		case <-time.After(time.Millisecond):
		}
	}
}

// businessReject is a BusinessMessageReject for a message that was taken
// already.
func businessReject(id, refType, text string) local {
	body := appendField(nil, 372, refType)
	body = appendField(body, 379, id)
	body = appendField(body, 380, "4")
	return local{kind: "j", body: appendField(body, wire.Text, text)}
}
