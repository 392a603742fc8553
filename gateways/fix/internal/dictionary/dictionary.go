// Package dictionary knows what FIX messages may hold: FIX 4.4, and FIXT 1.1
// with FIX 5.0 SP2. One Dictionary serves all sessions of a node; it never
// changes once it is loaded.
//
// Of the message types that the venue takes it knows every field, its format,
// its values, what is required and how groups are built. Of all others it
// knows the name, which is enough for the answer.
package dictionary

import (
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// Protocol is what a session speaks.
type Protocol uint8

// The protocols.
const (
	FIX44  Protocol = iota + 1 // FIX.4.4
	FIXT11                     // FIXT.1.1 with FIX 5.0 SP2
)

// ProtocolOf returns the protocol of a BeginString (8), 0 for those that the
// venue does not speak.
func ProtocolOf(beginString string) Protocol {
	switch beginString {
	case "FIX.4.4":
		return FIX44
	case "FIXT.1.1":
		return FIXT11
	}
	return 0
}

// String returns the protocol's BeginString.
func (p Protocol) String() string {
	switch p {
	case FIX44:
		return "FIX.4.4"
	case FIXT11:
		return "FIXT.1.1"
	}
	return ""
}

// applVer50SP2 is FIX 5.0 SP2 as ApplVerID (1128) and DefaultApplVerID (1137)
// name it: the only application version that a FIXT session may use.
const applVer50SP2 = "9"

// Dictionary is the tables of both protocols.
type Dictionary struct{ fix44, fixt11, fix50 *table }

// Validate checks a message that wire.Parse took against the dictionary. The
// error is a *wire.Error of class Refused for what the session layer rejects,
// a *wire.BusinessError for a type that the specification knows and the venue
// does not take. Several goroutines may call it at once.
func (d *Dictionary) Validate(m *wire.Message, p Protocol) error {
	session, application := d.fix44, d.fix44
	if p == FIXT11 {
		session, application = d.fixt11, d.fix50
	}
	if wire.IsAdmin(m.Type()) {
		application = session
	}
	message := application.messages[m.Type()]
	if message == nil && !application.others[m.Type()] {
		return wire.RefuseMessage(wire.InvalidMsgType, wire.InvalidMsgType.String())
	}
	if err := session.check(m.Header(), session.header); err != nil {
		return err
	}
	if err := header(m); err != nil {
		return err
	}
	if message == nil {
		return wire.Unsupported()
	}
	if err := application.check(m.Body(), message); err != nil {
		return err
	}
	if err := session.check(m.Trailer(), session.trailer); err != nil {
		return err
	}
	return nil
}

// header checks what one field of the header demands of another: a message
// that may have been seen says when it was sent first (gap fills are new
// messages and need not), and there is one application version.
func header(m *wire.Message) error {
	if m.PossDup() && m.OrigSendingTime() == 0 && m.Type() != "4" {
		return wire.Refuse(wire.RequiredTagMissing, wire.OrigSendingTime)
	}
	if v, ok := m.Get(wire.ApplVerID); ok && string(v) != applVer50SP2 {
		return wire.Refuse(wire.InvalidApplVer, wire.ApplVerID)
	}
	return nil
}
