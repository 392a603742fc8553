package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/dedup"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// executeInSession does one command of a FIX session, exactly once: in its
// turn, which its number and epoch say. No table of ids is asked. From its turn
// on it has used its number and leaves an event, whatever the answer, for the
// number is gone on both sides.
//
//  1. Is the session its participant's, and logged on under this epoch? Else it
//     is stale.
//  2. Is its number the next one? A lower one was used before, a higher one
//     comes too early; nothing happens.
//  3. May who sends it do so? Is the session within its throttle, and does
//     nothing go before it? Is it in time?
//  4. Was the same asked before under another number (PossResend)? Then what
//     became of it is the answer.
//  5. Does the venue's own rule for the command allow it?
func (m *Machine) executeInSession(c *command.Command) event.Outcome {
	n, kind := m.turn(c)
	if kind != event.OutcomeNone {
		return m.outcome(kind)
	}
	v := m.verbOf(c)
	s := m.sessions.rows.Mut(n)
	s.nextIn++
	about := &m.scratch.about
	*about = m.aboutInSession(c, s)
	no := m.mayInSession(c, v, about, s)
	m.out.begin(contextOf(c))
	searched := m.out.steps
	if no != nil || !m.reportAgain(c, about) {
		m.acting = n
		m.decideInSession(c, v, about, no)
		m.acting = 0
	}
	m.countSearch(about.account, m.out.steps-searched)
	o := m.outcome(event.OutcomeExecuted)
	m.followTrades(about.instrument)
	return o
}

// decideInSession is decide. The id of a cancel is the participant's own as an
// order's is: one that was used is refused, one that is refused stays free.
func (m *Machine) decideInSession(c *command.Command, v *verb, about *subject, no *refusal) {
	var key dedup.Key
	id := c.Session.ClOrdID
	cancels := (c.Body.Kind() == command.KindCancelOrder || c.Body.Kind() == command.KindCancelAll) && id != "" && about.account != 0
	if cancels && no == nil {
		key, no = m.freeClientID(about.account, id)
	}
	m.decide(c, v, about, no)
	if cancels && m.out.group().Rejection() == nil {
		m.clientIDs.Close(m.clientIDs.Add(key, about.order), m.clock.now, m.clientIDAge())
	}
}

// reportAgain answers what may have been asked before with the order that came
// of it, if its id is known and the order not forgotten.
func (m *Machine) reportAgain(c *command.Command, about *subject) bool {
	if !c.Session.PossResend || c.Session.ClOrdID == "" || about.account == 0 {
		return false
	}
	id, ok := m.clientIDs.Find(m.clientKey(about.account, c.Session.ClOrdID))
	if lookup := m.orders.find(id); !ok || lookup != orderFound && lookup != orderIsClosed {
		return false
	}
	r := new(event.OrderReported)
	m.image(&r.Order, id.Slot(), m.visible(id.Slot()))
	m.out.emit(r)
	m.endGroup(id.String(), m.orders.sequence(id))
	return true
}

// turn finds the session of a command, and says why its turn is not now.
func (m *Machine) turn(c *command.Command) (uint32, event.OutcomeKind) {
	n := m.sessions.find(c.Actor)
	if n == 0 || m.level() < LevelSessions {
		return 0, event.OutcomeSessionStale
	}
	switch s := m.sessions.rows.Get(n); {
	case !s.has(sessionLive), s.epoch != c.Session.Epoch, m.participants.at(s.participant).Participant != c.Participant:
		return 0, event.OutcomeSessionStale
	case c.Session.Number < s.nextIn:
		return 0, event.OutcomeSessionPast
	case c.Session.Number > s.nextIn:
		return 0, event.OutcomeSessionGap
	}
	return n, event.OutcomeNone
}

// mayInSession asks what a command by another door would be told without an
// event.
func (m *Machine) mayInSession(c *command.Command, v *verb, about *subject, s *session) *refusal {
	switch {
	case !v.session, s.kind != market.SessionOrderEntry, c.Role != m.participants.at(s.participant).Role, !m.permittedInSession(c, v, about):
		return refuse(event.CodeForbidden, "participant", "that is not yours to ask for")
	case m.throttled(s, c.Body.Kind()):
		return refuse(event.CodeThrottled, "throttle", "more than %d messages a second", s.throttle)
	case s.has(sessionCancels) && isPlacement(c.Body.Kind()), m.mustWait(c, about):
		return refuse(event.CodeThrottled, "busy", "something goes first; send it again under a new number")
	}
	return nil
}

