package model_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/model"
	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/entry"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/rest/decode"
	"github.com/rialto-exchange/rialto/gateways/rest/render"
)

// machine is the venue's own machine behind the REST door's decoder and its
// rendering of events: what a node would answer, in virtual time.
type machine struct {
	t       testing.TB
	fsm     *fsm.Machine
	decoder *decode.Decoder
	now     market.Nanos
	sent    map[string]model.Command
	count   int
}

// began is 2026-05-23T10:00:00Z.
const began = market.Nanos(1_779_530_400_000_000_000)

func newMachine(t testing.TB, bounds fsm.Bounds) *machine {
	return &machine{
		t: t, fsm: fsm.New(fsm.Options{Cluster: 7, Bounds: bounds}), decoder: decode.New(), now: began,
		sent: map[string]model.Command{},
	}
}

// wish is a command that a client wants: a verb and what its body holds.
type wish struct {
	verb    string
	body    map[string]any // but command_id
	by      [2]string      // participant and key; "": the administrator
	asAdmin bool
}

func do(verb, aggregate string, payload map[string]any) wish {
	body := map[string]any{"payload": payload}
	if aggregate != "" {
		body["aggregate_id"] = aggregate
	}
	return wish{verb: verb, body: body}
}

// command decodes a wish as the door does; false if the door refuses it.
func (m *machine) command(w wish) (*command.Command, bool) {
	m.t.Helper()
	m.count++
	id := fmt.Sprintf("c%d", m.count)
	w.body["command_id"] = id
	text, err := json.Marshal(w.body)
	if err != nil {
		m.t.Fatal(err)
	}
	verb, ok := m.decoder.Verb(w.verb)
	if !ok {
		m.t.Fatalf("the door knows no %s", w.verb)
	}
	var r decode.Request
	if m.decoder.Single(verb, text, &r); r.Fault != nil {
		return nil, false
	}
	c := r.Command
	c.Role, c.Source, c.Deadline = market.RoleAdmin, market.SourceREST, m.now+10e9
	if c.Participant, c.Actor = w.by[0], w.by[1]; c.Participant != "" && !w.asAdmin {
		c.Role = market.RoleTrader
	}
	sent, err := model.ReadCommand(w.verb, text)
	if err != nil {
		m.t.Fatalf("the door took %s, and the model does not: %v", text, err)
	}
	m.sent[id] = sent
	return &c, true
}

// apply gives the machine an entry and returns its events as lines.
func (m *machine) apply(wishes ...wish) [][]byte {
	m.t.Helper()
	var commands []*command.Command
	for _, w := range wishes {
		if c, ok := m.command(w); ok {
			commands = append(commands, c)
		}
	}
	return m.execute(commands...)
}

func (m *machine) execute(commands ...*command.Command) [][]byte {
	m.t.Helper()
	var encoded [][]byte
	for _, c := range commands {
		b, err := command.Append(nil, c, fsm.FeatureLevel)
		if err != nil {
			m.t.Fatal(err)
		}
		encoded = append(encoded, b)
	}
	data, err := entry.Seal(nil, entry.Header{Level: fsm.FeatureLevel, Cluster: 7, History: 1, At: m.now}, encoded)
	if err != nil {
		m.t.Fatal(err)
	}
	block, outcomes := m.fsm.Apply(m.fsm.Index()+1, 1, data)
	for i, o := range outcomes {
		if c, ok := m.sent[commands[i].ID]; ok && o.Kind == event.OutcomeExecuted {
			answer, status := render.Answer(nil, o.Group, block.At)
			c.Tell(status, answer)
			m.sent[commands[i].ID] = c
		}
	}
	return lines(block)
}

// lines are the events of a block as `rialto events export` writes them.
func lines(block *event.Block) [][]byte {
	var out [][]byte
	for e := range block.Events {
		seen := gateways.EventOf(&e, gateways.Viewer{Full: true})
		out = append(out, render.Event(nil, &seen))
	}
	return out
}

// begin starts the first term.
func (m *machine) begin() [][]byte {
	return m.execute(&command.Command{
		Header: command.Header{Role: market.RoleAdmin, Source: market.SourceSystem},
		Body:   &command.TermStart{Term: 1, Leader: "n1", History: 1},
	})
}

// read gives events to the model.
func (m *machine) read(v *model.Venue, lines [][]byte) error {
	m.t.Helper()
	var events []model.Event
	for _, line := range lines {
		e, err := model.ReadEvent(line)
		if err != nil {
			m.t.Fatal(err)
		}
		events = append(events, e)
	}
	if len(events) == 0 {
		return nil
	}
	return v.Entry(events, func(e *model.Event) (model.Command, bool) {
		c, ok := m.sent[e.CommandID]
		return c, ok
	})
}

// twin is a machine and the model that follows it.
type twin struct {
	*machine
	model *model.Venue
	kinds map[string]int // events that were compared, by type
	codes map[string]int // refusals, by code
	log   [][][]byte     // the lines of each entry
}

func newTwin(t testing.TB, bounds fsm.Bounds) *twin {
	own := model.DefaultBounds()
	if bounds.EventsPerEntry != 0 {
		own.EventsPerEntry = int(bounds.EventsPerEntry)
	}
	if bounds.FillsPerCommand != 0 {
		own.FillsPerCommand = int(bounds.FillsPerCommand)
	}
	x := &twin{machine: newMachine(t, bounds), model: model.New(own), kinds: map[string]int{}, codes: map[string]int{}}
	x.follow(x.begin())
	return x
}

func (x *twin) do(wishes ...wish) [][]byte {
	x.t.Helper()
	lines := x.apply(wishes...)
	x.follow(lines)
	for x.fsm.Pending() {
		x.follow(x.apply())
	}
	return lines
}

// follow lets the model read an entry, and fails where they part.
func (x *twin) follow(entry [][]byte) {
	x.t.Helper()
	x.log = append(x.log, entry)
	if err := x.read(x.model, entry); err != nil {
		x.t.Fatalf("%v\nof the entry\n%s", err, bytes.Join(entry, []byte("\n")))
	}
	for _, line := range entry {
		e, _ := model.ReadEvent(line)
		x.kinds[e.Type]++
		if code, ok := e.Data["code"].(string); ok {
			x.codes[code]++
		}
		if o, ok := e.Data["order"].(map[string]any); ok {
			if reason, ok := o["reason"].(string); ok {
				x.kinds[reason]++
			}
		}
	}
}
