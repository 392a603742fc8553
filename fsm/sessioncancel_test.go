package fsm_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// tick vouches for TRADER1's session at its owner.
func (d *desk) tick(epoch uint64) *command.Command {
	return d.node(&command.AdvanceSessions{Owner: "n1", Steps: []command.SessionStep{{CompID: "TRADER1", Epoch: epoch, From: 1, Vouch: true}}})
}

// lead opens a leader's term.
func (d *desk) lead() *command.Command {
	return d.system(&command.TermStart{Term: 2, Leader: "n2"})
}

func cancelling() command.FixSession {
	s := orderEntry("TRADER1")
	s.CancelOnDisconnect = true
	return s
}

// The stories of a session whose orders are to be cancelled when it is lost: what
// happens at which second, and when its two orders, one good till cancel and one
// for the day, are cancelled. An order of the account by REST stays.
func TestCancelOnDisconnect(t *testing.T) {
	for level, holds := range map[uint16]market.Nanos{fsm.LevelSessions: 0, fsm.LevelCluster: fsm.SessionVouch} {
		t.Run(fmt.Sprint("level ", level), func(t *testing.T) { cancelOnDisconnect(t, level, holds) })
	}
}

// cancelOnDisconnect plays the stories at a level where an owner's word holds for
// so long: what comes of an owner's silence comes later by that.
func cancelOnDisconnect(t *testing.T, level uint16, holds market.Nanos) {
	silentFrom := map[string]int{ // the second of the step that looks for it
		"its owner is silent": 5, "back in time, lost again": 12, "our failover, and its client stays away": 3606, "two failovers": 13,
	}
	type step struct {
		at int // seconds
		do func(d *desk, epoch uint64)
	}
	silence := func(d *desk, _ uint64) { d.enter() }
	vouch := func(d *desk, epoch uint64) { d.enter(d.tick(epoch)) }
	lost := func(d *desk, epoch uint64) {
		d.enter(d.node(&command.EndSession{CompID: "TRADER1", Epoch: epoch, Reason: market.SessionEndDisconnect}))
	}
	logout := func(d *desk, epoch uint64) {
		d.enter(d.node(&command.EndSession{CompID: "TRADER1", Epoch: epoch, Reason: market.SessionEndLogout}))
	}
	back := func(d *desk, epoch uint64) {
		d.logon(&command.LogonSession{CompID: "TRADER1", Owner: "n2", Number: 4, Takeover: epoch})
	}
	led := func(d *desk, _ uint64) { d.enter(d.lead()) }
	choice := func(change func(*command.FixSession)) command.FixSession {
		s := cancelling()
		change(&s)
		return s
	}
	for _, c := range []struct {
		name    string
		session command.FixSession
		steps   []step
		want    string // what is cancelled, and at which second
	}{
		{"vouched for, nothing happens", cancelling(), []step{{3, vouch}, {6, vouch}, {9, vouch}, {12, vouch}}, ""},
		{"its owner is silent", cancelling(), []step{{1, vouch}, {5, silence}, {6, silence}, {60, silence}}, "6: SessionEnded gtc day"},
		{"its connection is lost", cancelling(), []step{{4, lost}, {8, silence}, {9, silence}}, "9: gtc day"},
		{"back in time", cancelling(), []step{{4, lost}, {8, back}, {9, silence}, {12, silence}}, ""},
		{"back in time, lost again", cancelling(), []step{{4, lost}, {8, back}, {12, silence}, {13, silence}}, "13: SessionEnded gtc day"},
		{"taken over at once", cancelling(), []step{{4, back}, {6, silence}, {8, silence}}, ""},
		{"no such choice", orderEntry("TRADER1"), []step{{4, lost}, {60, silence}}, ""},
		{"good till cancel stays", choice(func(s *command.FixSession) { s.KeepGTC = true }), []step{{4, lost}, {9, silence}, {60, silence}}, "9: day"},
		{"a logout is none", cancelling(), []step{{4, logout}, {60, silence}}, ""},
		{"a logout counts by choice", choice(func(s *command.FixSession) { s.CancelOnLogout = true }), []step{{4, logout}, {8, silence}, {9, silence}}, "9: gtc day"},
		{"only a logout counts", choice(func(s *command.FixSession) { s.CancelOnDisconnect, s.CancelOnLogout = false, true }), []step{{4, lost}, {60, silence}}, ""},
		{"our failover takes an hour", cancelling(), []step{{1, vouch}, {3600, led}, {3605, silence}, {3606, vouch}, {3610, vouch}}, ""},
		{"our failover, and its client stays away", cancelling(), []step{{1, vouch}, {3600, led}, {3606, silence}, {3607, silence}}, "3607: SessionEnded gtc day"},
		{"lost with the leader", cancelling(), []step{{1, vouch}, {2, lost}, {3600, led}, {3606, silence}, {3607, silence}}, "3607: gtc day"},
		{"lost with the leader, back in time", cancelling(), []step{{2, lost}, {3600, led}, {3606, back}, {3610, silence}}, ""},
		{"two failovers", cancelling(), []step{{1, vouch}, {4, led}, {5, led}, {13, silence}, {14, silence}}, "14: SessionEnded gtc day"},
		{"its CompID is taken away", cancelling(), []step{{4, func(d *desk, _ uint64) { d.define(orderEntry("OTHER")) }}, {8, silence}, {9, silence}}, "9: gtc day"},
		{"the choice is taken back", cancelling(), []step{{4, lost}, {5, func(d *desk, _ uint64) { d.define(orderEntry("TRADER1")) }}, {9, silence}, {60, silence}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDeskAt(t, level, fsm.Bounds{}, c.session)
			epoch := d.on(1)
			from := d.now
			gtc, day := d.order(epoch, 2, "gtc", market.Buy, "1", "2900"), d.order(epoch, 3, "day", market.Buy, "1", "2900")
			day.Body.(*command.PlaceOrder).TimeInForce = market.Day
			d.enter(gtc, day, d.admin(limit("trader1", "ETH-USD", market.Buy, "1", "2900")))
			var got []string
			for _, s := range c.steps {
				d.now = from + market.Nanos(s.at)*1e9
				if second := silentFrom[c.name]; second != 0 && s.at >= second {
					d.now += holds
				}
				s.do(d, epoch)
				if what := d.ended(); what != "" {
					got = append(got, fmt.Sprintf("%d:%s", s.at, what))
				}
			}
			if line := strings.Join(got, "; "); line != c.want {
				t.Errorf("got %q, want %q", line, c.want)
			}
		})
	}
}

