package fix

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/quickfixgo/quickfix"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/fix/decode"
	"github.com/rialto-exchange/rialto/gateways/fix/encode"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// The bounds of questions about orders.
const (
	// maxQuestions is how many of a session are answered at a time.
	maxQuestions = 4
	// questionTime is how long the views may take to know what the client did
	// before it asked.
	questionTime = 5 * time.Second
	// maxStatusReports is how many orders the answer to one mass status request
	// tells of.
	maxStatusReports = 2000
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
	ctx, cancel := context.WithTimeout(s.server.background, questionTime)
	defer cancel()
	pin, err := s.server.cfg.Reads.Wait(ctx, last)
	if err != nil {
		s.say(businessReject(q.query.StatusID+q.query.MassID, kindOf(q), "the orders cannot be read now"), false)
		return
	}
	found, err := s.ordersOf(ctx, pin, q)
	if err != nil && !errors.Is(err, gateways.ErrNotFound) {
		s.log.Warn("a question about orders was not answered", "error", err)
		s.say(businessReject(q.query.StatusID+q.query.MassID, kindOf(q), "the orders cannot be read now"), false)
		return
	}
	if len(found) == 0 {
		s.say(local{kind: "8", write: func(dst []byte, e *encode.Encoder, slot encode.Slot) []byte {
			return e.NoStatus(dst, slot, &q.query)
		}}, false)
		return
	}
	for i := range found {
		query := q.query
		if q.mass {
			query.Total, query.Last = uint64(len(found)), i == len(found)-1
		}
		if !s.sayWhenRoom(local{kind: "8", about: found[i].ID, write: func(dst []byte, e *encode.Encoder, slot encode.Slot) []byte {
			return e.Status(dst, slot, &found[i], &query)
		}, renew: func(now event.Order) { found[i] = now }}) {
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

// ordersOf finds the orders that a question is about.
func (s *session) ordersOf(ctx context.Context, pin event.Pin, q question) ([]event.Order, error) {
	accounts := s.accounts()
	if q.account != "" {
		if !s.owns(accounts, q.account) {
			return nil, nil
		}
		accounts = []string{q.account}
	}
	if q.id != 0 {
		o, err := s.server.cfg.Reads.Order(pin, q.id)
		if err != nil || !s.owns(accounts, o.Value.Account) {
			return nil, err
		}
		return []event.Order{o.Value}, nil
	}
	filter := gateways.OrderFilter{ClientOrderID: q.query.ClOrdID, Instrument: q.query.Instrument, OpenOnly: q.mass}
	var out []event.Order
	for _, account := range accounts {
		found, err := s.ordersOfAccount(ctx, pin, account, filter, q)
		if err != nil {
			return nil, err
		}
		if out = append(out, found...); !q.mass && len(out) > 0 || len(out) >= maxStatusReports {
			break
		}
	}
	return out[:min(len(out), maxStatusReports)], nil
}

// ordersOfAccount finds them in one account, newest first where only one is
// wanted.
func (s *session) ordersOfAccount(ctx context.Context, pin event.Pin, account string, filter gateways.OrderFilter, q question) ([]event.Order, error) {
	page := event.Page{Limit: 500, Descending: !q.mass}
	var out []event.Order
	for {
		list, err := s.server.cfg.Reads.Orders(ctx, pin, account, filter, page)
		if err != nil {
			return nil, err
		}
		for _, o := range list.Items {
			if q.query.Side == 0 || o.Value.Side == q.query.Side {
				out = append(out, o.Value)
			}
		}
		if list.Next == 0 || !q.mass && len(out) > 0 || len(out) >= maxStatusReports {
			return out, ctx.Err()
		}
		page.After = list.Next
	}
}

// accounts are those of the session's participant, as of now.
func (s *session) accounts() []string {
	p, _ := find(s.server.cfg.Reads.Authority().Participants, s.comp)
	if p == nil {
		return nil
	}
	all := slices.Concat(p.Accounts, s.server.cfg.Reads.AccountsFor(s.participant, maxAccounts))
	slices.Sort(all)
	return slices.Compact(all)
}

// owns reports whether an account is the participant's: by its definition, or
// because it was opened for it.
func (s *session) owns(accounts []string, account string) bool {
	return slices.Contains(accounts, account) || s.server.cfg.Reads.OpenedFor(account) == s.participant
}

// renewed brings an answer about an order up to the event that gave it its
// number: what was numbered before it must not be newer than it is. false: the
// views do not get there in time.
func (s *session) renewed(l *local, at market.Sequence) bool {
	ctx, cancel := context.WithTimeout(s.server.background, questionTime)
	defer cancel()
	if at == 0 { // the number is this node's alone
		at = s.server.seen()
	}
	pin, err := s.server.cfg.Reads.Wait(ctx, at)
	if err != nil {
		return false
	}
	now, err := s.server.cfg.Reads.Order(pin, l.about)
	if err == nil {
		l.renew(now.Value)
	}
	return err == nil
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
