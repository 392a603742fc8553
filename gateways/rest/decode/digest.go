package decode

import (
	"math/bits"
)

// The digest is kept in the venue's state for as long as the command id, and
// compared by nodes of other versions: it is frozen (see the test). It is
// computed over values, so that key order, white space, escapes and the
// spelling of numbers don't count: members are summed, elements are chained.

const (
	mixA = 0x9E3779B97F4A7C15
	mixB = 0xD6E8FEB86659FD93
	mixC = 0xA0761D6478BD642F
)

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^mixA, b^mixB)
	return hi ^ lo
}

func hashText(seed uint64, s string) uint64 {
	h := mix(seed, uint64(len(s))+mixC)
	for len(s) >= 8 {
		w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		h = mix(h, w)
		s = s[8:]
	}
	var w uint64
	for i := range len(s) {
		w |= uint64(s[i]) << (8 * i)
	}
	return mix(h, w)
}

// digest returns the digest of the value at a node.
func (p *parser) digest(at int) uint64 {
	n := &p.nodes[at]
	switch n.kind {
	case '{':
		sum := uint64(mixC)
		for i := at + 1; i < int(n.end); i = int(p.nodes[i].end) {
			sum += mix(hashText('k', p.nodes[i].name), p.digest(i))
		}
		return mix(sum, '{')
	case '[':
		h := uint64('[')
		for i := at + 1; i < int(n.end); i = int(p.nodes[i].end) {
			h = mix(h, p.digest(i))
		}
		return mix(h, uint64(']'))
	case '0':
		return hashNumber(n.text)
	}
	return hashText(uint64(n.kind), n.text)
}

// hashNumber hashes a number by its value: its digits without leading and
// trailing zeros, and the power of ten.
func hashNumber(text string) uint64 {
	negative := text[0] == '-'
	digits := make([]byte, 0, 32)
	exponent, point, i := 0, false, 0
	if negative {
		i++
	}
	for ; i < len(text) && text[i] != 'e' && text[i] != 'E'; i++ {
		if text[i] == '.' {
			point = true
			continue
		}
		if point {
			exponent--
		}
		if len(digits) > 0 || text[i] != '0' {
			digits = append(digits, text[i])
		}
	}
	if i < len(text) {
		exponent += parseExponent(text[i+1:])
	}
	for len(digits) > 0 && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
		exponent++
	}
	if len(digits) == 0 { // zero is zero, with whatever sign and exponent
		return hashText('0', "")
	}
	if negative {
		exponent ^= 1 << 40
	}
	return mix(hashText('0', string(digits)), uint64(int64(exponent)))
}

func parseExponent(text string) int {
	negative, e := false, 0
	for i := range len(text) {
		switch c := text[i]; {
		case c == '-':
			negative = true
		case c >= '0' && c <= '9' && e < 1<<30:
			e = e*10 + int(c-'0')
		}
	}
	if negative {
		return -e
	}
	return e
}

// bodyDigest is the digest of what makes a body the same: the verb and the
// members that count.
func (p *parser) bodyDigest(verb string) uint64 {
	sum := hashText('v', verb)
	for i := 1; i < int(p.nodes[0].end); i = int(p.nodes[i].end) {
		switch name := p.nodes[i].name; name {
		case "aggregate_id", "payload", "expected_sequence":
			sum += mix(hashText('k', name), p.digest(i))
		}
	}
	return sum
}
