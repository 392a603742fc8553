package render

import (
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/gateways"
)

// Session appends a FIX session. c is its connection, nil if it is not known.
func Session(dst []byte, s *event.SessionState, c *gateways.TwinSession) []byte {
	w := writer{dst}
	w.begin()
	w.text("comp_id", s.CompID)
	w.text("participant", s.Participant)
	w.text("kind", s.Kind.String())
	w.text("state", sessionState(s.Status))
	w.text("owner", s.Owner)
	w.number("epoch", s.Epoch)
	w.number("next_in", s.NextIn)
	w.number("next_out", s.NextOut)
	if s.HeartBtInt > 0 {
		w.number("heart_bt_int_s", uint64(s.HeartBtInt))
	}
	w.instant("last_message_at", s.LastIn)
	w.instant("logged_on_at", s.LoggedOnAt)
	w.instant("ended_at", s.EndedAt)
	if s.Status != event.SessionOn && s.EndedAt != 0 {
		w.text("end_reason", s.EndReason.String())
		w.text("end_text", s.EndText)
	}
	if c != nil && s.Status == event.SessionOn {
		w.connection(c)
	}
	w.number("aggregate_sequence", s.Sequence)
	w.close()
	return w.b
}

// connection appends what the owner's node says.
func (w *writer) connection(c *gateways.TwinSession) {
	w.text("protocol", c.Protocol)
	w.number("waiting_in", uint64(c.WaitingIn))
	w.number("waiting_out", uint64(c.WaitingOut))
	if c.Resend != nil {
		w.open("resend")
		w.number("from", c.Resend.From)
		w.number("to", c.Resend.To)
		w.number("at", c.Resend.At)
		w.close()
	}
}

// sessionState is a status in the words of the twin.
func sessionState(s event.SessionStatus) string {
	switch s {
	case event.SessionOn:
		return "active"
	case event.SessionWithdrawn:
		return "withdrawn"
	}
	return "idle"
}
