package wire

import (
	"time"

	"github.com/rialto-exchange/rialto/fsm/market"
)

// ParseUint reads digits and nothing else, 1 to 18 of them; leading zeros are
// allowed, as the specification has it.
func ParseUint(b []byte) (uint64, bool) {
	if len(b) == 0 || len(b) > maxSeqNumDigits {
		return 0, false
	}
	var n uint64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, true
}

// ParseInt reads digits with or without a minus in front.
func ParseInt(b []byte) (int64, bool) {
	if len(b) > 0 && b[0] == '-' {
		n, ok := ParseUint(b[1:])
		return -int64(n), ok
	}
	n, ok := ParseUint(b)
	return int64(n), ok
}

// ParseBool reads Y or N.
func ParseBool(b []byte) (value, ok bool) {
	if len(b) != 1 {
		return false, false
	}
	return b[0] == 'Y', b[0] == 'Y' || b[0] == 'N'
}

// The bytes of a UTC timestamp, YYYYMMDD-HH:MM:SS, and the years that fit 64
// bits of nanoseconds.
const (
	wholeSeconds = len("20060102-15:04:05")
	firstYear    = 1970
	lastYear     = 2261
)

// ParseTime reads a UTCTimestamp: YYYYMMDD-HH:MM:SS with up to nine digits of
// the second. A leap second is the first moment after it.
func ParseTime(b []byte) (market.Nanos, bool) {
	if len(b) < wholeSeconds || b[8] != '-' || b[11] != ':' || b[14] != ':' {
		return 0, false
	}
	seconds, ok := parseDay(b[:8])
	if !ok {
		return 0, false
	}
	hour, ok1 := twoDigits(b[9:], 23)
	minute, ok2 := twoDigits(b[12:], 59)
	second, ok3 := twoDigits(b[15:], 60)
	fraction, ok4 := parseFraction(b[wholeSeconds:])
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return 0, false
	}
	if second == 60 {
		fraction = 0
	}
	seconds += int64(hour*3600 + minute*60 + second)
	return market.Nanos(seconds*1e9 + fraction), true
}

// ParseDate reads YYYYMMDD and returns the moment at which that day begins in
// UTC.
func ParseDate(b []byte) (market.Nanos, bool) {
	if len(b) != 8 {
		return 0, false
	}
	seconds, ok := parseDay(b)
	return market.Nanos(seconds * 1e9), ok
}

// parseDay returns the seconds from 1970 to the beginning of a day.
func parseDay(b []byte) (int64, bool) {
	century, ok1 := twoDigits(b, 99)
	years, ok2 := twoDigits(b[2:], 99)
	month, ok3 := twoDigits(b[4:], 12)
	day, ok4 := twoDigits(b[6:], 31)
	year := century*100 + years
	if !ok1 || !ok2 || !ok3 || !ok4 || month == 0 || day == 0 || year < firstYear || year > lastYear {
		return 0, false
	}
	at := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return at.Unix(), at.Day() == day
}

func twoDigits(b []byte, most int) (int, bool) {
	tens, ones := b[0]-'0', b[1]-'0'
	n := int(tens)*10 + int(ones)
	return n, tens <= 9 && ones <= 9 && n <= most
}

// parseFraction reads "" or a point and one to nine digits, in nanoseconds.
func parseFraction(b []byte) (int64, bool) {
	if len(b) == 0 {
		return 0, true
	}
	if b[0] != '.' || len(b) < 2 || len(b) > 10 {
		return 0, false
	}
	var n int64
	for i := 1; i < 10; i++ {
		n *= 10
		if i < len(b) {
			if b[i] < '0' || b[i] > '9' {
				return 0, false
			}
			n += int64(b[i] - '0')
		}
	}
	return n, true
}

// AppendTime appends a UTCTimestamp with so many digits of the second, 0 to 9;
// the rest is cut, not rounded.
func AppendTime(dst []byte, at market.Nanos, digits int) []byte {
	t := time.Unix(0, int64(at)).UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dst = appendTwo(dst, year/100)
	dst = appendTwo(dst, year%100)
	dst = appendTwo(dst, int(month))
	dst = append(appendTwo(dst, day), '-')
	dst = append(appendTwo(dst, hour), ':')
	dst = append(appendTwo(dst, minute), ':')
	dst = appendTwo(dst, second)
	if digits <= 0 {
		return dst
	}
	dst = append(dst, '.')
	for power := 100_000_000; digits > 0; digits-- {
		dst = append(dst, byte('0'+t.Nanosecond()/power%10))
		power /= 10
		if power == 0 {
			break
		}
	}
	return dst
}

func appendTwo(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }
