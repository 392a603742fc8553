// Package sequencer (no promise) gives commands their order and their time: on
// the leader it gathers what waits into entries, stamps them and proposes them.
//
// Batching is natural: while Config.InFlight entries are under way the next
// one fills, and the moment one is answered everything that waits goes out in
// one entry, up to the bounds of package cluster. There is no timer that a
// command waits for.
package sequencer

import (
	"context"
	"fmt"
	"sync"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/internal/batch"
)

// Defaults of Config.
const (
	DefaultInFlight          = 3
	DefaultMaxQueuedCommands = 64 << 10
	DefaultMaxQueuedBytes    = 16 << 20
)

// Config of a Sequencer. The first four fields are required.
type Config struct {
	Node     cluster.NodeID
	Proposer cluster.Proposer
	Sealer   cluster.Sealer
	Schedule cluster.Schedule
	// Clock is what entries are stamped with; nil means the system's.
	Clock cluster.Clock
	// InFlight is how many entries may be under way, 1 to 16; 0 means
	// DefaultInFlight.
	InFlight int
	// MaxQueuedCommands and MaxQueuedBytes bound what waits to be proposed;
	// past either Enqueue answers ErrOverloaded. 0 means the default.
	MaxQueuedCommands int
	MaxQueuedBytes    int
}

func (c Config) withDefaults() Config {
	if c.Clock == nil {
		c.Clock = cluster.SystemClock{}
	}
	if c.InFlight == 0 {
		c.InFlight = DefaultInFlight
	}
	c.InFlight = min(max(c.InFlight, 1), 16)
	if c.MaxQueuedCommands == 0 {
		c.MaxQueuedCommands = DefaultMaxQueuedCommands
	}
	if c.MaxQueuedBytes == 0 {
		c.MaxQueuedBytes = DefaultMaxQueuedBytes
	}
	return c
}

// Sequencer orders commands while this node leads. Its methods may be called
// from any goroutine.
//
// Two goroutines work: one makes entries and proposes them, the other waits
// for the proposals in their order and hands out the outcomes. A command
// costs no wakeup of its own, only a share of its entry's.
type Sequencer struct {
	cfg     Config
	cancel  context.CancelFunc
	workers sync.WaitGroup
	wake    chan struct{} // capacity 1: something changed for the proposer
	flights chan *flight  // capacity Config.InFlight: what the collector waits for
	stamp   int64         // of the newest entry, never goes back; the proposer's alone
	mu      sync.Mutex    // guards all below
	lead    leadership
	queue   queue
	under   int           // entries under way, <= Config.InFlight
	spares  []*flight     // for reuse, <= Config.InFlight + 1
	room    chan struct{} // closed at the next cut, for those refused for want of room
	settled chan struct{} // closed when an entry is next answered, for Pause
	stats   Stats
	closed  bool
}

// Stats counts since Open.
type Stats struct {
	Entries  uint64 // proposed, with those that carry no command
	Commands uint64 // in those entries
	Queued   int    // commands that wait now
	UnderWay int    // entries that are proposed and not answered
}

// Open starts a sequencer that does not lead yet.
func Open(cfg Config) *Sequencer {
	cfg = cfg.withDefaults()
	ctx, cancel := context.WithCancel(context.Background())
	s := &Sequencer{
		cfg:     cfg,
		cancel:  cancel,
		wake:    make(chan struct{}, 1),
		flights: make(chan *flight, cfg.InFlight),
	}
	s.workers.Go(func() { s.propose(ctx) })
	s.workers.Go(s.collect)
	return s
}

// Close answers everything that waits with ErrClosed, waits until what is
// under way is answered, and stops. Consensus, whose Wait always returns,
// must not wait for the sequencer.
func (s *Sequencer) Close() {
	s.mu.Lock()
	s.closed = true
	s.lead.end()
	dropped := s.flush(cluster.ErrClosed)
	s.mu.Unlock()
	s.cancel()
	dropped.call()
	s.workers.Wait()
}

// Stats returns counts for metrics.
func (s *Sequencer) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.stats
	out.Queued, out.UnderWay = s.queue.commands, s.under
	return out
}

// SetLeader tells that this node has become the leader of term. It may be
// called again with the same term, to begin a new reign in it.
func (s *Sequencer) SetLeader(term cluster.Term) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.lead.begin(term)
	dropped := s.flush(cluster.ErrNotLeader)
	s.mu.Unlock()
	dropped.call()
	s.signal()
}

