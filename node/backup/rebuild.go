package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
	"github.com/rialto-exchange/rialto/cluster/consensus/archive"
	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/commandcodec"
	"github.com/rialto-exchange/rialto/fsm/entry"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// Past is what a venue was: a backup, or a stopped node's folder.
type Past interface {
	// Entries yields the machine's entries between two indexes, both included.
	Entries(first, last cluster.Index) iter.Seq2[cluster.Entry, error]
	// Reach is the range of indexes in which every entry is there.
	Reach() (first, last cluster.Index)
	// Snapshots are the indexes of its snapshots, the newest first.
	Snapshots() ([]cluster.Index, error)
	// Restore hands the state in a snapshot to restore.
	Restore(index cluster.Index, restore func(io.Reader) error) error
	// Blocks yields the event journal, in order; it may be empty.
	Blocks(yield func(journal.Frame) error) error
}

// Errors of Rebuild.
var (
	// ErrBeyond: what was asked for comes after all that there is.
	ErrBeyond = errors.New("the past ends before that")
	// ErrUnreachable: no snapshot and no entries lead there.
	ErrUnreachable = errors.New("the past does not reach back to that")
)

// Target is where a venue is to go on from: after the last entry all of whose
// events are at or before Sequence, or whose time is at or before At; with both
// zero at the end.
type Target struct {
	Sequence uint64
	At       int64 // nanoseconds of venue time
}

func (t Target) whole() bool { return t == Target{} }

// after reports whether a mark lies beyond the target.
func (t Target) after(m Mark) bool {
	return t.Sequence != 0 && m.Sequence > t.Sequence || t.At != 0 && m.At > t.At
}

// Renewal is what a venue goes on as.
type Renewal struct {
	// World is what DataDir is in.
	World       world.World
	DataDir     string // its rooms raft, archive and journal are made; they must not be there
	Machine     fsm.Options
	Member      cluster.Member
	Incarnation cluster.Incarnation
	Removed     []cluster.Enrolment
	History     cluster.History
	Cause       string
	// Term is at least what the new history's terms are beyond.
	Term cluster.Term
	// Tell is told of From, At and End before anything is written; its error ends
	// the rebuild. May be nil.
	Tell func(Renewed) error
}

// Renewed is what a rebuild came to.
type Renewed struct {
	// From is the snapshot's index, 0 = the first entry.
	From uint64
	// At is the last entry that was taken over, End the last one that there was:
	// what lies between them is given up.
	At, End Mark
	// Began is the new history's first block.
	Began Mark
	// Replayed entries were executed again, and made the same blocks where the
	// journal had them.
	Replayed uint64
}

// Rebuild makes the rooms of a node's data folder that goes on from a past under
// a new history: the events up to the target, the entries of them, and a
// snapshot of the state that the machine comes to. Nothing of the past is changed.
func Rebuild(ctx context.Context, p Past, r Renewal, t Target) (done Renewed, err error) {
	defer func() {
		if fault := recover(); fault != nil { // the machine refuses what is not its venue's
			err = fmt.Errorf("the machine refused an entry: %v", fault)
		}
	}()
	b := &rebuild{past: p, renewal: r, target: t}
	if err := b.locate(ctx); err != nil {
		return b.done, err
	}
	if err := b.start(); err != nil {
		return b.done, err
	}
	if r.Tell != nil {
		if err := r.Tell(b.done); err != nil {
			return b.done, err
		}
	}
	if b.journal, err = journal.Open(journal.Options{Files: r.World.Files, Dir: filepath.Join(r.DataDir, journalRoom)}); err != nil {
		return b.done, err
	}
	for _, step := range []func(context.Context) error{b.copyBlocks, b.replay, b.copyEntries, b.begin} {
		if err := step(ctx); err != nil {
			return b.done, errors.Join(err, b.journal.Close())
		}
	}
	if err := errors.Join(b.journal.Sync(), b.journal.Close()); err != nil {
		return b.done, err
	}
	return b.done, b.establish()
}

type rebuild struct {
	past    Past
	renewal Renewal
	target  Target
	done    Renewed

	first, through cluster.Index   // of the entries that are taken over
	marks          map[uint64]Mark // the last block at or before each snapshot
	machine        *fsm.Machine
	journal        *journal.Journal
	term           uint64
}

