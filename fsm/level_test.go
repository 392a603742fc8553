package fsm_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/commandcodec"
	"github.com/rialto-exchange/rialto/fsm/entry"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// A machine without history takes the level of its first entry.
func TestFirstEntryDecidesTheLevel(t *testing.T) {
	for level := uint16(fsm.LevelFirst); level <= fsm.FeatureLevel; level++ {
		v := newVenueAt(t, level, fsm.Bounds{})
		if got := v.machine.Level(); got != 0 {
			t.Errorf("before the first entry got level %d", got)
		}
		v.demo()
		if got := v.machine.Level(); got != level {
			t.Errorf("after entries of level %d got %d", level, got)
		}
	}
}

// RaiseLevel puts the next level in force from the next entry on; entries that
// were sealed before it rose are still good, and later ones need not wait.
func TestRaiseLevel(t *testing.T) {
	v := newVenueAt(t, fsm.LevelFirst, fsm.Bounds{})
	v.demo()
	before := v.machine.Hash()
	block, outcomes := v.apply(v.system(&command.RaiseLevel{Level: 2}))
	if got := types(&block.Groups[0]); got != "LevelRaised" {
		t.Fatalf("got events %s", got)
	}
	if r := block.Groups[0].Records[0].(*event.LevelRaised); r.Level != 2 || outcomes[0].Kind != event.OutcomeExecuted {
		t.Errorf("got %+v, outcome %d", r, outcomes[0].Kind)
	}
	if v.machine.Level() != 2 || v.machine.Hash() == before {
		t.Errorf("got level %d", v.machine.Level())
	}
	v.must(limit("trader1", "ETH-USD", market.Sell, "1", "3000")) // sealed at level 1
	v.level = 2
	v.must(limit("trader1", "ETH-USD", market.Sell, "1", "3000"))
}

// The level rises by one, once an entry; anything else is refused, and is
// nobody's but the venue's.
func TestRaiseLevelIsRefused(t *testing.T) {
	v := newVenueAt(t, fsm.LevelFirst, fsm.Bounds{})
	v.demo()
	for _, level := range []uint16{0, 1, 3, 65535} {
		block, _ := v.apply(v.system(&command.RaiseLevel{Level: level}))
		if r := block.Groups[0].Rejection(); r == nil || r.Code != event.CodeInvalidParameters {
			t.Errorf("level %d: got %s", level, types(&block.Groups[0]))
		}
	}
	if o := v.do(&command.RaiseLevel{Level: 2}); o.Kind != event.OutcomeForbidden {
		t.Errorf("an administrator's: got outcome %d", o.Kind)
	}
	raise := v.system(&command.RaiseLevel{Level: 2})
	block, _ := v.apply(raise, raise)
	if block.Groups[0].Rejection() != nil || block.Groups[1].Rejection() == nil {
		t.Error("twice in an entry: want it done once")
	}
	if v.machine.Level() != 2 {
		t.Errorf("got level %d", v.machine.Level())
	}
}

// What the machine can't follow stops it: an entry above the level in force,
// one of a level that nobody knows, and a rise to such a level.
func TestLevelFaults(t *testing.T) {
	old := func() *venue { v := newVenueAt(t, fsm.LevelFirst, fsm.Bounds{}); v.demo(); return v }
	for name, c := range map[string]struct {
		venue *venue
		entry []byte
	}{
		"above the level in force": {old(), seal(t, start)},
		"unknown":                  {newVenue(t, fsm.Bounds{}), sealAt(t, fsm.FeatureLevel+1, start)},
		"none":                     {newVenue(t, fsm.Bounds{}), sealAt(t, 0, start)},
		"raised to the unknown": {func() *venue { v := newVenue(t, fsm.Bounds{}); v.demo(); return v }(),
			seal(t, start, old().system(&command.RaiseLevel{Level: fsm.FeatureLevel + 1}))},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if f, ok := recover().(*fsm.Fault); !ok || !strings.Contains(f.Error(), "level") {
					t.Fatalf("got %v, want a fault about the level", f)
				}
			}()
			c.venue.machine.Apply(c.venue.machine.Index()+1, 1, c.entry)
		})
	}
}

// A snapshot carries the level in force.
func TestSnapshotKeepsTheLevel(t *testing.T) {
	for level := uint16(fsm.LevelFirst); level <= fsm.FeatureLevel; level++ {
		v := newVenueAt(t, level, fsm.Bounds{})
		v.demo()
		var file bytes.Buffer
		if _, err := v.machine.Capture().WriteTo(&file); err != nil {
			t.Fatal(err)
		}
		other, err := fsm.Restore(fsm.Options{Cluster: cluster}, &file)
		if err != nil {
			t.Fatal(err)
		}
		if other.Level() != level || other.Hash() != v.machine.Hash() {
			t.Errorf("level %d: got level %d", level, other.Level())
		}
	}
}

// A command of a version that this build does not know stops the machine, at a
// level that it knows: to skip it would be to fork the venue.
func TestUnknownVersionIsAFault(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	b, err := commandcodec.Append(nil, v.admin(&command.CancelAll{Account: "trader1"}), fsm.FeatureLevel)
	if err != nil {
		t.Fatal(err)
	}
	b[1]++ // the version
	data, err := entry.Seal(nil, entry.Header{Level: fsm.FeatureLevel, Cluster: cluster, History: history, At: v.now}, [][]byte{b})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if f, ok := recover().(*fsm.Fault); !ok || !errors.Is(f, commandcodec.ErrUnknownKind) {
			t.Fatalf("got %v, want a fault about an unknown kind", f)
		}
	}()
	v.machine.Apply(v.machine.Index()+1, 1, data)
}
