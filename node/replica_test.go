package node

import (
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
		r := newReplica(fsm.Options{Cluster: clusterNumber("c")}, brokenLog{c.err}, newAuthority(nil))
		if got := panicOf(t, r, firstEntry(t)); cluster.KindOf(got) != c.want || !errors.Is(got, c.err) {
			t.Errorf("%s: Apply panicked with %v, which is %s, want %s", c.what, got, cluster.KindOf(got), c.want)
		}
	}
	starving := newReplica(fsm.Options{Cluster: clusterNumber("c")}, brokenLog{}, newAuthority(nil))
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
