package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/fsm/slab"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node/internal/hugepages"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// replica joins the machine to the log on one side and to the event journal
// on the other. Apply, Snapshot and Restore run on consensus's one apply
// goroutine; everything that others may ask is published by atomic pointer.
type replica struct {
	options fsm.Options
	// newPages makes the memory of a machine, nil being Go's heap; pages is that
	// of the one that is there.
	newPages func() *hugepages.Store
	pages    *hugepages.Store
	// owner is held by who uses the machine: that goroutine, or while it has
	// nothing to do the one that finishes state hashes.
	owner   sync.Mutex
	machine *fsm.Machine
	// venue, if there is one, is told the time of what is applied.
	venue   *venueTime
	journal eventLog
	// applying is the index of the entry that the machine has in hand.
	applying atomic.Uint64
	state    atomic.Pointer[machineState]
	// authority is who may act, as the machine has it.
	authority *authority
	// watches are those who wait for a version of an account or order.
	watches gateways.Watches
	// proposals counts entries that this node has proposed and not yet seen
	// answered: outcomes are encoded only while somebody here waits for them.
	proposals atomic.Int64
	// appliedAt is when an entry was last applied, in nanoseconds since
	// begun; 0 = never.
	begun     time.Time
	appliedAt atomic.Int64
	// newTerm, if it is set, is told of the first entry of each term.
	newTerm func(termOpening)
	// applied, if it is set, sees each entry that was applied: see WithApplied.
	applied func(Applied)
}

// eventLog is what the replica needs of the event journal.
type eventLog interface {
	AppendEncoded(b *event.Block, encoded []byte) error
	Frames(after uint64, limit, maxBytes int) ([]journal.Frame, error)
	Sync() error
	Rebase(sequence market.Sequence, index uint64) error
}

var _ eventLog = (*journal.Journal)(nil)

// machineState is what the rest of the node sees of the machine.
type machineState struct {
	index, term uint64
	sequence    market.Sequence
	now         market.Nanos
	history     uint64
	level       uint16 // 0 before the first entry
	hash        string
	hashIndex   uint64
	deadline    market.Nanos // 0 = none
	pending     bool
	dedup       fsm.Horizon
}

var _ interface {
	cluster.Machine
	cluster.Preparer
	cluster.Schedule
} = (*replica)(nil)

func newReplica(options fsm.Options, newPages func() *hugepages.Store, j eventLog, a *authority) *replica {
	r := &replica{options: options, newPages: newPages, pages: newPages(), journal: j, authority: a, begun: time.Now()}
	r.machine = fsm.New(r.with(r.pages))
	a.restore(r.machine)
	r.publish()
	return r
}

// with returns the options of a machine in some memory.
func (r *replica) with(p *hugepages.Store) fsm.Options {
	o := r.options
	if p != nil {
		o.Allocator = p
	}
	return o
}

// close gives the machine's memory back. Nothing is applied any more.
func (r *replica) close() {
	r.owner.Lock()
	defer r.owner.Unlock()
	r.machine = nil
	r.pages.Release()
	r.pages = nil
}

// stateBytes returns what the machine's tables have in use, and what was taken
// from the kernel for them.
func (r *replica) stateBytes() (used, taken int64) {
	r.owner.Lock()
	defer r.owner.Unlock()
	if r.machine == nil {
		return 0, 0
	}
	if r.pages == nil {
		used = r.machine.Memory()
		return used, used
	}
	return r.pages.Size()
}