// LostLeadership tells that this node no longer leads. Everything that is not proposed yet is answered
// ErrNotLeader; what is under way is answered as its proposal resolves.
func (s *Sequencer) LostLeadership() {
	s.mu.Lock()
	s.lead.end()
	dropped := s.flush(cluster.ErrNotLeader)
	s.mu.Unlock()
	dropped.call()
	s.signal()
}

// Pause ends the reign and waits until nothing is under way any more. It is
// for handing leadership over: Raft refuses entries during a transfer and may
// take later ones when it fails, so that none must be proposed meanwhile. On
// error, when ctx ends first, the pause goes on. Resume ends it, and so does
// any word of consensus.
func (s *Sequencer) Pause(ctx context.Context) error {
	s.mu.Lock()
	s.lead.serving, s.lead.paused = false, true
	dropped := s.flush(cluster.ErrNotLeader)
	s.mu.Unlock()
	dropped.call()
	for {
		settled, idle := s.watchSettled()
		if idle {
			return nil
		}
		select {
		case <-settled:
		case <-ctx.Done():
			return fmt.Errorf("pause sequencer: %w", ctx.Err())
		}
	}
}

// watchSettled returns a channel that is closed when an entry is next
// answered, and whether none is under way.
func (s *Sequencer) watchSettled() (settled <-chan struct{}, idle bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.settled == nil {
		s.settled = make(chan struct{})
	}
	return s.settled, s.under == 0
}

// Resume begins a new reign after a Pause if this node still leads.
func (s *Sequencer) Resume() {
	s.mu.Lock()
	if s.lead.paused && s.lead.told && !s.closed {
		s.lead.begin(s.lead.term)
	}
	s.mu.Unlock()
	s.signal()
}

// Reign returns the current reign, and whether there is one.
func (s *Sequencer) Reign() (cluster.Reign, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lead.reign, s.lead.serving
}

// Room returns a channel that is closed when the queue next becomes shorter
// or is flushed. Take it before the Enqueue that may be refused.
func (s *Sequencer) Room() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.room == nil {
		s.room = make(chan struct{})
	}
	return s.room
}

// Enqueue puts commands at the end of the queue, provided that reign is still
// the current one. done is called once, from a goroutine of the sequencer or
// of the caller of Close, SetLeader or LostLeadership, with one outcome per
// command or with an error as Submit's; it must not block. When Enqueue
// itself returns an error nothing was queued and done is never called:
// ErrNotLeader, ErrOverloaded, ErrTooLarge or ErrClosed.
//
// The commands' bytes must not change until done is called.
func (s *Sequencer) Enqueue(reign cluster.Reign, commands [][]byte, done func([]cluster.Outcome, error)) error {
	bytes, err := batch.Measure(commands)
	if err != nil {
		return err
	}
	if len(commands) == 0 {
		done(nil, nil)
		return nil
	}
	sub := &submission{commands: commands, bytes: bytes, done: done}
	s.mu.Lock()
	err = s.admit(reign, sub)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	s.signal()
	return nil
}

// admit decides under the lock.
func (s *Sequencer) admit(reign cluster.Reign, sub *submission) error {
	switch {
	case s.closed:
		return cluster.ErrClosed
	case !s.lead.serving || s.lead.reign != reign:
		return cluster.ErrNotLeader
	case s.queue.commands+len(sub.commands) > s.cfg.MaxQueuedCommands,
		s.queue.bytes+sub.bytes > s.cfg.MaxQueuedBytes:
		return cluster.ErrOverloaded
	}
	s.queue.push(sub)
	return nil
}

// Submit implements cluster.Submitter on the leader, in whatever reign it
// finds. Commands over one entry's bounds go into consecutive entries; when
// some of those fail the whole answer is ErrUnknownOutcome.
func (s *Sequencer) Submit(ctx context.Context, commands [][]byte) ([]cluster.Outcome, error) {
	reign, leads := s.Reign()
	if !leads {
		return nil, s.notLeading()
	}
	answer := make(chan answer, 1)
	if err := s.Enqueue(reign, commands, answerTo(answer)); err != nil {
		return nil, err
	}
	select {
	case a := <-answer:
		return a.outcomes, a.err
	case <-ctx.Done():
		return nil, unknown(ctx.Err())
	}
}

var _ cluster.Submitter = (*Sequencer)(nil)

func (s *Sequencer) notLeading() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return cluster.ErrClosed
	}
	return cluster.ErrNotLeader
}

// signal wakes the proposer; one token says it all.
func (s *Sequencer) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
