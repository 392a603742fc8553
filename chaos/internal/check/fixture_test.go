package check_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/internal/check"
	"github.com/rialto-exchange/rialto/chaos/internal/model"
	"github.com/rialto-exchange/rialto/chaos/internal/twin"
	"github.com/rialto-exchange/rialto/fsm"
)

// past is what a run of a good venue left behind, for tests to spoil.
type past struct {
	t       testing.TB
	run     string
	nodes   []string
	events  [][]byte
	ops     []history.Operation
	reports []history.Report
	marks   []history.Mark
	samples []history.Sample // of a soak
	status  string
	limits  check.Limits // of the fault "kill"
	// spoiled is what one node exports instead.
	spoiled map[string]func([][]byte) [][]byte

	machine *twin.Machine
	model   *model.Venue
	now     history.Nanos
	reads   int
}

// good is a run of a few hundred commands of all kinds, of reads at every
// consistency, streams, and a session by FIX.
func good(t testing.TB) *past {
	p := &past{
		t: t, run: "r", nodes: []string{"n1", "n2", "n3"}, spoiled: map[string]func([][]byte) [][]byte{},
		machine: twin.NewMachine(t, "r", fsm.Bounds{}), model: model.New(model.DefaultBounds()),
		status: `{"n1":{"nodes":[{"id":"n1","state_hash":"aa","state_hash_index":4096},{"id":"n2","state_hash":"aa","state_hash_index":4096}]},
			"n2":{"nodes":[{"id":"n2","state_hash":"aa","state_hash_index":4096},{"id":"n3","state_hash":"bb","state_hash_index":8192}]},
			"n3":{"nodes":[{"id":"n3","state_hash":"bb","state_hash_index":8192}]}}`,
	}
	p.took(p.machine.Begin())
	for _, w := range twin.Small() {
		p.do(w)
	}
	p.queue()
	p.session()
	for _, account := range []string{"r-t0", "r-t1"} {
		p.do(twin.Do("accounts/open", account, map[string]any{}))
		p.do(twin.Do("accounts/deposit", account, map[string]any{"asset": "USD", "amount": "1000"}))
	}
	p.mark(history.LoadBegins, "")
	m := twin.NewMixer(5, p.machine)
	for i := range 240 {
		m.Learn(p.do(m.Entry()...))
		if i%10 == 0 {
			p.do(twin.Do("accounts/transfer", fmt.Sprintf("r-t%d", i/10%2), map[string]any{"asset": "USD", "amount": "12.5", "to": fmt.Sprintf("r-t%d", (i/10+1)%2)}))
			p.balance("r-t0", "linearizable")
		}
		if i%7 == 0 {
			p.balance("a1", "session")
			p.book("stale")
		}
	}
	p.mark(history.LoadEnds, "")
	p.streams()
	return p
}

// again is the same run, to be spoiled on its own.
func (p *past) again(t testing.TB) *past {
	q := *p
	q.t, q.spoiled = t, map[string]func([][]byte) [][]byte{}
	q.events, q.reports, q.marks = slices.Clone(p.events), slices.Clone(p.reports), slices.Clone(p.marks)
	q.ops = slices.Clone(p.ops)
	for i := range q.ops {
		o := &q.ops[i]
		o.Sent = slices.Clone(o.Sent)
		if o.Asked != nil {
			asked := *o.Asked
			o.Asked = &asked
		}
		if o.Events != nil {
			told := *o.Events
			told.Blocks = slices.Clone(told.Blocks)
			o.Events = &told
		}
	}
	return &q
}

// queue has two orders rest at one price, and a third trade with the first.
func (p *past) queue() {
	order := func(account, side, id string) twin.Wish {
		return twin.Do("orders/place", account, map[string]any{
			"account": account, "instrument": "BTC-USD", "side": side, "type": "limit", "price": "50500", "quantity": "1", "client_order_id": id,
		})
	}
	p.do(order("a1", "sell", "first"))
	p.do(order("a3", "sell", "second"))
	p.do(order("a6", "buy", "third"))
	p.do(twin.Do("orders/cancel", "", map[string]any{"account": "a3", "client_order_id": "second"}))
	// What the owner of a fee sees: 1.000 at 3000.01 costs 5 of 10,000, rounded up.
	for side, account := range map[string]string{"sell": "a1"} {
		p.do(twin.Do("orders/place", account, map[string]any{
			"account": account, "instrument": "ETH-USD", "side": side, "type": "limit", "price": "3000.01", "quantity": "0.007",
		}))
	}
	p.do(twin.Do("orders/place", "a3", map[string]any{
		"account": "a3", "instrument": "ETH-USD", "side": "buy", "type": "limit", "price": "3000.01", "quantity": "0.007",
	}))
}

