package fsm_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// year2200 is a valid_until that a client may well give: 2200-01-01T00:00:00Z.
const year2200 = market.Nanos(7_258_118_400_000_000_000)

// day is one of venue time.
const day = market.Nanos(24 * 3600 * 1e9)

// fence sends a participant's fences of so many new ids, in full entries, until
// one is not executed, and returns how many were.
func (v *venue) fence(participant string, most int) (n int) {
	v.t.Helper()
	for n < most {
		commands := make([]*command.Command, min(1000, most-n))
		for i := range commands {
			v.ids++
			commands[i] = v.by(participant, &command.Fence{Target: fmt.Sprintf("fenced-%d", v.ids)})
		}
		_, outcomes := v.apply(commands...)
		v.log = nil
		for i := range outcomes {
			switch outcomes[i].Kind {
			case event.OutcomeExecuted:
				n++
			case event.OutcomeThrottled:
				return n
			default:
				v.t.Fatalf("fence %d of %s: outcome %d", n, participant, outcomes[i].Kind)
			}
		}
	}
	return n
}

// arrives hands over a copy of TRADER1's command with an id, sent long ago and
// good until the year 2200, and returns what becomes of it.
func (v *venue) arrives(id string) event.OutcomeKind {
	v.t.Helper()
	late := v.by("TRADER1", limit("trader1", "BTC-USD", market.Buy, "1", "100"))
	late.ID, late.ValidUntil = id, year2200
	_, outcomes := v.apply(late)
	return outcomes[0].Kind
}

// A fence is final: however many newer ids and fences of others there are, a copy
// of what it fenced that arrives a week later does not execute, whatever its
// valid_until.
func TestFenceIsFinal(t *testing.T) {
	v := newVenue(t, fsm.Bounds{DedupCapacity: 900})
	v.demo()
	if _, outcomes := v.apply(v.by("TRADER1", &command.Fence{Target: "X"})); outcomes[0].Kind != event.OutcomeExecuted {
		t.Fatalf("the fence: outcome %d", outcomes[0].Kind)
	}
	fenced := v.now
	for v.now < fenced+7*day {
		v.now += 3 * 3600e9
		v.flood("TRADER2", "trader2", 1000)
		v.fence("TRADER2", 1000)
		v.machine = throughSnapshot(t, v.machine)
		if got := v.arrives("X"); got != event.OutcomeFenced {
			t.Fatalf("a late copy %v after the fence: outcome %d", time.Duration(v.now-fenced), got)
		}
	}
}

// A fence older than a day outlives 131,071 newer ones of its participant, and
// gives its place to the next. Its bound is counted in fences, not in days.
func TestFenceOutlivesItsShare(t *testing.T) {
	const share = 131_072
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	if _, outcomes := v.apply(v.by("TRADER1", &command.Fence{Target: "X"})); outcomes[0].Kind != event.OutcomeExecuted {
		t.Fatalf("the fence: outcome %d", outcomes[0].Kind)
	}
	v.now += 7 * day
	if n := v.fence("TRADER1", share-1); n != share-1 {
		t.Fatalf("%d newer fences, want %d", n, share-1)
	}
	if got := v.arrives("X"); got != event.OutcomeFenced {
		t.Fatalf("with %d newer fences: outcome %d", share-1, got)
	}
	if n := v.fence("TRADER1", 1); n != 1 {
		t.Fatal("the oldest fence is a week old, and was to give its place")
	}
	if got := v.arrives("X"); got != event.OutcomeExecuted {
		t.Fatalf("with %d newer fences: outcome %d, want it to be forgotten", share, got)
	}
	if n := v.fence("TRADER1", 1); n != 0 {
		t.Error("a fence of today was forgotten for a newer one")
	}
	if n := v.fence("TRADER2", 1); n != 1 {
		t.Error("another participant's fence was refused")
	}
}