// permittedInSession is permitted, but that an order which nobody knows, and
// that is named without an account, is told to be unknown.
func (m *Machine) permittedInSession(c *command.Command, v *verb, about *subject) bool {
	if c.Body.Kind() == command.KindDeclineOrder {
		return true
	}
	unknown := about.kind == aboutOrder && about.lookup == orderUnknown && about.account == 0
	return unknown || m.permitted(c, v, about)
}

// aboutInSession is about, but that FIX may name an order by its ClOrdID alone.
func (m *Machine) aboutInSession(c *command.Command, s *session) subject {
	var ref *command.OrderRef
	switch b := c.Body.(type) {
	case *command.CancelOrder:
		ref = &b.Order
	case *command.AmendOrder:
		ref = &b.Order
	case *command.DeclineOrder:
		return subject{aggregate: market.SessionPrefix + c.Actor, kind: aboutSession, session: m.sessions.find(c.Actor)}
	}
	if ref == nil || ref.ID != 0 || ref.Unparsed != "" || ref.Account != "" {
		return m.about(c.Body)
	}
	if id := m.orderOf(s, ref.ClientOrderID); id != 0 {
		return m.aboutOrder(&command.OrderRef{ID: id})
	}
	return subject{kind: aboutOrder, aggregate: market.SessionPrefix + c.Actor, lookup: orderUnknown}
}

// orderOf finds an order of a participant by its client order id, 0 if there is
// none: those of accounts that were opened for it share one space, others have
// one each.
func (m *Machine) orderOf(s *session, clientID string) market.OrderID {
	if clientID == "" {
		return 0
	}
	p := m.participants.at(s.participant)
	if id, ok := m.clientIDs.Find(dedup.KeyOf(p.Participant, clientID)); ok {
		return id
	}
	for _, a := range p.Accounts {
		n := uint32(m.accountNames.Find(a))
		if n == 0 || m.accounts.Get(n).participant != 0 {
			continue
		}
		if id, ok := m.clientIDs.Find(m.clientKey(n, clientID)); ok {
			return id
		}
	}
	return 0
}

// declineOrder leaves the refusal that the door decided.
func (m *Machine) declineOrder(b *command.DeclineOrder, _ *subject) *refusal {
	code := event.Code(b.Code)
	if !code.Known() {
		code = event.CodeInvalidParameters
	}
	return &refusal{Code: code, Rule: "fix", Detail: b.Detail}
}

// echo is what a refused FIX request asked for.
func (m *Machine) echo(c *command.Command, about *subject) *event.Echo {
	if c.Session == nil {
		return nil
	}
	e := &event.Echo{Request: c.Body.Kind()}
	switch b := c.Body.(type) {
	case *command.PlaceOrder:
		e.Account, e.Instrument, e.Side, e.Type, e.TimeInForce = b.Account, b.Instrument, b.Side, b.Type, b.TimeInForce
		e.PostOnly, e.ExpireAt = b.PostOnly, b.ExpireAt
		e.Quantity, e.QuoteQuantity, e.Price, e.StopPrice, e.DisplayQuantity = b.Quantity, b.QuoteQuantity, b.Price, b.StopPrice, b.DisplayQuantity
	case *command.AmendOrder:
		e.ExpireAt, e.Quantity, e.Price, e.StopPrice, e.DisplayQuantity = b.ExpireAt, b.Quantity, b.Price, b.StopPrice, b.DisplayQuantity
	case *command.CancelAll:
		e.Account, e.Instrument, e.Side = b.Account, b.Instrument, b.Side
	case *command.DeclineOrder:
		e.Request, e.Fields = b.Request, b.Fields
	}
	m.echoOrder(e, about)
	return e
}

// echoOrder names the order that a refused cancel or amendment was about, unless
// it is another's.
func (m *Machine) echoOrder(e *event.Echo, about *subject) {
	if about.kind != aboutOrder || about.lookup != orderFound && about.lookup != orderIsClosed {
		return
	}
	p := m.sessions.rows.Get(m.acting).participant
	if o := m.orders.cold.Get(about.order.Slot()); m.ownsAccount(m.participants.at(p).Participant, o.account) {
		e.Order, e.Status, e.Account = about.order, o.status, m.accountName(o.account)
		e.Instrument, e.Side, e.Type, e.TimeInForce = m.instruments.at(o.instrument).image.Instrument, o.side, o.orderType, o.tif
	}
}
