package decode

import (
	"strconv"
	"unicode/utf8"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// reader reads one message. The first thing that is wrong with it counts.
type reader struct {
	m      *wire.Message
	sender Sender
	values [atCount][]byte
	// parties is where the group of parties begins in the body, 0 if there is
	// none: the first field of a body is never its count in what is read here.
	parties int

	err      error    // the answer is 35=3 or 35=j
	declined *refusal // the answer is the machine's, as of an order
}

// refusal is what makes a DeclineOrder.
type refusal struct {
	code   event.Code
	detail string
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) refuse(code event.Code, detail string) {
	if r.declined == nil {
		r.declined = &refusal{code, detail}
	}
}

// scan finds the values that are used, and what asks for more than there is.
func (r *reader) scan() {
	body := r.m.Body()
	for i := range body {
		f := &body[i]
		switch at := slotOf(f.Tag); {
		case at >= 0:
			if r.values[at] == nil {
				r.values[at] = f.Value
			}
		case f.Tag == tagNoPartyIDs:
			r.parties = i
		case at == notTaken && !harmless(f):
			r.refuse(event.CodeInvalidParameters, "tag "+strconv.Itoa(int(f.Tag))+" is not taken here")
		}
	}
}

func (r *reader) has(s slot) bool { return r.values[s] != nil }

// need says whether a field is there that something else in the message makes
// required.
func (r *reader) need(s slot) bool {
	if r.has(s) {
		return true
	}
	if r.err == nil {
		r.err = &wire.BusinessError{
			Reason: wire.ConditionallyRequired, Tag: s.tag(), RefID: r.refID(),
			Text: "Conditionally Required Field Missing: tag " + strconv.Itoa(int(s.tag())),
		}
	}
	return false
}

// refID names the message to its client: by ClOrdID, if it can be.
func (r *reader) refID() string {
	if v := r.values[atClOrdID]; len(v) <= market.MaxIDLength && isText(v) {
		return string(v)
	}
	return ""
}

// text reads a short text that is kept, and may be repeated to others: no
// control characters, UTF-8, as long as an id. "" if it is not there.
func (r *reader) text(s slot) string {
	v := r.values[s]
	switch {
	case v == nil:
		return ""
	case len(v) > market.MaxIDLength:
		r.fail(wire.Refuse(wire.ValueIncorrect, s.tag()))
		return ""
	case !isText(v):
		r.fail(wire.Refuse(wire.IncorrectFormat, s.tag()))
		return ""
	}
	return string(v)
}

func isText(v []byte) bool {
	for _, c := range v {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return utf8.Valid(v)
}

// char reads a value of one character, 0 if it is not there.
func (r *reader) char(s slot) byte {
	if v := r.values[s]; len(v) == 1 {
		return v[0]
	}
	return 0
}

// time reads a UTCTimestamp, 0 if it is not there.
func (r *reader) time(s slot) market.Nanos {
	if !r.has(s) {
		return 0
	}
	at, ok := wire.ParseTime(r.values[s])
	if !ok {
		r.fail(wire.Refuse(wire.IncorrectFormat, s.tag()))
	}
	return at
}

// uint reads a whole number, 0 if it is not there.
func (r *reader) uint(s slot) uint64 {
	if !r.has(s) {
		return 0
	}
	n, ok := wire.ParseUint(r.values[s])
	if !ok {
		r.fail(wire.Refuse(wire.IncorrectFormat, s.tag()))
	}
	return n
}

// decimal reads a number exactly as it was written. One that needs more than
// 64 bits is declined with the code.
func (r *reader) decimal(s slot, beyond event.Code) command.Optional {
	if !r.has(s) {
		return command.Optional{}
	}
	v, ok := parseDecimal(r.values[s])
	if !ok {
		r.refuse(beyond, "tag "+strconv.Itoa(int(s.tag()))+" is out of range")
	}
	return command.Optional{Set: true, Value: v}
}

// parseDecimal reads a number of the specification's: leading zeros, and a
// point without digits on one side of it, mean nothing.
func parseDecimal(v []byte) (market.Decimal, bool) {
	digits := v
	negative := len(digits) > 0 && digits[0] == '-'
	if negative {
		digits = digits[1:]
	}
	for len(digits) > 1 && digits[0] == '0' && digits[1] != '.' {
		digits = digits[1:]
	}
	if n := len(digits); n > 1 && digits[n-1] == '.' {
		digits = digits[:n-1]
	}
	if len(digits) == len(v) && digits[0] != '.' {
		d, err := market.ParseDecimal(string(v))
		return d, err == nil
	}
	text := string(digits)
	if text != "" && text[0] == '.' {
		text = "0" + text
	}
	if negative {
		text = "-" + text
	}
	d, err := market.ParseDecimal(text)
	return d, err == nil
}
