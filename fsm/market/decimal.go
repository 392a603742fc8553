package market

import (
	"errors"
	"math"
	"math/bits"
	"strconv"
)

// MaxDigits is the largest number of decimals of any number of the venue: an
// int64 has eighteen whole decimal digits.
const MaxDigits = 18

// Errors of decimal arithmetic. Callers branch on them.
var (
	// ErrDecimalSyntax: the text is not -?(0|[1-9]\d*)(\.\d+)?.
	ErrDecimalSyntax = errors.New("not a decimal number")
	// ErrDecimalRange: the value needs more than 64 bits or 18 decimals.
	ErrDecimalRange = errors.New("number out of range")
	// ErrDecimalDigits: the value has more decimals than it may have.
	ErrDecimalDigits = errors.New("too many decimals")
)

// Decimal is an exact decimal number as it was written: Units × 10^-Digits,
// without trailing zeros. It is how numbers travel in commands, whose
// receiver (the machine) alone knows the scale that is in force.
type Decimal struct {
	Units  int64
	Digits uint8
}

// IsZero reports whether the number is zero.
func (d Decimal) IsZero() bool { return d.Units == 0 }

// ParseDecimal reads -?(0|[1-9]\d*)(\.\d+)?. Trailing zeros of the fraction
// are dropped: they are not extra digits. "-0" is zero.
func ParseDecimal(s string) (Decimal, error) {
	digits, neg := s, false
	if digits != "" && digits[0] == '-' {
		digits, neg = digits[1:], true
	}
	whole, fraction, err := splitDecimal(digits)
	if err != nil {
		return Decimal{}, err
	}
	for fraction != "" && fraction[len(fraction)-1] == '0' {
		fraction = fraction[:len(fraction)-1]
	}
	if len(fraction) > MaxDigits {
		return Decimal{}, ErrDecimalRange
	}
	units, ok := accumulate(accumulated{ok: true}, whole, neg).then(fraction, neg)
	if !ok {
		return Decimal{}, ErrDecimalRange
	}
	return Decimal{Units: units, Digits: uint8(len(fraction))}, nil
}

// splitDecimal checks the syntax and returns the digits before and after the
// point.
func splitDecimal(s string) (whole, fraction string, err error) {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	if n == 0 || (n > 1 && s[0] == '0') {
		return "", "", ErrDecimalSyntax
	}
	if n == len(s) {
		return s, "", nil
	}
	fraction = s[n+1:]
	if s[n] != '.' || fraction == "" {
		return "", "", ErrDecimalSyntax
	}
	for i := range len(fraction) {
		if !isDigit(fraction[i]) {
			return "", "", ErrDecimalSyntax
		}
	}
	return s[:n], fraction, nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// accumulated is a number being read digit by digit, with its sign, so that
// the smallest int64 is read as well as the largest.
type accumulated struct {
	units int64
	ok    bool
}

func accumulate(a accumulated, digits string, neg bool) accumulated {
	for i := range len(digits) {
		d := int64(digits[i] - '0')
		if neg {
			d = -d
		}
		if a.units > math.MaxInt64/10 || a.units < math.MinInt64/10 {
			return accumulated{}
		}
		a.units *= 10
		if (d > 0 && a.units > math.MaxInt64-d) || (d < 0 && a.units < math.MinInt64-d) {
			return accumulated{}
		}
		a.units += d
	}
	return a
}

func (a accumulated) then(digits string, neg bool) (int64, bool) {
	if !a.ok {
		return 0, false
	}
	a = accumulate(a, digits, neg)
	return a.units, a.ok
}

// Rescale returns the number in units of 10^-digits. It never rounds:
// ErrDecimalDigits if the value has more decimals, ErrDecimalRange if it does
// not fit.
func (d Decimal) Rescale(digits uint8) (int64, error) {
	if d.Digits > digits {
		return 0, ErrDecimalDigits
	}
	units, ok := MulPow10(d.Units, digits-d.Digits)
	if !ok {
		return 0, ErrDecimalRange
	}
	return units, nil
}

// MulPow10 returns v × 10^n and whether it fits.
func MulPow10(v int64, n uint8) (int64, bool) {
	for ; n > 0 && v != 0; n-- {
		if v > math.MaxInt64/10 || v < math.MinInt64/10 {
			return 0, false
		}
		v *= 10
	}
	return v, true
}

// Pow10 returns 10^n for n up to MaxDigits.
func Pow10(n uint8) int64 {
	v, ok := MulPow10(1, n)
	if !ok {
		panic("market: power of ten out of range")
	}
	return v
}

// String returns the shortest text of the number.
func (d Decimal) String() string { return FormatFixed(d.Units, d.Digits) }

// AppendFixed appends units × 10^-digits with exactly that many decimals:
// AppendFixed(nil, 58533, 2) is "585.33".
func AppendFixed(dst []byte, units int64, digits uint8) []byte {
	magnitude := uint64(units)
	if units < 0 {
		dst = append(dst, '-')
		magnitude = -magnitude
	}
	var buf [20]byte
	return appendPointed(dst, strconv.AppendUint(buf[:0], magnitude, 10), digits)
}

// appendPointed appends a whole number's text with a point before its last
// digits characters, and the zeros that are missing for it.
func appendPointed(dst, text []byte, digits uint8) []byte {
	point := len(text) - int(digits)
	if digits == 0 {
		return append(dst, text...)
	}
	if point <= 0 {
		dst = append(dst, '0', '.')
		for ; point < 0; point++ {
			dst = append(dst, '0')
		}
		return append(dst, text...)
	}
	dst = append(dst, text[:point]...)
	dst = append(dst, '.')
	return append(dst, text[point:]...)
}

// FormatFixed is AppendFixed as a string.
func FormatFixed(units int64, digits uint8) string {
	var buf [24]byte
	return string(AppendFixed(buf[:0], units, digits))
}

// MulDiv returns a × b ÷ c with a 128-bit intermediate, the remainder, and
// whether the quotient fits. a and b are not negative, c is positive.
func MulDiv(a, b, c int64) (quotient, remainder int64, ok bool) {
	if a < 0 || b < 0 || c <= 0 {
		return 0, 0, false
	}
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi >= uint64(c) {
		return 0, 0, false
	}
	q, r := bits.Div64(hi, lo, uint64(c))
	if q > math.MaxInt64 {
		return 0, 0, false
	}
	return int64(q), int64(r), true
}

// Mul returns a × b and whether it fits.
func Mul(a, b int64) (int64, bool) {
	if a == 0 || b == 0 {
		return 0, true
	}
	p := a * b
	if p/b != a || (a == -1 && b == math.MinInt64) || (b == -1 && a == math.MinInt64) {
		return 0, false
	}
	return p, true
}

// Add returns a + b and whether it fits.
func Add(a, b int64) (int64, bool) {
	s := a + b
	return s, (s > a) == (b > 0)
}