// locate finds the entry that the target ends with. Where there are no blocks
// the machine makes them to be looked at.
func (b *rebuild) locate(ctx context.Context) error {
	var last cluster.Index
	b.first, last = b.past.Reach()
	snapshots, err := b.past.Snapshots()
	if err != nil {
		return err
	}
	b.marks = map[uint64]Mark{}
	var found, end Mark
	look := func(m Mark) error {
		if end = m; !b.target.after(m) {
			found = m
		}
		for _, s := range snapshots {
			if m.Index <= uint64(s) {
				b.marks[uint64(s)] = m
			}
		}
		return ctx.Err()
	}
	err = b.past.Blocks(func(f journal.Frame) error {
		m, err := MarkOf(f)
		if err != nil {
			return err
		}
		return look(m)
	})
	if err == nil && end.Index < uint64(last) && !b.target.whole() {
		err = b.lookOn(ctx, end, look)
	}
	if err != nil {
		return err
	}
	b.done.At, b.done.End = found, end
	switch {
	case b.target.whole():
		b.through = max(last, cluster.Index(end.Index))
	case b.target.Sequence > end.Sequence || b.target.At > end.At && b.target.Sequence == 0:
		return fmt.Errorf("%w: it ends at sequence %d, at %s", ErrBeyond, end.Sequence, time.Unix(0, end.At).UTC().Format(time.RFC3339Nano))
	case found.Index == 0:
		return fmt.Errorf("%w: it begins after that", ErrUnreachable)
	default:
		b.through = cluster.Index(found.Index)
	}
	return nil
}

// lookOn executes the entries beyond the journal, to look at their blocks.
func (b *rebuild) lookOn(ctx context.Context, end Mark, look func(Mark) error) error {
	_, b.through = b.past.Reach()
	if err := b.start(); err != nil {
		return err
	}
	for e, err := range b.past.Entries(cluster.Index(b.machine.Index())+1, b.through) {
		if err != nil {
			return err
		}
		if block, _ := b.machine.Apply(uint64(e.Index), uint64(e.Term), e.Data); block.Index > end.Index {
			if err := errors.Join(look(mark(block)), ctx.Err()); err != nil {
				return err
			}
		}
	}
	b.machine = nil
	return nil
}

// start makes the machine of the newest snapshot from which all entries up to
// the target are there, and whose events the journal has; or an empty one, if
// there is every entry.
func (b *rebuild) start() error {
	snapshots, err := b.past.Snapshots()
	if err != nil {
		return err
	}
	why := fmt.Errorf("%w: entries are there from %d on", ErrUnreachable, b.first)
	for _, s := range snapshots {
		if s > b.through || s+1 < b.first {
			continue
		}
		err := b.startFrom(s)
		if err == nil {
			return nil
		}
		why = errors.Join(why, fmt.Errorf("from the snapshot of entry %d: %w", s, err))
	}
	if b.first > 1 {
		return why
	}
	b.machine, b.done.From = fsm.New(b.renewal.Machine), 0
	return nil
}

func (b *rebuild) startFrom(s cluster.Index) error {
	err := b.past.Restore(s, func(state io.Reader) (err error) {
		b.machine, err = fsm.Restore(b.renewal.Machine, state)
		return err
	})
	if err != nil {
		return err
	}
	m := b.machine
	if have := b.marks[uint64(s)]; have.Sequence != uint64(m.Sequence()) || have.Head != headText(m.Chain()) {
		return fmt.Errorf("the journal does not lead to it: it has sequence %d, the state %d", have.Sequence, m.Sequence())
	}
	b.done.From = uint64(s)
	return nil
}

// copyBlocks copies the journal through the target.
func (b *rebuild) copyBlocks(ctx context.Context) error {
	enough := errors.New("enough")
	p, stop := newProver(nil, func(func(cluster.Entry, error) bool) {}, 1<<64-1)
	defer stop()
	err := b.past.Blocks(func(f journal.Frame) error {
		if f.Index > uint64(b.through) {
			return enough
		}
		if err := errors.Join(ctx.Err(), p.block(f)); err != nil {
			return err
		}
		return b.journal.AppendFrame(f)
	})
	if errors.Is(err, enough) {
		return nil
	}
	return err
}