// ended says what timers did in the last entry: ends of sessions, and the
// orders that they cancelled, by client order id.
func (d *desk) ended() (what string) {
	for p := range d.last.Events {
		if p.Group.Context.Source != market.SourceTimer {
			continue
		}
		switch r := p.Record.(type) {
		case *event.SessionEnded:
			what += " SessionEnded"
		case *event.OrderChanged:
			if r.Order.Reason != market.ReasonDisconnected || r.Order.Status != market.StatusCancelled {
				d.t.Errorf("cancelled as %s for %s", r.Order.Status, r.Order.Reason)
			}
			what += " " + r.Order.ClientOrderID
		}
	}
	return what
}

// The grace time is in the deadlines that the leader waits for, so that it
// proposes an entry when one has come.
func TestGraceIsADeadline(t *testing.T) {
	d := newDesk(t, fsm.Bounds{}, cancelling())
	d.on(1)
	if due, ok := d.machine.NextDeadline(); !ok || due != d.now+fsm.SessionVouch+fsm.SessionGrace {
		t.Errorf("got %d, %v", due-d.now, ok)
	}
	d.now += fsm.SessionVouch + fsm.SessionGrace - 1
	if d.enter(); d.machine.Pending() || !d.state("TRADER1").Live {
		t.Error("it is over too early")
	}
	d.now++
	d.enter()
	if _, ok := d.machine.NextDeadline(); ok || d.machine.Pending() || d.state("TRADER1").Live {
		t.Error("it is not over")
	}
}

// What one entry is too short for goes on in the next ones, before anything of
// that session; meanwhile its orders trade with nobody. Orders that others
// placed for the account, and the session's own next ones, stay.
func TestCancelOnDisconnectGoesOn(t *testing.T) {
	d := newDesk(t, fsm.Bounds{EventsPerEntry: 10}, cancelling())
	epoch := d.on(1)
	number := uint64(2)
	for range 60 {
		d.enter(d.order(epoch, number, fmt.Sprintf("o%d", number), market.Buy, "0.001", "2900"))
		number++
	}
	d.must(limit("trader1", "ETH-USD", market.Buy, "0.001", "2900"))
	d.now += fsm.SessionVouch + fsm.SessionGrace
	entries := 0
	for d.enter(); d.machine.Pending(); d.enter() {
		if entries++; entries == 1 {
			back := d.on(number)
			number++
			_, outcomes := d.enter(d.order(back, number, "early", market.Buy, "0.001", "2900"))
			if no := outcomes[0].Group.Rejection(); no == nil || no.Code != event.CodeThrottled {
				t.Errorf("an order of the session while it goes on: %+v", no)
			}
			number++
			_, outcomes = d.enter(d.admin(limit("trader2", "ETH-USD", market.Sell, "0.002", "2900")))
			if got := types(outcomes[0].Group); strings.Count(got, "TradeExecuted") != 1 || !strings.Contains(got, "OrderCancelled") {
				t.Errorf("an incoming order meets %s", got)
			}
		}
		if entries > 20 {
			t.Fatal("no end")
		}
	}
	if entries == 0 {
		t.Error("all in one entry: the run shows nothing")
	}
	left := 0
	_, outcomes := d.enter(d.admin(cancelAll("trader1", "", market.SideNone)))
	for _, r := range outcomes[0].Group.Records {
		if _, ok := r.(*event.OrderChanged); ok {
			left++
		}
	}
	if left != 0 {
		t.Errorf("%d orders are left, want none: the one by REST was traded", left)
	}
	_, outcomes = d.enter(d.order(d.state("TRADER1").Epoch, d.state("TRADER1").NextIn, "late", market.Buy, "0.001", "2900"))
	if outcomes[0].Kind != event.OutcomeExecuted || outcomes[0].Group.Rejection() != nil {
		t.Errorf("an order after it: %+v", outcomes[0])
	}
}

