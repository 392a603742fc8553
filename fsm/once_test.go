package fsm_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// send applies one command under an id and returns its outcome.
func (v *venue) send(participant, id string, b command.Body) event.Outcome {
	v.t.Helper()
	v.t.Helper()
	if participant != "" && !slices.ContainsFunc(v.machine.Participants(), func(p *fsm.Participant) bool { return p.Participant == participant }) {
		v.must(&command.DefineParticipant{Participant: participant, Role: market.RoleAdmin})
	}
	c := v.admin(b)
	c.Participant, c.ID = participant, id
	_, outcomes := v.apply(c)
	return outcomes[0]
}

func deposit(units string) *command.Deposit {
	return &command.Deposit{Account: "trader1", Money: command.Money{Asset: "USD", Value: dec(units)}}
}

// A command id takes effect once: the same body again is a repeat of the first
// outcome, another body is refused, and another participant's id is another.
func TestOnce(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	first := v.send("A", "id", deposit("1"))
	for _, c := range []struct {
		who  string
		body command.Body
		want event.OutcomeKind
	}{
		{"A", deposit("1"), event.OutcomeRepeat},
		{"A", deposit("2"), event.OutcomeReused},
		{"B", deposit("1"), event.OutcomeExecuted},
		{"B", deposit("1"), event.OutcomeRepeat},
	} {
		before := v.machine.Sequence()
		o := v.send(c.who, "id", c.body)
		if o.Kind != c.want {
			t.Fatalf("%s, %+v: got outcome %d, want %d", c.who, c.body, o.Kind, c.want)
		}
		if c.want == event.OutcomeRepeat && v.machine.Sequence() != before {
			t.Fatal("a repeat made events")
		}
		if c.who == "A" && c.want == event.OutcomeRepeat && o.First != first.Group.First {
			t.Fatalf("the repeat is of %d, want %d", o.First, first.Group.First)
		}
	}
}

// A refusal uses up the id; what is forbidden does not.
func TestRefusalUsesID(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	if o := v.send("A", "r", deposit("0.00000001")); o.Group.Rejection().Code != event.CodeAmountScale {
		t.Fatal("the deposit was not refused")
	}
	if o := v.send("A", "r", deposit("0.00000001")); o.Kind != event.OutcomeRepeat {
		t.Fatalf("the refusal again: outcome %d", o.Kind)
	}
	late := v.admin(deposit("1"))
	late.ID, late.ValidUntil = "late", v.now-1
	_, outcomes := v.apply(late)
	if outcomes[0].Group.Rejection().Code != event.CodeTooLate {
		t.Fatal("a late command was executed")
	}
	_, outcomes = v.apply(late)
	if outcomes[0].Kind != event.OutcomeRepeat {
		t.Fatalf("the late command again: outcome %d", outcomes[0].Kind)
	}
}

// A probe says what became of an id and changes nothing; a fence settles it.
func TestProbeAndFence(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	first := v.send("A", "done", deposit("1"))
	for _, c := range []struct {
		body command.Body
		want event.OutcomeKind
	}{
		{&command.Probe{}, event.OutcomeBarrier},
		{&command.Probe{Target: "done"}, event.OutcomeRepeat},
		{&command.Probe{Target: "never"}, event.OutcomeUnseen},
		{&command.Fence{Target: "done"}, event.OutcomeRepeat},
		{&command.Fence{Target: "never"}, event.OutcomeExecuted},
		{&command.Fence{Target: "never"}, event.OutcomeFenced},
		{&command.Probe{Target: "never"}, event.OutcomeFenced},
	} {
		before := v.machine.Sequence()
		o := v.send("A", "probe", c.body)
		if o.Kind != c.want {
			t.Fatalf("%+v: got outcome %d, want %d", c.body, o.Kind, c.want)
		}
		if o.Kind == event.OutcomeRepeat && o.First != first.Group.First {
			t.Fatalf("%+v: found sequence %d, want %d", c.body, o.First, first.Group.First)
		}
		if o.Kind != event.OutcomeExecuted && v.machine.Sequence() != before {
			t.Fatalf("%+v: made an event", c.body)
		}
	}
	if o := v.send("A", "never", deposit("1")); o.Kind != event.OutcomeFenced {
		t.Fatalf("a fenced id was executed: outcome %d", o.Kind)
	}
	if o := v.send("B", "never", deposit("1")); o.Kind != event.OutcomeExecuted {
		t.Fatalf("another participant's id was fenced: outcome %d", o.Kind)
	}
}

