package sequencer

import (
	"context"
	"fmt"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
)

// sealOverhead is room for an envelope beside the commands' own bytes, so
// that sealing rarely grows its buffer: 128 for the head, 16 a command.
func sealOverhead(commands int) int { return 128 + 16*commands }

// propose makes entries until ctx ends.
func (s *Sequencer) propose(ctx context.Context) {
	defer close(s.flights)
	for ctx.Err() == nil {
		f, wait := s.next()
		if f == nil {
			s.await(ctx, wait)
			continue
		}
		s.send(f)
	}
}

// await sleeps until something changed or wait is over; 0 means no limit.
func (s *Sequencer) await(ctx context.Context, wait time.Duration) {
	if wait <= 0 {
		select {
		case <-s.wake:
		case <-ctx.Done():
		}
		return
	}
	fired, stop := s.cfg.Clock.NewTimer(wait)
	defer stop()
	select {
	case <-s.wake:
	case <-fired:
	case <-ctx.Done():
	}
}

// next returns the entry to propose now, its place under way taken, or how
// long at most to wait for one.
func (s *Sequencer) next() (f *flight, wait time.Duration) {
	now := s.cfg.Clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if wait = s.lead.renew(now, s.under); !s.lead.serving {
		return nil, wait
	}
	if s.under >= s.cfg.InFlight || s.lead.begun && !s.lead.proven {
		return nil, 0
	}
	f = s.fresh()
	switch {
	case !s.lead.opened:
		f.opening = true
		f.batch.Commands = append(f.batch.Commands, s.cfg.Sealer.TermStart(f.term, s.cfg.Node))
		s.lead.opened = true
	case !s.queue.empty():
		s.queue.cut(f)
		s.announceRoom()
	default:
		due, left := s.due(now)
		if !due {
			s.spares = append(s.spares, f)
			return nil, left
		}
	}
	s.lead.begun = true
	s.under++
	s.stats.Entries++
	s.stats.Commands += uint64(len(f.batch.Commands))
	return f, 0
}

// due reports whether an entry without commands is wanted now, or how long
// until then. Entries under way bring time and room for work by themselves,
// so that it is asked only when there are none.
func (s *Sequencer) due(now time.Time) (due bool, left time.Duration) {
	if s.under > 0 {
		return false, 0
	}
	if s.cfg.Schedule.Pending() {
		return true, 0
	}
	at, ok := s.cfg.Schedule.NextDeadline()
	if !ok {
		return false, 0
	}
	left = time.Duration(at - max(s.stamp, now.UnixNano()))
	return left <= 0, left
}

// send seals and proposes one entry and hands it to the collector.
func (s *Sequencer) send(f *flight) {
	s.stamp = max(s.stamp, s.cfg.Clock.Now().UnixNano())
	size := f.batch.Bytes + sealOverhead(len(f.batch.Commands))
	entry, err := s.cfg.Sealer.Seal(make([]byte, 0, size), s.stamp, f.batch.Commands)
	if err != nil {
		s.settle(f, 0, nil, fmt.Errorf("seal entry: %w", err))
		return
	}
	f.proposal = s.cfg.Proposer.Propose(entry)
	s.flights <- f // never blocks: under <= InFlight = its capacity
}

// collect waits for proposals in their order until propose ends.
func (s *Sequencer) collect() {
	for f := range s.flights {
		index, outcomes, err := f.proposal.Wait()
		if err == nil && len(outcomes) != len(f.batch.Commands) {
			// The machine owes one outcome per command: to hand out any other
			// number would give a client another's answer.
			panic(fmt.Sprintf("sequencer: entry %d has %d commands and %d outcomes",
				index, len(f.batch.Commands), len(outcomes)))
		}
		s.settle(f, index, outcomes, err)
	}
}

// settle books what became of an entry, and tells the submitters whose last
// command was in it. A failure ends the reign the entry belongs to: what was
// to follow it must not overtake its repetition.
func (s *Sequencer) settle(f *flight, index cluster.Index, outcomes [][]byte, err error) {
	var done finished
	now := s.cfg.Clock.Now()
	s.mu.Lock()
	for _, p := range f.batch.Parts {
		n := min(p.Count, len(outcomes)) // none on failure
		if p.Of.settle(index, outcomes[:n], p.Count, err) {
			done.add(p.Of)
		}
		outcomes = outcomes[n:]
	}
	switch {
	case err == nil:
		s.lead.committed(f)
	case s.lead.broken(f, now):
		done.join(s.flush(cluster.ErrNotLeader))
	}
	s.under--
	if s.settled != nil {
		close(s.settled)
		s.settled = nil
	}
	f.reset()
	s.spares = append(s.spares, f)
	s.mu.Unlock()
	s.signal()
	done.call()
}

// flush fails everything that is not in an entry yet. The caller holds the
// lock and calls the list's done after releasing it.
func (s *Sequencer) flush(reason error) (done finished) {
	for !s.queue.empty() {
		sub := s.queue.pop()
		rest := len(sub.commands) - sub.cut
		sub.cut = len(sub.commands)
		if sub.settle(0, nil, rest, reason) {
			done.add(sub)
		}
	}
	s.queue.commands, s.queue.bytes = 0, 0
	s.announceRoom()
	return done
}

// announceRoom tells those who were refused that the queue is shorter now.
func (s *Sequencer) announceRoom() {
	if s.room != nil {
		close(s.room)
		s.room = nil
	}
}

// fresh returns an empty flight of the current reign.
func (s *Sequencer) fresh() *flight {
	f := new(flight)
	if n := len(s.spares); n > 0 {
		f, s.spares = s.spares[n-1], s.spares[:n-1]
	}
	f.term, f.reign = s.lead.term, s.lead.reign
	return f
}