// Apply implements cluster.Machine. An event journal that holds something else
// than what the machine says is wrong state; one that can't be written for
// want of room or descriptors is a sick machine, and so is a state that finds
// no memory.
func (r *replica) Apply(entries []cluster.Entry) [][][]byte {
	defer withoutMemory()
	r.owner.Lock()
	defer r.owner.Unlock()
	answer := r.proposals.Load() > 0
	results := make([][][]byte, len(entries))
	term := r.state.Load().term
	for i := range entries {
		e := &entries[i]
		r.applying.Store(uint64(e.Index))
		block, outcomes := r.machine.Apply(uint64(e.Index), uint64(e.Term), e.Data)
		r.authority.follow(r.machine, block)
		r.watches.Note(block)
		if r.applied != nil {
			r.applied(Applied{Block: block, Encoded: r.machine.Encoded(), machine: r.machine})
		}
		if err := r.journal.AppendEncoded(block, r.machine.Encoded()); err != nil {
			panic(cluster.Sick(fmt.Errorf("append block of entry %d: %w", e.Index, err)))
		}
		results[i] = encodeOutcomes(outcomes, answer)
		if term != block.Term && r.newTerm != nil {
			r.newTerm(r.opening(block, term))
		}
		term = block.Term
	}
	if len(entries) > 0 {
		r.publish()
		if r.venue != nil {
			r.venue.see(r.machine.Now())
		}
		r.appliedAt.Store(int64(time.Since(r.begun)))
	}
	return results
}

// termOpening is what is known of the first entry of a term.
type termOpening struct {
	term, before uint64 // before is the term of the entry before, 0 in a new venue
	at           time.Time
	// says is what the log has of it; nil in a venue of a low feature level.
	says *event.LeaderStarted
	// waited is how long no entry was applied here; 0 if none was before.
	waited time.Duration
}

// opening looks at the first block of a term.
func (r *replica) opening(b *event.Block, before uint64) termOpening {
	o := termOpening{term: b.Term, before: before, at: time.Unix(0, int64(b.At))}
	for g := range b.Groups {
		for _, record := range b.Groups[g].Records {
			if said, ok := record.(*event.LeaderStarted); ok && said.Cause != "" {
				copied := *said
				o.says = &copied
			}
		}
	}
	if last := r.appliedAt.Load(); last != 0 {
		o.waited = time.Since(r.begun) - time.Duration(last)
	}
	return o
}

// Applying implements cluster.Culprit.
func (r *replica) Applying() cluster.Index { return cluster.Index(r.applying.Load()) }

// hashIdle is how long no entry has come when a state hash that is under way is
// finished without them.
const hashIdle = 100 * time.Millisecond

// finishHashes finishes the state hashes of an idle venue until ctx ends. It
// lets go of the machine after each share: an entry waits for one at most.
func (r *replica) finishHashes(ctx context.Context) {
	every(ctx, hashIdle, func() bool {
		for ctx.Err() == nil && !r.appliedWithin(hashIdle) && r.finishHash() {
			continue
		}
		return true
	})
}

// finishHash does a share and reports whether there was anything to do.
func (r *replica) finishHash() bool {
	r.owner.Lock()
	defer r.owner.Unlock()
	if r.machine == nil {
		return false
	}
	before, _ := r.machine.LastHash()
	more := r.machine.ContinueHash()
	if after, _ := r.machine.LastHash(); after != before {
		r.publish()
	}
	return more
}

// appliedWithin reports whether an entry was applied of late.
func (r *replica) appliedWithin(d time.Duration) bool {
	at := time.Duration(r.appliedAt.Load())
	return at != 0 && time.Since(r.begun)-at < d
}

// withoutMemory, deferred, gives a panic of the state's allocator its kind.
func withoutMemory() {
	p := recover()
	if p == nil {
		return
	}
	if err, ok := p.(error); ok && errors.Is(err, slab.ErrNoMemory) {
		panic(&cluster.SickMachine{Err: err})
	}
	panic(p)
}

// briefBytes is about what an outcome without its group takes.
const briefBytes = 48

// encodeOutcomes returns one encoding a command, all in one allocation; empty
// ones when nobody here waits. They are brief: see commands.complete.
func encodeOutcomes(outcomes []event.Outcome, answer bool) [][]byte {
	encoded := make([][]byte, len(outcomes))
	if !answer {
		return encoded
	}
	buffer := make([]byte, 0, briefBytes*len(outcomes))
	for i := range outcomes {
		from := len(buffer)
		brief := outcomes[i].Brief()
		buffer = eventcodec.AppendOutcome(buffer, &brief)
		encoded[i] = buffer[from:len(buffer):len(buffer)]
	}
	return encoded
}

