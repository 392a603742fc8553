package definitions_test

import (
	"slices"
	"strconv"

	"github.com/rialto-exchange/rialto/chaos/definitions"
)

// ofVenue changes what a definition says where a venue does otherwise and the
// specification agrees, or where it needs an echo of what no client of a venue
// sends. The reason stands with each.
func ofVenue(d definitions.Definition) definitions.Definition {
	change := map[string]func([]definitions.Step) []definitions.Step{
		"19a_PossResendMessageThatHAsAlreadyBeenSent": possResend,
		"21_RepeatingGroupSpecifierWithValueOfZero":   emptyGroup,
		"1b_DuplicateIdentity":                        probed,
		"AlreadyLoggedOn":                             probed,
	}[d.Name]
	if change == nil {
		return d
	}
	return definitions.Definition{Name: d.Name, Steps: change(slices.Clone(d.Steps))}
}

// possResend: an order with PossResend whose ClOrdID is there is no duplicate to
// be passed over in silence, as the echo does, but a question: the venue reports
// how the order stands (ExecType I), under the number that the Logout has in the
// definition.
func possResend(steps []definitions.Step) []definitions.Step {
	at := slices.IndexFunc(steps, func(s definitions.Step) bool { return has(s, "97", "Y") })
	report := steps[at-1] // the echo of the first order
	report.Message = with(report.Message, "34", "3")
	logout := slices.IndexFunc(steps, func(s definitions.Step) bool { return s.Kind == definitions.Expect && has(s, "35", "5") })
	steps[logout].Message = with(steps[logout].Message, "34", "4")
	return slices.Insert(steps, at+1, report)
}

// emptyGroup: no client defines securities at a venue. What the definition is
// about, a group with no members, is shown by an order.
func emptyGroup(steps []definitions.Step) []definitions.Step {
	for i, s := range steps {
		if !has(s, "35", "d") {
			continue
		}
		begin, _ := s.Message.Get("8")
		number, _ := s.Message.Get("34")
		if s.Kind == definitions.Send {
			steps[i].Message = append(definitions.Order(begin, number), definitions.Field{Tag: "453", Value: "0"})
		} else {
			steps[i].Message = with(s.Message, "35", "8")
		}
	}
	return steps
}

// probed: before a second logon is refused the first connection is asked
// whether it lives, and has half a second to answer; the definition's client
// would be taken for dead.
func probed(steps []definitions.Step) []definitions.Step {
	logon := slices.IndexFunc(steps, func(s definitions.Step) bool { return s.Kind == definitions.Send && s.Connection == 2 })
	question := steps[2].Message.Without("98", "108", "1137") // the answer to the first logon
	question = append(with(with(question, "35", "1"), "34", "2"), definitions.Field{Tag: "112", Value: "any"})
	answer := append(with(with(steps[1].Message.Without("98", "108", "1137"), "35", "0"), "34", "2"), definitions.Field{Tag: "112", Value: "<ASKED>"})
	steps = slices.Insert(steps, logon+1,
		definitions.Step{Line: steps[logon].Line, Kind: definitions.Expect, Connection: 1, Message: question},
		definitions.Step{Line: steps[logon].Line, Kind: definitions.Send, Connection: 1, Message: answer})
	for i := logon + 3; i < len(steps); i++ { // both directions are one further
		if number, ok := steps[i].Message.Get("34"); ok {
			n, _ := strconv.Atoi(number)
			steps[i].Message = with(steps[i].Message, "34", strconv.Itoa(n+1))
		}
	}
	return steps
}

func has(s definitions.Step, tag, value string) bool {
	got, _ := s.Message.Get(tag)
	return got == value
}

// with returns a message with another value of a tag that it has.
func with(m definitions.Message, tag, value string) definitions.Message {
	m = slices.Clone(m)
	for i := range m {
		if m[i].Tag == tag {
			m[i].Value = value
			break
		}
	}
	return m
}
