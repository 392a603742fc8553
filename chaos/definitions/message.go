package definitions

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

const separator = "\x01"

// Field is one tag and its value, both as written: a definition may have wrong
// ones.
type Field struct{ Tag, Value string }

// Message is fields in their order.
type Message []Field

// ParseMessage splits text into fields, whatever it is.
func ParseMessage(text string) Message {
	var m Message
	for _, part := range strings.Split(strings.TrimSuffix(text, separator), separator) {
		tag, value, _ := strings.Cut(part, "=")
		m = append(m, Field{tag, value})
	}
	return m
}

// Get returns the first value of a tag.
func (m Message) Get(tag string) (string, bool) {
	for _, f := range m {
		if f.Tag == tag {
			return f.Value, true
		}
	}
	return "", false
}

// Without returns a message without some tags.
func (m Message) Without(tags ...string) Message {
	var rest Message
	for _, f := range m {
		keep := true
		for _, t := range tags {
			keep = keep && f.Tag != t
		}
		if keep {
			rest = append(rest, f)
		}
	}
	return rest
}

func (m Message) text() string {
	var b strings.Builder
	for _, f := range m {
		b.WriteString(f.Tag)
		if f.Value != "" || !f.garbled() {
			b.WriteByte('=')
		}
		b.WriteString(f.Value + separator)
	}
	return b.String()
}

// garbled: a field that never had a "=" keeps having none.
func (f Field) garbled() bool { return f.Tag == "" }

// String shows a message with bars between its fields.
func (m Message) String() string { return strings.ReplaceAll(m.text(), separator, "|") }

// Bytes completes a message as the definitions want it: times filled in, and
// BodyLength and CheckSum computed where it has none. One that does not begin
// with a BeginString is left as it is.
func (m Message) Bytes(now time.Time) []byte {
	timed := make(Message, len(m))
	for i, f := range m {
		timed[i] = Field{f.Tag, timify(f.Value, now)}
	}
	if timed[0].Tag != "8" {
		return []byte(timed.text())
	}
	head, body := timed[:1].text(), timed[1:].Without("10").text()
	if _, has := timed.Get("9"); !has {
		body = "9=" + strconv.Itoa(len(body)) + separator + body
	}
	sum, has := timed.Get("10")
	if !has {
		sum = checksum(head + body)
	}
	return []byte(head + body + "10=" + sum + separator)
}

func checksum(text string) string {
	var sum byte
	for i := range len(text) {
		sum += text[i]
	}
	return fmt.Sprintf("%03d", sum)
}

const timeForm = "20060102-15:04:05"

// timify replaces <TIME> and <TIME±seconds>.
func timify(value string, now time.Time) string {
	inside, ok := strings.CutPrefix(value, "<TIME")
	if !ok {
		return value
	}
	seconds, _ := strconv.Atoi(strings.TrimSuffix(inside, ">"))
	return now.UTC().Add(time.Duration(seconds) * time.Second).Format(timeForm)
}

// ReadMessage reads a message and checks its framing: BeginString first,
// BodyLength and CheckSum right.
func ReadMessage(r *bufio.Reader) (Message, error) {
	begin, err := r.ReadString(separator[0])
	if err != nil {
		return nil, err
	}
	length, err := r.ReadString(separator[0])
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(length, "9="), separator))
	if err != nil || n < 0 || n > 1<<20 || !strings.HasPrefix(begin, "8=") || !strings.HasPrefix(length, "9=") {
		return nil, fmt.Errorf("a message begins with %q", begin+length)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, err
	}
	sum, err := r.ReadString(separator[0])
	if err != nil {
		return nil, err
	}
	text := begin + length + string(body)
	if want := "10=" + checksum(text) + separator; sum != want {
		return nil, fmt.Errorf("message %q ends with %q, want %q", text, sum, want)
	}
	m := ParseMessage(text + sum)
	if len(m) < 4 || m[2].Tag != "35" {
		return nil, errors.New("MsgType is not the third field of " + m.String())
	}
	return m, nil
}
