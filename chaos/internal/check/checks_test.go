package check_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/internal/check"
)

// TestChecksAreListed shows that each check has a name of its own and says what
// it is about.
func TestChecksAreListed(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range check.All() {
		if c.Name == "" || c.Doc == "" || c.Run == nil || seen[c.Name] {
			t.Errorf("check %+v", c)
		}
		seen[c.Name] = true
		if _, ok := check.Find(c.Name); !ok {
			t.Errorf("%s is not found", c.Name)
		}
	}
}

// TestGoodRunHolds shows that no check finds anything wrong with a good venue.
func TestGoodRunHolds(t *testing.T) {
	p := good(t)
	for name, found := range judged(t, p.left()) {
		t.Errorf("%s: %+v", name, found)
	}
	t.Logf("%d events, %d operations", len(p.events), len(p.ops))
}

func command(o *history.Operation) bool {
	return o.Kind == history.Command && o.Outcome == history.Acked
}

func linearizable(o *history.Operation) bool {
	return o.Kind == history.Query && o.Asked.Level == "linearizable"
}

func verb(name string) func(*history.Operation) bool {
	return func(o *history.Operation) bool { return command(o) && o.Verb == name }
}

// spoil is one thing that a broken venue would do, and the checks that say so.
type spoil struct {
	name string
	by   []string
	do   func(p *past)
}

func spoils() []spoil {
	return slices.Concat(spoiledCommands(), spoiledEvents(), spoiledReads(), spoiledTellings())
}

func spoiledCommands() []spoil {
	return []spoil{
		{"an acknowledged command is lost", []string{"once"}, func(p *past) {
			o := *p.op(40, command)
			o.ID = "r-lost"
			p.ops = append(p.ops, o)
		}},
		{"a command was executed twice", []string{"once", "replay"}, func(p *past) {
			i := p.first(3, `"type":"FundsDeposited"`)
			again := bytes.Replace(p.events[i], []byte(`"log_index":`), []byte(`"log_index":99`), 1)
			p.events = renumbered(append(p.events, again))
		}},
		{"a command was executed twice in one entry", []string{"once", "replay"}, func(p *past) {
			i := p.first(3, `"type":"FundsDeposited"`)
			p.events = renumbered(slices.Insert(p.events, i, p.events[i]))
		}},
		{"a command is in the log that nobody sent", []string{"once"}, func(p *past) {
			id := p.op(30, verb("orders/place")).ID
			p.ops = slices.DeleteFunc(p.ops, func(o history.Operation) bool { return o.ID == id })
		}},
		{"a refused command is in the log that nobody sent", []string{"once", "replay"}, func(p *past) {
			id := p.op(5, func(o *history.Operation) bool { return o.Outcome == history.Refused && o.Kind == history.Command }).ID
			p.ops = slices.DeleteFunc(p.ops, func(o history.Operation) bool { return o.ID == id })
		}},
		{"an answer named another sequence", []string{"once"}, func(p *past) { p.op(50, command).Sequence++ }},
		{"a command refused at the door was executed", []string{"once"}, func(p *past) {
			o := p.op(50, command)
			o.Outcome, o.Status, o.Sequence, o.Answer, o.Sent = history.Refused, 400, 0, nil, nil
		}},
		{"a command that was certainly not executed was", []string{"once"}, func(p *past) {
			o := p.op(50, command)
			o.Outcome, o.Sequence, o.Answer, o.Sent = history.Failed, 0, nil, nil
		}},
		{"a repeat was answered otherwise", []string{"once"}, func(p *past) { p.op(50, command).Sent[2].Answer = "2" }},
		{"a command says other than was executed", []string{"replay"}, func(p *past) {
			o := p.op(0, verb("accounts/deposit"))
			o.Body = bytes.Replace(o.Body, []byte(`"amount":"`), []byte(`"amount":"1`), 1)
		}},
		{"an answer says other than happened", []string{"replay"}, func(p *past) {
			o := p.op(3, verb("orders/place"))
			o.Answer = bytes.Replace(o.Answer, []byte(`"filled":"`), []byte(`"filled":"7`), 1)
		}},
		{"a refusal is answered as another", []string{"replay"}, func(p *past) {
			o := p.op(5, func(o *history.Operation) bool { return o.Outcome == history.Refused && o.Kind == history.Command })
			o.Status++
		}},
		{"a payload has a member that the model knows nothing of", []string{"replay"}, func(p *past) {
			o := p.op(0, verb("orders/place"))
			o.Body = bytes.Replace(o.Body, []byte(`"payload":{`), []byte(`"payload":{"hidden":true,`), 1)
		}},
		{"two commands came in the order that time forbids", []string{"realtime", "transfers"}, func(p *past) {
			a, b := p.op(60, command), p.op(80, command)
			a.Began, b.Began, a.Ended, b.Ended = b.Began, a.Began, b.Ended, a.Ended
		}},
	}
}

