package fsm_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// client is what is known outside of one session: where it stands by the events.
type client struct {
	live     bool
	epoch    uint64
	nextIn   uint64
	executed map[[2]uint64]bool // numbers that took effect, by stream
	stream   uint64             // counts the resets
}

// floor draws what several clients of several nodes send, in and out of turn.
type floor struct {
	*stream
	d       *desk
	clients map[string]*client
	sent    []*command.Command // some of what was sent, to be sent again
}

func sessionNames() []string { return []string{"TRADER1", "TRADER2", "TRADER1-B", "TRADER1-DC"} }

func (f *floor) client(compID string) *client {
	c := f.clients[compID]
	if c == nil {
		c = &client{nextIn: 1, executed: map[[2]uint64]bool{}}
		f.clients[compID] = c
	}
	return c
}

// around draws a number at or near another.
func (f *floor) around(n uint64) uint64 {
	return n + rapid.SampledFrom([]uint64{0, 0, 0, 0, 0, 0, 1, 5}).Draw(f.t, "above") - min(n, rapid.SampledFrom([]uint64{0, 0, 0, 0, 0, 1, 3}).Draw(f.t, "below"))
}

func (f *floor) message() *command.Command {
	compID := rapid.SampledFrom(sessionNames()).Draw(f.t, "session")
	c := f.client(compID)
	switch rapid.IntRange(0, 19).Draw(f.t, "message") {
	case 10, 11, 12:
		return f.d.node(&command.LogonSession{
			CompID: compID, Owner: f.pick("owner", "n1", "n2"), Number: max(f.around(c.nextIn), 1), HeartBtInt: 30,
			Takeover: f.pickEpoch(c), NextExpected: rapid.SampledFrom([]uint64{0, 0, 0, 1, 99}).Draw(f.t, "expects"),
		})
	case 13:
		return f.d.node(&command.LogonSession{CompID: compID, Owner: "n1", Number: 1, Reset: true, Takeover: c.epoch})
	case 14, 15:
		from := f.around(c.nextIn)
		return f.d.node(&command.AdvanceSessions{Owner: f.pick("owner", "n1", "n2"), Steps: []command.SessionStep{
			{CompID: compID, Epoch: f.pickEpoch(c), From: from, To: from + rapid.Uint64Range(0, 2).Draw(f.t, "to"), Slots: 1, Vouch: true},
			{CompID: "TRADER2", Epoch: f.client("TRADER2").epoch, From: 1, Slots: uint32(rapid.IntRange(0, 3).Draw(f.t, "slots")), Vouch: true},
		}})
	case 16:
		return f.d.node(&command.EndSession{CompID: compID, Epoch: f.pickEpoch(c), From: c.nextIn, To: c.nextIn, Slots: 1,
			Reason: rapid.SampledFrom([]market.SessionEnd{market.SessionEndLogout, market.SessionEndDisconnect}).Draw(f.t, "reason")})
	case 17:
		switch rapid.IntRange(0, 5).Draw(f.t, "operator") {
		case 0:
			return f.d.admin(&command.ResetSession{CompID: compID, NextOut: 50})
		case 1:
			return f.d.admin(&command.LogoutSession{CompID: compID})
		case 2:
			return f.d.lead()
		}
		if rapid.IntRange(0, 2).Draw(f.t, "another's") == 0 {
			return f.takes()
		}
		return f.define()
	case 18, 19:
		if len(f.sent) > 0 {
			return rapid.SampledFrom(f.sent).Draw(f.t, "again")
		}
	case 8, 9:
		one := f.command()
		one.ID = fmt.Sprintf("r%d", f.n)
		return one
	}
	return f.order(compID, c)
}

func (f *floor) pickEpoch(c *client) uint64 {
	return c.epoch - min(c.epoch, rapid.SampledFrom([]uint64{0, 0, 0, 0, 0, 1}).Draw(f.t, "old epoch"))
}

