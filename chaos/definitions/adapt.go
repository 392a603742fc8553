package definitions

import (
	"slices"
	"strconv"
)

// Venue is what a definition has to know of a venue that it is to run against.
type Venue struct {
	Address  string // of its FIX port
	Target   string // the venue's comp id
	Password string // of every session
	// Fresh returns the comp id of a session that has never logged on: the
	// definitions begin each connection at number 1.
	Fresh func() string
	// Account and Instrument are what the orders are for. Price is where a buy
	// order rests.
	Account, Instrument, Price string
}

// Compare is how a venue's answers are compared: texts are the venue's own, a
// Logout may say why a connection ends, and of reports and TestRequests only
// what concerns the session counts.
func (v Venue) Compare() Comparison {
	return Comparison{AnyText: true, Farewell: true, Only: map[string][]string{
		"1": {"8", "34", "35", "49", "52", "56"}, // its TestReqID is the venue's own
		"8": {"8", "34", "35", "43", "49", "52", "56", "122"},
	}}
}

// Adapt makes a definition fit for a venue: comp ids and a password, orders
// that are complete (ClOrdID is used again, so the first one is accepted and
// the others are refused; each gets one report), and a report where the
// definition has an echo. A wrong BodyLength stays as wrong as it was.
func (v Venue) Adapt(d Definition) Definition {
	steps := slices.Clone(d.Steps)
	open, sender := map[int]bool{}, ""
	for i, s := range steps {
		switch s.Kind {
		case Connect:
			if len(open) == 0 {
				sender = v.Fresh()
			}
			open[s.Connection] = true
		case HangUp, Disconnect:
			delete(open, s.Connection)
		case Send:
			steps[i].Message = v.sent(s.Message, sender)
		case Expect:
			steps[i].Message = v.expected(s.Message, sender)
		}
	}
	return Definition{Name: d.Name, Steps: steps}
}

func (v Venue) sent(m Message, sender string) Message {
	from := len(m.text())
	m = renamed(m, "49", "TW", sender)
	m = renamed(m, "56", "ISLD", v.Target)
	switch kind, _ := m.Get("35"); kind {
	case "A":
		m = append(m, Field{"553", sender}, Field{"554", v.Password})
	case "D":
		m = v.order(m)
	}
	for i, f := range m {
		if length, err := strconv.Atoi(f.Value); f.Tag == "9" && err == nil {
			m[i].Value = strconv.Itoa(length + len(m.text()) - from)
			break
		}
	}
	return m
}

// order completes an order and leaves alone what the definition says of it.
func (v Venue) order(m Message) Message {
	for i, f := range m {
		switch {
		case f.Tag == "55":
			m[i].Value = v.Instrument
		case f.Tag == "40" && f.Value == "1":
			m[i].Value = "2"
		}
	}
	for _, f := range []Field{{"1", v.Account}, {"38", "1"}, {"44", v.Price}} {
		if _, has := m.Get(f.Tag); !has {
			m = append(m, f)
		}
	}
	return m
}

// Order returns a message that is an order once it is adapted.
func Order(begin, number string, more ...Field) Message {
	m := Message{{"8", begin}, {"35", "D"}, {"34", number}, {"49", "TW"}, {"52", "<TIME>"}, {"56", "ISLD"}}
	m = append(m, more...)
	return append(m, Field{"11", "ID"}, Field{"21", "3"}, Field{"40", "1"}, Field{"54", "1"}, Field{"55", "INTC"}, Field{"60", "<TIME>"})
}

func (v Venue) expected(m Message, sender string) Message {
	m = renamed(m, "49", "ISLD", v.Target)
	m = renamed(m, "56", "TW", sender)
	return renamed(m, "35", "D", "8")
}

// renamed returns a copy with the first field of a tag changed, if it has the
// old value.
func renamed(m Message, tag, old, value string) Message {
	m = slices.Clone(m)
	for i, f := range m {
		if f.Tag == tag {
			if f.Value == old {
				m[i].Value = value
			}
			break
		}
	}
	return m
}