func spoiledEvents() []spoil {
	trade := `"type":"TradeExecuted"`
	return []spoil{
		{"one fill is there twice", []string{"replay", "invariants"}, func(p *past) {
			i := p.first(2, trade)
			end := i + 1
			for !strings.Contains(string(p.events[end]), `"type":"Order`) || strings.Contains(string(p.events[end]), `"type":"OrderFilled"`) {
				end++
			}
			p.events = renumbered(slices.Insert(p.events, end, slices.Clone(p.events[i:end])...))
		}},
		{"a fill was for more than was ordered", []string{"replay", "invariants"}, func(p *past) {
			i := p.first(0, `"type":"OrderFilled"`, `"status":"filled"`, `"quantity":"1.0000"`)
			p.edit(i, `"filled":"1.0000"`, `"filled":"1.0001"`)
		}},
		{"a trade was not at the resting order's price", []string{"replay", "invariants"}, func(p *past) {
			p.edit(p.first(0, trade), `"price":"50500.00"`, `"price":"50500.01"`)
		}},
		{"who came second at a price traded first", []string{"replay", "invariants"}, func(p *past) {
			first, second := p.event(p.first(0, `"client_order_id":"first"`)).Aggregate, p.event(p.first(0, `"client_order_id":"second"`)).Aggregate
			swap := strings.NewReplacer(first, second, second, first, `"a1"`, `"a3"`, `"a3"`, `"a1"`, `:"first"`, `:"second"`, `:"second"`, `:"first"`)
			for i := p.first(0, trade); strings.Contains(string(p.events[i]), first) || strings.Contains(string(p.events[i]), second) || strings.Contains(string(p.events[i]), `"FundsPosted"`); i++ {
				p.events[i] = []byte(swap.Replace(string(p.events[i])))
			}
		}},
		{"a fee is off by the smallest unit", []string{"replay"}, func(p *past) {
			p.edit(p.first(0, trade, `"taker_fee":"0.010501"`), `"taker_fee":"0.010501"`, `"taker_fee":"0.010500"`)
		}},
		{"a balance is wrong", []string{"replay", "invariants"}, func(p *past) {
			i := p.first(1, `"type":"FundsPosted"`)
			p.edit(i, `"total":"`, `"total":"1`)
		}},
		{"postings don't sum to zero", []string{"replay", "invariants"}, func(p *past) {
			i := p.first(4, `"type":"FundsDeposited"`)
			p.edit(i, `"amount":"-`, `"amount":"-1`)
		}},
		{"a hold was not released", []string{"replay"}, func(p *past) {
			i := p.first(0, `"type":"OrderCancelled"`, `"client_order_id":"second"`)
			p.edit(i, `"available":"200.00000000","held":"0.00000000"`, `"available":"199.00000000","held":"1.00000000"`)
		}},
		{"an order rests where it crosses the book", []string{"replay", "invariants"}, func(p *past) {
			i := p.first(0, `"client_order_id":"second"`)
			p.edit(i, `"side":"sell"`, `"side":"buy"`)
		}},
		{"a refusal has another code", []string{"replay"}, func(p *past) {
			p.edit(p.first(0, `"code":"insufficient_funds"`), `insufficient_funds`, `notional_too_small`)
		}},
		{"an event has a field that the model knows nothing of", []string{"replay"}, func(p *past) {
			p.edit(p.first(5, trade), `"data":{`, `"data":{"hidden":1,`)
		}},
		{"the venue does something that the model knows nothing of", []string{"replay"}, func(p *past) {
			p.edit(p.first(0, `"type":"PhaseChanged"`), `PhaseChanged`, `PhaseSettled`)
		}},
		{"an aggregate skips a number", []string{"replay"}, func(p *past) {
			i := p.first(7, `"type":"OrderAccepted"`)
			p.edit(i, `"aggregate_sequence":1,`, `"aggregate_sequence":2,`)
		}},
		{"time goes back", []string{"events", "replay"}, func(p *past) {
			i := p.first(9, `"type":"OrderAccepted"`)
			p.edit(i, `"at":"2026-`, `"at":"2025-`)
		}},
		{"an event is missing on all nodes", []string{"events", "replay"}, func(p *past) {
			p.events = slices.Delete(p.events, 500, 501)
		}},
		{"an event is missing on one node", []string{"events"}, func(p *past) {
			p.spoiled["n2"] = func(lines [][]byte) [][]byte { return slices.Delete(lines, 500, 501) }
		}},
		{"a byte is another on one node", []string{"events"}, func(p *past) {
			p.spoiled["n3"] = func(lines [][]byte) [][]byte {
				lines[600] = bytes.Replace(lines[600], []byte(`"actor"`), []byte(`"actoR"`), 1)
				lines[600] = bytes.Replace(lines[600], []byte(`2026`), []byte(`2027`), 1)
				return lines
			}
		}},
		{"a node's past ends early", []string{"events"}, func(p *past) {
			p.spoiled["n1"] = func(lines [][]byte) [][]byte { return lines[:len(lines)-1] }
		}},
		{"a node has no past", []string{"events"}, func(p *past) {
			p.spoiled["n3"] = func([][]byte) [][]byte { return nil }
		}},
	}
}