// Who fences in a loop for days pushes out fences of its own, and nobody else's.
func TestFencesInALoopPushOutTheirOwn(t *testing.T) {
	v := newVenue(t, fsm.Bounds{DedupCapacity: 640})
	v.demo()
	if _, outcomes := v.apply(v.by("TRADER1", &command.Fence{Target: "X"})); outcomes[0].Kind != event.OutcomeExecuted {
		t.Fatalf("the fence: outcome %d", outcomes[0].Kind)
	}
	for today := range 10 {
		if n := v.fence("TRADER2", 1000); n != 20 {
			t.Errorf("day %d: %d fences, want a sixteenth of half of 640 each day", today, n)
		}
		v.now += day + 3600e9
	}
	if h := v.machine.DedupHorizon(); h.Fences.Retained != 20+1 || h.Fences.KnownSince < v.now-3*day {
		t.Errorf("got %+v, want the last 20 of TRADER2 and one more", h.Fences)
	}
	if got := v.arrives("X"); got != event.OutcomeFenced {
		t.Errorf("another's only fence: outcome %d", got)
	}
}

// When all places are taken the oldest of who has most gives one: here the
// administrators', who have no share. Who has fewer loses none, and nobody is
// refused while there is an old one of who has more.
func TestFencesWithoutAFreePlace(t *testing.T) {
	v := newVenue(t, fsm.Bounds{DedupCapacity: 640}) // 320 places, 20 a participant
	v.demo()
	for _, id := range []string{"X", "Y"} {
		if _, outcomes := v.apply(v.by("TRADER1", &command.Fence{Target: id})); outcomes[0].Kind != event.OutcomeExecuted {
			t.Fatalf("the fence of %s: outcome %d", id, outcomes[0].Kind)
		}
	}
	operators := func() (n int) {
		for ; n < 1000; n++ {
			v.ids++
			if o := v.do(&command.Fence{Target: fmt.Sprintf("ours-%d", v.ids)}); o.Kind != event.OutcomeExecuted {
				break
			}
		}
		return n
	}
	if n := operators(); n != 159 {
		t.Errorf("the operators fenced %d, want half of what the 2 leave of 320", n)
	}
	for range 7 {
		v.now += day + 3600e9
		if n := operators(); n != 160 {
			t.Errorf("the operators fenced %d once those before are old, want half of 320", n)
		}
	}
	if got := v.machine.DedupHorizon().Fences.Retained; got != 320 {
		t.Fatalf("%d fences are kept, want all places taken", got)
	}
	for n := 2; n <= 4; n++ {
		if got := v.fence(fmt.Sprintf("TRADER%d", n), 1000); got != 20 {
			t.Errorf("TRADER%d fenced %d, want its share", n, got)
		}
	}
	v.machine = throughSnapshot(t, v.machine)
	for _, id := range []string{"X", "Y"} {
		if got := v.arrives(id); got != event.OutcomeFenced {
			t.Errorf("%s, fenced a week ago by who has two: outcome %d", id, got)
		}
	}
}

// Commands that are pinned until the year 2200 take no place from fences.
func TestPinsTakeNoPlaceOfFences(t *testing.T) {
	v := newVenue(t, fsm.Bounds{DedupCapacity: 640})
	v.demo()
	if _, outcomes := v.apply(v.by("TRADER1", &command.Fence{Target: "X"})); outcomes[0].Kind != event.OutcomeExecuted {
		t.Fatalf("the fence: outcome %d", outcomes[0].Kind)
	}
	pins := 0
	for range 1000 {
		c := v.admin(deposit("1"))
		c.ValidUntil = year2200
		if _, outcomes := v.apply(c); outcomes[0].Kind == event.OutcomeExecuted {
			pins++
		}
	}
	if pins != 160 {
		t.Errorf("%d ids are pinned, want half of what was free", pins)
	}
	v.now += 7 * day
	if n := v.fence("TRADER2", 1000); n != 20 {
		t.Errorf("%d fences beside them, want a whole share", n)
	}
	if got := v.arrives("X"); got != event.OutcomeFenced {
		t.Errorf("a copy of what was fenced a week ago: outcome %d", got)
	}
}

// Fences have places of their own: a participant's share of them, at it and one
// past it, is nobody else's.
func TestShareOfFences(t *testing.T) {
	v := newVenue(t, fsm.Bounds{DedupCapacity: 640})
	v.demo()
	v.now += 20e9
	v.flood("TRADER1", "trader1", 1000)
	for i := range 21 {
		want := event.OutcomeExecuted
		if i == 20 {
			want = event.OutcomeThrottled
		}
		if _, outcomes := v.apply(v.by("TRADER1", &command.Fence{Target: fmt.Sprint(i)})); outcomes[0].Kind != want {
			t.Errorf("fence %d: outcome %d, want %d", i, outcomes[0].Kind, want)
		}
	}
	if _, outcomes := v.apply(v.by("TRADER2", &command.Fence{Target: "y"})); outcomes[0].Kind != event.OutcomeExecuted {
		t.Errorf("another's fence: outcome %d", outcomes[0].Kind)
	}
}

