package market_test

import (
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/market"
	"pgregory.net/rapid"
)

// What is a decimal, what is none, and what does not fit.
func TestParseDecimal(t *testing.T) {
	for _, c := range []struct {
		text   string
		units  int64
		digits uint8
		err    error
	}{
		{"0", 0, 0, nil},
		{"-0", 0, 0, nil},
		{"-0.00", 0, 0, nil},
		{"585.33", 58533, 2, nil},
		{"-585.330", -58533, 2, nil},
		{"100", 100, 0, nil},
		{"0.000000000000000001", 1, 18, nil},
		{"0.0000000000000000010", 1, 18, nil},
		{"0.0000000000000000001", 0, 0, market.ErrDecimalRange},
		{"9223372036854775807", math.MaxInt64, 0, nil},
		{"-9223372036854775808", math.MinInt64, 0, nil},
		{"9223372036854775808", 0, 0, market.ErrDecimalRange},
		{"-9223372036854775809", 0, 0, market.ErrDecimalRange},
		{"9.223372036854775807", math.MaxInt64, 18, nil},
		{"9.223372036854775808", 0, 0, market.ErrDecimalRange},
		{"-9.223372036854775808", math.MinInt64, 18, nil},
		{"1" + strings.Repeat("0", 1000), 0, 0, market.ErrDecimalRange},
		{"1." + strings.Repeat("0", 1000), 1, 0, nil},
		{"", 0, 0, market.ErrDecimalSyntax},
		{"-", 0, 0, market.ErrDecimalSyntax},
		{"+1", 0, 0, market.ErrDecimalSyntax},
		{"--1", 0, 0, market.ErrDecimalSyntax},
		{"01", 0, 0, market.ErrDecimalSyntax},
		{"00", 0, 0, market.ErrDecimalSyntax},
		{"1.", 0, 0, market.ErrDecimalSyntax},
		{".5", 0, 0, market.ErrDecimalSyntax},
		{"1.-5", 0, 0, market.ErrDecimalSyntax},
		{"1.2.3", 0, 0, market.ErrDecimalSyntax},
		{"1e5", 0, 0, market.ErrDecimalSyntax},
		{"1,5", 0, 0, market.ErrDecimalSyntax},
		{" 1", 0, 0, market.ErrDecimalSyntax},
		{"1 ", 0, 0, market.ErrDecimalSyntax},
		{"NaN", 0, 0, market.ErrDecimalSyntax},
		{"٣", 0, 0, market.ErrDecimalSyntax},
	} {
		got, err := market.ParseDecimal(c.text)
		want := market.Decimal{Units: c.units, Digits: c.digits}
		if got != want || !errors.Is(err, c.err) {
			t.Errorf("%.40q: got %+v, %v; want %+v, %v", c.text, got, err, want, c.err)
		}
	}
}

// Text with a fixed number of decimals, at the ends of the range too.
func TestAppendFixed(t *testing.T) {
	for _, c := range []struct {
		units  int64
		digits uint8
		want   string
	}{
		{0, 0, "0"}, {0, 2, "0.00"}, {5, 2, "0.05"}, {-5, 2, "-0.05"}, {50, 2, "0.50"},
		{58533, 2, "585.33"}, {-58533, 2, "-585.33"}, {58533, 0, "58533"}, {100, 2, "1.00"},
		{math.MaxInt64, 18, "9.223372036854775807"}, {math.MinInt64, 18, "-9.223372036854775808"},
		{math.MinInt64, 0, "-9223372036854775808"}, {1, 22, "0.0000000000000000000001"},
	} {
		if got := string(market.AppendFixed([]byte("="), c.units, c.digits)); got != "="+c.want {
			t.Errorf("%d with %d decimals: got %s, want =%s", c.units, c.digits, got, c.want)
		}
		if got := market.FormatFixed(c.units, c.digits); got != c.want {
			t.Errorf("%d with %d decimals: got %s, want %s", c.units, c.digits, got, c.want)
		}
	}
}