func spoiledReads() []spoil {
	return []spoil{
		{"a linearizable read is stale", []string{"realtime"}, func(p *past) {
			old, late := *p.op(0, linearizable), p.op(9, linearizable)
			late.Sequence, late.Answer = old.Sequence, old.Answer
		}},
		{"a read says what the venue never was", []string{"reads"}, func(p *past) {
			o := p.op(3, func(o *history.Operation) bool { return o.Kind == history.Query && o.Asked.Level == "session" })
			o.Answer = bytes.Replace(o.Answer, []byte(`"total":"`), []byte(`"total":"1`), 1)
		}},
		{"a book says what it never was", []string{"reads"}, func(p *past) {
			o := p.op(5, func(o *history.Operation) bool {
				return o.Kind == history.Query && bytes.Contains(o.Answer, []byte(`asks":[[`))
			})
			o.Answer = bytes.Replace(o.Answer, []byte(`"asks":[["`), []byte(`"asks":[["1`), 1)
		}},
		{"a read is older than was asked for", []string{"reads"}, func(p *past) {
			o := p.op(3, func(o *history.Operation) bool { return o.Kind == history.Query && o.Asked.Level == "session" })
			o.Asked.MinSequence = o.Sequence + 1
		}},
		{"a read claims what is not there yet", []string{"reads"}, func(p *past) {
			p.op(3, linearizable).Sequence += 100_000
		}},
		{"a read claims half an entry", []string{"reads"}, func(p *past) {
			o := p.op(3, linearizable)
			o.Sequence = uint64(p.first(2, `"type":"TradeExecuted"`) + 1)
		}},
		{"what there is was not found", []string{"reads"}, func(p *past) {
			o := p.op(3, linearizable)
			o.Outcome, o.Status, o.Answer = history.Refused, 404, nil
		}},
		{"a balance lacks a transfer that was acknowledged before", []string{"transfers", "reads"}, func(p *past) {
			o := p.op(3, linearizable)
			o.Answer = bytes.Replace(o.Answer, []byte(`"total":"`), []byte(`"total":"1`), 1)
		}},
	}
}