func (r *replica) publish() {
	m := r.machine
	s := &machineState{
		index: m.Index(), term: m.Term(), sequence: m.Sequence(), now: m.Now(),
		history: m.History(), level: m.Level(), pending: m.Pending(), dedup: m.DedupHorizon(),
	}
	hashIndex, hash := m.LastHash()
	s.hashIndex, s.hash = hashIndex, fmt.Sprintf("%016x", hash)
	if at, ok := m.NextDeadline(); ok {
		s.deadline = at
	}
	r.state.Store(s)
}

// NextDeadline implements cluster.Schedule.
func (r *replica) NextDeadline() (int64, bool) {
	at := r.state.Load().deadline
	return int64(at), at != 0
}

// Pending implements cluster.Schedule.
func (r *replica) Pending() bool { return r.state.Load().pending }

// Snapshot implements cluster.Machine.
func (r *replica) Snapshot() (cluster.Snapshot, error) {
	r.owner.Lock()
	defer r.owner.Unlock()
	r.pages.Hold()
	return &capture{state: r.machine.Capture(), journal: r.journal, pages: r.pages}, nil
}

// Restore implements cluster.Machine.
func (r *replica) Restore(from io.Reader) error {
	p, err := r.Prepare(from)
	if err != nil {
		return err
	}
	return p.Install()
}

// Prepare implements cluster.Preparer.
func (r *replica) Prepare(from io.Reader) (cluster.Prepared, error) {
	defer withoutMemory()
	fresh, read := r.newPages(), false
	defer func() {
		if !read { // or it ran out of memory
			fresh.Release()
		}
	}()
	m, err := fsm.Restore(r.with(fresh), from)
	if err != nil {
		return nil, fmt.Errorf("restore machine: %w", err)
	}
	read = true
	return &prepared{replica: r, machine: m, pages: fresh}, nil
}

// prepared is a machine beside the one that applies.
type prepared struct {
	replica *replica
	machine *fsm.Machine
	pages   *hugepages.Store
}

// Install implements cluster.Prepared. The journal may end before the snapshot:
// then it is filled from a peer before the node is ready.
func (p *prepared) Install() error {
	defer withoutMemory()
	r, m := p.replica, p.machine
	r.owner.Lock()
	defer r.owner.Unlock()
	before := r.pages
	r.machine, r.pages = m, p.pages
	r.authority.restore(m)
	before.Release()
	if err := r.journal.Rebase(m.Sequence(), m.Index()); err != nil {
		return fmt.Errorf("rebase journal: %w", err)
	}
	r.watches.Skipped(m.Sequence())
	r.publish()
	return nil
}

// Discard implements cluster.Prepared.
func (p *prepared) Discard() { p.pages.Release() }

// capture is a captured state. It counts only once the journal is durable up
// to it.
type capture struct {
	state   *fsm.Snapshot
	journal eventLog
	pages   *hugepages.Store // held
	once    sync.Once
}

// WriteTo implements cluster.Snapshot.
func (c *capture) WriteTo(w io.Writer) (int64, error) {
	if err := c.journal.Sync(); err != nil {
		return 0, fmt.Errorf("sync journal: %w", err)
	}
	return c.state.WriteTo(w)
}

// Release implements cluster.Snapshot.
func (c *capture) Release() {
	c.once.Do(func() {
		c.state.Release()
		c.pages.Release()
	})
}

// countingProposer counts what this node has under way, and tells how long each
// entry took from here until it was applied.
type countingProposer struct {
	next    cluster.Proposer
	replica *replica
	took    func(time.Duration)
}

// Propose implements cluster.Proposer. It counts before the entry can be
// applied.
func (p countingProposer) Propose(e []byte) cluster.Proposal {
	p.replica.proposals.Add(1)
	begun := time.Now()
	return &countedProposal{next: p.next.Propose(e), counting: p, begun: begun}
}

type countedProposal struct {
	next     cluster.Proposal
	counting countingProposer
	begun    time.Time
	done     atomic.Bool
}

// Wait implements cluster.Proposal.
func (p *countedProposal) Wait() (cluster.Index, [][]byte, error) {
	index, outcomes, err := p.next.Wait()
	if p.done.CompareAndSwap(false, true) {
		p.counting.replica.proposals.Add(-1)
		if err == nil {
			p.counting.took(time.Since(p.begun))
		}
	}
	return index, outcomes, err
}