// A number that is printed is read back as the same value, in its shortest
// form, and rescaled to its units.
func TestPrintAndParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		units, digits := rapid.Int64().Draw(t, "units"), rapid.Uint8Max(market.MaxDigits).Draw(t, "digits")
		text := market.FormatFixed(units, digits)
		d, err := market.ParseDecimal(text)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := d.Rescale(digits); err != nil || back != units {
			t.Fatalf("%s rescaled to %d decimals: got %d, %v, want %d", text, digits, back, err, units)
		}
		if d.Digits > 0 && d.Units%10 == 0 {
			t.Fatalf("%+v has a trailing zero", d)
		}
		if again, err := market.ParseDecimal(d.String()); err != nil || again != d {
			t.Fatalf("%+v prints as %s: got %+v, %v", d, d, again, err)
		}
	})
}

// Rescale is exact or an error: it is compared with math/big.
func TestRescale(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := market.Decimal{Units: rapid.Int64().Draw(t, "units"), Digits: rapid.Uint8Max(18).Draw(t, "digits")}
		digits := rapid.Uint8Max(18).Draw(t, "to")
		got, err := d.Rescale(digits)
		if d.Digits > digits {
			if !errors.Is(err, market.ErrDecimalDigits) {
				t.Fatalf("%+v to %d: got %v", d, digits, err)
			}
			return
		}
		want := new(big.Int).Mul(big.NewInt(d.Units), pow10(int(digits-d.Digits)))
		if want.IsInt64() != (err == nil) || (err == nil && got != want.Int64()) {
			t.Fatalf("%+v to %d: got %d, %v, want %v", d, digits, got, err, want)
		}
		if err != nil && !errors.Is(err, market.ErrDecimalRange) {
			t.Fatalf("got %v", err)
		}
	})
}

// Checked arithmetic is that of math/big, or says that it does not fit.
func TestCheckedArithmetic(t *testing.T) {
	edges := []int64{0, 1, -1, 2, -2, 10, math.MaxInt64, math.MaxInt64 - 1, math.MinInt64, math.MinInt64 + 1, 1 << 31, 1 << 32, -1 << 32}
	number := rapid.OneOf(rapid.SampledFrom(edges), rapid.Int64())
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := number.Draw(t, "a"), number.Draw(t, "b"), number.Draw(t, "c")
		x, y := big.NewInt(a), big.NewInt(b)
		sum, ok := market.Add(a, b)
		checkNumber(t, "sum", sum, ok, new(big.Int).Add(x, y))
		product, ok := market.Mul(a, b)
		checkNumber(t, "product", product, ok, new(big.Int).Mul(x, y))
		q, r, ok := market.MulDiv(a, b, c)
		if a < 0 || b < 0 || c <= 0 {
			if ok {
				t.Fatalf("MulDiv(%d, %d, %d) took what it must not", a, b, c)
			}
			return
		}
		wantQ, wantR := new(big.Int).QuoRem(new(big.Int).Mul(x, y), big.NewInt(c), new(big.Int))
		checkNumber(t, "quotient", q, ok, wantQ)
		if ok && r != wantR.Int64() {
			t.Fatalf("remainder %d, want %v", r, wantR)
		}
	})
}

func checkNumber(t *rapid.T, name string, got int64, ok bool, want *big.Int) {
	if ok != want.IsInt64() || (ok && got != want.Int64()) {
		t.Fatalf("%s: got %d, %v, want %v", name, got, ok, want)
	}
}

// Powers of ten up to the largest that a scale may need; one more panics.
func TestPow10(t *testing.T) {
	for n := range uint8(market.MaxDigits + 1) {
		if got := market.Pow10(n); big.NewInt(got).Cmp(pow10(int(n))) != 0 {
			t.Errorf("10^%d: got %d", n, got)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("10^19 does not panic")
		}
	}()
	market.Pow10(19)
}

