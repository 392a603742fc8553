package fix

import (
	"context"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// parting is why this side has sent a Logout.
type parting struct {
	reason market.SessionEnd
	text   string
}

// logout sends a Logout and waits for the client's. The session ends with that,
// or when it does not come.
func (s *session) logout(reason market.SessionEnd, text string) {
	if !s.parting.CompareAndSwap(nil, &parting{reason, text}) {
		return
	}
	s.say(local{kind: "5", body: appendField(nil, wire.Text, text)}, false)
	time.AfterFunc(goodbyeMost, s.part)
}

// said begins to wait for the client's answer: the Logout is written.
func (s *session) said() { time.AfterFunc(goodbye, s.part) }

// part ends a session whose client has not answered a Logout.
func (s *session) part() {
	s.parted.Do(func() {
		said := s.parting.Load()
		s.end(said.reason, said.text, 0, 0, 0)
		s.hangUpLater()
	})
}

// farewell ends the session with a Logout that no answer is waited for.
func (s *session) farewell(reason market.SessionEnd, text string) {
	s.post(local{kind: "5", body: appendField(nil, wire.Text, text)}, s.ending(reason, text, 1, 0, 1))
}

// lastWords takes a Logout of the engine's: the answer to the client's, or its
// own.
func (s *session) lastWords(l local) {
	if s.turn.kind == "5" && s.over.Load() {
		return // all that is left is to use its number up, see passedOne
	}
	from, to := uint64(1), uint64(0)
	if s.answers() {
		from, to = s.counted.Swap(s.turn.number+1), s.turn.number
	}
	said := s.parting.Load()
	switch {
	case s.turn.kind == "5" && said != nil:
		s.end(said.reason, said.text, from, to, 0)
		return
	case s.turn.kind == "5":
		s.post(l, s.ending(market.SessionEndLogout, "", from, to, 1))
		return
	}
	s.post(l, s.ending(market.SessionEndProtocol, fieldText(l.body, "58="), from, to, 1))
}

// answered uses up the number of the client's answer to a Logout that has ended
// the session: else the next logon would have to ask for it. It is used up before
// the connection is closed, as far as that depends on this node.
func (s *session) answered(number uint64) {
	ctx, cancel := context.WithTimeout(s.server.background, goodbye)
	defer cancel()
	_, err := s.server.submit(ctx, []*command.Command{s.server.own(&command.AdvanceSessions{
		Owner: s.server.cfg.NodeID, Steps: []command.SessionStep{{CompID: s.comp, Epoch: s.epoch.Load(), From: number, To: number}},
	})})
	if err != nil {
		s.log.Info("the answer to a Logout is not used up", "number", number, "error", err)
	}
}

// hangUpLater closes the connection when the end has had time to come.
func (s *session) hangUpLater() { time.AfterFunc(goodbye, func() { s.hangUp(errEnded) }) }

// fieldText finds a field among ready ones.
func fieldText(fields []byte, tag string) string {
	return string(rawField(append([]byte{wire.Separator}, fields...), tag))
}

// news tells the client something (35=B).
func (s *session) news(headline string) {
	body := appendField(nil, 148, headline)
	body = appendField(body, 33, "1")
	s.say(local{kind: "B", body: appendField(body, wire.Text, headline)}, false)
}