// replay executes what comes after the snapshot. The journal compares each
// block with the one that it has.
func (b *rebuild) replay(ctx context.Context) error {
	for e, err := range b.past.Entries(cluster.Index(b.machine.Index())+1, b.through) {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = b.apply(e)
		}
		if err != nil {
			return err
		}
		b.done.Replayed++
	}
	if b.machine.Index() == 0 {
		return fmt.Errorf("%w: there is no entry", ErrUnreachable)
	}
	m := b.machine
	b.done.At = b.now()
	if uint64(m.Sequence()) != uint64(b.journal.Last().Sequence) {
		return fmt.Errorf("%w: the state is of sequence %d, the journal of %d", ErrChanged, m.Sequence(), b.journal.Last().Sequence)
	}
	if b.done.End.Index < b.done.At.Index {
		b.done.End = b.done.At
	}
	return nil
}

func (b *rebuild) now() Mark {
	m := b.machine
	return Mark{
		Index: m.Index(), Term: m.Term(), Sequence: uint64(m.Sequence()), At: int64(m.Now()),
		History: fmt.Sprintf("%016x", m.History()), Head: headText(m.Chain()),
	}
}

func (b *rebuild) apply(e cluster.Entry) error {
	block, _ := b.machine.Apply(uint64(e.Index), uint64(e.Term), e.Data)
	if err := b.journal.AppendEncoded(block, slices.Clone(b.machine.Encoded())); err != nil {
		return fmt.Errorf("%w: block of entry %d: %w", ErrChanged, e.Index, err)
	}
	return nil
}

// copyEntries copies the entries through the target.
func (b *rebuild) copyEntries(context.Context) error {
	if b.first > b.through {
		return nil
	}
	w, err := archive.NewWriter(b.renewal.World.Files, filepath.Join(b.renewal.DataDir, archiveRoom))
	if err != nil {
		return err
	}
	return w.Write(archive.Range{First: b.first, Last: b.through}, func(r archive.Range) iter.Seq2[cluster.Entry, error] {
		return b.past.Entries(r.First, r.Last)
	})
}

// begin adds the entries that end the old history: to the feature level that
// knows how, and then the new name.
func (b *rebuild) begin(context.Context) error {
	b.term = max(b.machine.Term(), uint64(b.renewal.Term)) + 1
	for b.machine.Level() < fsm.LevelCluster {
		if err := b.add(&command.RaiseLevel{Level: b.machine.Level() + 1}); err != nil {
			return err
		}
	}
	if err := b.add(&command.BeginHistory{History: uint64(b.renewal.History), Cause: b.renewal.Cause}); err != nil {
		return err
	}
	if b.machine.History() != uint64(b.renewal.History) {
		return errors.New("the machine did not begin the new history")
	}
	b.done.Began = b.now()
	return nil
}

// add makes the next entry and keeps it where the others are.
func (b *rebuild) add(body command.Body) error {
	m := b.machine
	encoded, err := commandcodec.Append(nil, &command.Command{
		Header: command.Header{Source: market.SourceSystem, Role: market.RoleAdmin, Actor: string(b.renewal.Member.ID)}, Body: body,
	}, m.Level())
	if err != nil {
		return err
	}
	data, err := entry.Seal(nil, entry.Header{
		Level: m.Level(), Cluster: b.renewal.Machine.Cluster, History: m.History(), At: m.Now(), Count: 1,
	}, [][]byte{encoded})
	if err != nil {
		return err
	}
	b.through++
	e := cluster.Entry{Index: b.through, Term: cluster.Term(b.term), Data: data}
	if err := b.apply(e); err != nil {
		return err
	}
	w, err := archive.NewWriter(b.renewal.World.Files, filepath.Join(b.renewal.DataDir, archiveRoom))
	if err != nil {
		return err
	}
	return w.Write(archive.Range{First: e.Index, Last: e.Index}, func(archive.Range) iter.Seq2[cluster.Entry, error] {
		return func(yield func(cluster.Entry, error) bool) { yield(e, nil) }
	})
}

func (b *rebuild) establish() error {
	state := b.machine.Capture()
	defer state.Release()
	return consensus.Establish(b.renewal.World, filepath.Join(b.renewal.DataDir, "raft"), consensus.Beginning{
		Member: b.renewal.Member, Incarnation: b.renewal.Incarnation, Removed: b.renewal.Removed,
		Index: cluster.Index(b.machine.Index()), Term: cluster.Term(b.term), State: state,
	})
}
