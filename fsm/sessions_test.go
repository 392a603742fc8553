package fsm_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// streams follows the outbound numbers of sessions through blocks, as a reader
// of the journal does: every number is a report's or a slot's, none is missing
// and none is there twice.
type streams struct {
	next map[string]uint64
	// reports counts those of each session.
	reports map[string]int
}

func newStreams() *streams { return &streams{next: map[string]uint64{}, reports: map[string]int{}} }

// follow checks a block, and returns a line for each number: "TRADER1 2 OrderAccepted".
func (s *streams) follow(t testing.TB, b *event.Block) (lines []string) {
	t.Helper()
	reports := map[market.Sequence][]event.Report{}
	counts := map[string]uint32{}
	for r := range b.Reports {
		reports[r.Sequence] = append(reports[r.Sequence], r)
		counts[r.Touch.CompID]++
	}
	take := func(compID string, number uint64, what string) {
		if want := max(s.next[compID], 1); number != want {
			t.Fatalf("block %d: %s has number %d after %d: %s", b.Index, compID, number, want-1, what)
		}
		s.next[compID] = number + 1
		lines = append(lines, fmt.Sprintf("%s %d %s", compID, number, what))
	}
	slots := func(compID string, first uint64, count uint32) {
		for i := range uint64(count) {
			take(compID, first+i, "slot")
		}
	}
	for p := range b.Events {
		if p.Index == 0 {
			switch r := p.Record.(type) {
			case *event.SessionLoggedOn:
				if r.Reset {
					s.next[r.CompID] = 1
				}
				slots(r.CompID, r.Number, 1)
			case *event.SessionRefused:
				slots(r.CompID, r.Number, r.Slots)
			case *event.SessionEnded:
				slots(r.CompID, r.Number, r.Slots)
			case *event.SessionReset:
				s.next[r.CompID] = r.NextOut
			case *event.SessionsAdvanced:
				for _, step := range r.Steps {
					slots(step.CompID, step.Number, step.Slots)
				}
			}
		}
		for _, r := range reports[p.Sequence] {
			take(r.Touch.CompID, r.Number, string(p.Type))
			s.reports[r.Touch.CompID]++
		}
		delete(reports, p.Sequence)
	}
	for _, touch := range b.Sessions {
		if counts[touch.CompID] != touch.Count {
			t.Fatalf("block %d counts %d reports to %s, there are %d", b.Index, touch.Count, touch.CompID, counts[touch.CompID])
		}
	}
	return lines
}

// desk is a venue whose TRADER1 has a session for orders and a drop copy, and
// TRADER2 a session for orders.
type desk struct {
	*venue
	streams *streams
	// said are the lines of the last entry, last is its block.
	said []string
	last *event.Block
}

func newDesk(t testing.TB, bounds fsm.Bounds, sessions ...command.FixSession) *desk {
	t.Helper()
	return newDeskAt(t, fsm.FeatureLevel, bounds, sessions...)
}

// newDeskAt is newDesk at a feature level.
func newDeskAt(t testing.TB, level uint16, bounds fsm.Bounds, sessions ...command.FixSession) *desk {
	t.Helper()
	d := &desk{venue: newVenueAt(t, level, bounds), streams: newStreams()}
	d.demo()
	if len(sessions) == 0 {
		sessions = []command.FixSession{orderEntry("TRADER1"), {CompID: "TRADER1-DC", Kind: market.SessionDropCopy}}
	}
	d.define(sessions...)
	d.enter(d.admin(&command.DefineParticipant{Participant: "TRADER2", Role: market.RoleTrader, Accounts: []string{"trader2"},
		FixSessions: []command.FixSession{orderEntry("TRADER2")}}))
	return d
}

func orderEntry(compID string) command.FixSession {
	return command.FixSession{CompID: compID, Kind: market.SessionOrderEntry}
}

// define gives TRADER1 these sessions.
func (d *desk) define(sessions ...command.FixSession) *event.CommandRejected {
	d.t.Helper()
	_, outcomes := d.enter(d.admin(&command.DefineParticipant{Participant: "TRADER1", Role: market.RoleTrader,
		Accounts: []string{"trader1"}, FixPasswordHash: "hash", FixSessions: sessions}))
	return outcomes[0].Group.Rejection()
}

