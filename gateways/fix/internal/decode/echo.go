package decode

import (
	"strconv"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// request reads what the reports of the message say again.
func (r *reader) request() command.Request {
	q := command.Request{
		ClOrdID: r.text(atClOrdID), OrigClOrdID: r.text(atOrigClOrdID), PossResend: r.m.PossResend(),
	}
	if r.parties != 0 || r.has(atSecondaryClOrdID) || r.has(atClOrdLinkID) {
		q.Parties = r.echoed()
	}
	return q
}

// echoed returns the client's further ids and its parties as ready fields.
func (r *reader) echoed() string {
	var buf [command.MaxParties]byte
	text := buf[:0]
	for _, s := range [...]slot{atSecondaryClOrdID, atClOrdLinkID} {
		if r.has(s) {
			text = r.keep(text, wire.Field{Tag: s.tag(), Value: r.values[s]})
		}
	}
	if r.parties != 0 {
		text = r.echoParties(text)
	}
	if len(text) > command.MaxParties {
		r.refuse(event.CodeInvalidParameters, "parties and further ids take more than 128 bytes")
		return ""
	}
	return string(text)
}

// echoParties appends the group of parties, unless it is empty.
func (r *reader) echoParties(text []byte) []byte {
	group := r.m.Body()[r.parties:]
	if n, _ := wire.ParseUint(group[0].Value); n == 0 {
		return text
	}
	text = r.keep(text, group[0])
	for _, f := range group[1:] {
		if !isPartyTag(f.Tag) {
			break
		}
		text = r.keep(text, f)
	}
	return text
}

// isPartyTag reports whether a tag belongs to the group of parties.
func isPartyTag(t wire.Tag) bool {
	switch t {
	case 448, 447, 452, 802, 523, 803:
		return true
	}
	return false
}

// keep appends a field that is kept, and may be repeated to others.
func (r *reader) keep(text []byte, f wire.Field) []byte {
	if !isText(f.Value) {
		r.fail(wire.Refuse(wire.IncorrectFormat, f.Tag))
		return text
	}
	return appendField(text, f)
}

func appendField(text []byte, f wire.Field) []byte {
	text = append(strconv.AppendInt(text, int64(f.Tag), 10), '=')
	return append(append(text, f.Value...), wire.Separator)
}

// declinedSlots lists what the report of a declined order says of it.
func declinedSlots() [13]slot {
	return [13]slot{
		atAccount, atSymbol, atSide, atOrderQty, atCashOrderQty, atOrdType, atPrice, atStopPx, atTimeInForce,
		atExecInst, atExpireTime, atMaxFloor, atDisplayQty,
	}
}

// decline makes the command that refuses the message. What it asked for is
// echoed as it was written, as far as there is room.
func (r *reader) decline(kind command.Kind) command.Body {
	d := &command.DeclineOrder{Code: uint8(r.declined.code), Detail: r.declined.detail, Request: kind}
	if kind != command.KindPlaceOrder {
		return d
	}
	var text []byte
	for _, s := range declinedSlots() {
		v := r.values[s]
		field := len("25001=|") + len(v)
		if v != nil && isText(v) && len(text)+field <= command.MaxEcho {
			text = appendField(text, wire.Field{Tag: s.tag(), Value: v})
		}
	}
	d.Fields = string(text)
	return d
}
