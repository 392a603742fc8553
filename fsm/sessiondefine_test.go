package fsm_test

import (
	"fmt"
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// What a definition of a session may not be: at each bound yes, one past it no.
func TestSessionDefinitions(t *testing.T) {
	oe := func(change func(*command.FixSession)) []command.FixSession {
		s := orderEntry("S")
		change(&s)
		return []command.FixSession{s}
	}
	for name, c := range map[string]struct {
		sessions []command.FixSession
		ok       bool
	}{
		"plain":                         {oe(func(*command.FixSession) {}), true},
		"no name":                       {oe(func(s *command.FixSession) { s.CompID = "" }), false},
		"a name that is no id":          {oe(func(s *command.FixSession) { s.CompID = "A B" }), false},
		"twice":                         {[]command.FixSession{orderEntry("S"), orderEntry("S")}, false},
		"no kind":                       {oe(func(s *command.FixSession) { s.Kind = market.SessionKindNone }), false},
		"market data":                   {oe(func(s *command.FixSession) { s.Kind = market.SessionMarketData }), true},
		"a kind past the last":          {oe(func(s *command.FixSession) { s.Kind = market.SessionMarketData + 1 }), false},
		"FIXT.1.1":                      {oe(func(s *command.FixSession) { s.Protocol = market.ProtocolFIXT11 }), true},
		"a protocol past the last":      {oe(func(s *command.FixSession) { s.Protocol = market.ProtocolFIXT11 + 1 }), false},
		"60000 a second":                {oe(func(s *command.FixSession) { s.Throttle = 60_000 }), true},
		"60001 a second":                {oe(func(s *command.FixSession) { s.Throttle = 60_001 }), false},
		"rolls at 23:59:59":             {oe(func(s *command.FixSession) { s.HasRoll, s.Roll = true, 86_399 }), true},
		"rolls at 24:00:00":             {oe(func(s *command.FixSession) { s.HasRoll, s.Roll = true, 86_400 }), false},
		"nine digits":                   {oe(func(s *command.FixSession) { s.TimeDigits = 9 }), true},
		"seven digits":                  {oe(func(s *command.FixSession) { s.TimeDigits = 7 }), false},
		"FIX.4.4 with three":            {oe(func(s *command.FixSession) { s.Protocol, s.TimeDigits = market.ProtocolFIX44, 3 }), true},
		"FIX.4.4 with six":              {oe(func(s *command.FixSession) { s.Protocol, s.TimeDigits = market.ProtocolFIX44, 6 }), false},
		"a drop copy that cancels":      {oe(func(s *command.FixSession) { s.Kind, s.CancelOnDisconnect = market.SessionDropCopy, true }), false},
		"a drop copy that keeps GTC":    {oe(func(s *command.FixSession) { s.Kind, s.KeepGTC = market.SessionDropCopy, true }), false},
		"market data, on logout":        {oe(func(s *command.FixSession) { s.Kind, s.CancelOnLogout = market.SessionMarketData, true }), false},
		"another participant's":         {[]command.FixSession{orderEntry("TRADER2")}, false},
		"another's, for market data":    {[]command.FixSession{{CompID: "TRADER2", Kind: market.SessionMarketData}}, false},
		"its bare CompID beside itself": {[]command.FixSession{orderEntry("TRADER1")}, true},
	} {
		d := newDesk(t, fsm.Bounds{})
		if no := d.define(c.sessions...); (no == nil) != c.ok {
			t.Errorf("%s: got %+v", name, no)
		}
	}
}

// A CompID that is taken away, and a password that is changed, end the session at
// once; its owner gets a number for the Logout. Given back, it goes on.
func TestWithdrawnAtOnce(t *testing.T) {
	d := newTrading(t, fsm.Bounds{})
	d.sends(d.place("a"))
	block, outcomes := d.enter(
		d.admin(&command.DefineParticipant{Participant: "TRADER1", Role: market.RoleTrader, Accounts: []string{"trader1"}, FixPasswordHash: "hash",
			FixSessions: []command.FixSession{orderEntry("OTHER")}}),
		d.order(d.epoch, 3, "b", market.Buy, "1", "2900"))
	if got := types(&block.Groups[0]); got != "ParticipantDefined SessionEnded" {
		t.Fatalf("got %s", got)
	}
	if r := block.Groups[0].Records[1].(*event.SessionEnded); r.Reason != market.SessionEndWithdrawn || r.Slots != 1 || r.Number != 3 {
		t.Errorf("got %+v", r)
	}
	if outcomes[1].Kind != event.OutcomeSessionStale {
		t.Errorf("its next order: outcome %d", outcomes[1].Kind)
	}
	d.enter(d.admin(cancelAll("trader1", "", market.SideNone)))
	d.says("TRADER1 4 OrderCancelled", "TRADER1-DC 2 OrderCancelled") // while nobody is there
	d.define(orderEntry("TRADER1"))
	d.epoch = d.on(3)
	d.says("TRADER1 5 slot")
	define := func(hash string) *event.Block {
		b, _ := d.enter(d.admin(&command.DefineParticipant{Participant: "TRADER1", Role: market.RoleTrader, Accounts: []string{"trader1"},
			FixPasswordHash: hash, FixSessions: []command.FixSession{orderEntry("TRADER1")}}))
		return b
	}
	if got := types(&define("hash").Groups[0]); got != "ParticipantConfirmed" || !d.state("TRADER1").Live {
		t.Errorf("unchanged: got %s", got)
	}
	if got := types(&define("another").Groups[0]); got != "ParticipantDefined SessionEnded" {
		t.Errorf("another password: got %s", got)
	}
	d.on(4)
	if got := types(&define("").Groups[0]); got != "ParticipantDefined SessionEnded" {
		t.Errorf("no password: got %s", got)
	}
}

// A CompID that goes to another participant begins anew, once it has no open
// orders of the first; nothing of the first is ever told to the second.
func TestCompIDOfAnother(t *testing.T) {
	dc := command.FixSession{CompID: "DC", Kind: market.SessionDropCopy}
	d := newTrading(t, fsm.Bounds{}, orderEntry("TRADER1"), dc)
	d.sends(d.place("a"), d.place("b"))
	take := func(s command.FixSession) *command.Command {
		return d.admin(&command.DefineParticipant{Participant: "TRADER3", Role: market.RoleTrader, Accounts: []string{"trader3"}, FixSessions: []command.FixSession{s}})
	}
	if _, outcomes := d.enter(take(orderEntry("TRADER1"))); outcomes[0].Group.Rejection().Code != event.CodeAlreadyExists {
		t.Error("it is still the first's")
	}
	d.define(orderEntry("OTHER"))
	if _, outcomes := d.enter(take(orderEntry("TRADER1"))); outcomes[0].Group.Rejection().Code != event.CodeHasOpenOrders {
		t.Error("it has open orders of the first")
	}
	if _, outcomes := d.enter(take(command.FixSession{CompID: "TRADER1", Kind: market.SessionDropCopy})); outcomes[0].Group.Rejection().Code != event.CodeImmutable {
		t.Error("it was used for orders")
	}
	d.define(orderEntry("OTHER"), dc)
	withdraw := d.admin(&command.DefineParticipant{Participant: "TRADER1", Role: market.RoleTrader, Accounts: []string{"trader1"}, FixSessions: []command.FixSession{orderEntry("OTHER")}})
	_, outcomes := d.enter(d.admin(cancelAll("trader1", "", market.SideNone)), withdraw, take(dc))
	if outcomes[2].Kind != event.OutcomeThrottled {
		t.Errorf("in the entry that reported to it: outcome %d", outcomes[2].Kind)
	}
	block, _ := d.enter(take(dc), take(orderEntry("TRADER1")))
	if got := types(&block.Groups[0]); got != "ParticipantDefined SessionReset" {
		t.Errorf("got %s", got)
	}
	r, ok := d.logon(&command.LogonSession{CompID: "TRADER1", Number: 1}).(*event.SessionLoggedOn)
	if !ok || r.Participant != "TRADER3" || r.Epoch != 2 || r.Number != 1 {
		t.Errorf("got %+v", r)
	}
	d.enter(d.admin(limit("trader1", "ETH-USD", market.Buy, "1", "2900")))
	d.says()
}

// A venue takes so many sessions, ever, and says so to the next.
func TestSessionsAreBounded(t *testing.T) {
	d := newDesk(t, fsm.Bounds{}, orderEntry("TRADER1")) // and TRADER2's
	n := 2
	for p := 0; n < 10_000; p++ {
		b := &command.DefineParticipant{Participant: fmt.Sprintf("P%d", p), Role: market.RoleTrader}
		for ; len(b.FixCompIDs) < 500 && n < 10_000; n++ {
			b.FixCompIDs = append(b.FixCompIDs, fmt.Sprintf("S%d", n))
		}
		d.must(b)
	}
	if no := d.define(orderEntry("TRADER1"), orderEntry("MORE")); no == nil || no.Code != event.CodeVenueFull {
		t.Errorf("the 10,001st: got %+v", no)
	}
	if no := d.define(orderEntry("TRADER1"), command.FixSession{CompID: "MD", Kind: market.SessionMarketData}); no != nil {
		t.Errorf("one for market data: got %+v", no)
	}
	if err := d.machine.Audit(); err != nil {
		t.Error(err)
	}
}

// A venue of level 2 with bare CompIDs rises to level 3: its clients log on as
// if they had always been able to, and a snapshot from either side of the rise
// leads to the same.
func TestRaiseToSessions(t *testing.T) {
	v := newVenueAt(t, 2, fsm.Bounds{EventsPerEntry: 3})
	v.demo()
	v.must(&command.DefineParticipant{Participant: "TRADER1", Role: market.RoleTrader, Accounts: []string{"trader1"}, FixCompIDs: []string{"TRADER1", "TRADER1"}})
	for range 9 {
		v.must(limit("trader1", "ETH-USD", market.Buy, "0.001", "10"))
	}
	v.must(cancelAll("trader1", "", market.SideNone)) // under way when it rises
	before := through(t, v.machine)
	v.log = nil
	v.apply(v.system(&command.RaiseLevel{Level: 3}))
	after, from := through(t, v.machine), len(v.log)
	v.level = 3
	d := &desk{venue: v, streams: newStreams()}
	epoch := d.on(1)
	d.says("TRADER1 1 slot")
	for d.machine.Pending() {
		d.enter()
	}
	d.enter(d.order(epoch, 2, "a", market.Buy, "1", "2900"))
	d.says("TRADER1 2 OrderAccepted")
	d.define(cancelling(), command.FixSession{CompID: "TRADER1-DC", Kind: market.SessionDropCopy})
	d.now += fsm.SessionVouch + fsm.SessionGrace
	d.enter()
	d.says("TRADER1 3 OrderCancelled", "TRADER1-DC 1 OrderCancelled")
	for i, data := range v.log {
		index := v.machine.Index() - uint64(len(v.log)-1-i)
		before.Apply(index, 1, data)
		if i >= from {
			after.Apply(index, 1, data)
		}
	}
	if want := v.machine.Hash(); before.Hash() != want || after.Hash() != want {
		t.Errorf("a snapshot before the rise leads to %x, one after it to %x, want %x", before.Hash(), after.Hash(), want)
	}
}