// At the first level an id is kept until its deadline whatever comes; a table
// full of ids that are not due refuses new ones, the administrator's too, and
// forgets the oldest once they are.
func TestDedupWindowOfTheFirstLevel(t *testing.T) {
	v := newVenueAt(t, fsm.LevelFirst, fsm.Bounds{DedupCapacity: 100})
	v.demo()
	for n := 0; v.machine.DedupHorizon().IDs < 100; n++ {
		v.send("A", fmt.Sprintf("fill%d", n), deposit("1"))
	}
	if o := v.send("A", "more", deposit("1")); o.Kind != event.OutcomeThrottled {
		t.Fatalf("a full table: outcome %d", o.Kind)
	}
	v.now += 61e9
	if o := v.send("A", "more", deposit("1")); o.Kind != event.OutcomeExecuted {
		t.Fatalf("a table of due ids: outcome %d", o.Kind)
	}
	if got := v.machine.DedupHorizon().IDs; got != 100 {
		t.Fatalf("got %d ids, want 100", got)
	}
}

// A trader acts on its own accounts and orders only, and does not learn
// whether others exist.
func TestForbidden(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	placed := v.do(limit("trader1", "ETH-USD", market.Buy, "1", "100"))
	id := placed.Group.Records[0].(*event.OrderChanged).Order.ID
	for _, c := range []struct {
		who  string
		body command.Body
		want event.OutcomeKind
	}{
		{"TRADER2", &command.CancelOrder{Order: command.OrderRef{ID: id}}, event.OutcomeForbidden},
		{"TRADER2", &command.CancelOrder{Order: command.OrderRef{ID: id + 1}}, event.OutcomeForbidden},
		{"TRADER2", limit("trader1", "ETH-USD", market.Buy, "1", "100"), event.OutcomeForbidden},
		{"TRADER2", limit("nobody", "ETH-USD", market.Buy, "1", "100"), event.OutcomeForbidden},
		{"TRADER2", deposit("1"), event.OutcomeForbidden},
		{"TRADER2", &command.CancelAll{Account: "trader1"}, event.OutcomeForbidden},
		{"TRADER1", &command.CancelOrder{Order: command.OrderRef{Account: "trader1", ClientOrderID: "x"}}, event.OutcomeExecuted},
		{"TRADER1", &command.CancelOrder{Order: command.OrderRef{ID: id}}, event.OutcomeExecuted},
		{"TRADER2", &command.CancelOrder{Order: command.OrderRef{ID: id}}, event.OutcomeForbidden},
	} {
		command := v.admin(c.body)
		command.Participant, command.Role = c.who, market.RoleTrader
		before := v.machine.Sequence()
		_, outcomes := v.apply(command)
		if outcomes[0].Kind != c.want {
			t.Fatalf("%s, %T %+v: got outcome %d, want %d", c.who, c.body, c.body, outcomes[0].Kind, c.want)
		}
		if c.want == event.OutcomeForbidden && v.machine.Sequence() != before {
			t.Fatal("what is forbidden made an event")
		}
	}
}