func (f *floor) order(compID string, c *client) *command.Command {
	body := f.body()
	if _, ok := body.(*command.Probe); ok {
		body = f.place()
	}
	id := f.pick("ClOrdID", "a", "b", "c", "d", "e", "f", "g", "h")
	if p, ok := body.(*command.PlaceOrder); ok {
		p.ClientOrderID = id
	}
	one := f.d.fixOf(compID, f.pickEpoch(c), f.around(c.nextIn), body, command.Request{
		ClOrdID: id, PossResend: rapid.IntRange(0, 9).Draw(f.t, "possible resend") == 0,
	})
	return one
}

func (f *floor) define() *command.Command {
	list := []command.FixSession{
		{CompID: "TRADER1", Kind: market.SessionOrderEntry, CancelOnDisconnect: true, CancelOnLogout: f.n%2 == 0, KeepGTC: f.n%3 == 0},
		{CompID: "TRADER1-B", Kind: market.SessionOrderEntry, Throttle: 2, HasRoll: true, Roll: 10*3600 + 40},
		{CompID: "TRADER1-DC", Kind: market.SessionDropCopy},
	}
	gone := rapid.IntRange(0, 6).Draw(f.t, "taken away")
	if gone < len(list) {
		list = slices.Delete(list, gone, gone+1)
	}
	return f.d.admin(&command.DefineParticipant{Participant: "TRADER1", Role: market.RoleTrader, Accounts: []string{"trader1"},
		FixPasswordHash: f.pick("password", "x", "x", "x", "y"), FixSessions: list})
}

// takes is another participant's definition, with CompIDs that are free now and
// then, or with none again.
func (f *floor) takes() *command.Command {
	b := command.DefineParticipant{Participant: "TRADER3", Role: market.RoleTrader, Accounts: []string{"trader3"}}
	kind := rapid.SampledFrom([]market.SessionKind{market.SessionOrderEntry, market.SessionDropCopy, market.SessionMarketData}).Draw(f.t, "kind")
	switch rapid.IntRange(0, 3).Draw(f.t, "takes") {
	case 0:
		b.FixSessions = []command.FixSession{{CompID: "TRADER1-DC", Kind: market.SessionDropCopy}}
	case 1:
		b.FixSessions = []command.FixSession{{CompID: f.pick("CompID", "TRADER1", "TRADER1-B", "TRADER1-DC"), Kind: kind}}
	}
	if rapid.Bool().Draw(f.t, "redefines") {
		return f.d.admin(&command.RedefineParticipant{Definition: b})
	}
	return f.d.admin(&b)
}

// apart holds the reports of a block to the participants that have the CompIDs
// after it: nobody is told of another's orders.
func (f *floor) apart(b *event.Block) {
	for r := range b.Reports {
		owner := f.d.state(r.Touch.CompID).Participant
		if r.Order != nil && owner != "" && strings.ToUpper(r.Order.Account) != owner {
			f.t.Fatalf("%s of %s is told of an order of %s", r.Touch.CompID, owner, r.Order.Account)
		}
	}
}

// learn takes what an entry said of the sessions, and holds it to what was sent:
// a message takes effect once, in its turn, and only while its epoch is the
// session's.
func (f *floor) learn(b *event.Block, commands []*command.Command, outcomes []event.Outcome) {
	at := map[*event.Group]int{}
	for i := range outcomes {
		if outcomes[i].Group != nil {
			at[outcomes[i].Group] = i
		}
	}
	for g := range b.Groups {
		group := &b.Groups[g]
		if i, ok := at[group]; ok && commands[i].Session != nil {
			place, c := commands[i].Session, f.client(commands[i].Actor)
			if !c.live || c.epoch != place.Epoch || c.nextIn != place.Number || c.executed[[2]uint64{c.stream, place.Number}] {
				f.t.Fatalf("%s %d of epoch %d took effect; the session is %+v", commands[i].Actor, place.Number, place.Epoch, *c)
			}
			c.executed[[2]uint64{c.stream, place.Number}] = true
			c.nextIn++
		}
		for _, r := range group.Records {
			f.fold(r)
		}
	}
}

