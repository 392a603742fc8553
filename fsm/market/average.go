package market

import (
	"math/bits"
	"strconv"
)

// AveragePrice returns notional ÷ quantity as text with four decimals more
// than the price has, rounded half to even. The notional is in units of
// 10^-scale, the quantity in units of 10^-quantityDigits. An empty quantity
// has no average: "". Neither has what no price of 64 bits can have made: a
// notional that exceeds 128 bits in units of the result times quantity.
func AveragePrice(notional Amount, scale uint8, quantity Quantity, quantityDigits, priceDigits uint8) string {
	var buf [48]byte
	return string(AppendAveragePrice(buf[:0], notional, scale, quantity, quantityDigits, priceDigits))
}

// AppendAveragePrice appends what AveragePrice returns, nothing where that is
// "".
func AppendAveragePrice(dst []byte, notional Amount, scale uint8, quantity Quantity, quantityDigits, priceDigits uint8) []byte {
	if quantity <= 0 || notional < 0 {
		return dst
	}
	want := priceDigits + 4
	// value = notional × 10^(want + quantityDigits - scale) ÷ quantity.
	exponent := int(want) + int(quantityDigits) - int(scale)
	numerator, fits := wide{lo: uint64(notional)}.timesPow10(exponent)
	divisor, divisorFits := wide{lo: uint64(quantity)}.timesPow10(-exponent)
	if !fits || !divisorFits {
		return dst
	}
	q, r := numerator.divide(divisor)
	// r against divisor - r, not twice r against divisor, which could overflow.
	if c := r.compare(divisor.sub(r)); c > 0 || (c == 0 && q.lo&1 == 1) {
		q = q.add(wide{lo: 1})
	}
	var text [48]byte
	return appendPointed(dst, q.append(text[:0]), want)
}

// wide is an unsigned 128-bit number, for the one division above.
type wide struct{ hi, lo uint64 }

// timesPow10 returns w × 10^n, w itself for n below 1, and whether it fits.
func (w wide) timesPow10(n int) (product wide, fits bool) {
	for ; n > 0 && w != (wide{}); n-- {
		carry, lo := bits.Mul64(w.lo, 10)
		over, hi := bits.Mul64(w.hi, 10)
		hi, more := bits.Add64(hi, carry, 0)
		if over != 0 || more != 0 {
			return wide{}, false
		}
		w = wide{hi, lo}
	}
	return w, true
}

func (w wide) add(o wide) wide {
	lo, carry := bits.Add64(w.lo, o.lo, 0)
	hi, _ := bits.Add64(w.hi, o.hi, carry)
	return wide{hi, lo}
}

func (w wide) sub(o wide) wide {
	lo, borrow := bits.Sub64(w.lo, o.lo, 0)
	hi, _ := bits.Sub64(w.hi, o.hi, borrow)
	return wide{hi, lo}
}

func (w wide) compare(o wide) int {
	switch {
	case w.hi > o.hi || (w.hi == o.hi && w.lo > o.lo):
		return 1
	case w == o:
		return 0
	}
	return -1
}

// divide is schoolbook long division by bits: it runs once an answer.
func (w wide) divide(d wide) (q, r wide) {
	if d.hi == 0 {
		q.hi = w.hi / d.lo
		q.lo, r.lo = bits.Div64(w.hi%d.lo, w.lo, d.lo)
		return q, r
	}
	for i := 127; i >= 0; i-- {
		r = r.add(r)
		r.lo |= w.bit(i)
		q = q.add(q)
		if r.compare(d) >= 0 {
			r = r.sub(d)
			q.lo |= 1
		}
	}
	return q, r
}

func (w wide) bit(i int) uint64 {
	if i >= 64 {
		return w.hi >> (i - 64) & 1
	}
	return w.lo >> i & 1
}

// append appends the decimal text.
func (w wide) append(dst []byte) []byte {
	const chunk = 10_000_000_000_000_000_000 // the largest power of ten in 64 bits
	if w.hi == 0 {
		return strconv.AppendUint(dst, w.lo, 10)
	}
	high, low := w.divide(wide{lo: chunk})
	dst = high.append(dst)
	for power := uint64(chunk / 10); power > 0; power /= 10 {
		dst = append(dst, byte('0'+low.lo/power%10))
	}
	return dst
}
