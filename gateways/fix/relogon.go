package fix

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// errResetUnderWay: what came before a reset in session was not used in time.
var errResetUnderWay = errors.New("what came before a reset is still under way")

// logonAgain takes a Logon on a session that is on. Without ResetSeqNumFlag it is
// a message like another, which the engine answers. With it the session begins
// anew in the machine first, as with a new connection.
func (s *session) logonAgain(m *wire.Message) ([]byte, error) {
	t, refused := s.server.termsOf(m)
	if refused == nil && t.begin != s.begin {
		refused = &refusal{text: "another BeginString than before"}
	}
	if refused != nil {
		s.logout(market.SessionEndProtocol, refused.text)
		return nil, nil
	}
	if !t.reset || m.PossDup() {
		return s.greeting(t), nil
	}
	if err := s.beginAgain(t); err != nil {
		s.log.Info("a reset in session failed", "error", err)
		s.hangUp(err)
		return nil, io.EOF
	}
	return s.greeting(t), nil
}

// beginAgain resets both numbers of a session that is on.
func (s *session) beginAgain(t terms) error {
	ctx, cancel := context.WithTimeout(s.server.background, s.server.cfg.Limits.LogonTimeout)
	defer cancel()
	if err := s.usedUp(ctx); err != nil {
		return err
	}
	if s.here {
		s.beginsHere(t)
		s.turn.fed = 1
		return nil
	}
	done, ok := s.server.alone(ctx, s.comp)
	if !ok {
		return errResetUnderWay
	}
	defer done()
	refused, err := s.server.ask(ctx, s, &command.LogonSession{
		CompID: s.comp, Owner: s.server.cfg.NodeID, Number: t.number, Reset: true,
		HeartBtInt: uint32(t.heartbeat / time.Second), NextExpected: t.nextExpected, Takeover: s.epoch.Load(),
	})
	switch {
	case err != nil:
		return err
	case refused != nil:
		return errors.New(refusedBy(refused, 0).text)
	}
	if r := s.server.answered(ctx, s, t); r != nil {
		return errors.New(r.text)
	}
	s.turn.fed = 1
	return nil
}

// usedUp waits until all that was read before is used up in the machine, and all
// that was asked for again is written: when the numbers have begun anew the
// journal cannot be asked for those of before.
func (s *session) usedUp(ctx context.Context) error {
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for s.next.Load() < s.turn.fed-1 || s.queue.active() || s.out.isBehind() {
		select {
		case <-ctx.Done():
			return errResetUnderWay
		case <-s.gone:
			return s.goneErr
		case <-ticker.C:
		}
	}
	return nil
}
