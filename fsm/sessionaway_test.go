package fsm_test

import (
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

func dropCopy(compID string) command.FixSession {
	return command.FixSession{CompID: compID, Kind: market.SessionDropCopy}
}

func marketData(compID string) command.FixSession {
	return command.FixSession{CompID: compID, Kind: market.SessionMarketData}
}

// owned is a definition of a participant with these sessions.
func (d *desk) owned(participant string, sessions ...command.FixSession) *command.Command {
	return d.admin(&command.DefineParticipant{Participant: participant, Role: market.RoleTrader, Accounts: []string{strings.ToLower(participant)}, FixSessions: sessions})
}

// refused is why the last of some commands was refused, CodeNone if it was not.
func (d *desk) refused(commands ...*command.Command) event.Code {
	d.t.Helper()
	_, outcomes := d.enter(commands...)
	if no := outcomes[len(outcomes)-1].Group.Rejection(); no != nil {
		return no.Code
	}
	return event.CodeNone
}

// restarts goes on with a machine that was restored from a snapshot.
func (d *desk) restarts(t *testing.T) {
	d.machine = through(t, d.machine)
	if err := d.machine.Audit(); err != nil {
		t.Fatal(err)
	}
}

// What was taken away with a CompID is the logon, not the numbers: what happens
// to its orders meanwhile takes the next ones, for the session and for its drop
// copy, and the client asks for them when the CompID is given back.
func TestReportsAreNumberedWhileTheCompIDIsAway(t *testing.T) {
	d := newTrading(t, fsm.Bounds{})
	d.sends(d.place("a"), d.place("b"))
	d.says("TRADER1 2 OrderAccepted", "TRADER1-DC 1 OrderAccepted", "TRADER1 3 OrderAccepted", "TRADER1-DC 2 OrderAccepted")
	d.enter(d.node(&command.EndSession{CompID: "TRADER1", Epoch: d.epoch}))
	d.define(orderEntry("OTHER")) // a file that forgot both
	if r := d.logon(&command.LogonSession{CompID: "TRADER1", Number: 4}).(*event.SessionRefused); r.Code != event.CodeSessionUnknown {
		t.Errorf("a logon while it is away: %+v", r)
	}
	if s := d.state("TRADER1"); s.Participant != "" {
		t.Errorf("it is %s's", s.Participant)
	}
	d.restarts(t)
	d.enter(d.admin(limit("trader2", "ETH-USD", market.Sell, "1", "2900")))
	d.says("TRADER1 4 OrderFilled", "TRADER1-DC 3 OrderFilled")
	d.enter(d.admin(cancelAll("trader1", "", market.SideNone)))
	d.says("TRADER1 5 OrderCancelled", "TRADER1-DC 4 OrderCancelled")
	d.enter(d.admin(limit("trader1", "ETH-USD", market.Buy, "1", "2900")))
	d.says("TRADER1-DC 5 OrderAccepted")

	d.define(orderEntry("OTHER"), orderEntry("TRADER1"), dropCopy("TRADER1-DC"))
	if s := d.state("TRADER1"); s.NextOut != 6 || s.MustReset {
		t.Errorf("given back: %+v", s)
	}
	d.on(4)
	d.says("TRADER1 6 slot")
	if r, ok := d.logon(&command.LogonSession{CompID: "TRADER1-DC", Number: 1}).(*event.SessionLoggedOn); !ok || r.Number != 6 {
		t.Errorf("the drop copy logs on as %+v", r)
	}
}

// Taken away while it is logged on and its orders are cancelled with the
// connection: the client is told of that too, when it is back.
func TestCancelsAreNumberedWhileTheCompIDIsAway(t *testing.T) {
	d := newTrading(t, fsm.Bounds{}, cancelling())
	d.sends(d.place("a"))
	d.define(orderEntry("OTHER"))
	d.says("TRADER1 3 slot")
	d.now += fsm.SessionGrace
	d.enter()
	d.says("TRADER1 4 OrderCancelled")
}

// Who has the CompID next reads nothing of who had it first: the numbers begin
// anew, and what the first one's orders do is not told under it any more.
func TestCompIDOfAnotherMeanwhile(t *testing.T) {
	d := newTrading(t, fsm.Bounds{}, orderEntry("TRADER1"), dropCopy("DC"))
	d.sends(d.place("a"))
	d.define(orderEntry("OTHER"))
	d.enter(d.admin(limit("trader1", "ETH-USD", market.Buy, "1", "2900")))
	d.says("DC 2 OrderAccepted")
	if code := d.refused(d.owned("TRADER3", orderEntry("TRADER1"))); code != event.CodeHasOpenOrders {
		t.Errorf("it has open orders of the first: %v", code)
	}
	if code := d.refused(d.owned("TRADER3", dropCopy("DC"))); code != event.CodeNone || d.state("DC").NextOut != 1 {
		t.Errorf("the drop copy: %v, next out %d", code, d.state("DC").NextOut)
	}
	d.enter(d.admin(cancelAll("trader1", "", market.SideNone)))
	d.says("TRADER1 4 OrderCancelled") // 3 was the Logout
	if code := d.refused(d.owned("TRADER3", dropCopy("DC"), orderEntry("TRADER1"))); code != event.CodeNone || d.state("TRADER1").NextOut != 1 {
		t.Errorf("the session: %v, next out %d", code, d.state("TRADER1").NextOut)
	}
	d.restarts(t)
	d.enter(d.admin(limit("trader1", "ETH-USD", market.Buy, "1", "2900")), d.admin(limit("trader3", "ETH-USD", market.Buy, "1", "2900")))
	d.says("DC 1 OrderAccepted")
}

// A CompID that becomes one for market data, which lives in no machine, is told
// nothing of the orders of before, whoever has it. So there is a hole, and the
// first logon after it must begin the numbers anew.
func TestCompIDForMarketDataMeanwhile(t *testing.T) {
	for name, take := range map[string]func(d *desk) []*command.Command{
		"another's": func(d *desk) []*command.Command {
			return []*command.Command{d.owned("TRADER1", orderEntry("OTHER")), d.owned("TRADER3", marketData("TRADER1"), marketData("DC"))}
		},
		"its own": func(d *desk) []*command.Command {
			return []*command.Command{d.owned("TRADER1", orderEntry("OTHER"), marketData("TRADER1"), marketData("DC"))}
		},
	} {
		d := newTrading(t, fsm.Bounds{}, orderEntry("TRADER1"), dropCopy("DC"))
		d.sends(d.place("a"))
		for _, c := range take(d.desk) {
			d.enter(c)
		}
		d.restarts(t)
		d.enter(d.admin(limit("trader2", "ETH-USD", market.Sell, "0.5", "2900")))
		d.says()
		d.enter(d.admin(&command.ResetSession{CompID: "TRADER1", NextIn: 2, NextOut: 7}))
		d.enter(d.owned("TRADER3"), d.owned("TRADER1", orderEntry("OTHER")))
		d.enter(d.admin(limit("trader2", "ETH-USD", market.Sell, "0.25", "2900")))
		d.says()
		d.enter(d.owned("TRADER1", orderEntry("OTHER"), orderEntry("TRADER1"), dropCopy("DC")))
		for _, comp := range []string{"TRADER1", "DC"} {
			if r, ok := d.logon(&command.LogonSession{CompID: comp, Number: 2}).(*event.SessionRefused); !ok || r.Code != event.CodeSessionMustReset {
				t.Errorf("%s: %s goes on with a hole: %+v", name, comp, r)
			}
			if _, ok := d.logon(&command.LogonSession{CompID: comp, Number: 1, Reset: true}).(*event.SessionLoggedOn); !ok {
				t.Errorf("%s: %s may not begin anew", name, comp)
			}
		}
		d.enter(d.admin(limit("trader2", "ETH-USD", market.Sell, "0.25", "2900")))
		d.says("TRADER1 2 OrderFilled", "DC 2 OrderFilled")
	}
}

// A session that was away under the rules of level 3 has a hole that nobody can
// fill: from level 4 on its client is told so when it is given back.
func TestRaiseWhileTheCompIDIsAway(t *testing.T) {
	v := newVenueAt(t, fsm.LevelSessions, fsm.Bounds{})
	v.demo()
	d := &desk{venue: v, streams: newStreams()}
	d.define(orderEntry("TRADER1"), dropCopy("TRADER1-DC"))
	epoch := d.on(1)
	d.enter(d.order(epoch, 2, "a", market.Buy, "1", "2900"))
	d.define(orderEntry("OTHER"))
	d.enter(d.admin(limit("trader2", "ETH-USD", market.Sell, "0.5", "2900")))
	d.says() // as ever at level 3
	d.enter(d.system(&command.RaiseLevel{Level: fsm.LevelCluster}))
	v.level = fsm.LevelCluster
	d.restarts(t)
	d.enter(d.admin(limit("trader2", "ETH-USD", market.Sell, "0.5", "2900")))
	d.says()
	d.define(orderEntry("TRADER1"), dropCopy("TRADER1-DC"))
	for _, comp := range []string{"TRADER1", "TRADER1-DC"} {
		if !d.state(comp).MustReset {
			t.Errorf("%s goes on with a hole", comp)
		}
	}
	d.logon(&command.LogonSession{CompID: "TRADER1", Number: 1, Reset: true})
	d.define(orderEntry("OTHER"))
	d.enter(d.admin(cancelAll("trader1", "", market.SideNone)))
	d.says()
}

// A definition that gives a CompID away waits for the next entry if this one has
// reported to it, whichever command it comes by: a block reports to a CompID for
// one participant.
func TestRedefinitionOfACompIDWaits(t *testing.T) {
	d := newTrading(t, fsm.Bounds{})
	redefine := func(c *command.Command) *command.Command {
		return d.admin(&command.RedefineParticipant{Definition: *c.Body.(*command.DefineParticipant)})
	}
	take := func() *command.Command {
		return redefine(d.owned("TRADER2", orderEntry("TRADER2"), dropCopy("TRADER1-DC")))
	}
	order := func() *command.Command { return d.admin(limit("trader1", "ETH-USD", market.Buy, "1", "100")) }
	_, outcomes := d.enter(order(), redefine(d.owned("TRADER1", orderEntry("TRADER1"))), take(), order())
	if outcomes[1].Kind != event.OutcomeExecuted || outcomes[2].Kind != event.OutcomeThrottled {
		t.Errorf("outcomes %d and %d", outcomes[1].Kind, outcomes[2].Kind)
	}
	if s := d.state("TRADER1-DC"); s.Participant != "" || s.NextOut != 3 {
		t.Errorf("in the entry that reported to it: %+v", s)
	}
	d.enter(take(), order())
	d.says()
	if s := d.state("TRADER1-DC"); s.Participant != "TRADER2" || s.NextOut != 1 {
		t.Errorf("in the next entry: %+v", s)
	}
}
