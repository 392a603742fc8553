package fsm_test

import (
	"flag"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/dedup"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// by gives a body the header of a trader's command.
func (v *venue) by(participant string, b command.Body) *command.Command {
	c := v.admin(b)
	c.Participant, c.Role = participant, market.RoleTrader
	return c
}

// nonsense is an order that is always refused, by an event that uses up its id.
func nonsense(account string) command.Body {
	return limit(account, "NO-SUCH", market.Buy, "1", "1")
}

// flood sends a participant's nonsense until it is throttled, and returns how
// many ids it used up.
func (v *venue) flood(participant, account string, most int) (n int) {
	v.t.Helper()
	for ; n < most; n++ {
		_, outcomes := v.apply(v.by(participant, nonsense(account)))
		if outcomes[0].Kind == event.OutcomeThrottled {
			return n
		}
	}
	v.t.Fatalf("%s was not throttled after %d ids", participant, n)
	return n
}

// A trader whose nonsense fills its share of undue ids is throttled, and nobody
// else is: others trade, and what makes the venue safer has room whoever sends
// it. Once its ids are due it may go on.
func TestOnesNonsenseThrottlesNobodyElse(t *testing.T) {
	v := newVenue(t, fsm.Bounds{DedupCapacity: 900})
	v.demo()
	v.now += 20e9 // what founded the venue is due
	placed := v.do(limit("trader1", "ETH-USD", market.Buy, "1", "100"))
	order := placed.Group.Records[0].(*event.OrderChanged).Order.ID
	if got := v.flood("TRADER1", "trader1", 1000); got < 790 || got > 800 {
		t.Errorf("alone it used %d ids, want 8/9 of 900", got)
	}
	for _, c := range []struct {
		who, why string
		body     command.Body
		want     event.OutcomeKind
	}{
		{"TRADER1", "its share is full", limit("trader1", "ETH-USD", market.Buy, "1", "100"), event.OutcomeThrottled},
		{"TRADER1", "a fence has a share of its own", &command.Fence{Target: "x"}, event.OutcomeExecuted},
		{"TRADER2", "another's share", limit("trader2", "ETH-USD", market.Buy, "1", "100"), event.OutcomeExecuted},
		{"TRADER1", "a cancel", &command.CancelOrder{Order: command.OrderRef{ID: order}}, event.OutcomeExecuted},
		{"TRADER1", "a mass cancel", &command.CancelAll{Account: "trader1"}, event.OutcomeExecuted},
		{"TRADER1", "the kill switch", &command.SuspendAccount{Account: "trader1"}, event.OutcomeExecuted},
	} {
		_, outcomes := v.apply(v.by(c.who, c.body))
		if outcomes[0].Kind != c.want {
			t.Errorf("%T by %s (%s): got outcome %d, want %d", c.body, c.who, c.why, outcomes[0].Kind, c.want)
		}
	}
	v.must(&command.HaltInstrument{Instrument: "ETH-USD"}, &command.ResumeInstrument{Instrument: "ETH-USD"},
		&command.SetPhase{Instrument: "ETH-USD", Phase: market.PhaseContinuous}, deposit("1"))
	v.now += dedup.MinAge + 1e9
	if _, outcomes := v.apply(v.by("TRADER1", nonsense("trader1"))); outcomes[0].Kind != event.OutcomeExecuted {
		t.Errorf("once its ids are due: got outcome %d", outcomes[0].Kind)
	}
}

// However many flood, whoever has no undue ids finds room at once, and soon has
// the same share as each of them.
func TestManyHogsLeaveRoom(t *testing.T) {
	v := newVenue(t, fsm.Bounds{DedupCapacity: 900})
	v.demo()
	v.now += 20e9
	used := map[int]int{}
	for second := range 60 {
		v.now += 1e9
		hogs := 3
		if second >= 20 {
			hogs = 4
		}
		for range 100 {
			for i := 1; i <= hogs; i++ {
				_, outcomes := v.apply(v.by(fmt.Sprintf("TRADER%d", i), nonsense(fmt.Sprintf("trader%d", i))))
				if outcomes[0].Kind == event.OutcomeExecuted && (second >= 34 || i == 4) {
					used[i]++
				}
			}
		}
		if second == 20 && used[4] < 10 {
			t.Errorf("the fourth used %d ids in its first second beside three that flood", used[4])
		}
		if second == 33 {
			used[4] = 0
		}
	}
	// 26 seconds, two windows of 13: 2 × 8/33 of the bound each.
	for i := 1; i <= 4; i++ {
		if want := 2 * 900 * 8 / 33; used[i] < want*8/10 || used[i] > want*12/10 {
			t.Errorf("TRADER%d used %d ids, want about %d", i, used[i], want)
		}
	}
}

// What has room always is let in beyond the bound, and the bound holds again
// once it is due.
func TestBeyondTheBound(t *testing.T) {
	v := newVenue(t, fsm.Bounds{DedupCapacity: 900})
	v.demo()
	for range 2000 {
		v.must(deposit("1"))
		if _, outcomes := v.apply(v.by("TRADER1", &command.CancelAll{Account: "trader1"})); outcomes[0].Kind != event.OutcomeExecuted {
			t.Fatalf("a mass cancel: outcome %d", outcomes[0].Kind)
		}
	}
	if got := v.machine.DedupHorizon().IDs; got < 4000 {
		t.Errorf("got %d ids: undue ones were forgotten", got)
	}
	v.now += dedup.MinAge + 1e9
	for range 40 { // each new id drops two generations
		v.must(deposit("1"))
	}
	if got := v.machine.DedupHorizon().IDs; got > 900 {
		t.Errorf("got %d ids once they are due, want at most the bound", got)
	}
}

// A deadline further ahead than 12 seconds is not executed, leaves no event and
// leaves the id free; at 12 seconds it is executed. A repeat is answered first.
func TestDeadlineTooFarAhead(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	c := v.admin(deposit("1"))
	c.Deadline = v.now + dedup.MinAge + 1
	before := v.machine.Sequence()
	if _, outcomes := v.apply(c); outcomes[0].Kind != event.OutcomeTooFarAhead || v.machine.Sequence() != before {
		t.Fatalf("one nanosecond beyond: got outcome %d and %d events", outcomes[0].Kind, v.machine.Sequence()-before)
	}
	c.Deadline--
	if _, outcomes := v.apply(c); outcomes[0].Kind != event.OutcomeExecuted || outcomes[0].Group.Rejection() != nil {
		t.Fatalf("at the bound: got outcome %d", outcomes[0].Kind)
	}
	c.Deadline = v.now + 3600e9
	if _, outcomes := v.apply(c); outcomes[0].Kind != event.OutcomeRepeat {
		t.Fatalf("a repeat with a far deadline: got outcome %d", outcomes[0].Kind)
	}
	c = v.admin(deposit("1"))
	c.Deadline = v.now + dedup.MinAge // never shortened: good until then
	v.now = c.Deadline
	if _, outcomes := v.apply(c); outcomes[0].Group.Rejection() != nil {
		t.Fatal("a command at its deadline was refused")
	}
}

// A fence is a copy like others: after its deadline it settles nothing, and with
// one that is too far ahead neither; within it, it is final.
func TestFenceHasADeadline(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	for _, c := range []struct {
		deadline market.Nanos
		want     event.OutcomeKind
	}{
		{-1, event.OutcomeUnseen},
		{dedup.MinAge + 1, event.OutcomeTooFarAhead},
		{0, event.OutcomeExecuted},
		{-1, event.OutcomeFenced},
	} {
		fence := v.admin(&command.Fence{Target: "x"})
		fence.Deadline = v.now + c.deadline
		before := v.machine.Sequence()
		_, outcomes := v.apply(fence)
		if outcomes[0].Kind != c.want || (v.machine.Sequence() != before) != (c.want == event.OutcomeExecuted) {
			t.Errorf("deadline %v ahead: got outcome %d and %d events", time.Duration(c.deadline), outcomes[0].Kind, v.machine.Sequence()-before)
		}
	}
}

// Whatever comes, a used id is known for 12 seconds after its entry: also one
// of a command without a deadline, a fenced one, and one of a deadline long
// passed. So no copy that was on its way can execute.
func TestIDsOutliveEveryCopy(t *testing.T) {
	v := newVenue(t, fsm.Bounds{DedupCapacity: 8})
	v.demo()
	v.now += 20e9
	bare, used := v.admin(deposit("1")), v.admin(deposit("1"))
	bare.Deadline = 0
	fence := v.admin(&command.Fence{Target: "fenced"})
	fence.Deadline = v.now
	v.apply(bare, used, fence)
	entry := v.now
	fenced := v.admin(deposit("1"))
	fenced.ID = "fenced"
	for _, step := range []market.Nanos{0, 6e9, 12e9} {
		v.now = entry + step
		for range 50 {
			v.must(deposit("1"))
		}
		_, outcomes := v.apply(bare, used, fenced)
		if outcomes[0].Kind != event.OutcomeRepeat || outcomes[1].Kind != event.OutcomeRepeat || outcomes[2].Kind != event.OutcomeFenced {
			t.Fatalf("%v later: got outcomes %d %d %d", time.Duration(step), outcomes[0].Kind, outcomes[1].Kind, outcomes[2].Kind)
		}
	}
	// Then newer ids may push them out: the table is bounded, and every copy
	// that was on its way is past its deadline.
	v.now = entry + dedup.MinAge + 1e9
	for range 5 {
		v.must(deposit("1"))
	}
	late := *used
	late.Deadline = entry + dedup.MinAge
	_, outcomes := v.apply(&late)
	if r := outcomes[0].Group.Rejection(); outcomes[0].Kind != event.OutcomeExecuted || r == nil || r.Code != event.CodeTooLate {
		t.Fatalf("a copy of a forgotten id: got outcome %d", outcomes[0].Kind)
	}
}

// An id whose client still allows it to execute is known until then, however
// many newer ones there are, and then its copy is too late: with valid_until a
// forgotten id never executes. What it pins is charged to its participant
// alone, and let go at that moment.
func TestValidUntilPinsItsOwnIDOnly(t *testing.T) {
	v := newVenue(t, fsm.Bounds{DedupCapacity: 90})
	v.demo()
	v.now += 20e9
	until := v.now + 3600e9
	pin := func() *command.Command {
		c := v.by("TRADER1", nonsense("trader1"))
		c.ValidUntil = until
		return c
	}
	first := pin()
	v.apply(first)
	for range 30 {
		v.now += 100e9 // up to 3000 s
		for range 100 {
			v.must(deposit("1"))
		}
		again := *first
		again.Deadline = v.now + 10e9
		if _, outcomes := v.apply(&again); outcomes[0].Kind != event.OutcomeRepeat {
			t.Fatalf("a repeat within its valid_until: got outcome %d", outcomes[0].Kind)
		}
	}
	v.now += 20e9
	n := 0
	for ; n < 200; n++ {
		if _, outcomes := v.apply(pin()); outcomes[0].Kind == event.OutcomeThrottled {
			break
		}
	}
	if n != 3-1 {
		t.Errorf("%d more ids could be pinned, want a sixteenth of a pool of 45, rounded up: 3", n)
	}
	v.now += 60e9
	if _, outcomes := v.apply(pin()); outcomes[0].Kind != event.OutcomeThrottled {
		t.Errorf("pinned ids are undue until then: got outcome %d", outcomes[0].Kind)
	}
	if _, outcomes := v.apply(v.by("TRADER2", nonsense("trader2"))); outcomes[0].Kind != event.OutcomeExecuted {
		t.Errorf("another participant: got outcome %d", outcomes[0].Kind)
	}
	v.machine = throughSnapshot(t, v.machine)
	v.now = until + 1
	again := *first
	again.Deadline = v.now + 10e9
	if _, outcomes := v.apply(&again); outcomes[0].Kind != event.OutcomeRepeat && outcomes[0].Group.Rejection() == nil {
		t.Errorf("after its valid_until: got outcome %d", outcomes[0].Kind)
	}
	for range 50 { // each new id lets go of two
		v.must(deposit("1"))
	}
	v.flood("TRADER1", "trader1", 100)
}

// A command with a valid_until is known as a repeat until that has passed,
// however far ahead it lies and however many newer ids there are: it never
// executes twice.
func TestValidUntilIsKnownAllTheWhile(t *testing.T) {
	v := newVenue(t, fsm.Bounds{DedupCapacity: 900})
	v.demo()
	c := v.admin(&command.Deposit{Account: "trader1", Money: command.Money{Asset: "USD", Value: dec("500")}})
	c.ValidUntil = v.now + 72*3600e9
	if _, outcomes := v.apply(c); outcomes[0].Kind != event.OutcomeExecuted {
		t.Fatalf("got outcome %d", outcomes[0].Kind)
	}
	for v.now+6*3600e9 < c.ValidUntil {
		v.now += 6 * 3600e9
		v.flood("TRADER2", "trader2", 1000)
		v.machine = throughSnapshot(t, v.machine)
		again := *c
		again.Deadline = v.now + 10e9
		if _, outcomes := v.apply(&again); outcomes[0].Kind != event.OutcomeRepeat {
			t.Fatalf("%v before its valid_until: got outcome %d", time.Duration(c.ValidUntil-v.now), outcomes[0].Kind)
		}
	}
}

// Who pins all that it may for a day throttles itself alone, and only what needs
// a pin; its own plain commands, everybody else's and fences go on.
func TestPinsThrottleNobodyElse(t *testing.T) {
	v := newVenue(t, fsm.Bounds{DedupCapacity: 6400})
	v.demo()
	v.now += 20e9
	pin := func(n int) *command.Command {
		c := v.by(fmt.Sprintf("TRADER%d", n), nonsense(fmt.Sprintf("trader%d", n)))
		c.ValidUntil = v.now + market.MaxValidity
		return c
	}
	for n := 1; n <= 3; n++ {
		for i := range 201 {
			want := event.OutcomeExecuted
			if i == 200 { // a sixteenth of half of the bound
				want = event.OutcomeThrottled
			}
			if _, outcomes := v.apply(pin(n)); outcomes[0].Kind != want {
				t.Fatalf("pin %d of TRADER%d: outcome %d, want %d", i, n, outcomes[0].Kind, want)
			}
		}
	}
	for _, after := range []market.Nanos{0, 20e9, 3600e9, 22 * 3600e9} {
		v.now += after
		if _, outcomes := v.apply(v.by("TRADER1", nonsense("trader1"))); outcomes[0].Kind != event.OutcomeExecuted {
			t.Errorf("a plain command of its own: outcome %d", outcomes[0].Kind)
		}
		if _, outcomes := v.apply(v.by("TRADER1", &command.Fence{Target: fmt.Sprint(after)})); outcomes[0].Kind != event.OutcomeExecuted {
			t.Errorf("a fence of its own: outcome %d", outcomes[0].Kind)
		}
		for range 1000 {
			if _, outcomes := v.apply(v.by("TRADER4", nonsense("trader4"))); outcomes[0].Kind != event.OutcomeExecuted {
				t.Fatalf("%v later, another's plain command: outcome %d", time.Duration(after), outcomes[0].Kind)
			}
		}
		if _, outcomes := v.apply(pin(4)); outcomes[0].Kind != event.OutcomeExecuted {
			t.Errorf("another's pin: outcome %d", outcomes[0].Kind)
		}
	}
	v.now += 2 * 3600e9
	for range 400 { // each new id lets go of two
		v.must(deposit("1"))
	}
	if _, outcomes := v.apply(pin(1)); outcomes[0].Kind != event.OutcomeExecuted {
		t.Errorf("after a day: outcome %d", outcomes[0].Kind)
	}
}

// Ids of the first level are found after the level rose, and forgotten as they
// would have been; then their table gives its memory back.
func TestIDsOfTheFirstLevel(t *testing.T) {
	v := newVenueAt(t, fsm.LevelFirst, fsm.Bounds{DedupCapacity: 4096})
	v.demo()
	old := v.admin(deposit("1"))
	old.Deadline = v.now + 60e9
	v.apply(old)
	for range 2000 {
		v.must(deposit("1"))
	}
	v.apply(v.system(&command.RaiseLevel{Level: 2}))
	v.level = 2
	v.machine = throughSnapshot(t, v.machine)
	before := v.machine.DedupHorizon()
	v.now += 60e9
	for range 1500 {
		v.must(deposit("1"))
	}
	if _, outcomes := v.apply(old); outcomes[0].Kind != event.OutcomeRepeat {
		t.Fatalf("an id of the first level: got outcome %d", outcomes[0].Kind)
	}
	if h := v.machine.DedupHorizon(); h.Oldest != before.Oldest || h.IDs != before.IDs+1500 {
		t.Errorf("got %+v, before %+v", h, before)
	}
	v.now += 1e9
	for range 2000 {
		v.must(deposit("1"))
	}
	if h := v.machine.DedupHorizon(); h.IDs > 4096 {
		t.Errorf("got %d ids, want at most the bound", h.IDs)
	}
	v.now += dedup.Window + 60e9
	for range 3000 {
		v.must(deposit("1"))
	}
	if h := v.machine.DedupHorizon(); h.Oldest < v.now-1e9 {
		t.Errorf("ids of %v ago are left", time.Duration(v.now-h.Oldest))
	}
	v.machine = throughSnapshot(t, v.machine)
}

// wholeMinute runs TestQuarterMillionASecond at full size: 15 million commands
// and 4,194,304 ids, in a minute or two. See the Makefile.
var wholeMinute = flag.Bool("minute", false, "run the minute of 250,000 commands a second at full size")

// 250,000 commands a second for a minute of venue time, from one trader alone
// or from four: none is refused for want of room. In the usual size it is a
// model, everything divided by 64: entries of 1,000 commands every 256 ms and
// 65,536 ids.
func TestQuarterMillionASecond(t *testing.T) {
	scale := 64
	if *wholeMinute {
		scale = 1
	}
	for _, traders := range []int{1, 4} {
		t.Run(fmt.Sprintf("%d traders", traders), func(t *testing.T) {
			v := newVenue(t, fsm.Bounds{DedupCapacity: uint32(4_194_304 / scale)})
			v.demo()
			commands := make([]*command.Command, 1000)
			begun := time.Now()
			most := uint32(0)
			entries := 60 * 250 / scale
			for n := range entries {
				v.now += market.Nanos(4e6 * scale)
				for i := range commands {
					who := i%traders + 1
					o := limit(fmt.Sprintf("trader%d", who), "ETH-USD", market.Buy, "1", "100")
					o.TimeInForce = market.ImmediateOrCancel
					commands[i] = &command.Command{Header: command.Header{
						ID: strconv.Itoa(n*1000 + i), Participant: fmt.Sprintf("TRADER%d", who), Role: market.RoleTrader, Deadline: v.now + 10e9,
					}, Body: o}
				}
				_, outcomes := v.apply(commands...)
				v.log = nil
				for i := range outcomes {
					if outcomes[i].Kind != event.OutcomeExecuted || outcomes[i].Group.Rejection() != nil {
						t.Fatalf("second %.1f: outcome %d", float64(n)*4e-3*float64(scale), outcomes[i].Kind)
					}
				}
				most = max(most, v.machine.DedupHorizon().IDs)
			}
			if int(most) > 4_194_304/scale {
				t.Errorf("got %d ids", most)
			}
			t.Logf("%d commands in %v, making them included; at most %d ids", 1000*entries, time.Since(begun).Round(time.Millisecond), most)
		})
	}
}