// expected_sequence is compared with the aggregate's; 0 means that it must
// not exist yet.
func TestExpectedSequence(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	for _, c := range []struct {
		expected uint64
		body     command.Body
		refused  bool
	}{
		{0, &command.OpenAccount{Account: "new"}, false},
		{0, &command.OpenAccount{Account: "new"}, true},
		{1, &command.Deposit{Account: "new", Money: command.Money{Asset: "USD", Value: dec("5")}}, false},
		{1, &command.Deposit{Account: "new", Money: command.Money{Asset: "USD", Value: dec("5")}}, true},
		{2, limit("new", "BTC-USD", market.Buy, "0.0001", "1"), false},
		{2, &command.CancelAll{Account: "new"}, false},
	} {
		command := v.admin(c.body)
		command.HasExpected, command.Expected = true, c.expected
		_, outcomes := v.apply(command)
		r := outcomes[0].Group.Rejection()
		if (r != nil) != c.refused || r != nil && r.Code != event.CodeSequenceConflict {
			t.Fatalf("%T at %d: got %+v", c.body, c.expected, r)
		}
	}
}

// An order that is named by the client's id and is not there is a matter of
// its account: the refusal is the account's, with the account's sequence.
func TestUnknownClientOrderIsTheAccounts(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	_, outcomes := v.apply(v.admin(&command.Deposit{Account: "trader1", Money: command.Money{Asset: "USD", Value: dec("5")}}))
	want := outcomes[0].Group.AggregateSequence
	ref := command.OrderRef{Account: "trader1", ClientOrderID: "nope"}
	for _, body := range []command.Body{&command.CancelOrder{Order: ref}, &command.AmendOrder{Order: ref}} {
		for _, expected := range []uint64{want, want + 1} {
			c := v.admin(body)
			c.HasExpected, c.Expected = true, expected
			_, outcomes := v.apply(c)
			code := event.CodeUnknownOrder
			if expected != want {
				code = event.CodeSequenceConflict
			}
			g := outcomes[0].Group
			if r := g.Rejection(); r == nil || r.Code != code || r.Aggregate != "trader1" || r.CurrentSequence != want {
				t.Errorf("%T at %d: got %+v, want %v of trader1 at %d", body, expected, r, code, want)
			}
			if g.Aggregate != "trader1" || g.AggregateSequence != want {
				t.Errorf("%T: group of %s at %d, want trader1 at %d", body, g.Aggregate, g.AggregateSequence, want)
			}
		}
	}
}

// No account can be called what a participant or an owner is called as an
// aggregate: those names begin with the venue's own prefix.
func TestAggregatesOfParticipantsAndOwners(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	limits := &command.SetLimits{Scope: command.ScopeOwner, Target: "own1"}
	limits.Named[command.MaxOpenOrders], limits.Limits[command.MaxOpenOrders] = true, command.Limit{State: command.LimitUnlimited}
	for want, body := range map[string]command.Body{
		"venue:participant:p9": &command.DefineParticipant{Participant: "p9", Role: market.RoleTrader},
		"venue:owner:own1":     limits,
	} {
		_, outcomes := v.apply(v.admin(body))
		g := outcomes[0].Group
		if part := g.Records[0].Event(0); g.Aggregate != want || part.Aggregate != want {
			t.Errorf("%T: group of %s, event of %s, want %s", body, g.Aggregate, part.Aggregate, want)
		}
		_, outcomes = v.apply(v.admin(&command.OpenAccount{Account: want}))
		if r := outcomes[0].Group.Rejection(); r == nil || r.Code != event.CodeReservedID {
			t.Errorf("an account %s: got %+v, want reserved_id", want, r)
		}
	}
}

// The state hash is taken after every 4,096th index, also when raft used that
// index, or several, for itself.
func TestLastHash(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	before := v.machine.Hash()
	v.machine.Apply(3*fsm.HashInterval+5, 1, seal(t, v.now, v.admin(deposit("1"))))
	if index, hash := v.machine.LastHash(); index != 3*fsm.HashInterval || hash != before {
		t.Fatalf("got hash %x of index %d, want %x of %d", hash, index, before, 3*fsm.HashInterval)
	}
	v.machine.Apply(4*fsm.HashInterval, 1, seal(t, v.now, v.admin(deposit("1"))))
	if index, hash := v.machine.LastHash(); index != 4*fsm.HashInterval || hash != v.machine.Hash() {
		t.Fatalf("got index %d", index)
	}
}