func spoiledTellings() []spoil {
	stream := func(p *past, n int) *history.Segment {
		return p.op(n, func(o *history.Operation) bool { return o.Kind == history.Stream }).Events
	}
	return []spoil{
		{"a stream has a gap", []string{"streams"}, func(p *past) { stream(p, 1).Hole = 700 }},
		{"a stream told less than it should", []string{"streams"}, func(p *past) { stream(p, 0).Count-- }},
		{"a stream was resumed one off", []string{"streams"}, func(p *past) { stream(p, 1).After++ }},
		{"a stream told other events", []string{"streams"}, func(p *past) { stream(p, 1).Blocks[0].Hash = strings.Repeat("ab", 32) }},
		{"a stream told what is not in the log", []string{"streams"}, func(p *past) {
			s := stream(p, 1)
			s.Last, s.Count, s.Blocks[1].Last = s.Last+1, s.Count+1, s.Blocks[1].Last+1
		}},
		{"two nodes are in other states at one index", []string{"hashes"}, func(p *past) { p.status = strings.Replace(p.status, `"bb"`, `"cc"`, 1) }},
		{"a node says nothing of itself", []string{"hashes"}, func(p *past) { p.status = `{"n1":{"nodes":[{"id":"n1"}]}}` }},
		{"a report is missing", []string{"fix"}, func(p *past) { p.reports = slices.Delete(p.reports, 1, 2) }},
		{"the last report is missing", []string{"fix"}, func(p *past) { p.reports = p.reports[:len(p.reports)-1] }},
		{"a report came twice", []string{"fix"}, func(p *past) { p.reports = slices.Insert(p.reports, 2, p.reports[1]) }},
		{"two reports are in the wrong order", []string{"fix"}, func(p *past) { p.reports[0], p.reports[1] = p.reports[1], p.reports[0] }},
		{"a report is of another order", []string{"fix"}, func(p *past) { p.reports[1].ClOrdID = "r-f1" }},
		{"a report is of no event", []string{"fix"}, func(p *past) {
			p.reports = append(p.reports, history.Report{Session: "S", Number: 99, ClOrdID: "r-f9", Sequence: 999_999})
		}},
		{"a session broke its rules", []string{"fix"}, func(p *past) {
			p.reports = append(p.reports, history.Report{Session: "S", Breach: "number 7 after 5"})
		}},
		{"an order by FIX was never sent", []string{"fix"}, func(p *past) {
			p.ops = slices.DeleteFunc(p.ops, func(o history.Operation) bool { return o.ID == "r-f2" })
		}},
		{"an order by FIX was taken for another side", []string{"fix"}, func(p *past) {
			o := p.op(0, func(o *history.Operation) bool { return o.ID == "r-f1" })
			o.Body = bytes.Replace(o.Body, []byte(`"54":"2"`), []byte(`"54":"1"`), 1)
		}},
		{"an answered order by FIX is lost", []string{"fix"}, func(p *past) {
			o := *p.op(0, func(o *history.Operation) bool { return o.ID == "r-f1" })
			o.ID = "r-f9"
			p.ops = append(p.ops, o)
		}},
		{"a node leaks", []string{"flat"}, func(p *past) {
			for i := range 60 {
				at := history.Nanos(i) * history.Nanos(time.Minute)
				p.samples = append(p.samples, history.Sample{At: at, Node: "n1", Resident: uint64(i+1) << 26, Goroutines: 9})
			}
		}},
		{"nobody was answered for too long", []string{"availability"}, func(p *past) {
			p.limits.Gap = time.Millisecond
			p.fault(p.marks[0].At+1, p.marks[1].At-1)
		}},
		{"it took too long to heal", []string{"availability"}, func(p *past) {
			p.limits.Heal = time.Microsecond
			p.fault(p.marks[0].At, p.marks[0].At+1)
		}},
		{"it never healed", []string{"availability"}, func(p *past) {
			p.limits.Heal = time.Hour
			p.fault(p.marks[0].At, p.marks[1].At-1)
		}},
	}
}

// TestChecksCanFail shows that what a broken venue would do is caught, by the
// checks that are named, and that there is no check that nothing fails.
func TestChecksCanFail(t *testing.T) {
	caught := map[string]bool{}
	whole := good(t)
	for _, s := range spoils() {
		t.Run(s.name, func(t *testing.T) {
			p := whole.again(t)
			s.do(p)
			found := judged(t, p.left(), s.by...)
			for _, name := range s.by {
				caught[name] = true
				if len(found[name]) == 0 {
					t.Errorf("the check %s finds nothing wrong", name)
				} else {
					t.Logf("%s: %s", name, found[name][0].What)
				}
			}
		})
	}
	for _, c := range check.All() {
		if !caught[c.Name] {
			t.Errorf("nothing that is spoiled is to fail the check %s", c.Name)
		}
	}
}
