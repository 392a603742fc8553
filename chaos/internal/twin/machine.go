// Package twin is for tests: the venue's own machine behind the REST door's
// decoder and its rendering, in virtual time, and long mixes of commands to give
// it. What a node would tell is had in no time, to be compared with the model.
package twin

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/commandcodec"
	"github.com/rialto-exchange/rialto/fsm/entry"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/rest/decode"
	"github.com/rialto-exchange/rialto/gateways/rest/render"
)

// Machine is the venue's machine as a node would answer for it.
type Machine struct {
	FSM *fsm.Machine
	Now market.Nanos // venue time
	// Sent are the commands that the door took, by id.
	Sent map[string]*Sent

	t       testing.TB
	run     string
	decoder *decode.Decoder
	count   int
}

// Sent is a command as its client sent it, and what it was answered.
type Sent struct {
	ID, Verb string
	Body     []byte
	// Status is 0 while it is not executed: forbidden, throttled, a repeat.
	Status   int
	Answer   []byte
	Sequence uint64
}

// start is 2026-05-23T10:00:00Z.
const start = market.Nanos(1_779_530_400_000_000_000)

// NewMachine returns a machine before its first entry; ids begin with run and -.
func NewMachine(t testing.TB, run string, bounds fsm.Bounds) *Machine {
	return &Machine{
		FSM: fsm.New(fsm.Options{Cluster: 7, Bounds: bounds}), Now: start, Sent: map[string]*Sent{},
		t: t, run: run, decoder: decode.New(),
	}
}

// Wish is a command that a client wants: a verb and what its body holds.
type Wish struct {
	Verb string
	Body map[string]any // but command_id
	// Participant and Key are who sends it, a trader; empty: the administrator.
	Participant, Key string
}

// Do is a wish of the administrator.
func Do(verb, aggregate string, payload map[string]any) Wish {
	body := map[string]any{"payload": payload}
	if aggregate != "" {
		body["aggregate_id"] = aggregate
	}
	return Wish{Verb: verb, Body: body}
}

// By is the wish as a participant's trader sends it.
func (w Wish) By(participant, key string) Wish {
	w.Participant, w.Key = participant, key
	return w
}

// command decodes a wish as the door does; false if the door refuses it.
func (m *Machine) command(w Wish) (*command.Command, bool) {
	m.t.Helper()
	m.count++
	w.Body["command_id"] = fmt.Sprintf("%s-%d", m.run, m.count)
	text, err := json.Marshal(w.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	verb, ok := m.decoder.Verb(w.Verb)
	if !ok {
		m.t.Fatalf("the door knows no %s", w.Verb)
	}
	var r decode.Request
	if m.decoder.Single(verb, text, &r); r.Fault != nil {
		return nil, false
	}
	c := r.Command
	c.Role, c.Source, c.Deadline = market.RoleAdmin, market.SourceREST, m.Now+10e9
	if w.Participant != "" {
		c.Participant, c.Actor, c.Role = w.Participant, w.Key, market.RoleTrader
	}
	m.Sent[c.ID] = &Sent{ID: c.ID, Verb: w.Verb, Body: text}
	return &c, true
}

// Apply gives the machine an entry of wishes and returns its events, as lines of
// an export.
func (m *Machine) Apply(wishes ...Wish) [][]byte {
	m.t.Helper()
	var commands []*command.Command
	for _, w := range wishes {
		if c, ok := m.command(w); ok {
			commands = append(commands, c)
		}
	}
	return m.execute(commands...)
}

// Begin starts the first term.
func (m *Machine) Begin() [][]byte {
	return m.execute(&command.Command{
		Header: command.Header{Role: market.RoleAdmin, Source: market.SourceSystem},
		Body:   &command.TermStart{Term: 1, Leader: "n1", History: 1},
	})
}

// Fence settles a command id for good, as the administrator.
func (m *Machine) Fence(id string) [][]byte {
	return m.execute(&command.Command{
		Header: command.Header{Role: market.RoleAdmin, Source: market.SourceREST, Deadline: m.Now + 10e9},
		Body:   &command.Fence{Target: id},
	})
}

func (m *Machine) execute(commands ...*command.Command) [][]byte {
	m.t.Helper()
	var encoded [][]byte
	for _, c := range commands {
		b, err := commandcodec.Append(nil, c, fsm.FeatureLevel)
		if err != nil {
			m.t.Fatal(err)
		}
		encoded = append(encoded, b)
	}
	data, err := entry.Seal(nil, entry.Header{Level: fsm.FeatureLevel, Cluster: 7, History: 1, At: m.Now}, encoded)
	if err != nil {
		m.t.Fatal(err)
	}
	block, outcomes := m.FSM.Apply(m.FSM.Index()+1, 1, data)
	for i, o := range outcomes {
		if sent := m.Sent[commands[i].ID]; sent != nil && o.Kind == event.OutcomeExecuted {
			sent.Answer, sent.Status = render.Answer(nil, o.Group, block.At)
			sent.Sequence = uint64(o.Group.Last())
		}
	}
	var out [][]byte
	for e := range block.Events {
		seen := gateways.EventOf(&e, gateways.Viewer{Full: true})
		out = append(out, render.Event(nil, &seen))
	}
	return out
}
