package node

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/fsm/slab"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node/internal/hugepages"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// brokenLog is an event journal that takes nothing.
type brokenLog struct{ err error }

func (b brokenLog) AppendEncoded(*event.Block, []byte) error         { return b.err }
func (b brokenLog) Frames(uint64, int, int) ([]journal.Frame, error) { return nil, b.err }
func (b brokenLog) Sync() error                                      { return b.err }
func (b brokenLog) Rebase(market.Sequence, uint64) error             { return b.err }

// emptyHanded is an allocator without memory.
type emptyHanded struct{ slab.Heap }

func (emptyHanded) Page(int) []byte { panic(fmt.Errorf("map 16 KiB: %w", slab.ErrNoMemory)) }

// TestApplyTellsSicknessFromWrongState shows that an entry which could not be
// written for want of room or descriptors, or found no memory, is a sick
// machine; a journal that says otherwise is wrong state and stays a panic like
// any other.
func TestApplyTellsSicknessFromWrongState(t *testing.T) {
	for _, c := range []struct {
		what string
		err  error
		want cluster.FailureKind
	}{
		{"no room", &fs.PathError{Op: "write", Path: "journal", Err: syscall.ENOSPC}, cluster.KindSickMachine},
		{"no descriptors", &fs.PathError{Op: "open", Path: "journal", Err: syscall.EMFILE}, cluster.KindSickMachine},
		{"input/output error", syscall.EIO, cluster.KindSickMachine},
		{"another block is there", journal.ErrDiverged, cluster.KindOther},
	} {
		r := newReplica(fsm.Options{Cluster: clusterNumber("c")}, hugepages.New, brokenLog{c.err}, newAuthority(nil))
		if got := panicOf(t, r, firstEntry(t)); cluster.KindOf(got) != c.want || !errors.Is(got, c.err) {
			t.Errorf("%s: Apply panicked with %v, which is %s, want %s", c.what, got, cluster.KindOf(got), c.want)
		}
	}
	starving := newReplica(fsm.Options{Cluster: clusterNumber("c")}, hugepages.New, brokenLog{}, newAuthority(nil))
	starving.machine = nil // a defect: a panic that has no kind
	if got := panicOf(t, starving, firstEntry(t)); got == nil || cluster.KindOf(got) != cluster.KindOther {
		t.Errorf("a nil machine: Apply panicked with %v, which is %s", got, cluster.KindOf(got))
	}
	func() {
		defer func() {
			if err, _ := recover().(error); cluster.KindOf(err) != cluster.KindSickMachine || !errors.Is(err, slab.ErrNoMemory) {
				t.Errorf("without memory: %v", err)
			}
		}()
		defer withoutMemory()
		slab.New[uint64](emptyHanded{}).Grow(1)
	}()
}

func firstEntry(t *testing.T) cluster.Entry {
	t.Helper()
	s := &sealer{
		cluster: clusterNumber("c"), newHistory: 7,
		history: func() uint64 { return 0 }, level: func() uint16 { return fsm.FeatureLevel },
	}
	data, err := s.Seal(nil, 1, [][]byte{s.TermStart(1, "n1")})
	if err != nil {
		t.Fatal(err)
	}
	return cluster.Entry{Index: 1, Term: 1, Data: data}
}

// panicOf applies an entry and returns the error that Apply panics with.
func panicOf(t *testing.T, r *replica, e cluster.Entry) (err error) {
	t.Helper()
	defer func() {
		switch p := recover().(type) {
		case nil:
			t.Error("Apply did not panic")
		case error:
			err = p
		default:
			t.Errorf("Apply panicked with %v, which is no error", p)
		}
	}()
	r.Apply([]cluster.Entry{e})
	return nil
}

// TestWatchesAreTold shows that who waits for an account or order is told of an
// entry once it is applied, and has to look up what a snapshot has skipped.
func TestWatchesAreTold(t *testing.T) {
	r := newReplica(fsm.Options{Cluster: clusterNumber("c")}, hugepages.New, brokenLog{}, newAuthority(nil))
	nobody := gateways.Aggregate{Account: "nobody"}
	before := r.watches.Watch(nobody, 1)
	defer before.End()
	r.Apply([]cluster.Entry{firstEntry(t)})
	after := r.watches.Watch(nobody, 1)
	defer after.End()
	applied := r.state.Load().sequence
	if before.Since() != 0 || applied == 0 || after.Since() != applied {
		t.Errorf("watches begin after %d and %d, want 0 and %d", before.Since(), after.Since(), applied)
	}
	s, err := r.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Release()
	var image bytes.Buffer
	if _, err := s.WriteTo(&image); err != nil {
		t.Fatal(err)
	}
	if err := r.Restore(&image); err != nil {
		t.Fatal(err)
	}
	select {
	case c := <-before.Changes():
		if c != (gateways.Change{Sequence: applied}) {
			t.Errorf("told %v, want to look up at %d", c, applied)
		}
	default:
		t.Error("a snapshot was restored, and nobody is told")
	}
}