// session has a FIX session place three orders, of which one is refused: what a
// gateway does is left out, and the events say that it was there.
func (p *past) session() {
	p.do(twin.Do("participants/define", "", map[string]any{"participant": "S", "role": "trader", "accounts": []string{"f1"}, "fix_sessions": []any{map[string]any{"comp_id": "S"}}}))
	p.do(twin.Do("accounts/open", "f1", map[string]any{"participant": "S"}))
	p.do(twin.Do("accounts/deposit", "f1", map[string]any{"asset": "ODD", "amount": "50"}))
	for n, price := range []string{"80", "79.75", "79.99", "79.5"} {
		id := fmt.Sprintf("r-f%d", n+1)
		before := len(p.events)
		ops := len(p.ops)
		p.do(twin.Do("orders/place", "f1", map[string]any{
			"account": "f1", "instrument": "ODD-USD", "side": "sell", "type": "limit", "time_in_force": "day", "price": price, "quantity": "2", "client_order_id": id,
		}))
		o := p.ops[ops]
		p.ops = p.ops[:ops]
		for i := before; i < len(p.events); i++ {
			p.events[i] = bytes.Replace(p.events[i], []byte(`"source":"rest","command_id":"`+o.ID+`"`), []byte(`"participant":"S","actor":"S","source":"fix"`), 1)
			e := p.event(i)
			kind := map[string]string{"OrderAccepted": "0", "CommandRejected": "8"}[e.Type]
			p.reports = append(p.reports, history.Report{Session: "S", Node: "n1", At: o.Ended, Number: uint64(len(p.reports) + 1), ClOrdID: id, ExecType: kind, Sequence: e.Sequence})
		}
		body := fmt.Sprintf(`{"1":"f1","11":%q,"38":"2","40":"2","44":%q,"54":"2","55":"ODD-USD"}`, id, price)
		p.ops = append(p.ops, history.Operation{
			Client: "S", Kind: history.Order, Node: "n1", ID: id, Body: json.RawMessage(body), Began: o.Began, Ended: o.Ended, Outcome: o.Outcome, Sequence: o.Sequence,
		})
	}
	for _, id := range []string{"r-f1", "r-f2", "r-f4"} {
		before := len(p.events)
		p.do(twin.Do("orders/cancel", "", map[string]any{"account": "f1", "client_order_id": id}))
		p.reports = append(p.reports, history.Report{Session: "S", Node: "n1", Number: uint64(len(p.reports) + 1), ClOrdID: id, ExecType: "4", Sequence: p.event(before).Sequence})
	}
}

// do sends an entry and takes down what its clients were told.
func (p *past) do(wishes ...twin.Wish) [][]byte {
	p.now += 10e6
	known := map[string]bool{}
	for id := range p.machine.Sent {
		known[id] = true
	}
	lines := p.machine.Apply(wishes...)
	for i := range wishes {
		id, _ := wishes[i].Body["command_id"].(string)
		s := p.machine.Sent[id]
		if s == nil || known[id] || s.Status == 0 {
			continue
		}
		o := history.Operation{
			Client: "c0", Kind: history.Command, Node: "n1", ID: id, Verb: s.Verb, Body: s.Body, Began: p.now, Ended: p.now + 5e6,
			Outcome: history.Acked, Status: s.Status, Sequence: s.Sequence, Answer: s.Answer,
		}
		if s.Status != 200 {
			o.Outcome = history.Refused
		}
		o.Sent = []history.Copy{
			{Node: "n2", Began: o.Began, Ended: o.Began, Outcome: history.Unknown},
			{Node: "n1", Began: o.Began, Ended: o.Ended, Outcome: o.Outcome, Status: s.Status, Sequence: s.Sequence, Answer: "1"},
			{Node: "n3", Began: o.Began, Ended: o.Ended, Outcome: o.Outcome, Status: s.Status, Sequence: s.Sequence, Answer: "1", Replayed: true},
		}
		p.ops = append(p.ops, o)
	}
	p.took(lines)
	for p.machine.FSM.Pending() {
		p.took(p.machine.Apply())
	}
	return lines
}

