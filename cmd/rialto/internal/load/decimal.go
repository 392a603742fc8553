package load

import (
	"fmt"
	"strconv"
	"strings"
)

// units reads decimal text as a count of 10^-digits.
func units(text string, digits int) (int64, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	if len(fraction) > digits {
		return 0, fmt.Errorf("%q has more than %d decimals", text, digits)
	}
	return strconv.ParseInt(whole+fraction+strings.Repeat("0", digits-len(fraction)), 10, 64)
}

// fixed prints a count of 10^-digits.
func fixed(n int64, digits int) string {
	text := strconv.FormatInt(n, 10)
	for len(text) <= digits {
		text = "0" + text
	}
	if digits == 0 {
		return text
	}
	return text[:len(text)-digits] + "." + text[len(text)-digits:]
}
