package decode

import (
	"fmt"
	"strings"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// SessionPayload documents one FIX session of participants/define.
type SessionPayload struct {
	CompID             string `json:"comp_id" maxLength:"64" doc:"The client's SenderCompID"`
	Kind               string `json:"kind,omitempty" enum:"order_entry,drop_copy,market_data" doc:"Default: order_entry"`
	Protocol           string `json:"protocol,omitempty" enum:"FIX.4.4,FIXT.1.1" doc:"Default: the one that the client logs on with"`
	CancelOnDisconnect bool   `json:"cancel_on_disconnect,omitempty" doc:"Cancel the session's open orders when its connection is lost and it stays away"`
	CancelOnLogout     bool   `json:"cancel_on_logout,omitempty" doc:"Also after a logout"`
	KeepGTC            bool   `json:"keep_gtc,omitempty" doc:"But not its good-till-cancel orders"`
	Throttle           uint32 `json:"throttle,omitempty" maximum:"60000" doc:"Messages a second, and as many cancels beside them; absent: any number"`
	Roll               string `json:"roll,omitempty" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$" doc:"When the sequence numbers begin anew each day, UTC"`
	TimeDigits         uint8  `json:"time_digits,omitempty" enum:"3,6,9" doc:"Digits of a second in its times"`
}

func (o *object) session() command.FixSession {
	s := command.FixSession{
		CompID:             o.needID("comp_id"),
		Kind:               enum(o, "kind", market.ParseSessionKind, strings.Join(market.SessionKindNames(), ", ")),
		Protocol:           enum(o, "protocol", market.ParseProtocol, strings.Join(market.ProtocolNames(), ", ")),
		CancelOnDisconnect: o.boolean("cancel_on_disconnect"),
		CancelOnLogout:     o.boolean("cancel_on_logout"),
		KeepGTC:            o.boolean("keep_gtc"),
	}
	if s.Kind == market.SessionKindNone {
		s.Kind = market.SessionOrderEntry
	}
	throttle, _ := o.bounded("throttle", 1<<32-1)
	digits, _ := o.bounded("time_digits", 9)
	s.Throttle, s.TimeDigits = uint32(throttle), uint8(digits)
	s.Roll, s.HasRoll = o.timeOfDay("roll")
	return s
}

// timeOfDay returns a time of the day in seconds after midnight, and whether it
// was there.
func (o *object) timeOfDay(name string) (uint32, bool) {
	text := o.text(name, 8)
	if text == "" {
		return 0, false
	}
	full := text
	if len(full) == len("21:00") {
		full += ":00"
	}
	var h, m, s uint32
	if n, err := fmt.Sscanf(full, "%02d:%02d:%02d", &h, &m, &s); n != 3 || err != nil || len(full) != 8 || h > 23 || m > 59 || s > 59 {
		o.fail(name, `must be a time of the day such as "21:00" or "21:00:00"`)
		return 0, false
	}
	return h*3600 + m*60 + s, true
}

// ResetSessionPayload documents sessions/reset.
type ResetSessionPayload struct {
	CompID  string `json:"comp_id,omitempty" maxLength:"64" doc:"Or as aggregate_id"`
	NextIn  uint64 `json:"next_in,omitempty" minimum:"1" doc:"The next inbound sequence number. Default 1"`
	NextOut uint64 `json:"next_out,omitempty" minimum:"1" doc:"The next outbound sequence number. Default 1"`
}

func resetSession(o *object, aggregate string) command.Body {
	b := &command.ResetSession{CompID: o.about("comp_id", aggregate, market.SessionPrefix)}
	in, _ := o.bounded("next_in", command.MaxSessionNumber)
	out, _ := o.bounded("next_out", command.MaxSessionNumber)
	b.NextIn, b.NextOut = uint64(in), uint64(out)
	return b
}

// LogoutSessionPayload documents sessions/logout.
type LogoutSessionPayload struct {
	CompID string `json:"comp_id,omitempty" maxLength:"64" doc:"Or as aggregate_id"`
	Text   string `json:"text,omitempty" maxLength:"1024" doc:"What the client is told"`
}

func logoutSession(o *object, aggregate string) command.Body {
	return &command.LogoutSession{CompID: o.about("comp_id", aggregate, market.SessionPrefix), Text: o.text("text", MaxText)}
}
