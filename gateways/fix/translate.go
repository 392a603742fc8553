package fix

import (
	"slices"

	"github.com/quickfixgo/quickfix"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/decode"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// translator knows what messages mean.
type translator interface {
	// validate judges a message by the dictionary of its version.
	validate(begin string, m *wire.Message) quickfix.MessageRejectError
	// order makes a command of an order message; known: its type is one.
	order(m *wire.Message, sender decode.Sender) (o decode.Order, known bool, bad quickfix.MessageRejectError)
}

// translate takes up an application message: a command, or a request for the
// desk.
func (s *session) translate(m *wire.Message) quickfix.MessageRejectError {
	o, known, bad := s.server.translator.order(m, s.sender())
	switch {
	case bad != nil:
		return bad
	case known && s.kind != market.SessionOrderEntry:
		return quickfix.NewBusinessMessageRejectError("this session is not for orders", notAuthorized, nil)
	case known:
		s.turn.cmd = &command.Command{
			Header: command.Header{
				Participant: s.participant, Actor: s.comp, Source: market.SourceFIX, Role: s.role,
				Session: s.place(s.turn.number, o.Request), ValidUntil: o.ValidUntil,
			},
			Body: o.Body,
		}
		return nil
	}
	if q, known, err := questionOf(m); known {
		if err != nil {
			return answerTo(err)
		}
		return s.inquire(q)
	}
	if s.clerk == nil || !s.clerk.Request(Request{Message: m, Applied: s.whenApplied}) {
		return quickfix.UnsupportedMessageType()
	}
	return nil
}

// sender is what an order message leaves out: the participant's account if it
// has one only, as of now.
func (s *session) sender() decode.Sender {
	if now := s.server.cfg.Reads.Authority(); now != s.turn.authority {
		s.turn.authority, s.turn.account = now, ""
		if p, _ := find(now.Participants, s.comp); p != nil && len(p.Accounts) == 1 {
			s.turn.account = p.Accounts[0]
		}
	}
	// One that was opened for the participant is one more.
	if s.turn.account != "" && slices.ContainsFunc(s.server.cfg.Reads.AccountsFor(s.participant, 2), func(a string) bool { return a != s.turn.account }) {
		return decode.Sender{}
	}
	return decode.Sender{Account: s.turn.account}
}

// notAuthorized is BusinessRejectReason (380) 6.
const notAuthorized = 6

// whenApplied has a function called when the message whose turn it is has been
// used up in the machine.
func (s *session) whenApplied(f func(market.Sequence)) { s.turn.passed = f }
