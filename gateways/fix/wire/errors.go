package wire

import "strconv"

// Class says how a message that breaks a rule is answered.
type Class uint8

// The classes of answers.
const (
	// Garbled: what arrived is no message. It is ignored, and its sequence
	// number, if it has one, is not used: the client sees to it again.
	Garbled Class = iota + 1
	// Refused: a message, and it takes its sequence number; the answer is a
	// session Reject (35=3) with the error's Reason and Tag.
	Refused
	// HangUp: the stream or the session cannot go on; Logout with the text
	// where a session is there, and the connection is closed.
	HangUp
)

// Reason is SessionRejectReason (373).
type Reason int

// The reasons that the session layer gives.
const (
	InvalidTagNumber     Reason = 0
	RequiredTagMissing   Reason = 1
	TagNotDefinedForType Reason = 2
	UndefinedTag         Reason = 3
	TagWithoutValue      Reason = 4
	ValueIncorrect       Reason = 5
	IncorrectFormat      Reason = 6
	DecryptionProblem    Reason = 7
	SignatureProblem     Reason = 8
	CompIDProblem        Reason = 9
	SendingTimeAccuracy  Reason = 10
	InvalidMsgType       Reason = 11
	XMLValidation        Reason = 12
	TagAppearsTwice      Reason = 13
	TagOutOfOrder        Reason = 14
	GroupOutOfOrder      Reason = 15
	GroupCountIncorrect  Reason = 16
	NonDataWithSeparator Reason = 17
	InvalidApplVer       Reason = 18
	OtherReason          Reason = 99
	noReason             Reason = -1
)

// textTooMany is the text of a Reject for a message of too many fields.
const textTooMany = "Too many fields"

// String returns the reason in the words of the specification.
func (r Reason) String() string {
	switch r {
	case InvalidTagNumber:
		return "Invalid tag number"
	case RequiredTagMissing:
		return "Required tag missing"
	case TagNotDefinedForType:
		return "Tag not defined for this message type"
	case UndefinedTag:
		return "Undefined Tag"
	case TagWithoutValue:
		return "Tag specified without a value"
	case ValueIncorrect:
		return "Value is incorrect (out of range) for this tag"
	case IncorrectFormat:
		return "Incorrect data format for value"
	case DecryptionProblem:
		return "Decryption problem"
	case SignatureProblem:
		return "Signature problem"
	case CompIDProblem:
		return "CompID problem"
	case SendingTimeAccuracy:
		return "SendingTime accuracy problem"
	case InvalidMsgType:
		return "Invalid MsgType"
	case XMLValidation:
		return "XML Validation error"
	case TagAppearsTwice:
		return "Tag appears more than once"
	case TagOutOfOrder:
		return "Tag specified out of required order"
	case GroupOutOfOrder:
		return "Repeating group fields out of order"
	case GroupCountIncorrect:
		return "Incorrect NumInGroup count for repeating group"
	case NonDataWithSeparator:
		return "Non \"Data\" value includes field delimiter (<SOH> character)"
	case InvalidApplVer:
		return "Invalid or unsupported application version"
	}
	return "Other"
}

// Error is why a message was not taken, and how that is answered.
type Error struct {
	Class  Class
	Reason Reason // of a Refused message: tag 373
	Tag    Tag    // that it is about: tag 371, if HasTag
	HasTag bool
	Text   string // tag 58
}

// Refuse makes the error of a session Reject about a tag.
func Refuse(reason Reason, tag Tag) *Error {
	return &Error{Class: Refused, Reason: reason, Tag: tag, HasTag: true, Text: reason.String()}
}

// RefuseMessage makes the error of a session Reject about no tag.
func RefuseMessage(reason Reason, text string) *Error {
	return &Error{Class: Refused, Reason: reason, Text: text}
}

// The errors that say nothing about a tag: they cost nothing to return, however
// much of it arrives.
var (
	errNoise       = &Error{Class: Garbled, Reason: noReason, Text: "Not a message"}
	errNoTag       = &Error{Class: Garbled, Reason: noReason, Text: "Not a tag"}
	errNoEnd       = &Error{Class: Garbled, Reason: noReason, Text: "Field without an end"}
	errFirstFields = &Error{Class: Garbled, Reason: noReason, Text: "Message does not begin with 8, 9 and 35"}
	errVersion     = &Error{Class: Garbled, Reason: noReason, Text: "Not a BeginString, or no MsgType"}
	errNoCheckSum  = &Error{Class: Garbled, Reason: noReason, Text: "Message does not end with a CheckSum"}
	errEarlySum    = &Error{Class: Garbled, Reason: noReason, Text: "CheckSum before the end"}
	errCheckSum    = &Error{Class: Garbled, Reason: noReason, Text: "CheckSum is not the message's"}
	errBodyLength  = &Error{Class: Garbled, Reason: noReason, Text: "BodyLength is not the message's"}
	errNoNumber    = &Error{Class: HangUp, Reason: noReason, Text: "MsgSeqNum missing"}
	errTooLong     = &Error{Class: HangUp, Reason: noReason, Text: "Message too long"}
)

// Error says what is wrong and with which tag.
func (e *Error) Error() string {
	if e.HasTag {
		return e.Text + ": tag " + strconv.Itoa(int(e.Tag))
	}
	return e.Text
}

// BusinessReason is BusinessRejectReason (380).
type BusinessReason int

// The reasons that a BusinessMessageReject gives.
const (
	BusinessOther           BusinessReason = 0
	UnknownID               BusinessReason = 1
	UnknownSecurity         BusinessReason = 2
	UnsupportedMsgType      BusinessReason = 3
	ApplicationNotAvailable BusinessReason = 4
	ConditionallyRequired   BusinessReason = 5
	NotAuthorized           BusinessReason = 6
	DeliverToNotAvailable   BusinessReason = 7
)

// BusinessError is why a message that is right as FIX is not taken: the answer
// is a BusinessMessageReject (35=j).
type BusinessError struct {
	Reason BusinessReason // tag 380
	Tag    Tag            // that it is about, 0 if none: tag 371 in FIX 5.0 SP2
	RefID  string         // of the message, "" if it has none: tag 379
	Text   string         // tag 58
}

// Unsupported makes the error of a message type that the venue does not take.
func Unsupported() *BusinessError {
	return &BusinessError{Reason: UnsupportedMsgType, Text: "Unsupported Message Type"}
}

// Error says what is wrong.
func (e *BusinessError) Error() string { return e.Text }