// A session rolls at its UTC time of the day: it is logged out, and its numbers
// begin anew; each day, and also when the venue stood still meanwhile. One that
// nobody used says nothing.
func TestRoll(t *testing.T) {
	rolling := orderEntry("TRADER1")
	rolling.HasRoll, rolling.Roll = true, 21*3600
	quiet := orderEntry("QUIET")
	quiet.HasRoll, quiet.Roll = true, 21*3600
	d := newDesk(t, fsm.Bounds{}, rolling, quiet) // it is 10:00
	epoch := d.on(1)
	d.enter(d.order(epoch, 2, "a", market.Buy, "1", "2900"))
	d.now += 11*3600e9 - 1
	if d.enter(); !d.state("TRADER1").Live {
		t.Fatal("it rolled too early")
	}
	d.now++
	block, _ := d.enter()
	d.says("TRADER1 3 slot")
	if got := types(&block.Groups[0]); len(block.Groups) != 1 || got != "SessionEnded SessionReset" {
		t.Fatalf("got %d groups, %s", len(block.Groups), got)
	}
	if r := block.Groups[0].Records[0].(*event.SessionEnded); r.Reason != market.SessionEndRolled || r.Slots != 1 {
		t.Errorf("got %+v", r)
	}
	if s := d.state("TRADER1"); s.NextIn != 1 || s.NextOut != 1 || s.Live {
		t.Errorf("got %+v", s)
	}
	d.on(1)
	d.says("TRADER1 1 slot")
	d.enter(d.admin(cancelAll("trader1", "", market.SideNone)))
	d.says("TRADER1 2 OrderCancelled")
	d.now += 3 * 24 * 3600e9
	if d.enter(); d.state("TRADER1").NextOut != 1 {
		t.Error("it did not roll after days")
	}
	if due, ok := d.machine.NextDeadline(); !ok || due != (start/(24*3600e9)+5)*24*3600e9-3*3600e9 {
		t.Errorf("the next roll is due at %d", due)
	}
	d.define(orderEntry("TRADER1"))
	if _, ok := d.machine.NextDeadline(); ok {
		t.Error("a roll that was taken back is still due")
	}
}

// A session is held to so many messages in any second, and to as many cancels
// beside them; what is refused does not count.
func TestThrottle(t *testing.T) {
	three := orderEntry("TRADER1")
	three.Throttle = 3
	d := newDesk(t, fsm.Bounds{}, three)
	epoch, number := d.on(1), uint64(1)
	send := func(b func() *command.Command, want string) {
		t.Helper()
		_, outcomes := d.enter(b())
		got := "done"
		if no := outcomes[0].Group.Rejection(); no != nil {
			got = no.Code.Text()
		}
		if got != want {
			t.Errorf("message %d: %s, want %s", number, got, want)
		}
	}
	order := func() *command.Command {
		number++
		return d.order(epoch, number, fmt.Sprintf("o%d", number), market.Buy, "0.001", "2900")
	}
	cancel := func(id string) func() *command.Command {
		return func() *command.Command {
			number++
			return d.fix(epoch, number, &command.CancelOrder{Order: command.OrderRef{ClientOrderID: id}}, command.Request{ClOrdID: fmt.Sprintf("x%d", number)})
		}
	}
	d.now = d.now / 1e9 * 1e9
	for range 3 {
		send(order, "done")
	}
	send(order, "throttled")
	send(order, "throttled")
	for i := range 3 {
		send(cancel(fmt.Sprintf("o%d", 2+i)), "done")
	}
	send(cancel("o2"), "throttled")
	d.now += 1e9 - 1
	send(order, "throttled")
	d.now += 200e6 + 1
	for range 3 {
		send(order, "done")
	}
	send(order, "throttled")
	d.now += 600e6
	send(order, "throttled")
	d.now += 600e6
	send(order, "done")
}