// enter applies an entry, follows the numbers in it and audits what it left.
func (d *desk) enter(commands ...*command.Command) (*event.Block, []event.Outcome) {
	d.t.Helper()
	b, outcomes := d.apply(commands...)
	d.said, d.last = d.streams.follow(d.t, b), b
	if err := d.machine.Audit(); err != nil {
		d.t.Fatal(err)
	}
	return b, outcomes
}

// node gives a body the header of a node's own command.
func (d *desk) node(b command.Body) *command.Command {
	d.ids++
	return &command.Command{Header: command.Header{
		ID: fmt.Sprintf("n%d", d.ids), Role: market.RoleAdmin, Source: market.SourceSystem, Digest: digest(b),
	}, Body: b}
}

// logon logs a session on at a node, and returns what the machine said.
func (d *desk) logon(b *command.LogonSession) event.Record {
	d.t.Helper()
	if b.Owner == "" {
		b.Owner = "n1"
	}
	block, _ := d.enter(d.node(b))
	records := block.Groups[len(block.Groups)-1].Records
	return records[len(records)-1]
}

// on logs TRADER1 on with a number, and returns the epoch.
func (d *desk) on(number uint64) uint64 {
	d.t.Helper()
	r, ok := d.logon(&command.LogonSession{CompID: "TRADER1", Number: number, HeartBtInt: 30}).(*event.SessionLoggedOn)
	if !ok {
		d.t.Fatalf("the logon with %d was refused", number)
	}
	return r.Epoch
}

// fix is a message of TRADER1's session.
func (d *desk) fix(epoch, number uint64, b command.Body, request command.Request) *command.Command {
	return d.fixOf("TRADER1", epoch, number, b, request)
}

func (d *desk) fixOf(compID string, epoch, number uint64, b command.Body, request command.Request) *command.Command {
	participant, _, _ := strings.Cut(compID, "-")
	return &command.Command{Header: command.Header{
		Participant: participant, Actor: compID, Role: market.RoleTrader, Source: market.SourceFIX, Deadline: d.now + 10e9,
		Session: &command.SessionPlace{Epoch: epoch, Number: number, Request: request},
	}, Body: b}
}

// order is a limit order as FIX sends it.
func (d *desk) order(epoch, number uint64, clOrdID string, side market.Side, quantity, price string) *command.Command {
	b := limit("trader1", "ETH-USD", side, quantity, price)
	b.ClientOrderID = clOrdID
	return d.fix(epoch, number, b, command.Request{ClOrdID: clOrdID})
}

func (d *desk) state(compID string) (found fsm.SessionState) {
	d.machine.Sessions(func(s fsm.SessionState) bool {
		if s.CompID == compID {
			found = s
		}
		return true
	})
	return found
}

