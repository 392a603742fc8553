// Package lobster reads message files of LOBSTER: real Nasdaq order flow as
// comma-separated text, one message a line.
package lobster

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// PriceDigits is the number of decimals of a Message's price.
const PriceDigits = 4

// maxLine bounds a line; real ones have about 40 characters.
const maxLine = 4096

// ErrMalformed: a line is not a message.
var ErrMalformed = errors.New("malformed message")

// Kind says what a message reports.
type Kind uint8

// The kinds, numbered as in the files.
const (
	Add             Kind = 1 // a new limit order
	PartialCancel   Kind = 2 // Size less of an order
	Delete          Kind = 3 // the whole rest of an order
	Execution       Kind = 4 // Size of a visible order traded
	HiddenExecution Kind = 5
	CrossTrade      Kind = 6
	Halt            Kind = 7
)

// Message is one line of a file.
type Message struct {
	// Line is its number in the file, from 1.
	Line int
	// Time is since midnight of the trading day.
	Time  time.Duration
	Kind  Kind
	Order uint64
	Size  int64 // shares
	Price int64 // of one share, in units of 10^-PriceDigits
	// Buy is the side of the order that the message is about: of an execution,
	// the resting one.
	Buy bool
}

// Read reads a whole file. Errors name the line.
func Read(r io.Reader) ([]Message, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, maxLine), maxLine)
	var messages []Message
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		m, err := parse(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		m.Line = n
		messages = append(messages, m)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", len(messages)+1, err)
	}
	return messages, nil
}

// fields of a line: time, type, order id, size, price, direction.
const fields = 6

func parse(line string) (Message, error) {
	f := strings.Split(line, ",")
	if len(f) < fields {
		return Message{}, fmt.Errorf("%w: %d fields, not %d", ErrMalformed, len(f), fields)
	}
	at, err := parseTime(f[0])
	if err != nil {
		return Message{}, err
	}
	var n [fields]int64
	for i := 1; i < fields; i++ {
		if n[i], err = strconv.ParseInt(f[i], 10, 64); err != nil {
			return Message{}, fmt.Errorf("%w: field %d, %q, is not a whole number", ErrMalformed, i+1, f[i])
		}
	}
	m := Message{Time: at, Kind: Kind(n[1]), Order: uint64(n[2]), Size: n[3], Price: n[4], Buy: n[5] == 1}
	return m, m.check(n[1], n[2], n[5])
}

func (m Message) check(kind, order, direction int64) error {
	if kind < int64(Add) || kind > int64(Halt) {
		return fmt.Errorf("%w: type %d is none of 1 … 7", ErrMalformed, kind)
	}
	if m.Kind >= HiddenExecution {
		return nil // halts and hidden trades carry special values
	}
	if m.Size <= 0 || m.Price <= 0 || order <= 0 {
		return fmt.Errorf("%w: size %d, price %d and order %d must be above 0", ErrMalformed, m.Size, m.Price, order)
	}
	if direction != 1 && direction != -1 {
		return fmt.Errorf("%w: direction %d is neither 1 nor -1", ErrMalformed, direction)
	}
	return nil
}

// parseTime reads seconds with up to nine decimals, exactly.
func parseTime(s string) (time.Duration, error) {
	whole, fraction, _ := strings.Cut(s, ".")
	if len(fraction) > 9 {
		fraction = fraction[:9]
	}
	seconds, err := strconv.ParseUint(whole, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("%w: time %q", ErrMalformed, s)
	}
	nanos, err := strconv.ParseUint((fraction + "000000000")[:9], 10, 31)
	if err != nil {
		return 0, fmt.Errorf("%w: time %q", ErrMalformed, s)
	}
	return time.Duration(seconds)*time.Second + time.Duration(nanos), nil
}
