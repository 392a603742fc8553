package fsm_test

import (
	"crypto/sha256"
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/entry"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// enterUnder gives the machine an entry of some history.
func (v *venue) enterUnder(history uint64, commands ...*command.Command) (block *event.Block, fault any) {
	defer func() { fault = recover() }()
	data := sealVenue(v.t, entry.Header{Level: v.level, Cluster: cluster, History: history, At: v.now}, commands...)
	block, _ = v.machine.Apply(v.machine.Index()+1, 1, data)
	return block, nil
}

// TestHistoryBegins shows what a restored venue goes on with: all that it had,
// under another name. What was sealed under the old name is not executed, and
// FIX clients begin anew.
func TestHistoryBegins(t *testing.T) {
	const next = history + 1
	d := newDesk(t, fsm.Bounds{})
	epoch := d.on(1)
	d.enter(d.order(epoch, 2, "a", market.Buy, "1", "2900"))
	d.enter(d.node(&command.EndSession{CompID: "TRADER1", Epoch: epoch}))
	before := d.machine.Hash()

	block, fault := d.enterUnder(history, d.system(&command.BeginHistory{History: next, Cause: "restored"}))
	if fault != nil {
		t.Fatal(fault)
	}
	r, ok := block.Groups[0].Records[0].(*event.HistoryBegan)
	if !ok || r.History != next || r.Previous != history || r.Cause != "restored" || block.History != next || d.machine.History() != next {
		t.Fatalf("event %+v in a block of history %d; the machine's is %d", block.Groups[0].Records[0], block.History, d.machine.History())
	}
	if d.machine.Hash() == before {
		t.Error("the state hash does not cover the history")
	}
	if !d.state("TRADER1").MustReset {
		t.Error("a FIX session goes on in the numbers of the past before")
	}
	if _, fault := d.enterUnder(history, d.admin(&command.CancelAll{Account: "trader1"})); fault == nil {
		t.Error("an entry of the past before was executed")
	}
	if block, fault := d.enterUnder(next, d.admin(&command.CancelAll{Account: "trader1"})); fault != nil || block.History != next {
		t.Errorf("an entry of the new history: %v", fault)
	}
}

// TestHistoryBeginsOnce shows what is refused: the name that is in force, none,
// and anybody but the venue itself.
func TestHistoryBeginsOnce(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	for _, h := range []uint64{0, history} {
		_, outcomes := v.apply(v.system(&command.BeginHistory{History: h}))
		if no := outcomes[0].Group.Rejection(); no == nil || no.Code != event.CodeInvalidParameters {
			t.Errorf("history %d: got %+v", h, no)
		}
	}
	if o := v.do(&command.BeginHistory{History: history + 1}); o.Kind != event.OutcomeForbidden {
		t.Errorf("an administrator: outcome %d", o.Kind)
	}
	old := newVenueAt(t, fsm.LevelSessions, fsm.Bounds{})
	old.demo()
	if _, fault := old.enterUnder(history, old.system(&command.BeginHistory{History: history + 1})); fault == nil {
		t.Error("a venue of the level before has begun a history")
	}
}

// TestEntryIsVoided shows what stands for an entry that can't be executed, at
// whichever level: an event, in its own place only.
func TestEntryIsVoided(t *testing.T) {
	digest := sha256.Sum256([]byte("poison"))
	for level := uint16(fsm.LevelFirst); level <= fsm.FeatureLevel; level++ {
		v := newVenueAt(t, level, fsm.Bounds{})
		v.demo()
		_, outcomes := v.apply(v.system(&command.VoidEntry{Index: v.machine.Index(), Digest: digest}))
		if no := outcomes[0].Group.Rejection(); no == nil || no.Code != event.CodeInvalidParameters {
			t.Errorf("level %d: in another place: got %+v", level, no)
		}
		if o := v.do(&command.VoidEntry{Index: v.machine.Index() + 1, Digest: digest}); o.Kind != event.OutcomeForbidden {
			t.Errorf("level %d: an administrator: outcome %d", level, o.Kind)
		}
		index := v.machine.Index() + 1
		block, _ := v.apply(v.system(&command.VoidEntry{Index: index, Digest: digest}))
		if r, ok := block.Groups[0].Records[0].(*event.EntryVoided); !ok || r.Index != index || r.Digest != digest {
			t.Errorf("level %d: got %+v", level, block.Groups[0].Records[0])
		}
	}
}