func (f *floor) fold(r event.Record) {
	switch r := r.(type) {
	case *event.SessionLoggedOn:
		c := f.client(r.CompID)
		if c.live || r.Epoch != c.epoch+1 {
			f.t.Fatalf("%s logged on under epoch %d; it was %+v", r.CompID, r.Epoch, *c)
		}
		if r.Reset {
			c.stream++
		}
		c.live, c.epoch, c.nextIn = true, r.Epoch, r.NextIn
	case *event.SessionEnded:
		c := f.client(r.CompID)
		if !c.live {
			f.t.Fatalf("%s ended twice", r.CompID)
		}
		c.live, c.nextIn = false, r.NextIn
	case *event.SessionReset:
		c := f.client(r.CompID)
		c.stream++
		c.nextIn = r.NextIn
	case *event.SessionsAdvanced:
		for _, s := range r.Steps {
			if s.Result == event.StepDone {
				f.client(s.CompID).nextIn = s.NextIn
			}
		}
	}
}

// TestSessionInvariants: whatever clients, nodes and operators send, in turn, out
// of turn and again, each message takes effect once, each outbound number is one
// report's or one slot's, the audit holds, and a second machine that went through
// a snapshot somewhere says the same bytes and has the same hash.
func TestSessionInvariants(t *testing.T) {
	reports, logons, kinds := 0, 0, map[event.OutcomeKind]int{}
	rapid.Check(t, func(rt *rapid.T) {
		bounds := fsm.Bounds{EventsPerEntry: rapid.SampledFrom([]uint32{1, 3}).Draw(rt, "events"), FillsPerCommand: 4, StepsPerEntry: 50}
		d := newDesk(t, bounds)
		f := &floor{stream: &stream{t: rt}, d: d, clients: map[string]*client{}}
		d.enter(f.define())
		twin := fsm.New(fsm.Options{Cluster: cluster, Bounds: bounds})
		for i, data := range d.log {
			twin.Apply(uint64(i+1), 1, data)
		}
		for range rapid.IntRange(10, 50).Draw(rt, "entries") {
			d.now += market.Nanos(rapid.Int64Range(0, 30).Draw(rt, "tenths of seconds")) * 1e8
			f.now = d.now
			var commands []*command.Command
			for range rapid.IntRange(1, 8).Draw(rt, "messages") {
				one := f.message()
				commands = append(commands, one)
				if _, leads := one.Body.(*command.TermStart); !leads {
					f.sent = append(f.sent, one)
				}
			}
			block, outcomes := d.enter(commands...)
			f.learn(block, commands, outcomes)
			f.apart(block)
			f.remember(block)
			d.agree(rt)
			for _, o := range outcomes {
				kinds[o.Kind]++
			}
			if rapid.IntRange(0, 9).Draw(rt, "snapshot") == 7 {
				twin = throughSnapshot(rt, twin)
			}
			again, _ := twin.Apply(block.Index, 1, d.log[len(d.log)-1])
			encoded := eventcodec.AppendBlock(nil, block)
			if !bytes.Equal(eventcodec.AppendBlock(nil, again), encoded) || twin.Hash() != d.machine.Hash() {
				rt.Fatalf("the twin differs at index %d", block.Index)
			}
			if read, err := eventcodec.DecodeBlock(encoded); err != nil || !bytes.Equal(eventcodec.AppendBlock(nil, read), encoded) {
				rt.Fatalf("the block reads as another one: %v", err)
			}
		}
		for _, n := range d.streams.reports {
			reports += n
		}
		for _, c := range f.clients {
			logons += int(c.epoch)
		}
	})
	for _, kind := range []event.OutcomeKind{event.OutcomeExecuted, event.OutcomeSessionStale, event.OutcomeSessionPast, event.OutcomeSessionGap, event.OutcomeRepeat} {
		if kinds[kind] == 0 {
			t.Errorf("no outcome %d: the run shows too little", kind)
		}
	}
	if reports == 0 || logons == 0 {
		t.Fatal("nobody was told anything: the run shows nothing")
	}
	t.Logf("%d reports, %d logons, outcomes %v", reports, logons, kinds)
}

// agree compares the machine's next outbound numbers with those that the blocks
// tell: the first of a stream and all reports and slots since.
func (d *desk) agree(t rapid.TB) {
	d.machine.Sessions(func(s fsm.SessionState) bool {
		if told := max(d.streams.next[s.CompID], 1); s.NextOut != told {
			t.Fatalf("%s: the next number is %d, the blocks tell %d", s.CompID, s.NextOut, told)
		}
		return true
	})
}
