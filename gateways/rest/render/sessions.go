package render

import (
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
)

// sessionMembers writes the definition of a FIX session.
func (w *writer) sessionMembers(s *command.FixSession) {
	w.text("comp_id", s.CompID)
	w.text("kind", s.Kind.String())
	if s.Protocol != market.ProtocolAny {
		w.text("protocol", s.Protocol.String())
	}
	w.flag("cancel_on_disconnect", s.CancelOnDisconnect)
	w.flag("cancel_on_logout", s.CancelOnLogout)
	w.flag("keep_gtc", s.KeepGTC)
	if s.Throttle > 0 {
		w.number("throttle", uint64(s.Throttle))
	}
	if s.HasRoll {
		w.text("roll", fmt.Sprintf("%02d:%02d:%02d", s.Roll/3600, s.Roll/60%60, s.Roll%60))
	}
	if s.TimeDigits > 0 {
		w.number("time_digits", uint64(s.TimeDigits))
	}
}

// flag writes true, and nothing else.
func (w *writer) flag(name string, set bool) {
	if set {
		w.bool(name, true)
	}
}

// sessionData writes what happened to FIX sessions.
func (w *writer) sessionData(data gateways.Data) {
	switch r := data.(type) {
	case *gateways.SessionLoggedOn:
		w.text("comp_id", r.CompID)
		w.text("participant", r.Participant)
		w.text("kind", r.Kind.String())
		w.number("epoch", r.Epoch)
		w.text("owner", r.Owner)
		w.number("next_in", r.NextIn)
		w.number("number", r.Number)
		w.number("heart_bt_int_s", uint64(r.HeartBtInt))
		w.flag("reset", r.Reset)
	case *gateways.SessionRefused:
		w.text("comp_id", r.CompID)
		w.text("code", r.Code.Text())
		w.text("owner", r.Owner)
		w.number("epoch", r.Epoch)
		w.number("next_in", r.NextIn)
		w.slots(r.Number, r.Slots)
	case *gateways.SessionsAdvanced:
		w.text("owner", r.Owner)
		w.list("steps")
		for i := range r.Steps {
			w.element()
			w.sessionStep(&r.Steps[i])
			w.close()
		}
		w.endList()
	case *gateways.SessionEnded:
		w.text("comp_id", r.CompID)
		w.number("epoch", r.Epoch)
		w.text("owner", r.Owner)
		w.text("reason", r.Reason.String())
		w.text("text", r.Text)
		w.number("next_in", r.NextIn)
		w.slots(r.Number, r.Slots)
	case *gateways.SessionReset:
		w.text("comp_id", r.CompID)
		w.number("epoch", r.Epoch)
		w.number("next_in", r.NextIn)
		w.number("next_out", r.NextOut)
	}
}

func (w *writer) sessionStep(s *event.SessionStepped) {
	w.text("comp_id", s.CompID)
	w.number("epoch", s.Epoch)
	w.text("result", s.Result.String())
	w.number("next_in", s.NextIn)
	w.slots(s.Number, s.Slots)
}

// slots writes outbound numbers that are no reports'.
func (w *writer) slots(first uint64, count uint32) {
	if count > 0 {
		w.number("number", first)
		w.number("slots", uint64(count))
	}
}
