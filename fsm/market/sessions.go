package market

// SessionKind says what a FIX session is for.
type SessionKind uint8

// The kinds. Sessions for orders and drop copies live in the machine; those for
// market data begin anew with each logon, and the machine knows only that they
// are defined.
const (
	SessionKindNone SessionKind = iota
	SessionOrderEntry
	SessionDropCopy
	SessionMarketData
)

// Protocol is what a FIX session speaks (FIX 8).
type Protocol uint8

// The protocols; ProtocolAny is the one that the client logs on with.
const (
	ProtocolAny Protocol = iota
	ProtocolFIX44
	ProtocolFIXT11 // with FIX 5.0 SP2
)

// SessionEnd says why a FIX session ended.
type SessionEnd uint8

// The ends of a session.
const (
	SessionEndNone       SessionEnd = iota
	SessionEndLogout                // its client logged out
	SessionEndDisconnect            // its connection is gone
	SessionEndSlow                  // its client reads too slowly
	SessionEndFlood                 // its client sends too much
	SessionEndOperator              // an operator logged it out or reset it
	SessionEndWithdrawn             // its CompID, or its password, was taken away
	SessionEndRolled                // its day is over
	SessionEndTakenOver             // its client logged on elsewhere
	SessionEndSilent                // nobody vouched for it any more
	SessionEndDrained               // its node is leaving
	SessionEndProtocol              // what its client sent cannot be gone on from
)

func sessionKinds() enum[SessionKind] {
	return enum[SessionKind]{[]string{"", "order_entry", "drop_copy", "market_data"}}
}
func protocols() enum[Protocol] { return enum[Protocol]{[]string{"", "FIX.4.4", "FIXT.1.1"}} }
func sessionEnds() enum[SessionEnd] {
	return enum[SessionEnd]{[]string{"", "logout", "disconnect", "slow", "flood", "operator", "withdrawn", "rolled", "taken_over", "silent", "drained", "protocol"}}
}

func (k SessionKind) String() string { return sessionKinds().text(k) }
func (p Protocol) String() string    { return protocols().text(p) }
func (e SessionEnd) String() string  { return sessionEnds().text(e) }

// ParseSessionKind reads a kind's contract name.
func ParseSessionKind(s string) (SessionKind, bool) { return sessionKinds().parse(s) }

// ParseProtocol reads a protocol's BeginString.
func ParseProtocol(s string) (Protocol, bool) { return protocols().parse(s) }

// SessionKindNames lists the kinds' contract names.
func SessionKindNames() []string { return sessionKinds().values() }

// ProtocolNames lists the protocols' BeginStrings.
func ProtocolNames() []string { return protocols().values() }
