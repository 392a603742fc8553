package model

import (
	"math/big"
	"strings"
)

// Int is a whole number of any size. The zero value is 0; values never change.
type Int struct{ v *big.Int }

func whole(n int64) Int { return Int{big.NewInt(n)} }

func (a Int) big() *big.Int {
	if a.v == nil {
		return new(big.Int)
	}
	return a.v
}

func (a Int) plus(b Int) Int   { return Int{new(big.Int).Add(a.big(), b.big())} }
func (a Int) minus(b Int) Int  { return Int{new(big.Int).Sub(a.big(), b.big())} }
func (a Int) times(b Int) Int  { return Int{new(big.Int).Mul(a.big(), b.big())} }
func (a Int) negative() Int    { return Int{new(big.Int).Neg(a.big())} }
func (a Int) sign() int        { return a.big().Sign() }
func (a Int) isZero() bool     { return a.sign() == 0 }
func (a Int) cmp(b Int) int    { return a.big().Cmp(b.big()) }
func (a Int) below(b Int) bool { return a.cmp(b) < 0 }
func (a Int) above(b Int) bool { return a.cmp(b) > 0 }
func (a Int) same(b Int) bool  { return a.cmp(b) == 0 }

// down is a ÷ b towards minus infinity, up towards plus infinity; b > 0.
func (a Int) down(b Int) Int {
	q, _ := new(big.Int).DivMod(a.big(), b.big(), new(big.Int))
	return Int{q}
}

func (a Int) up(b Int) Int { return a.negative().down(b).negative() }

// divides reports whether b is a whole multiple of a; a > 0.
func (a Int) divides(b Int) bool {
	return new(big.Int).Mod(b.big(), a.big()).Sign() == 0
}

func least(a, b Int) Int {
	if a.below(b) {
		return a
	}
	return b
}

func most(a, b Int) Int {
	if a.above(b) {
		return a
	}
	return b
}

func pow10(n int) Int {
	return Int{new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)}
}

// text is the number in units of 10^-digits as the contract prints it: with
// exactly so many digits behind the point.
func (a Int) text(digits int) string {
	s, sign := a.big().String(), ""
	if s[0] == '-' {
		s, sign = s[1:], "-"
	}
	if digits == 0 {
		return sign + s
	}
	if n := digits + 1 - len(s); n > 0 {
		s = strings.Repeat("0", n) + s
	}
	return sign + s[:len(s)-digits] + "." + s[len(s)-digits:]
}

// maxAmount is the most that the venue counts of anything: prices, quantities
// and amounts are at most 2^62 in their own units.
func maxAmount() Int { return Int{new(big.Int).Lsh(big.NewInt(1), 62)} }

// decimal is a number as a client wrote it, units × 10^-digits, without
// trailing zeros of the fraction.
type decimal struct {
	units  Int
	digits int
}

// readDecimal reads -?(0|[1-9]\d*)(\.\d+)?.
func readDecimal(s string) (d decimal, ok bool) {
	body := strings.TrimPrefix(s, "-")
	integer, fraction, pointed := strings.Cut(body, ".")
	if integer == "" || pointed && fraction == "" || len(integer) > 1 && integer[0] == '0' ||
		strings.Trim(integer, "0123456789") != "" || strings.Trim(fraction, "0123456789") != "" {
		return decimal{}, false
	}
	fraction = strings.TrimRight(fraction, "0")
	v, ok := new(big.Int).SetString(integer+fraction, 10)
	if !ok {
		return decimal{}, false
	}
	if body != s {
		v.Neg(v)
	}
	return decimal{Int{v}, len(fraction)}, true
}

// in returns the number in units of 10^-digits, and whether it has no more
// decimals than that.
func (d decimal) in(digits int) (units Int, exact bool) {
	if d.digits > digits {
		return Int{}, false
	}
	return d.units.times(pow10(digits - d.digits)), true
}

func (d decimal) text() string { return d.units.text(d.digits) }

// exceeds reports whether units × 10^-digits is above the number.
func (d decimal) exceeded(units Int, digits int) bool {
	return units.times(pow10(d.digits)).above(d.units.times(pow10(digits)))
}

// averagePrice is notional ÷ quantity with four digits more than the price has,
// half to even.
func averagePrice(notional Int, scale int, quantity Int, quantityDigits, priceDigits int) string {
	want := priceDigits + 4
	n := notional.times(pow10(want + quantityDigits))
	d := quantity.times(pow10(scale))
	q, r := new(big.Int).QuoRem(n.big(), d.big(), new(big.Int))
	switch twice := r.Lsh(r, 1).Cmp(d.big()); {
	case twice > 0, twice == 0 && q.Bit(0) == 1:
		q.Add(q, big.NewInt(1))
	}
	return Int{q}.text(want)
}
