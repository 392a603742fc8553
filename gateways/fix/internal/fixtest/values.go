package fixtest

import (
	"io"
	"math/rand/v2"
	"slices"
	"strings"
)

// usual are values that some tags have.
func usual() map[string][]string {
	prices := []string{"1", "0.5", "00100.250", "100000000", "0", "-1", "1.", "0.00000001"}
	return map[string][]string{
		"1": {"trader1", "other", "a b"}, "11": {"a", "a/b", "a b", "ä"}, "41": {"a", "b", "a/b"}, "55": {"BTC-USD", "BTC/USD", "X"}, "37": {"O0000000000007", "NONE"},
		"18": {"6", "R", "6 6", "G"}, "38": prices, "44": prices, "99": prices, "111": prices, "110": prices, "152": prices, "1138": prices,
		"40": {"1", "2", "3", "4", "K", "P"}, "54": {"1", "2", "5"}, "59": {"0", "1", "2", "3", "4", "6"}, "530": {"1", "7", "3"}, "585": {"1", "7"}, "559": {"0", "4"},
		"60": {"20261121-10:02:01", "20200101-00:00:00"}, "126": {"20270101-00:00:00"}, "432": {"20270101"}, "62": {"20261121-10:00:01"},
		"25001": {"1", "2", "5", "6"}, "7928": {"N", "D"}, "453": {"0", "1", "2"}, "448": {"X", strings.Repeat("x", 130)}, "263": {"0", "1", "2"}, "97": {"Y", "N"},
	}
}

// value returns one of the values that a tag has, or that programs stumble
// over.
func (b *Bender) value(tag string) string {
	if list := b.usual[tag]; list != nil && b.random.IntN(2) == 0 {
		return list[b.random.IntN(len(list))]
	}
	list := [...]string{
		"", "0", "1", "2", "3", "5", "-1", "-", "6", "7", "K", "Y", "N", ".", "-.", "0.0", "1.", ".1", "00001.50", "+1", "1e9", "NaN", "Inf", "0x10", "1,5",
		"999999999", "2147483648", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "99999999999999999999999", "0.0000000000000000001",
		"0.000000000000000001", "20261121-10:00:00", "20270101", "20261121-23:59:60", "00000000-00:00:00", "99991231-23:59:59.999999999", "a b", "a/b", "ä", "\xff", "\x00", "\n", "|", "=", "8=FIX.4.4",
		"10=000", "O0000000000007", "OZZZZZZZZZZZZZ", "venue:fees", "6 6", "6  6", " ", strings.Repeat("9", 40), strings.Repeat("x", 65), strings.Repeat("y", 600),
	}
	return list[b.random.IntN(len(list))]
}

// noise changes some bytes.
func (b *Bender) noise(raw []byte) []byte {
	for range 1 + b.random.IntN(3) {
		i := b.random.IntN(len(raw))
		switch b.random.IntN(4) {
		case 0:
			raw = slices.Delete(raw, i, i+1)
		case 1:
			raw = slices.Insert(raw, i, byte(b.random.IntN(256)))
		case 2:
			raw[i] = "0123456789=\x01-. "[b.random.IntN(15)]
		default:
			raw[i] ^= 1 << b.random.IntN(8)
		}
		if len(raw) == 0 {
			return []byte{1}
		}
	}
	return raw
}

// pieces gives a stream out in pieces of any size.
type pieces struct {
	left   []byte
	random *rand.Rand
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.left) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:1+p.random.IntN(len(b))], p.left)
	p.left = p.left[n:]
	return n, nil
}
