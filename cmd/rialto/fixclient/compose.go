package fixclient

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// The tags that Compose fills in.
const (
	tagClOrdID      wire.Tag = 11
	tagOrdType      wire.Tag = 40
	tagPrice        wire.Tag = 44
	tagTransactTime wire.Tag = 60
)

// Composed is an application message that a person wrote.
type Composed struct {
	Kind    string // MsgType
	ClOrdID string // "" where it has none
	fields  []composedField
}

type composedField struct {
	tag   wire.Tag
	value string
}

// Compose reads a message as people write it: its type, then TAG=VALUE in the
// order in which they are sent, all by name or number (NewOrderSingle
// Symbol=AAPL-USD Side=buy). Requests about orders get a ClOrdID, which is id,
// and TransactTime unless they have one; an order's type goes by its price.
func Compose(words []string, id string, now time.Time) (*Composed, error) {
	if len(words) == 0 {
		return nil, fmt.Errorf("name the message's type")
	}
	m := &Composed{Kind: Value(wire.MsgType, words[0])}
	if len(m.Kind) > 2 {
		return nil, fmt.Errorf("%q is no type of a message", words[0])
	}
	if wire.IsAdmin(m.Kind) {
		return nil, fmt.Errorf("%s is the session's own message", words[0])
	}
	for _, word := range words[1:] {
		name, value, ok := strings.Cut(word, "=")
		tag, known := Tag(name)
		switch {
		case !ok || value == "":
			return nil, fmt.Errorf("%q is not TAG=VALUE", word)
		case !known:
			return nil, fmt.Errorf("%q is the name of no tag; its number will do", name)
		case tag.IsHeader() && tag != wire.PossResend || tag.IsTrailer():
			return nil, fmt.Errorf("%s is the session's own", Name(tag))
		}
		m.fields = append(m.fields, composedField{tag, Value(tag, value)})
	}
	m.complete(id, now)
	m.ClOrdID, _ = m.get(tagClOrdID)
	return m, nil
}

// complete adds what a request about orders must have.
func (m *Composed) complete(id string, now time.Time) {
	orElse := func(tag wire.Tag, value string) {
		if _, has := m.get(tag); !has {
			m.fields = append(m.fields, composedField{tag, value})
		}
	}
	switch m.Kind {
	case "D", "F", "G", "q":
		orElse(tagClOrdID, id)
		orElse(tagTransactTime, string(wire.AppendTime(nil, market.Nanos(now.UnixNano()), 3)))
	}
	if m.Kind == "D" || m.Kind == "G" {
		kind := "1"
		if _, priced := m.get(tagPrice); priced {
			kind = "2"
		}
		orElse(tagOrdType, kind)
	}
}

func (m *Composed) get(tag wire.Tag) (string, bool) {
	i := slices.IndexFunc(m.fields, func(f composedField) bool { return f.tag == tag })
	if i < 0 {
		return "", false
	}
	return m.fields[i].value, true
}

// Write writes the fields; PossResend belongs in the header and comes first.
func (m *Composed) Write(b *wire.Builder) {
	for _, header := range []bool{true, false} {
		for _, f := range m.fields {
			if f.tag.IsHeader() == header {
				b.Text(f.tag, f.value)
			}
		}
	}
}

// Answers reports whether a message answers this one, sent under a number.
func (m *Composed) Answers(answer *wire.Message, number uint64) bool {
	if ref, ok := answer.Get(wire.RefSeqNum); ok {
		n, _ := wire.ParseUint(ref)
		return n == number
	}
	id, _ := answer.Get(tagClOrdID)
	return m.ClOrdID == "" || string(id) == m.ClOrdID
}

// Refuses reports whether an answer says no: a Reject of any layer, or a report
// of a rejected order.
func Refuses(answer *wire.Message) bool {
	kind, _ := answer.Get(150)
	return answer.Type() == "3" || answer.Type() == "j" || answer.Type() == "9" || answer.Type() == "8" && string(kind) == "8"
}
