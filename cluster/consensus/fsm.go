package consensus

import (
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
	"github.com/rialto-exchange/rialto/node/world"
)

// fsm stands between Raft and the machine. Raft calls its methods from one
// goroutine at a time.
type fsm struct {
	machine  cluster.Machine
	roster   *roster
	halt     *halt
	proven   *logstore.Proven
	due      *snapshotMeter
	files    world.Files
	crashDir string
	// committed is told of each batch before it is applied: its last entry.
	// nil before Raft has started.
	committed func(index, term uint64)
	closing   chan struct{} // closed by Close
	// crashed are the indexes among which Apply panicked in an earlier life
	// of this node: they are applied one by one, so that the next crash
	// record names the one.
	crashed indexRange
	// gates are the entries before which the machine waits, see Config.Gate.
	gates   []Gated
	voids   *logstore.Voids
	waiting atomic.Bool
	// shut: the node was closed while an entry waited, and nothing that comes
	// after it may be applied.
	shut  bool
	build string
	pass  func(closing <-chan struct{}, g Gated) bool

	// applied and term are of the last entry that the machine applied or was
	// restored to.
	applied atomic.Uint64
	term    uint64
	// fromLog is the last index that was applied from the log that is there,
	// 0 if the machine was restored and nothing was applied since.
	fromLog  atomic.Uint64
	restores restoreMeter
	// received is the state of the snapshot that Raft installs, if it was taken
	// in beside its main loop; nil before Raft has started.
	received func() *loaded
	broken   error // the machine's state is undefined

	entries []cluster.Entry // reused
	// replayed is what was applied before Raft started and Raft has not handed
	// over yet.
	replayed []replayed
}

var _ raft.BatchingFSM = (*fsm)(nil)

// outcomes is the answer to one entry in Raft's future.
type outcomes [][]byte

// Apply applies one entry.
func (f *fsm) Apply(log *raft.Log) any { return f.ApplyBatch([]*raft.Log{log})[0] }

// ApplyBatch hands the commands among logs to the machine in one call. Raft's
// own entries and ours of membership do not reach the machine.
func (f *fsm) ApplyBatch(logs []*raft.Log) []any {
	if f.shut {
		return make([]any, len(logs))
	}
	switch at := f.gated(logs); {
	case at > 0:
		return append(f.ApplyBatch(logs[:at]), f.ApplyBatch(logs[at:])...)
	case at == 0:
		count := len(logs)
		if logs = f.await(logs); logs == nil {
			return make([]any, count) // the node is being closed
		}
	}
	answers := make([]any, len(logs))
	all := logs
	if f.committed != nil && len(logs) > 0 {
		last := logs[len(logs)-1]
		f.committed(last.Index, last.Term)
	}
	if f.broken == nil {
		f.broken = f.roster.follow(logs)
	}
	if f.broken == nil {
		logs, f.broken = f.skip(logs)
	}
	if f.broken != nil {
		f.halt.stop(f.broken)
		return answers
	}
	if len(logs) == 0 {
		return answers
	}
	f.entries = f.entries[:0]
	for _, log := range logs {
		if isCommand(log) {
			f.entries = append(f.entries, entryOf(log))
		}
	}
	results, err := f.applyAll(f.entries)
	if err != nil {
		f.broken = err
		f.halt.stop(err)
		return answers
	}
	next, skipped := 0, len(all)-len(logs)
	for i, log := range logs {
		if isCommand(log) {
			answers[skipped+i] = outcomes(results[next])
			next++
		}
	}
	f.advance(logs)
	clear(f.entries)
	return answers
}

// isCommand reports whether an entry is the machine's.
func isCommand(log *raft.Log) bool {
	return log.Type == raft.LogCommand && !cluster.IsAdmission(log.Data)
}

func entryOf(log *raft.Log) cluster.Entry {
	return cluster.Entry{Index: cluster.Index(log.Index), Term: cluster.Term(log.Term), Data: log.Data}
}

func (f *fsm) advance(logs []*raft.Log) {
	var bytes uint64
	for _, log := range logs {
		bytes += uint64(len(log.Data))
	}
	last := logs[len(logs)-1]
	f.term = last.Term
	f.applied.Store(last.Index)
	f.fromLog.Store(last.Index)
	f.proven.Applied(cluster.Index(last.Index))
	f.restores.applied()
	f.due.applied(uint64(len(logs)), bytes)
}

func (f *fsm) applyAll(entries []cluster.Entry) ([][][]byte, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	if !f.crashed.meets(entries) {
		return f.applyOnce(entries)
	}
	var all [][][]byte
	for i := range entries {
		one, err := f.applyOnce(entries[i : i+1])
		if err != nil {
			return nil, err
		}
		all = append(all, one...)
	}
	return all, nil
}

