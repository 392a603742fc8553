package fsm_test

import (
	"math/rand/v2"
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Whatever is left for later entries comes to its end, with the smallest bounds
// there are: each entry that finds something pending does something about it,
// and when no more commands come there are no more entries with something to do
// than there are orders and mass cancels. So nothing waits for ever, and no entry
// turns in a circle.
func TestPendingWorkComesToItsEnd(t *testing.T) {
	runs := uint64(150)
	if testing.Short() {
		runs = 40
	}
	drained := 0
	for seed := range runs {
		d := &dice{Rand: rand.New(rand.NewPCG(seed, 7)), now: start}
		bounds := fsm.Bounds{
			EventsPerEntry: uint32(1 + d.IntN(3)), FillsPerCommand: uint32(1 + d.IntN(3)),
			StepsPerEntry: []uint32{1, 8, 30}[d.IntN(3)], DedupCapacity: []uint32{60, 90, 100_000}[d.IntN(3)],
		}
		v := newVenueAt(t, uint16(1+d.IntN(fsm.FeatureLevel)), bounds)
		v.demo()
		v.now += 20e9
		for day := range 3 {
			v.day(d, 25)
			if v.level == fsm.LevelFirst && day == 1 && d.IntN(2) == 0 {
				v.apply(v.system(&command.RaiseLevel{Level: 2}))
				v.level = 2
			}
			v.apply(v.admin(cancelAll("trader1", "", market.SideNone)), v.admin(&command.SuspendAccount{Account: "trader2"}),
				v.admin(&command.SetPhase{Instrument: "ETH-USD", Phase: []market.Phase{market.PhaseClosed, market.PhaseHalted, market.PhaseContinuous}[d.IntN(3)]}))
			if d.IntN(2) == 0 {
				v.machine = throughSnapshot(t, v.machine)
			}
			most := 3*len(d.orders) + 20
			for entries := 0; v.machine.Pending(); entries++ {
				before := v.machine.Sequence()
				v.apply()
				if v.machine.Sequence() == before && v.machine.Pending() {
					t.Fatalf("seed %d, %+v: an entry with something pending did nothing", seed, bounds)
				}
				if entries == most {
					t.Fatalf("seed %d, %+v: still pending after %d entries and %d orders", seed, bounds, entries, len(d.orders))
				}
				drained++
			}
			if err := v.machine.Audit(); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
	}
	if drained < int(runs) {
		t.Fatalf("%d entries had something pending: the run shows little", drained)
	}
	t.Logf("%d entries had something pending", drained)
}