// Averages by hand, ties to even, and those that do not exist.
func TestAveragePrice(t *testing.T) {
	for _, c := range []struct {
		notional              market.Amount
		scale                 uint8
		quantity              market.Quantity
		quantityDigits, price uint8
		want                  string
	}{
		{58_533_000_000, 6, 100, 0, 2, "585.330000"},
		{1, 0, 3, 0, 0, "0.3333"},
		{2, 0, 3, 0, 0, "0.6667"},
		{1, 0, 20000, 0, 0, "0.0000"}, // 0.00005, even below
		{3, 0, 20000, 0, 0, "0.0002"}, // 0.00015, even above
		{0, 2, 5, 0, 2, "0.000000"},
		{5, 2, 0, 0, 2, ""},
		{5, 2, -1, 0, 2, ""},
		{-5, 2, 1, 0, 2, ""},
		{1, 18, 1, 0, 0, "0.0000"},
		{math.MaxInt64, 0, 1, 0, 2, "9223372036854775807.000000"},
		{math.MaxInt64, 0, 1, 18, 18, ""},
	} {
		got := market.AveragePrice(c.notional, c.scale, c.quantity, c.quantityDigits, c.price)
		if got != c.want {
			t.Errorf("%d at scale %d by %d with %d digits: got %q, want %q", c.notional, c.scale, c.quantity, c.quantityDigits, got, c.want)
		}
	}
}

// Every average is the one of math/big, rounded half to even.
func TestAveragePriceIsExact(t *testing.T) {
	digits := rapid.Uint8Max(market.MaxDigits)
	rapid.Check(t, func(t *rapid.T) {
		notional := rapid.Int64Range(0, math.MaxInt64).Draw(t, "notional")
		quantity := rapid.Int64Range(1, math.MaxInt64).Draw(t, "quantity")
		scale, qd, pd := digits.Draw(t, "scale"), digits.Draw(t, "quantity digits"), digits.Draw(t, "price digits")
		got := market.AveragePrice(market.Amount(notional), scale, market.Quantity(quantity), qd, pd)
		exponent := int(pd) + 4 + int(qd) - int(scale)
		numerator := new(big.Int).Mul(big.NewInt(notional), pow10(exponent))
		if numerator.BitLen() > 128 {
			if got != "" {
				t.Fatalf("got %q beyond 128 bits", got)
			}
			return
		}
		want := halfEven(numerator, new(big.Int).Mul(big.NewInt(quantity), pow10(-exponent)))
		if read, ok := new(big.Int).SetString(strings.Replace(got, ".", "", 1), 10); !ok || read.Cmp(want) != 0 {
			t.Fatalf("got %q, want the digits of %v", got, want)
		}
		if point := strings.IndexByte(got, '.'); len(got)-point-1 != int(pd)+4 {
			t.Fatalf("%q has not %d decimals", got, pd+4)
		}
	})
}

// halfEven returns a ÷ b, rounded half to even.
func halfEven(a, b *big.Int) *big.Int {
	q, r := new(big.Int).QuoRem(a, b, new(big.Int))
	c := r.Lsh(r, 1).Cmp(b)
	if c > 0 || (c == 0 && q.Bit(0) == 1) {
		q.Add(q, big.NewInt(1))
	}
	return q
}

// pow10 returns 10^n, 1 for n below 0.
func pow10(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(n, 0))), nil)
}

// Whatever is read as a decimal is, by math/big, the number that its text says.
func FuzzParseDecimal(f *testing.F) {
	for _, s := range []string{"0", "-0.5", "585.33", "9223372036854775807", "1e5", "01", "1.", "0.000000000000000001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := market.ParseDecimal(s)
		if err != nil {
			return
		}
		want, ok := new(big.Rat).SetString(s)
		if !ok {
			t.Fatalf("%q was read as %+v", s, d)
		}
		got := new(big.Rat).SetFrac(big.NewInt(d.Units), pow10(int(d.Digits)))
		if got.Cmp(want) != 0 || d.Digits > market.MaxDigits {
			t.Fatalf("%q was read as %+v", s, d)
		}
	})
}
