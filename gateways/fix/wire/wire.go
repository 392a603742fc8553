// Package wire (no promise) is FIX as bytes: it cuts a stream into messages,
// takes a message apart into fields, and writes messages.
//
// What comes in is not trusted. The tokenizer is strict: digits only where
// digits belong, a cap on lengths and on the number of fields, header fields
// once and in front, the checksum last and right, no field without a value.
// What breaks a rule is answered in one of three ways, which an *Error names:
// the message is ignored, refused with a session Reject, or the connection is
// given up. What a field means is the business of the dictionary.
package wire

// Separator ends every field.
const Separator = 0x01

// Bounds on what comes in.
const (
	// MaxMessage is the longest message that is read, in bytes, from "8=" to
	// the separator after the checksum.
	MaxMessage = 16 << 10
	// MaxFields is how many fields a message may have.
	MaxFields = 1024
	// maxBeginString is the longest BeginString, "FIXT.1.1" and room to spare.
	maxBeginString = 12
	// maxBodyLengthDigits: BodyLength may be padded with zeros, as some clients
	// do, up to this many digits.
	maxBodyLengthDigits = 7
	// maxTagDigits keeps a tag within 32 bits.
	maxTagDigits = 9
	// maxSeqNumDigits keeps a sequence number within 63 bits.
	maxSeqNumDigits = 18
)

// Tag is the number of a field. Tags are positive; zero and below appear only
// in what refuses them.
type Tag int

// Field is one tag=value. The value is never empty, holds no separator, and
// points into the message's bytes.
type Field struct {
	Tag   Tag
	Value []byte
}

// The tags of the header and the trailer, and those of the session layer.
const (
	BeginSeqNo             Tag = 7
	BeginString            Tag = 8
	BodyLength             Tag = 9
	CheckSum               Tag = 10
	EndSeqNo               Tag = 16
	MsgSeqNum              Tag = 34
	MsgType                Tag = 35
	NewSeqNo               Tag = 36
	PossDupFlag            Tag = 43
	RefSeqNum              Tag = 45
	SenderCompID           Tag = 49
	SenderSubID            Tag = 50
	SendingTime            Tag = 52
	TargetCompID           Tag = 56
	TargetSubID            Tag = 57
	Text                   Tag = 58
	Signature              Tag = 89
	SecureDataLen          Tag = 90
	SecureData             Tag = 91
	SignatureLength        Tag = 93
	PossResend             Tag = 97
	EncryptMethod          Tag = 98
	HeartBtInt             Tag = 108
	TestReqID              Tag = 112
	OnBehalfOfCompID       Tag = 115
	OnBehalfOfSubID        Tag = 116
	OrigSendingTime        Tag = 122
	GapFillFlag            Tag = 123
	DeliverToCompID        Tag = 128
	DeliverToSubID         Tag = 129
	ResetSeqNumFlag        Tag = 141
	SenderLocationID       Tag = 142
	TargetLocationID       Tag = 143
	OnBehalfOfLocationID   Tag = 144
	DeliverToLocationID    Tag = 145
	XMLDataLen             Tag = 212
	XMLData                Tag = 213
	MessageEncoding        Tag = 347
	LastMsgSeqNumProcessed Tag = 369
	OnBehalfOfSendingTime  Tag = 370
	RefTagID               Tag = 371
	RefMsgType             Tag = 372
	SessionRejectReason    Tag = 373
	BusinessRejectRefID    Tag = 379
	BusinessRejectReason   Tag = 380
	Username               Tag = 553
	Password               Tag = 554
	NoHops                 Tag = 627
	HopCompID              Tag = 628
	HopSendingTime         Tag = 629
	HopRefID               Tag = 630
	NextExpectedMsgSeqNum  Tag = 789
	ApplVerID              Tag = 1128
	CstmApplVerID          Tag = 1129
	DefaultApplVerID       Tag = 1137
	ApplExtID              Tag = 1156
)

// lowHeader is the bits of the header's tags below 64: each tag is its own.
const lowHeader = uint64(1<<BeginString | 1<<BodyLength | 1<<MsgSeqNum | 1<<MsgType | 1<<PossDupFlag |
	1<<SenderCompID | 1<<SenderSubID | 1<<SendingTime | 1<<TargetCompID | 1<<TargetSubID)

// headerBit gives each tag of the header a bit, and 0 to all others. Tags from
// 64 on have the bits of low tags that are not the header's.
func headerBit(t Tag) uint64 {
	if t < 64 {
		return 1 << max(t, 0) & lowHeader
	}
	switch t {
	case SecureDataLen:
		return 1 << 0
	case SecureData:
		return 1 << 1
	case PossResend:
		return 1 << 2
	case OnBehalfOfCompID:
		return 1 << 3
	case OnBehalfOfSubID:
		return 1 << 4
	case OrigSendingTime:
		return 1 << 5
	case DeliverToCompID:
		return 1 << 6
	case DeliverToSubID:
		return 1 << 7
	case SenderLocationID:
		return 1 << 10
	case TargetLocationID:
		return 1 << 11
	case OnBehalfOfLocationID:
		return 1 << 12
	case DeliverToLocationID:
		return 1 << 13
	case XMLDataLen:
		return 1 << 14
	case XMLData:
		return 1 << 15
	case MessageEncoding:
		return 1 << 16
	case LastMsgSeqNumProcessed:
		return 1 << 17
	case OnBehalfOfSendingTime:
		return 1 << 18
	case NoHops:
		return 1 << 19
	case HopCompID:
		return 1 << 20
	case HopSendingTime:
		return 1 << 21
	case HopRefID:
		return 1 << 22
	case ApplVerID:
		return 1 << 23
	case CstmApplVerID:
		return 1 << 24
	case ApplExtID:
		return 1 << 25
	}
	return 0
}

// IsHeader reports whether the tag belongs in front of the body.
func (t Tag) IsHeader() bool { return headerBit(t) != 0 }

// IsTrailer reports whether the tag belongs after the body.
func (t Tag) IsTrailer() bool { return t == SignatureLength || t == Signature || t == CheckSum }

// isRaw reports whether the tag carries bytes whose length another field
// gives, in the header: the venue takes none.
func (t Tag) isRaw() bool {
	return t == SecureDataLen || t == SecureData || t == XMLDataLen || t == XMLData
}