// says checks the numbers of the last entry.
func (d *desk) says(want ...string) {
	d.t.Helper()
	if got := strings.Join(d.said, "\n"); got != strings.Join(want, "\n") {
		d.t.Fatalf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// A session begins with 1 on both sides, the reply to the Logon is a slot, an
// order and its drop copy are numbered each in its own stream.
func TestSessionFromItsFirstLogon(t *testing.T) {
	d := newDesk(t, fsm.Bounds{})
	epoch := d.on(1)
	d.says("TRADER1 1 slot")
	_, outcomes := d.enter(d.order(epoch, 2, "a", market.Buy, "1", "2900"))
	if outcomes[0].Kind != event.OutcomeExecuted {
		t.Fatalf("outcome %d", outcomes[0].Kind)
	}
	d.says("TRADER1 2 OrderAccepted", "TRADER1-DC 1 OrderAccepted")
	got := d.state("TRADER1")
	want := fsm.SessionState{CompID: "TRADER1", Participant: "TRADER1", Kind: market.SessionOrderEntry,
		Epoch: 1, Owner: "n1", NextIn: 3, NextOut: 3, HeartBtInt: 30, Live: true}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// Reports are numbered while the client is away, and whoever acts: its session
// and the drop copies of its participant get them, once each; an order by REST
// goes to the drop copies only.
func TestReportsWhileTheClientIsAway(t *testing.T) {
	d := newDesk(t, fsm.Bounds{})
	epoch := d.on(1)
	d.enter(d.order(epoch, 2, "a", market.Buy, "1", "2900"), d.order(epoch, 3, "b", market.Buy, "1", "2900"))
	d.enter(d.node(&command.EndSession{CompID: "TRADER1", Epoch: epoch, Reason: market.SessionEndDisconnect}))
	d.says()
	d.enter(d.admin(limit("trader2", "ETH-USD", market.Sell, "1", "2900")))
	d.says("TRADER1 4 OrderFilled", "TRADER1-DC 3 OrderFilled")
	d.enter(d.admin(cancelAll("trader1", "", market.SideNone)))
	d.says("TRADER1 5 OrderCancelled", "TRADER1-DC 4 OrderCancelled")
	d.enter(d.admin(limit("trader1", "ETH-USD", market.Buy, "1", "2900")))
	d.says("TRADER1-DC 5 OrderAccepted")
	if s := d.state("TRADER1"); s.Live || s.NextOut != 6 {
		t.Errorf("got %+v", s)
	}
}

// A command of a session takes effect when its number is the next one and its
// epoch the session's: a copy is past, one too early a gap, one of another
// epoch stale, and none of those leaves anything.
func TestExactlyOnceByNumber(t *testing.T) {
	d := newDesk(t, fsm.Bounds{})
	epoch := d.on(1)
	one := d.order(epoch, 2, "a", market.Buy, "1", "2900")
	_, outcomes := d.enter(one, one, d.order(epoch, 4, "c", market.Buy, "1", "2900"), d.order(epoch+1, 3, "d", market.Buy, "1", "2900"))
	for i, want := range []event.OutcomeKind{event.OutcomeExecuted, event.OutcomeSessionPast, event.OutcomeSessionGap, event.OutcomeSessionStale} {
		if outcomes[i].Kind != want {
			t.Errorf("command %d: outcome %d, want %d", i, outcomes[i].Kind, want)
		}
	}
	d.says("TRADER1 2 OrderAccepted", "TRADER1-DC 1 OrderAccepted")
	d.enter(d.node(&command.EndSession{CompID: "TRADER1", Epoch: epoch, Reason: market.SessionEndDisconnect}))
	if _, outcomes = d.enter(d.order(epoch, 3, "e", market.Buy, "1", "2900")); outcomes[0].Kind != event.OutcomeSessionStale {
		t.Errorf("after the end: outcome %d", outcomes[0].Kind)
	}
	next := d.on(3)
	if next != epoch+1 || d.state("TRADER1").NextIn != 4 {
		t.Errorf("epoch %d, %+v", next, d.state("TRADER1"))
	}
	if _, outcomes = d.enter(one); outcomes[0].Kind != event.OutcomeSessionStale {
		t.Errorf("a copy of an old epoch: outcome %d", outcomes[0].Kind)
	}
	if _, outcomes = d.enter(d.order(next, 3, "a", market.Buy, "1", "2900")); outcomes[0].Kind != event.OutcomeSessionPast {
		t.Errorf("an old number: outcome %d", outcomes[0].Kind)
	}
}

// From its turn on a message has used its number and leaves an event, whatever
// the answer: forbidden, too late, throttled, used before, refused by a rule,
// declined by the door.
func TestEveryMessageUsesItsNumber(t *testing.T) {
	throttled := orderEntry("TRADER1")
	throttled.Throttle = 7
	d := newDesk(t, fsm.Bounds{}, throttled)
	epoch := d.on(1)
	foreign := d.fix(epoch, 2, limit("trader2", "ETH-USD", market.Buy, "1", "2900"), command.Request{ClOrdID: "f"})
	late := d.order(epoch, 3, "l", market.Buy, "1", "2900")
	late.Deadline = d.now - 1
	first := d.order(epoch, 4, "a", market.Buy, "1", "2900")
	again := d.order(epoch, 5, "a", market.Buy, "1", "2900")
	tick := d.order(epoch, 6, "t", market.Buy, "1", "2900.001")
	role := d.order(epoch, 7, "r", market.Buy, "1", "2900")
	role.Role = market.RoleAdmin
	withdraw := d.fix(epoch, 8, &command.Withdraw{Account: "trader1", Money: dollars("1")}, command.Request{})
	decline := d.fix(epoch, 9, &command.DeclineOrder{Code: uint8(event.CodeOrderTypeUnsupported), Detail: "no such type",
		Request: command.KindPlaceOrder, Fields: "55=ETH-USD\x0140=J\x01"}, command.Request{ClOrdID: "ü"})
	odd := d.fix(epoch, 10, &command.DeclineOrder{Code: 250}, command.Request{ClOrdID: "x"})
	full := d.order(epoch, 11, "g", market.Buy, "1", "2900")
	far := d.order(epoch, 12, "h", market.Buy, "1", "2900")
	far.Deadline = d.now + 3600e9
	block, outcomes := d.enter(foreign, late, first, again, tick, role, withdraw, decline, odd, full, far)
	want := []string{"forbidden", "too_late", "", "duplicate_client_order_id", "price_tick", "forbidden", "forbidden",
		"order_type_unsupported", "invalid_parameters", "", "throttled"}
	for i, o := range outcomes {
		if o.Kind != event.OutcomeExecuted {
			t.Fatalf("message %d: outcome %d", i, o.Kind)
		}
		got := ""
		if r := o.Group.Rejection(); r != nil {
			got = r.Code.Text()
		}
		if got != want[i] {
			t.Errorf("message %d: got %q, want %q", i, got, want[i])
		}
	}
	if s := d.state("TRADER1"); s.NextIn != 13 || s.NextOut != 13 {
		t.Errorf("got %+v", s)
	}
	r := block.Groups[7].Rejection()
	if e := r.Echo; e == nil || e.Fields != "55=ETH-USD\x0140=J\x01" || e.Request != command.KindPlaceOrder || r.Detail != "no such type" {
		t.Errorf("a declined order echoes %+v", r.Echo)
	}
	if e := block.Groups[4].Rejection().Echo; e == nil || e.Instrument != "ETH-USD" || e.Price != opt("2900.001") || e.Side != market.Buy || e.Quantity != opt("1") {
		t.Errorf("a refused order echoes %+v", e)
	}
	if c := block.Groups[4].Context; c.Session == nil || c.Session.ClOrdID != "t" || c.Actor != "TRADER1" || c.CommandID != "" {
		t.Errorf("the context is %+v", c)
	}
}

// What a client asks by REST has no place in a session and echoes nothing.
func TestRESTGroupsSayNothingOfSessions(t *testing.T) {
	d := newDesk(t, fsm.Bounds{})
	block, _ := d.enter(d.admin(limit("trader2", "ETH-USD", market.Buy, "1", "2900.001")), d.admin(limit("trader2", "ETH-USD", market.Buy, "1", "2900")))
	if r := block.Groups[0].Rejection(); r == nil || r.Echo != nil || block.Groups[0].Context.Session != nil || len(block.Sessions) != 0 {
		t.Errorf("got %+v, sessions %v", r, block.Sessions)
	}
	if encoded := eventcodec.AppendBlock(nil, block); encoded[0] != 2 {
		t.Errorf("a block without reports is of version %d", encoded[0])
	}
}

// Who may log on, and what is told who may not.
func TestLogon(t *testing.T) {
	for name, c := range map[string]struct {
		before func(d *desk) // after epoch 1 traded two orders with 2 and 3
		logon  command.LogonSession
		want   string
	}{
		"the next number":                                   {nil, command.LogonSession{Number: 4}, "on 2: in 5, reply 4"},
		"too high: what is missing is asked for":            {nil, command.LogonSession{Number: 9}, "on 2: in 4, reply 4"},
		"too low":                                           {nil, command.LogonSession{Number: 3}, "session_number_too_low: in 4, 0 slots from 4"},
		"too low, and something was not seen":               {nil, command.LogonSession{Number: 3, NextExpected: 3}, "session_number_too_low: in 4, 0 slots from 4"},
		"nothing was ever numbered":                         {nil, command.LogonSession{CompID: "TRADER2", Number: 0}, "invalid_parameters: in 1, 1 slots from 1"},
		"reset":                                             {nil, command.LogonSession{Number: 1, Reset: true}, "on 2: in 2, reply 1"},
		"reset with another number":                         {nil, command.LogonSession{Number: 4, Reset: true}, "invalid_parameters: in 4, 0 slots from 4"},
		"number 0":                                          {nil, command.LogonSession{Number: 0}, "invalid_parameters: in 4, 0 slots from 4"},
		"number 0, and all that is numbered was seen":       {nil, command.LogonSession{Number: 0, NextExpected: 4}, "invalid_parameters: in 4, 1 slots from 4"},
		"expects what comes next":                           {nil, command.LogonSession{Number: 4, NextExpected: 4}, "on 2: in 5, reply 4"},
		"expects more than there is":                        {nil, command.LogonSession{Number: 4, NextExpected: 5}, "session_expects_too_much: in 4, 1 slots from 4"},
		"live elsewhere":                                    {(*desk).logonAgain, command.LogonSession{Number: 5}, "session_active at n2, epoch 2: in 5, 0 slots from 5"},
		"live elsewhere, and all that is numbered was seen": {(*desk).logonAgain, command.LogonSession{Number: 5, NextExpected: 5}, "session_active at n2, epoch 2: in 5, 0 slots from 5"},
		"live, and its owner lost":                          {(*desk).logonAgain, command.LogonSession{Number: 5, Takeover: 2}, "on 3: in 6, reply 5"},
		"live, and another epoch lost":                      {(*desk).logonAgain, command.LogonSession{Number: 5, Takeover: 1}, "session_active at n2, epoch 2: in 5, 0 slots from 5"},
		"a CompID that nobody has":                          {nil, command.LogonSession{CompID: "NOBODY", Number: 1}, "unknown_session: in 0, 0 slots from 0"},
		"a CompID that was taken away": {func(d *desk) { d.define(orderEntry("OTHER")) },
			command.LogonSession{Number: 4}, "unknown_session: in 0, 0 slots from 0"},
		"for market data": {func(d *desk) {
			d.define(orderEntry("TRADER1"), command.FixSession{CompID: "TRADER1-MD", Kind: market.SessionMarketData})
		}, command.LogonSession{CompID: "TRADER1-MD", Number: 1}, "unknown_session: in 0, 0 slots from 0"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, fsm.Bounds{})
			epoch := d.on(1)
			d.enter(d.order(epoch, 2, "a", market.Buy, "1", "2900"), d.order(epoch, 3, "b", market.Buy, "1", "2900"))
			d.enter(d.node(&command.EndSession{CompID: "TRADER1", Epoch: epoch, Reason: market.SessionEndLogout}))
			if c.before != nil {
				c.before(d)
			}
			b := c.logon
			if b.CompID == "" {
				b.CompID = "TRADER1"
			}
			var got string
			switch r := d.logon(&b).(type) {
			case *event.SessionLoggedOn:
				got = fmt.Sprintf("on %d: in %d, reply %d", r.Epoch, r.NextIn, r.Number)
			case *event.SessionRefused:
				got = fmt.Sprintf("%s: in %d, %d slots from %d", r.Code.Text(), r.NextIn, r.Slots, r.Number)
				if r.Code == event.CodeSessionActive {
					got = strings.Replace(got, ":", fmt.Sprintf(" at %s, epoch %d:", r.Owner, r.Epoch), 1)
				}
			}
			if want := strings.Replace(c.want, "live", "", 0); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// A venue of level 3 takes a number for each Logon that is too low or expects too
// much, whatever its client has seen, and for no other.
func TestRefusedLogonAtLevelThree(t *testing.T) {
	d := &desk{venue: newVenueAt(t, fsm.LevelSessions, fsm.Bounds{}), streams: newStreams()}
	d.demo()
	d.define(orderEntry("TRADER1"))
	epoch := d.on(1)
	d.enter(d.node(&command.EndSession{CompID: "TRADER1", Epoch: epoch, Reason: market.SessionEndLogout}))
	for i, c := range []struct {
		logon command.LogonSession
		slots uint32
	}{
		{command.LogonSession{CompID: "TRADER1", Number: 1}, 1},
		{command.LogonSession{CompID: "TRADER1", Number: 2, NextExpected: 99}, 1},
		{command.LogonSession{CompID: "TRADER1", NextExpected: 4}, 0},
	} {
		if r, ok := d.logon(&c.logon).(*event.SessionRefused); !ok || r.Slots != c.slots {
			t.Errorf("%d: got %+v, want %d slots", i, r, c.slots)
		}
	}
}

func (d *desk) logonAgain() {
	d.logon(&command.LogonSession{CompID: "TRADER1", Owner: "n2", Number: 4})
}

// A logon that takes over tells the owner of the old epoch, whose commands are
// stale from there on; a copy of the same logon does nothing.
func TestTakeover(t *testing.T) {
	d := newDesk(t, fsm.Bounds{})
	epoch := d.on(1)
	logon := d.node(&command.LogonSession{CompID: "TRADER1", Owner: "n2", Number: 2, Takeover: epoch})
	block, outcomes := d.enter(logon, d.order(epoch, 3, "a", market.Buy, "1", "2900"), logon)
	if got := types(&block.Groups[0]); got != "SessionEnded SessionLoggedOn" {
		t.Fatalf("got %s", got)
	}
	ended := block.Groups[0].Records[0].(*event.SessionEnded)
	if ended.Reason != market.SessionEndTakenOver || ended.Owner != "n1" || ended.Epoch != epoch || ended.Slots != 0 {
		t.Errorf("got %+v", ended)
	}
	if outcomes[1].Kind != event.OutcomeSessionStale {
		t.Errorf("the old owner's order: outcome %d", outcomes[1].Kind)
	}
	if outcomes[2].Kind != event.OutcomeRepeat || outcomes[2].First != block.Groups[0].First {
		t.Errorf("the copy: %+v", outcomes[2])
	}
	if s := d.state("TRADER1"); s.Epoch != epoch+1 || s.Owner != "n2" {
		t.Errorf("got %+v", s)
	}
}

// Steps of many sessions share an entry: heartbeats, what the door rejects,
// slots for what is no report. Each is for itself.
func TestSteps(t *testing.T) {
	d := newDesk(t, fsm.Bounds{})
	one := d.on(1)
	d.logon(&command.LogonSession{CompID: "TRADER2", Number: 1})
	d.logon(&command.LogonSession{CompID: "TRADER1-DC", Owner: "n2", Number: 1})
	block, _ := d.enter(
		d.node(&command.AdvanceSessions{Owner: "n1", Steps: []command.SessionStep{
			{CompID: "TRADER1", Epoch: one, From: 2, To: 4, Slots: 2},
			{CompID: "TRADER2", Epoch: 1, From: 1, To: 0, Slots: 1, Vouch: true},
			{CompID: "TRADER2", Epoch: 1, From: 5, To: 5, Slots: 1},
			{CompID: "TRADER2", Epoch: 1, From: 1, To: 1, Slots: 1},
			{CompID: "TRADER2", Epoch: 7, From: 2, To: 2, Slots: 1},
			{CompID: "TRADER1-DC", Epoch: 1, From: 2, To: 2, Slots: 1},
			{CompID: "NOBODY", Epoch: 1, Slots: 1},
			{CompID: "TRADER1", Epoch: one, From: 5, To: 99},
			{CompID: "TRADER1", Epoch: one, From: 100, To: 1 << 62},
		}}),
		d.order(one, 100, "a", market.Buy, "1", "2900"),
	)
	d.says("TRADER1 2 slot", "TRADER1 3 slot", "TRADER2 2 slot", "TRADER1 4 OrderAccepted", "TRADER1-DC 2 OrderAccepted")
	var got []string
	for _, s := range block.Groups[0].Records[0].(*event.SessionsAdvanced).Steps {
		got = append(got, fmt.Sprintf("%s %d in %d: %d from %d", s.CompID, s.Result, s.NextIn, s.Slots, s.Number))
	}
	want := []string{
		"TRADER1 1 in 5: 2 from 2", "TRADER2 1 in 2: 1 from 2", "TRADER2 4 in 2: 0 from 0", "TRADER2 3 in 2: 0 from 0",
		"TRADER2 2 in 2: 0 from 0", "TRADER1-DC 2 in 2: 0 from 0", "NOBODY 2 in 0: 0 from 0",
		"TRADER1 1 in 100: 0 from 4", "TRADER1 4 in 100: 0 from 0",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A client's answer to a Logout that ended its session uses its number up, from
// level 4 on: the next logon is in turn. Nothing else does, once it has ended.
func TestAnswerToALogout(t *testing.T) {
	for level, want := range map[uint16]event.StepResult{fsm.LevelSessions: event.StepStale, fsm.LevelCluster: event.StepDone} {
		t.Run(fmt.Sprint(level), func(t *testing.T) {
			v := newVenueAt(t, level, fsm.Bounds{})
			v.demo()
			d := &desk{venue: v, streams: newStreams()}
			d.define(orderEntry("TRADER1"))
			epoch := d.on(1)
			d.enter(d.admin(&command.LogoutSession{CompID: "TRADER1", Text: "go home"}))
			step := func(s command.SessionStep) event.StepResult {
				s.CompID = "TRADER1"
				block, _ := d.enter(d.node(&command.AdvanceSessions{Owner: "n1", Steps: []command.SessionStep{s}}))
				return block.Groups[0].Records[0].(*event.SessionsAdvanced).Steps[0].Result
			}
			for name, s := range map[string]command.SessionStep{
				"beyond":        {Epoch: epoch, From: 3, To: 3},
				"used before":   {Epoch: epoch, From: 1, To: 1},
				"two":           {Epoch: epoch, From: 2, To: 3},
				"none":          {Epoch: epoch, From: 1, To: 0},
				"with a slot":   {Epoch: epoch, From: 2, To: 2, Slots: 1},
				"older epoch":   {Epoch: epoch - 1, From: 2, To: 2},
				"another epoch": {Epoch: epoch + 1, From: 2, To: 2},
			} {
				if got := step(s); got != event.StepStale {
					t.Errorf("%s: result %d", name, got)
				}
			}
			if got := step(command.SessionStep{Epoch: epoch, From: 2, To: 2}); got != want {
				t.Errorf("result %d, want %d", got, want)
			}
			if on := d.logon(&command.LogonSession{CompID: "TRADER1", Number: 3}).(*event.SessionLoggedOn); want == event.StepDone && on.NextIn != 4 {
				t.Errorf("the next logon leaves %d to come", on.NextIn)
			}
		})
	}
}

// A tick that is sent again after a failover is taken once, its slots too.
func TestStepsOnce(t *testing.T) {
	d := newDesk(t, fsm.Bounds{})
	epoch := d.on(1)
	tick := d.node(&command.AdvanceSessions{Owner: "n1", Steps: []command.SessionStep{{CompID: "TRADER1", Epoch: epoch, From: 2, To: 2, Slots: 1}}})
	_, outcomes := d.enter(tick, tick)
	if outcomes[1].Kind != event.OutcomeRepeat {
		t.Errorf("outcome %d", outcomes[1].Kind)
	}
	d.says("TRADER1 2 slot")
}

// A step asks for at most so many slots.
func TestSlotsAreBounded(t *testing.T) {
	d := newDesk(t, fsm.Bounds{})
	epoch := d.on(1)
	for slots, want := range map[uint32]uint32{command.MaxSlots: command.MaxSlots, command.MaxSlots + 1: command.MaxSlots} {
		block, _ := d.apply(d.node(&command.AdvanceSessions{Owner: "n1", Steps: []command.SessionStep{{CompID: "TRADER1", Epoch: epoch, Slots: slots, From: 1}}}))
		if got := block.Groups[0].Records[0].(*event.SessionsAdvanced).Steps[0].Slots; got != want {
			t.Errorf("of %d got %d, want %d", slots, got, want)
		}
	}
}

// A logout by its client takes the number of the Logout and gives one for the
// reply; an end of an epoch that is over is stale.
func TestEndOfASession(t *testing.T) {
	d := newDesk(t, fsm.Bounds{})
	epoch := d.on(1)
	end := func() *command.Command {
		return d.node(&command.EndSession{CompID: "TRADER1", Epoch: epoch, From: 2, To: 2, Slots: 1, Reason: market.SessionEndLogout, Text: "bye"})
	}
	block, outcomes := d.enter(end(), end())
	d.says("TRADER1 2 slot")
	r := block.Groups[0].Records[0].(*event.SessionEnded)
	if r.NextIn != 3 || r.Number != 2 || r.Slots != 1 || r.Text != "bye" || r.Reason != market.SessionEndLogout {
		t.Errorf("got %+v", r)
	}
	if outcomes[1].Kind != event.OutcomeSessionStale {
		t.Errorf("outcome %d", outcomes[1].Kind)
	}
}

// The operator can log a session out and give it other numbers; its owner gets
// a number for the Logout.
func TestOperator(t *testing.T) {
	d := newDesk(t, fsm.Bounds{})
	d.on(1)
	block, _ := d.enter(d.admin(&command.LogoutSession{CompID: "TRADER1", Text: "go home"}))
	r := block.Groups[0].Records[0].(*event.SessionEnded)
	if r.Reason != market.SessionEndOperator || r.Number != 2 || r.Slots != 1 || r.Text != "go home" {
		t.Errorf("got %+v", r)
	}
	_, outcomes := d.enter(d.admin(&command.LogoutSession{CompID: "TRADER1"}), d.admin(&command.LogoutSession{CompID: "X"}), d.admin(&command.ResetSession{CompID: "X"}),
		d.admin(&command.ResetSession{CompID: "TRADER1", NextIn: 1 << 62}))
	for i, want := range []event.Code{event.CodeSessionNotLoggedOn, event.CodeSessionUnknown, event.CodeSessionUnknown, event.CodeInvalidParameters} {
		if no := outcomes[i].Group.Rejection(); no == nil || no.Code != want {
			t.Errorf("command %d: got %+v, want %s", i, no, want.Text())
		}
	}
	d.on(2)
	block, _ = d.enter(d.admin(&command.ResetSession{CompID: "TRADER1", NextIn: 50, NextOut: 500}))
	if got := types(&block.Groups[0]); got != "SessionEnded SessionReset" {
		t.Errorf("got %s", got)
	}
	d.on(50)
	d.says("TRADER1 500 slot")
	if _, outcomes = d.enter(d.fix(3, 51, &command.ResetSession{CompID: "TRADER1"}, command.Request{})); outcomes[0].Group.Rejection().Code != event.CodeForbidden {
		t.Error("a trader resets a session by FIX")
	}
	trader := d.admin(&command.ResetSession{CompID: "TRADER1"})
	trader.Role, trader.Participant = market.RoleTrader, "TRADER1"
	if _, outcomes = d.enter(trader); outcomes[0].Kind != event.OutcomeForbidden {
		t.Errorf("a trader's reset: outcome %d", outcomes[0].Kind)
	}
}

// A client that did not see a reset would go on in the old numbers, be asked for
// what is missing, and send orders again that are done with: an order that was
// refused for good would trade after all. It is told to begin anew.
func TestResetThatTheClientDidNotSee(t *testing.T) {
	d := newDesk(t, fsm.Bounds{})
	epoch := d.on(1)
	d.enter(d.order(epoch, 2, "a", market.Buy, "1", "2900"))
	d.enter(d.admin(&command.ResetSession{CompID: "TRADER1"}))
	r, refused := d.logon(&command.LogonSession{CompID: "TRADER1", Number: 3, HeartBtInt: 30}).(*event.SessionRefused)
	if !refused || r.Code != event.CodeSessionMustReset || r.NextIn != 1 || r.Slots != 1 || r.Number != 1 {
		t.Fatalf("in the old numbers: got %+v", r)
	}
	if r, refused := d.logon(&command.LogonSession{CompID: "TRADER1", Number: 3, HeartBtInt: 30}).(*event.SessionRefused); !refused || r.Slots != 0 {
		t.Fatalf("with a number that it may not have seen: got %+v", r)
	}
	epoch = d.on(1)
	d.enter(d.node(&command.EndSession{CompID: "TRADER1", Epoch: epoch}))
	d.on(9) // from here on a gap is a gap
	d.enter(d.admin(&command.ResetSession{CompID: "TRADER1", NextIn: 7, NextOut: 9}))
	if _, refused := d.logon(&command.LogonSession{CompID: "TRADER1", Number: 8, HeartBtInt: 30}).(*event.SessionRefused); !refused {
		t.Error("beyond the number that the operator set: logged on")
	}
	if r, ok := d.logon(&command.LogonSession{CompID: "TRADER1", Number: 1, Reset: true, HeartBtInt: 30}).(*event.SessionLoggedOn); !ok || r.NextIn != 2 {
		t.Errorf("with a reset of its own: got %+v", r)
	}
}

// Only a node says what becomes of its sessions.
func TestSessionCommandsAreTheNodes(t *testing.T) {
	d := newDesk(t, fsm.Bounds{})
	epoch := d.on(1)
	for _, b := range []command.Body{
		&command.LogonSession{CompID: "TRADER1", Number: 2, Takeover: epoch},
		&command.AdvanceSessions{Owner: "n1"},
		&command.EndSession{CompID: "TRADER1", Epoch: epoch},
		&command.DeclineOrder{Code: 1},
	} {
		if o := d.do(b); o.Kind != event.OutcomeForbidden {
			t.Errorf("%T by REST: outcome %d", b, o.Kind)
		}
	}
}
