package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Command is a command as its client sent it.
type Command struct {
	Verb string // kind/verb, such as "orders/place"
	ID   string
	// Aggregate is aggregate_id, "" if there was none.
	Aggregate string
	// Expected is expected_sequence, nil if there was none.
	Expected   *uint64
	validUntil instant // 0: none
	payload    map[string]any
	told       map[string]any // what the client was answered, nil: it was not, or nobody knows
	status     int
	// taken: it was made of its own events, see Taken.
	taken bool
}

// ReadCommand reads the body of a POST to /v1/commands/{verb}.
func ReadCommand(verb string, body []byte) (Command, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	d.DisallowUnknownFields()
	var in struct {
		Command    string         `json:"command"`
		ID         string         `json:"command_id"`
		Label      string         `json:"command_type"`
		Aggregate  string         `json:"aggregate_id"`
		Expected   *uint64        `json:"expected_sequence"`
		ValidUntil string         `json:"valid_until"`
		CreatedAt  string         `json:"created_at"`
		Payload    map[string]any `json:"payload"`
	}
	if err := d.Decode(&in); err != nil {
		return Command{}, fmt.Errorf("no command: %w", err)
	}
	if verb == "" {
		verb = in.Command
	}
	c := Command{Verb: verb, ID: in.ID, Aggregate: in.Aggregate, Expected: in.Expected, payload: in.Payload}
	if in.ValidUntil != "" {
		at, ok := readInstant(in.ValidUntil)
		if !ok {
			return Command{}, fmt.Errorf("valid_until %q is no instant", in.ValidUntil)
		}
		c.validUntil = at
	}
	return c, nil
}

// NewCommand makes a command of its parts, for those that came otherwise than
// by REST.
func NewCommand(verb, id string, payload map[string]any) Command {
	return Command{Verb: verb, ID: id, payload: payload}
}

// fields takes the members of a payload by name. What is left over at the end,
// and what is not what it should be, is bad: a door that lets it in is broken.
type fields struct {
	members map[string]any
	used    map[string]bool
	bad     string
}

func (c *Command) fields() *fields {
	return &fields{members: c.payload, used: map[string]bool{}}
}

func (f *fields) fail(name, why string) {
	if f.bad == "" {
		f.bad = fmt.Sprintf("payload.%s %s", name, why)
	}
}

func (f *fields) take(name string) (any, bool) {
	f.used[name] = true
	v, ok := f.members[name]
	return v, ok
}

func (f *fields) text(name string) string {
	v, ok := f.take(name)
	if !ok {
		return ""
	}
	s, ok := v.(string)
	if !ok {
		f.fail(name, "is no text")
	}
	return s
}

func (f *fields) boolean(name string) bool {
	v, ok := f.take(name)
	if !ok {
		return false
	}
	b, ok := v.(bool)
	if !ok {
		f.fail(name, "is neither true nor false")
	}
	return b
}

// decimal reads a decimal, nil if it is absent. Whole numbers of JSON are taken
// too: limits and basis points may be written so.
func (f *fields) decimal(name string) *decimal {
	v, ok := f.take(name)
	if !ok {
		return nil
	}
	text := ""
	switch v := v.(type) {
	case string:
		text = v
	case json.Number:
		text = v.String()
	}
	d, ok := readDecimal(text)
	if !ok {
		f.fail(name, "is no decimal")
		return nil
	}
	return &d
}

func (f *fields) instant(name string) instant {
	s := f.text(name)
	if s == "" {
		return 0
	}
	at, ok := readInstant(s)
	if !ok {
		f.fail(name, "is no instant")
	}
	return at
}

// oneOf reads an enum; absent is the first of the values.
func (f *fields) oneOf(name string, values ...string) string {
	s := f.text(name)
	if s == "" {
		return values[0]
	}
	for _, v := range values {
		if s == v {
			return s
		}
	}
	f.fail(name, "is none of "+strings.Join(values, ", "))
	return values[0]
}

// about is the aggregate's own name: a member of the payload or aggregate_id,
// without the prefix that keeps its kind apart from accounts.
func (f *fields) about(name string, c *Command, prefix string) string {
	s := f.text(name)
	if s == "" {
		return strings.TrimPrefix(c.Aggregate, prefix)
	}
	return s
}

// list reads a list of texts.
func (f *fields) list(name string) []string {
	v, _ := f.take(name)
	items, _ := v.([]any)
	var out []string
	for _, item := range items {
		s, ok := item.(string)
		if !ok {
			f.fail(name, "is no list of texts")
		}
		out = append(out, s)
	}
	return out
}

// objects reads a list of objects.
func (f *fields) objects(name string) []*fields {
	v, _ := f.take(name)
	items, _ := v.([]any)
	var out []*fields
	for _, item := range items {
		m, ok := item.(map[string]any)
		if !ok {
			f.fail(name, "is no list of objects")
		}
		out = append(out, &fields{members: m, used: map[string]bool{}})
	}
	return out
}

// close says what is wrong with the payload, "" if nothing is.
func (f *fields) close() string {
	for name := range f.members {
		if !f.used[name] {
			f.fail(name, "is nothing that the model knows")
		}
	}
	return f.bad
}

// refusal is why a command is not done: the code of its problem.
type refusal string

// accepted is no refusal.
const accepted refusal = ""

// reservedPrefix begins ids that are the venue's own.
const reservedPrefix = "venue:"

func validID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range s {
		if !(c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.ContainsRune("._:-", c)) {
			return false
		}
	}
	return true
}

// ownID refuses ids that clients may not give to what they define.
func ownID(id string) refusal {
	switch {
	case !validID(id):
		return "invalid_parameters"
	case strings.HasPrefix(id, reservedPrefix):
		return "reserved_id"
	}
	return accepted
}
