package logstore

import (
	"errors"
	"sync"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
)

// anchored closes three holes that Raft leaves around a snapshot and the log
// that follows it. Without it a follower can be sent the same snapshot for
// ever.
//
// The log may begin right after the snapshot. Raft then can't compare the
// entry before it when the leader sends the first one again (because its
// answer was lost), and refuses: here the snapshot's index and term answer,
// which are the entry's.
//
// Raft empties the log when a snapshot is installed. If the log holds the
// snapshot's last entry, what follows it is good, and may be what this node
// acknowledged: then it stays, and only the prefix goes (Raft paper, figure
// 13, rule 6).
//
// If the log does not hold it and is longer than the snapshot, Raft still
// takes the deleted end for its last entry and fails to read it: here an entry
// of term 0 answers for each, which differs from every leader's, so that Raft
// replaces it. Such a node can't be elected by its false end: the term of an
// entry that conflicts with a committed one is below that one's.
//
// Both kinds of answer carry a type that Raft panics on rather than apply.
type anchored struct {
	raft.LogStore
	anchor *Anchor
	proven *Proven
}

// absentType is no type of Raft's.
const absentType = raft.LogType(0xFF)

// Anchor is the newest snapshot and what Raft believes to be in the log after
// it. It is safe for use by several goroutines.
type Anchor struct {
	mu          sync.Mutex
	index, term uint64
	ghost       uint64 // the log's end before it was emptied, 0 for none
}

// Set says that a snapshot at index with term is on disk.
func (a *Anchor) Set(index, term uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if index > a.index {
		a.index, a.term = index, term
	}
}

func (a *Anchor) snapshot() (index, term uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.index, a.term
}

func (a *Anchor) setGhost(end uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ghost = end
}

// absent answers for an index that the log does not hold. Index 1 is never
// answered for: a leader reads it with nothing before it to fail on, and
// would send it.
func (a *Anchor) absent(index uint64) (raft.Log, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case index == a.index && index > 1:
		// mark: the snapshot answers for the entry that it ends with
		return raft.Log{Index: index, Term: a.term, Type: absentType}, true
	case index > a.index && index <= a.ghost:
		// mark: an entry that was deleted is answered for
		return raft.Log{Index: index, Type: absentType}, true
	}
	return raft.Log{}, false
}

func (s *anchored) GetLog(index uint64, entry *raft.Log) error {
	err := s.LogStore.GetLog(index, entry)
	if errors.Is(err, raft.ErrLogNotFound) {
		if absent, ok := s.anchor.absent(index); ok {
			*entry = absent
			return nil
		}
	}
	return err
}

func (s *anchored) StoreLog(entry *raft.Log) error { return s.StoreLogs([]*raft.Log{entry}) }

func (s *anchored) StoreLogs(entries []*raft.Log) error {
	if err := s.LogStore.StoreLogs(entries); err != nil {
		return err
	}
	s.anchor.setGhost(0)
	return nil
}

func (s *anchored) DeleteRange(min, max uint64) error {
	first, last, err := bounds(s.LogStore)
	if err != nil {
		return err
	}
	if min > first || max < last || last == 0 {
		return s.LogStore.DeleteRange(min, max)
	}
	index, term := s.anchor.snapshot()
	var entry raft.Log
	switch err := s.LogStore.GetLog(index, &entry); {
	case err == nil && entry.Term == term && index < last:
		// mark: an install leaves what follows the snapshot
		s.proven.Agreed(cluster.Index(first), cluster.Index(index))
		return s.LogStore.DeleteRange(first, index)
	case err != nil && !errors.Is(err, raft.ErrLogNotFound):
		return err
	}
	if err := s.LogStore.DeleteRange(min, max); err != nil {
		return err
	}
	s.anchor.setGhost(last)
	return nil
}
