package dictionary

import "github.com/rialto-exchange/rialto/gateways/fix/wire"

// format is how a value is written.
type format uint8

const (
	formatText   format = iota // anything
	formatList                 // words with a space between
	formatChar                 // one character
	formatBool                 // Y or N
	formatInt                  // digits, with or without a minus
	formatUint                 // digits
	formatFloat                // digits with one point or none, with or without a minus
	formatTime                 // UTCTimestamp
	formatDate                 // YYYYMMDD
	formatClock                // HH:MM:SS with or without a fraction
	formatMonth                // YYYYMM, with a day or a week or without
	formatLength               // digits: of the data that follows
	formatData                 // as long as its length says
)

// formatOf returns the format of a type of the specification's.
func formatOf(name string) (format, bool) {
	switch name {
	case "string", "currency", "exchange", "country", "language", "tztimeonly", "tztimestamp":
		return formatText, true
	case "multiplevaluestring", "multiplecharvalue", "multiplestringvalue":
		return formatList, true
	case "char":
		return formatChar, true
	case "boolean":
		return formatBool, true
	case "int":
		return formatInt, true
	case "numingroup", "seqnum", "dayofmonth":
		return formatUint, true
	case "float", "qty", "price", "priceoffset", "amt", "percentage":
		return formatFloat, true
	case "utctimestamp":
		return formatTime, true
	case "localmktdate", "utcdateonly":
		return formatDate, true
	case "utctimeonly":
		return formatClock, true
	case "monthyear":
		return formatMonth, true
	case "length":
		return formatLength, true
	case "data", "xmldata":
		return formatData, true
	}
	return 0, false
}

// fits reports whether a value is written so.
func (f format) fits(b []byte) bool {
	ok := true
	switch f {
	case formatChar:
		ok = len(b) == 1
	case formatBool:
		_, ok = wire.ParseBool(b)
	case formatInt:
		_, ok = wire.ParseInt(b)
	case formatUint, formatLength:
		_, ok = wire.ParseUint(b)
	case formatFloat:
		ok = isFloat(b)
	case formatTime:
		_, ok = wire.ParseTime(b)
	case formatDate:
		_, ok = wire.ParseDate(b)
	case formatClock:
		ok = isClock(b)
	case formatMonth:
		ok = isMonth(b)
	}
	return ok
}

// isFloat reports whether b is a number of the specification's: leading and
// trailing zeros are allowed, no exponent, no plus.
func isFloat(b []byte) bool {
	if len(b) > 0 && b[0] == '-' {
		b = b[1:]
	}
	points := 0
	for _, c := range b {
		switch {
		case c == '.':
			points++
		case c < '0' || c > '9':
			return false
		}
	}
	return points <= 1 && len(b) > points
}

func isClock(b []byte) bool {
	var whole [32]byte
	if len(b) > 18 {
		return false
	}
	_, ok := wire.ParseTime(append(append(whole[:0], "20000101-"...), b...))
	return ok
}

func isMonth(b []byte) bool {
	var day [8]byte
	switch {
	case len(b) == 6:
		copy(day[:], b)
		copy(day[6:], "01")
	case len(b) == 8 && b[6] == 'w' && b[7] >= '1' && b[7] <= '5':
		copy(day[:], b)
		copy(day[6:], "01")
	case len(b) == 8:
		copy(day[:], b)
	default:
		return false
	}
	_, ok := wire.ParseDate(day[:])
	return ok
}
