package wire

import (
	"bytes"
	"strings"
)

// Parse takes apart the bytes of one message, as Reader.Next returns them.
// The error, if any, is an *Error and says how to answer.
func Parse(raw []byte, m *Message) error {
	*m = Message{Raw: raw, Fields: m.Fields[:0]}
	p := parser{m: m}
	if err := p.parse(raw); err != nil {
		return err
	}
	return nil
}

// parser holds what Parse has seen of a message so far.
type parser struct {
	m        *Message
	header   uint64 // bits of the header's tags seen
	bodyAt   int    // where BodyLength begins to count
	numbered bool   // MsgSeqNum is there and is a number
	refused  *Error // the first of its faults for which a Reject is due
}

func (p *parser) parse(raw []byte) *Error {
	if err := p.split(raw); err != nil {
		return err
	}
	if err := p.frame(raw); err != nil {
		return err
	}
	p.order()
	if err := p.require(); err != nil {
		return err
	}
	return p.refused
}

// refuse keeps the first fault: the fields after it are still read, for the
// Reject needs the message's number.
func (p *parser) refuse(reason Reason, tag Tag) {
	if p.refused == nil {
		p.refused = Refuse(reason, tag)
	}
}

// split cuts the message into fields.
func (p *parser) split(raw []byte) *Error {
	for at := 0; at < len(raw); {
		tag, n := readTag(raw[at:])
		if n == 0 {
			return errNoTag
		}
		value := raw[at+n:]
		end := bytes.IndexByte(value, Separator)
		if end < 0 {
			return errNoEnd
		}
		value = value[:end:end]
		at += n + end + 1
		if len(p.m.Fields) == 1 {
			p.bodyAt = at
		}
		if len(p.m.Fields) == MaxFields {
			if p.refused == nil {
				p.refused = RefuseMessage(OtherReason, textTooMany)
			}
			if tag != CheckSum || at < len(raw) {
				continue
			}
		}
		p.m.Fields = append(p.m.Fields, Field{Tag: tag, Value: value})
	}
	return nil
}

// readTag reads digits up to "=" and returns how many bytes that took, 0 if it
// is no tag. A minus is read, so that the Reject can name the tag.
func readTag(b []byte) (Tag, int) {
	negative := len(b) > 0 && b[0] == '-'
	i := 0
	if negative {
		i = 1
	}
	start := i
	tag := Tag(0)
	for ; i < len(b) && b[i] >= '0' && b[i] <= '9'; i++ {
		if i-start == maxTagDigits {
			return 0, 0
		}
		tag = tag*10 + Tag(b[i]-'0')
	}
	digits := i - start
	if digits == 0 || i == len(b) || b[i] != '=' || digits > 1 && b[start] == '0' {
		return 0, 0
	}
	if negative {
		tag = -tag
	}
	return tag, i + 1
}

// frame checks what makes a message whole: 8, 9 and 35 in front, the length,
// and the checksum at the end.
func (p *parser) frame(raw []byte) *Error {
	f := p.m.Fields
	if len(f) < 4 || f[0].Tag != BeginString || f[1].Tag != BodyLength || f[2].Tag != MsgType {
		return errFirstFields
	}
	if !validBeginString(f[0].Value) || len(f[2].Value) == 0 {
		return errVersion
	}
	last := f[len(f)-1]
	sumAt := len(raw) - len("10=xxx") - 1
	if last.Tag != CheckSum || len(last.Value) != 3 {
		return errNoCheckSum
	}
	length, ok := ParseUint(f[1].Value)
	if !ok || len(f[1].Value) > maxBodyLengthDigits || length != uint64(sumAt-p.bodyAt) {
		return errBodyLength
	}
	sum, ok := ParseUint(last.Value)
	if !ok || sum != uint64(checksum(raw[:sumAt])) {
		return errCheckSum
	}
	for i := range f[:len(f)-1] {
		if f[i].Tag == CheckSum {
			return errEarlySum
		}
	}
	p.m.msgType = typeText(f[2].Value)
	return nil
}

// validBeginString reports whether b can be a version: FIX and capitals,
// digits and points.
func validBeginString(b []byte) bool {
	for _, c := range b {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' {
			return false
		}
	}
	return len(b) > len("FIX") && len(b) <= maxBeginString && string(b[:3]) == "FIX"
}

// checksum adds up all bytes, modulo 256.
func checksum(b []byte) (sum byte) {
	for _, c := range b {
		sum += c
	}
	return sum
}

// order checks that the header comes first and has each tag once, that the
// trailer comes last, that every field has a tag and a value, and reads what
// the session layer needs.
func (p *parser) order() {
	const header, body, trailer = 0, 1, 2
	part := header
	p.m.body, p.m.trailer = len(p.m.Fields), len(p.m.Fields)
	for i := range p.m.Fields {
		f := &p.m.Fields[i]
		bit := headerBit(f.Tag)
		switch {
		case f.Tag <= 0:
			p.refuse(InvalidTagNumber, f.Tag)
		case len(f.Value) == 0:
			p.refuse(TagWithoutValue, f.Tag)
		case f.Tag.isRaw():
			p.refuse(TagNotDefinedForType, f.Tag)
		case bit&p.header != 0:
			p.refuse(TagAppearsTwice, f.Tag)
		case bit != 0 && part != header, part == trailer && !f.Tag.IsTrailer():
			p.refuse(TagOutOfOrder, f.Tag)
		}
		if bit != 0 {
			if bit&p.header == 0 && len(f.Value) > 0 {
				p.value(f)
			}
			p.header |= bit
			continue
		}
		if part == header {
			part, p.m.body = body, i
		}
		if f.Tag.IsTrailer() && part == body {
			part, p.m.trailer = trailer, i
		}
	}
}

// value reads one field of the header.
func (p *parser) value(f *Field) {
	ok, reason := true, IncorrectFormat
	switch f.Tag {
	case MsgSeqNum:
		p.m.seqNum, p.numbered = ParseUint(f.Value)
	case SendingTime:
		p.m.sent, ok = ParseTime(f.Value)
	case OrigSendingTime:
		p.m.origin, ok = ParseTime(f.Value)
	case PossDupFlag:
		p.m.possDup, ok = ParseBool(f.Value)
		reason = ValueIncorrect
	case PossResend:
		p.m.possResend, ok = ParseBool(f.Value)
		reason = ValueIncorrect
	}
	if !ok {
		p.refuse(reason, f.Tag)
	}
}

// required are the header's fields without which there is no session.
func required() [3]Tag { return [3]Tag{SenderCompID, TargetCompID, SendingTime} }

// require checks that the header has what it must.
func (p *parser) require() *Error {
	if !p.numbered {
		return errNoNumber
	}
	for _, tag := range required() {
		if p.header&headerBit(tag) == 0 {
			p.refuse(RequiredTagMissing, tag)
		}
	}
	return nil
}

// typeText returns MsgType as a string, without allocating for those of one
// character.
func typeText(b []byte) string {
	const ascii = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	if len(b) == 1 {
		if i := strings.IndexByte(ascii, b[0]); i >= 0 {
			return ascii[i : i+1]
		}
	}
	return string(b)
}