// Whoever fences and sends whatever and whenever, with few places for all of it:
// an id that was fenced within a day does not execute, nor does one a second time
// that may until the year 2200; and a twin that goes through snapshots says the
// same bytes and has the same hash.
func TestFencesOnATwin(t *testing.T) {
	seen := map[event.OutcomeKind]int{}
	rapid.Check(t, func(rt *rapid.T) {
		bounds := fsm.Bounds{DedupCapacity: 64} // 32 places, 2 a participant
		v := newVenue(t, bounds)
		v.demo()
		twin := fsm.New(fsm.Options{Cluster: cluster, Bounds: bounds})
		for i, data := range v.log {
			twin.Apply(uint64(i+1), 1, data)
		}
		fenced, executed := map[string]market.Nanos{}, map[string]bool{}
		for range rapid.IntRange(10, 60).Draw(rt, "entries") {
			v.now += rapid.SampledFrom([]market.Nanos{1e9, 15e9, 3600e9, day, day + 1800e9}).Draw(rt, "wait")
			commands := make([]*command.Command, rapid.IntRange(1, 5).Draw(rt, "commands"))
			for i := range commands {
				commands[i] = v.fenceOrCopy(rt)
			}
			block, outcomes := v.apply(commands...)
			for i, c := range commands {
				seen[outcomes[i].Kind]++
				checkSettled(rt, c, outcomes[i].Kind, v.now, fenced, executed)
			}
			if rapid.IntRange(0, 4).Draw(rt, "snapshot") == 3 {
				twin = throughSnapshot(rt, twin)
			}
			again, _ := twin.Apply(block.Index, 1, v.log[len(v.log)-1])
			if got, want := eventcodec.AppendBlock(nil, again), eventcodec.AppendBlock(nil, block); !bytes.Equal(got, want) || twin.Hash() != v.machine.Hash() {
				rt.Fatalf("the twin said another block, or has another hash, at index %d", block.Index)
			}
		}
	})
	for _, kind := range []event.OutcomeKind{event.OutcomeExecuted, event.OutcomeFenced, event.OutcomeRepeat, event.OutcomeThrottled} {
		if seen[kind] == 0 {
			t.Errorf("nothing had outcome %d: the run shows little", kind)
		}
	}
}

// fenceOrCopy draws a fence, or an order that may execute until the year 2200, of
// one of a few ids.
func (v *venue) fenceOrCopy(t *rapid.T) *command.Command {
	who := rapid.IntRange(0, 4).Draw(t, "who")
	id := fmt.Sprintf("id-%d", rapid.IntRange(0, 20).Draw(t, "id"))
	var c *command.Command
	if rapid.Bool().Draw(t, "a fence") {
		c = v.admin(&command.Fence{Target: id})
	} else {
		c = v.admin(nonsense("trader1"))
		c.ID, c.ValidUntil = id, year2200
	}
	if who > 0 {
		c.Participant, c.Role = fmt.Sprintf("TRADER%d", who), market.RoleTrader
	}
	return c
}

// checkSettled holds an outcome to what was said of the id before.
func checkSettled(t *rapid.T, c *command.Command, kind event.OutcomeKind, now market.Nanos, fenced map[string]market.Nanos, executed map[string]bool) {
	id := c.ID
	f, isFence := c.Body.(*command.Fence)
	if isFence {
		id = f.Target
	}
	id = c.Participant + " " + id
	at, was := fenced[id]
	switch {
	case executed[id] && kind != event.OutcomeRepeat:
		t.Fatalf("%q was executed, and may until 2200: outcome %d", id, kind)
	case was && now <= at+day && kind != event.OutcomeFenced:
		t.Fatalf("%q was fenced %v ago: outcome %d", id, time.Duration(now-at), kind)
	case kind != event.OutcomeExecuted:
	case isFence:
		fenced[id] = now
	default:
		executed[id] = true
	}
}
