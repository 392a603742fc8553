package fsm_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// day applies entries of random commands, and audits after each.
func (v *venue) day(d *dice, entries int) {
	for range entries {
		v.now += market.Nanos(d.IntN(3)) * 1e9
		d.now = v.now
		var commands []*command.Command
		for range 1 + d.IntN(6) {
			commands = append(commands, v.admin(d.body()))
		}
		block, _ := v.apply(commands...)
		d.remember(block)
		if err := v.machine.Audit(); err != nil {
			v.t.Fatal(err)
		}
	}
}

func (d *dice) remember(b *event.Block) {
	for p := range b.Events {
		if r, ok := p.Record.(*event.OrderChanged); ok && r.Type == event.TypeOrderAccepted {
			d.orders = append(d.orders, r.Order.ID)
		}
	}
}

// A venue that grew at level 1 goes on at level 2 with what it has: its open
// orders are in the new lists, what its buys can add is counted, mass cancels
// and stops under way come to their end; and so it does from a snapshot taken
// on either side of the rise.
func TestRaiseALivingVenue(t *testing.T) {
	for seed := range uint64(12) {
		v := newVenueAt(t, fsm.LevelFirst, fsm.Bounds{EventsPerEntry: 3, FillsPerCommand: 4})
		v.demo()
		d := &dice{Rand: rand.New(rand.NewPCG(seed, 1))}
		v.day(d, 40+int(seed)*3)
		v.apply(v.admin(&command.ResumeAccount{Account: "trader1"}), v.admin(&command.SetPhase{Instrument: "ETH-USD", Phase: market.PhaseContinuous}),
			v.admin(&command.SetLimits{Scope: command.ScopeAccount, Target: "trader1", Named: named(command.MaxPosition),
				Limits: limitsOf(command.MaxPosition, "100000")}))
		for range 8 {
			v.do(limit("trader1", "ETH-USD", market.Buy, "0.001", "10"))
		}
		v.apply(v.admin(cancelAll("trader1", "ETH-USD", market.Buy)), v.admin(&command.SuspendAccount{Account: "trader2"}))
		if !v.machine.Pending() {
			t.Fatal("nothing is under way")
		}
		before := through(t, v.machine)
		raise := sealAt(t, 1, v.now, v.system(&command.RaiseLevel{Level: 2}))
		v.machine.Apply(v.machine.Index()+1, 1, raise)
		before.Apply(v.machine.Index(), 1, raise)
		if err := v.machine.Audit(); err != nil {
			t.Fatal(err)
		}
		after := through(t, v.machine)
		v.level, v.log = 2, nil
		from := v.machine.Index()
		v.day(d, 200)
		for i, data := range v.log {
			before.Apply(from+uint64(i)+1, 1, data)
			after.Apply(from+uint64(i)+1, 1, data)
		}
		if want := v.machine.Hash(); before.Hash() != want || after.Hash() != want {
			t.Fatalf("seed %d: a snapshot before the rise leads to %x, one after it to %x, want %x", seed, before.Hash(), after.Hash(), want)
		}
	}
}

// through returns a machine restored from a snapshot of another.
func through(t *testing.T, m *fsm.Machine) *fsm.Machine {
	var file bytes.Buffer
	if _, err := m.Capture().WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	restored, err := fsm.Restore(fsm.Options{Cluster: cluster}, &file)
	if err != nil {
		t.Fatal(err)
	}
	if restored.Hash() != m.Hash() {
		t.Fatal("the snapshot has another hash")
	}
	return restored
}

// The bound of steps is in no snapshot of level 1: a node that was restored from
// one with another setting, and one that applied all entries, take the same one
// when the level rises, and are in the same state for ever.
func TestRaiseSettlesTheBoundOfSteps(t *testing.T) {
	v := newVenueAt(t, fsm.LevelFirst, fsm.Bounds{StepsPerEntry: 100})
	v.demo()
	wall(v, 200)
	var file bytes.Buffer
	s := v.machine.Capture()
	if _, err := s.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	s.Release()
	other, err := fsm.Restore(fsm.Options{Cluster: cluster, Bounds: fsm.Bounds{StepsPerEntry: 7}}, &file)
	if err != nil {
		t.Fatal(err)
	}
	apply := func(commands ...*command.Command) (a, b []event.Outcome) {
		data := sealAt(t, v.level, v.now, commands...)
		index := v.machine.Index() + 1
		_, a = v.machine.Apply(index, 1, data)
		_, b = other.Apply(index, 1, data)
		return a, b
	}
	apply(v.system(&command.RaiseLevel{Level: 2}))
	v.level = 2
	v.now += 60e9
	a, b := apply(v.admin(fok("0.100", "4000")), v.admin(fok("0.010", "4000")), v.admin(fok("900", "4000")), v.admin(fok("0.010", "4000")))
	for i := range a {
		if a[i].Kind != event.OutcomeExecuted || b[i].Kind != a[i].Kind {
			t.Errorf("command %d: outcomes %d and %d", i, a[i].Kind, b[i].Kind)
		}
	}
	if v.machine.Hash() != other.Hash() || v.machine.Chain() != other.Chain() {
		t.Error("the two differ")
	}
}
