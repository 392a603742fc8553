package consensus

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
)

// Survey is how far a stopped node has come, and with whom.
type Survey struct {
	// Term is the highest that it has heard of.
	Term cluster.Term
	// Last is the end of its log, or of its newest snapshot.
	Last End
	// Roster is who belonged, as far as it has applied its log.
	Roster cluster.Roster
	// Voters are those of every configuration in its log, by id: the last one may
	// not be committed, and the first may still have been in force.
	Voters []cluster.NodeID
}

// End is the last entry that a node has. Of two nodes the one with the later end
// has all that the other has and that was ever committed.
type End struct {
	Term  cluster.Term
	Index cluster.Index
}

// Before reports whether another end is later: of a higher term, or of the same
// and with a higher index.
func (e End) Before(o End) bool {
	return e.Term < o.Term || e.Term == o.Term && e.Index < o.Index
}

// Examine surveys a directory that nobody has open, and changes nothing.
func Examine(dir string, log *slog.Logger) (s Survey, err error) {
	term, encoded, err := logstore.PeekStable(dir, rosterKey)
	if err != nil {
		return s, damaged(err)
	}
	s.Term = cluster.Term(term)
	if encoded != nil {
		if s.Roster, err = cluster.ParseRoster(encoded); err != nil {
			return s, fmt.Errorf("stable store: %w", err)
		}
	}
	for _, m := range s.Roster.Members {
		if m.Voter {
			s.Voters = append(s.Voters, m.ID)
		}
	}
	if err := s.snapshots(dir); err != nil {
		return s, err
	}
	past, err := logstore.OpenPast(dir, newLibraryLogger(log))
	if err != nil {
		return s, damaged(err)
	}
	err = errors.Join(s.entries(past), past.Close())
	slices.Sort(s.Voters)
	s.Voters = slices.Compact(s.Voters)
	return s, err
}

func (s *Survey) snapshots(dir string) error {
	good, _, err := sortSnapshots(dir)
	if err != nil {
		return err
	}
	for _, file := range good {
		meta, err := readMeta(filepath.Join(dir, "snapshots", file.id))
		if err != nil {
			return err
		}
		s.reached(meta.Term, meta.Index)
	}
	return nil
}

func (s *Survey) reached(term, index uint64) {
	if at := (End{cluster.Term(term), cluster.Index(index)}); s.Last.Before(at) {
		s.Last = at
	}
}

func (s *Survey) entries(past *logstore.Past) error {
	for index := past.First; index != 0 && index <= past.Last; index++ {
		log, err := past.Entry(index)
		if err != nil {
			return damaged(err)
		}
		s.reached(log.Term, log.Index)
		if log.Type != raft.LogConfiguration {
			continue
		}
		for _, server := range raft.DecodeConfiguration(log.Data).Servers {
			if server.Suffrage == raft.Voter {
				s.Voters = append(s.Voters, cluster.NodeID(server.ID))
			}
		}
	}
	return nil
}
