// Package render (no promise) writes the JSON that the REST gateway answers
// with: orders, fills, trades, books, balances, events, answers and problems.
//
// Everything is appended to a byte slice, without reflection: an answer is
// written for each of tens of thousands of commands a second. What is written
// depends on the arguments alone, so that a repeated command gets the first
// answer's bytes on any node.
package render

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rialto-exchange/rialto/fsm/market"
)

// AppendTime appends an instant as the contract writes it, without quotes:
// RFC 3339 in UTC with nine fractional digits. time.AppendFormat reads its
// layout each time and takes three times as long; an answer has three instants
// and more.
func AppendTime(dst []byte, at market.Nanos) []byte {
	t := time.Unix(0, int64(at)).UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dst = pad(dst, year, 4)
	dst = pad(append(dst, '-'), int(month), 2)
	dst = pad(append(dst, '-'), day, 2)
	dst = pad(append(dst, 'T'), hour, 2)
	dst = pad(append(dst, ':'), minute, 2)
	dst = pad(append(dst, ':'), second, 2)
	dst = pad(append(dst, '.'), t.Nanosecond(), 9)
	return append(dst, 'Z')
}

// pad appends v with leading zeros.
func pad(dst []byte, v, width int) []byte {
	at := len(dst)
	dst = append(dst, "000000000"[:width]...)
	for i := at + width - 1; i >= at; i-- {
		dst[i] = byte('0' + v%10)
		v /= 10
	}
	return dst
}

// AppendHistory appends the id of a history: sixteen hex digits.
func AppendHistory(dst []byte, history uint64) []byte {
	const hex = "0123456789abcdef"
	for shift := 60; shift >= 0; shift -= 4 {
		dst = append(dst, hex[history>>shift&15])
	}
	return dst
}

// Quote appends a JSON string.
func Quote(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			dst, _ = jsontext.AppendQuote(dst, s) // invalid UTF-8 becomes U+FFFD
			return dst
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

// writer appends members and elements; it puts the commas. The zero value of
// a member that may be absent is left out.
type writer struct{ b []byte }

func (w *writer) comma() {
	if n := len(w.b); n > 0 && w.b[n-1] != '{' && w.b[n-1] != '[' {
		w.b = append(w.b, ',')
	}
}

func (w *writer) key(name string) {
	w.comma()
	w.b = append(w.b, '"')
	w.b = append(w.b, name...)
	w.b = append(w.b, '"', ':')
}

func (w *writer) open(name string)      { w.key(name); w.b = append(w.b, '{') }
func (w *writer) close()                { w.b = append(w.b, '}') }
func (w *writer) list(name string)      { w.key(name); w.b = append(w.b, '[') }
func (w *writer) endList()              { w.b = append(w.b, ']') }
func (w *writer) element()              { w.comma(); w.b = append(w.b, '{') }
func (w *writer) item(s string)         { w.comma(); w.b = Quote(w.b, s) }
func (w *writer) begin()                { w.b = append(w.b, '{') }
func (w *writer) bool(n string, v bool) { w.key(n); w.b = strconv.AppendBool(w.b, v) }

// text writes a string, nothing if it is empty.
func (w *writer) text(name, v string) {
	if v != "" {
		w.key(name)
		w.b = Quote(w.b, v)
	}
}

// number writes a JSON number.
func (w *writer) number(name string, v uint64) {
	w.key(name)
	w.b = strconv.AppendUint(w.b, v, 10)
}

// fixed writes a decimal string with exactly the given digits.
func (w *writer) fixed(name string, units int64, digits uint8) {
	w.key(name)
	w.fixedValue(units, digits)
}

func (w *writer) fixedValue(units int64, digits uint8) {
	w.b = append(w.b, '"')
	w.b = market.AppendFixed(w.b, units, digits)
	w.b = append(w.b, '"')
}

// optional is fixed, and nothing for zero.
func (w *writer) optional(name string, units int64, digits uint8) {
	if units != 0 {
		w.fixed(name, units, digits)
	}
}

// instant writes a time, nothing if there is none.
func (w *writer) instant(name string, at market.Nanos) {
	if at != 0 {
		w.key(name)
		w.b = append(w.b, '"')
		w.b = AppendTime(w.b, at)
		w.b = append(w.b, '"')
	}
}

func (w *writer) order(name string, id market.OrderID) {
	if id != 0 {
		w.key(name)
		w.orderID(id)
	}
}

func (w *writer) orderID(id market.OrderID) {
	w.b = append(w.b, '"')
	w.b = id.Append(w.b)
	w.b = append(w.b, '"')
}

// trade writes a trade id: a string, as all ids, that FIX 880 carries too.
func (w *writer) trade(id market.TradeID) {
	w.key("trade_id")
	w.b = append(w.b, '"')
	w.b = strconv.AppendUint(w.b, uint64(id), 10)
	w.b = append(w.b, '"')
}