// applyOnce turns a panic of the machine into an error. It is a crash, with a
// record against the entries, unless the panic says that this computer failed
// the machine: the same entry does no harm once the cause is gone, and none on
// another node.
func (f *fsm) applyOnce(entries []cluster.Entry) (results [][][]byte, err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		var sick bool
		if err, sick = sickness(p); sick {
			err = fmt.Errorf("apply index %d: %w", entries[0].Index, err)
			return
		}
		if c, ok := f.machine.(cluster.Culprit); ok {
			if at := slices.IndexFunc(entries, func(e cluster.Entry) bool { return e.Index == c.Applying() }); at >= 0 {
				entries = entries[at : at+1]
			}
		}
		err = recordCrash(f.files, f.crashDir, f.build, entries, p, debug.Stack())
	}()
	began := time.Now()
	results = f.machine.Apply(entries)
	f.due.took(time.Since(began))
	if len(results) != len(entries) {
		panic(fmt.Sprintf("machine answered %d of %d entries", len(results), len(entries)))
	}
	return results, nil
}

// sickness returns the failure of this computer that a panic stands for.
func sickness(p any) (error, bool) {
	err, ok := p.(error)
	if !ok || cluster.KindOf(err) != cluster.KindSickMachine {
		return nil, false
	}
	return cluster.Sick(err), true
}

// Snapshot captures the machine.
func (f *fsm) Snapshot() (raft.FSMSnapshot, error) {
	if f.broken != nil {
		return nil, f.broken
	}
	if len(f.replayed) > 0 || f.shut {
		// Raft would take the state for one of an earlier index.
		return nil, raft.ErrNothingNewToSnapshot
	}
	captured, err := f.machine.Snapshot()
	if err != nil {
		return nil, fmt.Errorf("capture state: %w", err)
	}
	return &snapshot{
		state:   captured,
		roster:  f.roster.load(),
		index:   f.applied.Load(),
		term:    f.term,
		covered: f.due.captured(),
		due:     f.due,
		closing: f.closing,
	}, nil
}

// Restore replaces the machine's state on a running node: the leader sent a
// snapshot. A machine that failed is not tried again, its state is undefined.
func (f *fsm) Restore(source io.ReadCloser) error {
	if f.broken == nil {
		f.broken = f.replace(source)
	}
	if f.broken != nil {
		f.halt.stop(f.broken)
		return f.broken
	}
	index := cluster.Index(f.applied.Load())
	f.proven.Began(index+1, index)
	f.restores.restored(index)
	return nil
}

// replace takes the state that was received, or reads it.
func (f *fsm) replace(source io.Reader) error {
	if f.received == nil {
		return f.load(source)
	}
	l := f.received()
	if l == nil {
		return f.load(source)
	}
	err := guarded(l.state.Install)
	if err == nil {
		err = f.loaded(l)
	}
	if err != nil {
		return fmt.Errorf("restore machine: %w", err)
	}
	return nil
}

// load replaces the machine's state.
func (f *fsm) load(source io.Reader) error {
	in, err := openSnapshot(source)
	if err == nil {
		err = guarded(func() error { return f.machine.Restore(in) })
	}
	if err == nil {
		err = in.finish()
	}
	if err == nil {
		err = f.loaded(&loaded{index: in.index, term: in.term, roster: in.roster})
	}
	if err != nil {
		return fmt.Errorf("restore machine: %w", err)
	}
	return nil
}

// loaded is a state beside that of the machine, and what is known of it.
type loaded struct {
	index, term uint64
	roster      cluster.Roster
	state       cluster.Prepared
}

// prepare reads a snapshot's stream.
func prepare(machine cluster.Preparer, source io.Reader) (*loaded, error) {
	in, err := openSnapshot(source)
	if err != nil {
		return nil, err
	}
	l := &loaded{index: in.index, term: in.term}
	err = guarded(func() (err error) {
		l.state, err = machine.Prepare(in)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := in.finish(); err != nil {
		l.state.Discard()
		return nil, err
	}
	l.roster = in.roster
	return l, nil
}

// loaded notes what the machine holds now.
func (f *fsm) loaded(l *loaded) error {
	if err := f.roster.restored(l.roster); err != nil {
		return err
	}
	f.term = l.term
	f.replayed = nil
	f.fromLog.Store(0)
	f.applied.Store(l.index)
	f.due.reset()
	return nil
}

// guarded makes an error of a panic of the machine.
func guarded(do func() error) (err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		var sick bool
		if err, sick = sickness(p); !sick {
			err = fmt.Errorf("machine panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return do()
}
