package wire

import "github.com/rialto-exchange/rialto/fsm/market"

// Message is a message taken apart. It points into the bytes that it was
// parsed from and is used again for the next one: copy what must outlive them.
//
// After a Refused error the fields are those that could be read, and Type,
// SeqNum, PossDup and PossResend hold; Header and Body do not.
type Message struct {
	// Raw is the whole message, from "8=" to its last separator.
	Raw []byte
	// Fields are all fields in their order, with 8, 9 and 10.
	Fields []Field

	body, trailer int // where they begin in Fields
	msgType       string
	seqNum        uint64
	sent, origin  market.Nanos
	possDup       bool
	possResend    bool
}

// Type returns MsgType (35).
func (m *Message) Type() string { return m.msgType }

// SeqNum returns MsgSeqNum (34).
func (m *Message) SeqNum() uint64 { return m.seqNum }

// PossDup reports PossDupFlag (43).
func (m *Message) PossDup() bool { return m.possDup }

// PossResend reports PossResend (97).
func (m *Message) PossResend() bool { return m.possResend }

// SendingTime returns SendingTime (52).
func (m *Message) SendingTime() market.Nanos { return m.sent }

// OrigSendingTime returns OrigSendingTime (122), 0 if there is none.
func (m *Message) OrigSendingTime() market.Nanos { return m.origin }

// Header returns the fields before the body, with 8, 9 and 35.
func (m *Message) Header() []Field { return m.Fields[:m.body] }

// Body returns the fields between header and trailer.
func (m *Message) Body() []Field { return m.Fields[m.body:m.trailer] }

// Trailer returns the fields after the body, the checksum last.
func (m *Message) Trailer() []Field { return m.Fields[m.trailer:] }

// Get returns the first value of a tag.
func (m *Message) Get(tag Tag) ([]byte, bool) {
	for i := range m.Fields {
		if m.Fields[i].Tag == tag {
			return m.Fields[i].Value, true
		}
	}
	return nil, false
}

// IsAdmin reports whether a message type belongs to the session layer.
func IsAdmin(msgType string) bool {
	if len(msgType) != 1 {
		return false
	}
	return msgType[0] >= '0' && msgType[0] <= '5' || msgType[0] == 'A'
}

// routing lists the fields of the header that a Reject turns round or repeats.
func routing() [10]Tag {
	return [10]Tag{
		OnBehalfOfCompID, OnBehalfOfSubID, OnBehalfOfLocationID, DeliverToCompID, DeliverToSubID, DeliverToLocationID,
		SenderSubID, SenderLocationID, TargetSubID, TargetLocationID,
	}
}

// AppendStandIn appends a message that a session layer can be given in place
// of one that was Refused: its type and number, and its names, times, flags and
// routing as far as they were right, each once, and no body. Where it lacks
// its names or its time, it gets those that are given. Parse takes it: whatever
// was wrong with the message cannot do harm any more, and still takes its
// number in its turn.
func (m *Message) AppendStandIn(dst []byte, sender, target string, at market.Nanos) []byte {
	var b Builder
	version, _ := m.Get(BeginString)
	b.Start(string(version), m.msgType)
	b.digits = 3
	b.Uint(MsgSeqNum, m.seqNum)
	b.Text(SenderCompID, m.first(SenderCompID, sender))
	if m.sent == 0 {
		m.sent = at
	}
	b.Time(SendingTime, m.sent)
	b.Text(TargetCompID, m.first(TargetCompID, target))
	if m.possDup {
		b.Bool(PossDupFlag, true)
	}
	if m.possResend {
		b.Bool(PossResend, true)
	}
	if m.origin != 0 {
		b.Time(OrigSendingTime, m.origin)
	}
	for _, tag := range routing() {
		b.Text(tag, m.first(tag, ""))
	}
	return b.Finish(dst)
}

// first returns the first value of a tag, or something else if it has none.
func (m *Message) first(tag Tag, otherwise string) string {
	if v, ok := m.Get(tag); ok && len(v) > 0 {
		return string(v)
	}
	return otherwise
}