// took adds an entry's events.
func (p *past) took(lines [][]byte) {
	p.events = append(p.events, lines...)
	var entry []model.Event
	for _, line := range lines {
		e, err := model.ReadEvent(line)
		if err != nil {
			p.t.Fatal(err)
		}
		entry = append(entry, e)
	}
	if len(entry) == 0 {
		return
	}
	err := p.model.Entry(entry, func(e *model.Event) (model.Command, bool) {
		s := p.machine.Sent[e.CommandID]
		if s == nil {
			return model.Command{}, false
		}
		c, err := model.ReadCommand(s.Verb, s.Body)
		return c, err == nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *past) event(i int) model.Event {
	e, err := model.ReadEvent(p.events[i])
	if err != nil {
		p.t.Fatal(err)
	}
	return e
}

func (p *past) mark(what, fault string) {
	p.now += 1e6
	p.marks = append(p.marks, history.Mark{At: p.now, What: what, Fault: fault})
}

// fault has one begin and heal.
func (p *past) fault(begins, over history.Nanos) {
	p.marks = append(p.marks,
		history.Mark{At: begins, What: history.FaultBegins, Fault: "kill#1"}, history.Mark{At: over, What: history.FaultHeals, Fault: "kill#1"},
		history.Mark{At: over, What: history.FaultOver, Fault: "kill#1"})
}

// query takes down a read and what the venue is now.
func (p *past) query(path, level string, answer any) {
	p.now += 10e6
	p.reads++
	text, err := json.Marshal(answer)
	if err != nil {
		p.t.Fatal(err)
	}
	p.ops = append(p.ops, history.Operation{
		Client: "r0", Kind: history.Query, Node: "n2", ID: fmt.Sprintf("r-r0-%d", p.reads), Verb: "/v1/queries/" + path, Began: p.now, Ended: p.now + 5e6,
		Outcome: history.Acked, Status: 200, Sequence: p.model.Sequence(), Answer: text, Asked: &history.Consistency{Level: level},
	})
}

func (p *past) balance(account, level string) {
	b := p.model.Balances(account)["USD"]
	total, _ := b["total"].(string)
	p.query("accounts/"+account+"/balance?asset=USD", level, map[string]any{
		"aggregate_id": account, "currency": "USD", "available": b["available"], "held": b["held"], "total": total,
		"current_balance_cents": json.Number(model.Minor(total, 6, 2)), "last_updated_sequence": 1,
		"last_updated_at": p.changed(account, "USD"),
	})
}

// changed is when a balance changed last.
func (p *past) changed(account, asset string) string {
	for i := len(p.events) - 1; i >= 0; i-- {
		if !bytes.Contains(p.events[i], []byte(account)) {
			continue
		}
		e := p.event(i)
		order, _ := e.Data["order"].(map[string]any)
		hold, _ := e.Data["hold"].(map[string]any)
		balances, _ := e.Data["balances"].([]any)
		own := strings.HasPrefix(e.Type, "Funds") && e.Aggregate == account
		touched := own && e.Data["asset"] == asset || hold["asset"] == asset && order["account"] == account
		for _, b := range balances {
			one, _ := b.(map[string]any)
			touched = touched || own && one["asset"] == asset
		}
		if touched {
			return e.At
		}
	}
	p.t.Fatalf("%s never had %s", account, asset)
	return ""
}

func (p *past) book(level string) {
	side := func(name string) (out []any) {
		levels, _ := p.model.Depth("ETH-USD", name, 5)
		for _, l := range levels {
			out = append(out, []any{l.Price, l.Quantity, l.Orders})
		}
		return append([]any{}, out...)
	}
	p.query("instruments/ETH-USD/book?depth=5", level, map[string]any{
		"instrument": "ETH-USD", "sequence": p.model.Sequence(), "bids": side("buy"), "asks": side("sell"),
	})
}

// streams takes down two connections: one from the beginning, one in the middle.
func (p *past) streams() {
	last := uint64(len(p.events))
	for n, s := range []history.Segment{{After: 0, Last: last - 100}, {After: 555, Last: last}} {
		s.First, s.Count = s.After+1, s.Last-s.After
		for first := s.First; first <= s.Last; {
			end := min((first/history.BlockSize+1)*history.BlockSize, s.Last)
			s.Blocks = append(s.Blocks, history.Block{First: first, Last: end})
			first = end + 1
		}
		for i := range s.Blocks {
			b := &s.Blocks[i]
			h := sha256.New()
			for _, line := range p.events[b.First-1 : b.Last] {
				h.Write(append(bytes.Clone(line), '\n'))
			}
			b.Hash = hex.EncodeToString(h.Sum(nil))
		}
		p.ops = append(p.ops, history.Operation{Client: "s0", Kind: history.Stream, Node: "n3", ID: fmt.Sprintf("r-s0-%d", n+1), Outcome: history.Acked, Status: 200, Events: &s})
	}
}

// left writes a run's folder.
func (p *past) left() check.Run {
	p.t.Helper()
	folder := history.Folder(p.t.TempDir())
	head := history.Head{Scenario: "good", Run: p.run, Nodes: p.nodes}
	w, err := history.Create(folder.History(), head)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, o := range p.ops {
		w.Operation(o)
	}
	for _, r := range p.reports {
		w.Report(r)
	}
	for _, m := range p.marks {
		w.Mark(m)
	}
	if err := w.Close(); err != nil {
		p.t.Fatal(err)
	}
	for _, node := range p.nodes {
		lines := p.events
		if spoil := p.spoiled[node]; spoil != nil {
			lines = spoil(append([][]byte{}, lines...))
		}
		if lines != nil {
			p.write(folder.Events(node), append(bytes.Join(lines, []byte("\n")), '\n'))
		}
	}
	p.write(folder.Status(), []byte(p.status))
	if err := folder.WriteSamples(p.samples...); err != nil {
		p.t.Fatal(err)
	}
	return check.Run{Folder: folder, Head: head, Limits: map[string]check.Limits{"kill": p.limits}, Steady: len(p.samples) > 0}
}

func (p *past) write(path string, text []byte) {
	if err := os.WriteFile(filepath.Clean(path), text, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// judged runs checks, all if none is named, and returns what each found.
func judged(t testing.TB, run check.Run, names ...string) map[string][]check.Violation {
	t.Helper()
	out := map[string][]check.Violation{}
	for _, c := range check.All() {
		if len(names) > 0 && !slices.Contains(names, c.Name) {
			continue
		}
		found, err := c.Run(context.Background(), run)
		if err != nil {
			t.Errorf("%s could not be checked: %v", c.Name, err)
		}
		if len(found) > 0 {
			out[c.Name] = found
		}
	}
	return out
}

// first finds the nth event, from 0, that has all of the texts.
func (p *past) first(n int, texts ...string) int {
	p.t.Helper()
	for i, line := range p.events {
		all := true
		for _, text := range texts {
			all = all && strings.Contains(string(line), text)
		}
		if all {
			if n == 0 {
				return i
			}
			n--
		}
	}
	p.t.Fatalf("no event with %q", texts)
	return 0
}

// edit replaces a text of an event.
func (p *past) edit(i int, from, to string) {
	p.t.Helper()
	if !strings.Contains(string(p.events[i]), from) {
		p.t.Fatalf("%s has no %s", p.events[i], from)
	}
	p.events[i] = []byte(strings.Replace(string(p.events[i]), from, to, 1))
}

// op finds the nth operation, from 0, that fits.
func (p *past) op(n int, fits func(*history.Operation) bool) *history.Operation {
	p.t.Helper()
	for i := range p.ops {
		if fits(&p.ops[i]) {
			if n == 0 {
				return &p.ops[i]
			}
			n--
		}
	}
	p.t.Fatal("no such operation")
	return nil
}

// renumbered gives events the sequences that their places have.
func renumbered(lines [][]byte) [][]byte {
	for i, line := range lines {
		_, rest, _ := bytes.Cut(line, []byte(","))
		lines[i] = append([]byte(fmt.Sprintf(`{"sequence":%d,`, i+1)), rest...)
	}
	return lines
}
