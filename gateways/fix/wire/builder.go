package wire

import (
	"strconv"

	"github.com/rialto-exchange/rialto/fsm/market"
)

// Builder writes messages, one after the other, into a buffer of its own. It
// computes BodyLength and CheckSum. A value that holds a separator cannot
// break out of its field: separators in it become spaces. A field without a
// value is left out, for FIX knows none. The zero value is ready; it is used
// by one goroutine.
type Builder struct {
	version string
	digits  int    // of the second, in times
	body    []byte // from MsgType on
}

// Start begins a message with nothing but its version and type.
func (b *Builder) Start(beginString, msgType string) {
	b.version, b.digits = beginString, 0
	b.body = append(b.body[:0], "35="...)
	b.body = append(b.body, msgType...)
	b.body = append(b.body, Separator)
}

// Begin begins a message with its standard header. SendingTime and every Time
// after it has so many digits of the second: 0, 3, 6 or 9.
func (b *Builder) Begin(beginString, msgType, sender, target string, seq uint64, sendingTime market.Nanos, digits int) {
	b.Start(beginString, msgType)
	b.digits = digits
	b.Uint(MsgSeqNum, seq)
	b.Text(SenderCompID, sender)
	b.Time(SendingTime, sendingTime)
	b.Text(TargetCompID, target)
}

// PossDup marks the message as sent before, at that time: 43=Y and 122. It
// belongs right after Begin.
func (b *Builder) PossDup(orig market.Nanos) {
	b.Bool(PossDupFlag, true)
	b.Time(OrigSendingTime, orig)
}

// Text writes a field; nothing for "".
func (b *Builder) Text(tag Tag, value string) {
	if value != "" {
		b.tag(tag)
		b.body = append(b.body, value...)
		b.end(len(value))
	}
}

// Bytes writes a field; nothing for an empty value.
func (b *Builder) Bytes(tag Tag, value []byte) {
	if len(value) > 0 {
		b.tag(tag)
		b.body = append(b.body, value...)
		b.end(len(value))
	}
}

// Fields writes what are fields already, tag=value and separator each, as they
// are.
func (b *Builder) Fields(ready []byte) { b.body = append(b.body, ready...) }

// Uint writes a whole number.
func (b *Builder) Uint(tag Tag, value uint64) {
	b.tag(tag)
	b.body = append(strconv.AppendUint(b.body, value, 10), Separator)
}

// Int writes a whole number with its sign.
func (b *Builder) Int(tag Tag, value int64) {
	b.tag(tag)
	b.body = append(strconv.AppendInt(b.body, value, 10), Separator)
}

// Char writes one character.
func (b *Builder) Char(tag Tag, value byte) {
	b.tag(tag)
	b.body = append(b.body, value)
	b.end(1)
}

// Bool writes Y or N.
func (b *Builder) Bool(tag Tag, value bool) {
	if value {
		b.Char(tag, 'Y')
		return
	}
	b.Char(tag, 'N')
}

// Time writes a UTCTimestamp, with as many digits of the second as Begin was
// given; the rest is cut.
func (b *Builder) Time(tag Tag, at market.Nanos) {
	b.tag(tag)
	b.body = append(AppendTime(b.body, at, b.digits), Separator)
}

// Decimal writes units × 10^-digits with exactly that many decimals.
func (b *Builder) Decimal(tag Tag, units int64, digits uint8) {
	b.tag(tag)
	b.body = append(market.AppendFixed(b.body, units, digits), Separator)
}

// Finish appends the message to dst.
func (b *Builder) Finish(dst []byte) []byte {
	begin := len(dst)
	dst = append(dst, "8="...)
	dst = append(dst, b.version...)
	dst = append(dst, Separator, '9', '=')
	dst = strconv.AppendUint(dst, uint64(len(b.body)), 10)
	dst = append(dst, Separator)
	dst = append(dst, b.body...)
	sum := checksum(dst[begin:])
	return append(dst, '1', '0', '=', '0'+sum/100, '0'+sum/10%10, '0'+sum%10, Separator)
}

func (b *Builder) tag(tag Tag) {
	b.body = append(strconv.AppendInt(b.body, int64(tag), 10), '=')
}

// end ends a field of n bytes and takes the separators out of it.
func (b *Builder) end(n int) {
	value := b.body[len(b.body)-n:]
	for i, c := range value {
		if c == Separator {
			value[i] = ' '
		}
	}
	b.body = append(b.body, Separator)
}
