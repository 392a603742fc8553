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
	"github.com/rialto-exchange/rialto/node/world"
)

// Survey is how far a stopped node has come, and with whom.
type Survey struct {
	// Term is the highest that it has heard of.
	Term cluster.Term
	// Last is the end of its log, or of its newest snapshot.
	Last End
	// Roster is who belonged, as far as it has applied its log.
	Roster cluster.Roster
	// Configurations are the voters, by id, of each configuration that may be in
	// force: of the newest one that it knows to be committed, and of those after it
	// in its log, of which the last one may not be. Who was replaced before has no
	// say in what is committed now.
	Configurations [][]cluster.NodeID
	// Voters are all of them, by id.
	Voters []cluster.NodeID
	// Places are where the members of the roster, and of the configurations after
	// it in the log, have their peer ports: of each id and address one.
	Places []cluster.Member
	// known is where the first of the configurations is in the log.
	known cluster.Index
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
func Examine(files world.Files, dir string, log *slog.Logger) (s Survey, err error) {
	term, encoded, err := logstore.PeekStable(files, dir, rosterKey)
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
		s.foundAt(m.Member)
	}
	s.inForce(s.Roster.Index, rosterVoters(s.Roster))
	if err := s.snapshots(files, dir); err != nil {
		return s, err
	}
	past, err := logstore.OpenPast(files, dir, newLibraryLogger(log))
	if err != nil {
		return s, damaged(err)
	}
	err = errors.Join(s.entries(past), past.Close())
	s.Voters = slices.Concat(s.Configurations...)
	slices.Sort(s.Voters)
	s.Voters = slices.Compact(s.Voters)
	return s, err
}

func (s *Survey) snapshots(files world.Files, dir string) error {
	good, _, err := sortSnapshots(files, dir)
	if err != nil {
		return err
	}
	for _, file := range good {
		meta, err := readMeta(files, filepath.Join(dir, snapshotsFolder, file.id))
		if err != nil {
			return err
		}
		s.reached(meta.Term, meta.Index)
		if at := cluster.Index(meta.ConfigurationIndex); at > s.known || len(s.Configurations) == 0 {
			s.inForce(at, s.configured(meta.Configuration))
		}
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
		if cluster.Index(log.Index) > s.known || len(s.Configurations) == 0 {
			s.Configurations = append(s.Configurations, s.configured(raft.DecodeConfiguration(log.Data)))
		}
	}
	return nil
}

// inForce notes the newest configuration that is known to be committed: none
// before it is in force.
func (s *Survey) inForce(index cluster.Index, voters []cluster.NodeID) {
	s.known, s.Configurations = index, nil
	if len(voters) > 0 {
		s.Configurations = [][]cluster.NodeID{voters}
	}
}

func rosterVoters(r cluster.Roster) (ids []cluster.NodeID) {
	for _, m := range r.Members {
		if m.Voter {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// foundAt notes where a member's peer port is.
func (s *Survey) foundAt(m cluster.Member) {
	if !slices.ContainsFunc(s.Places, func(p cluster.Member) bool { return p.ID == m.ID && p.Address == m.Address }) {
		s.Places = append(s.Places, m)
	}
}

// configured returns the voters of a configuration.
func (s *Survey) configured(c raft.Configuration) (ids []cluster.NodeID) {
	for _, server := range c.Servers {
		s.foundAt(cluster.Member{ID: cluster.NodeID(server.ID), Address: string(server.Address), Voter: server.Suffrage == raft.Voter})
		if server.Suffrage == raft.Voter {
			ids = append(ids, cluster.NodeID(server.ID))
		}
	}
	slices.Sort(ids)
	return ids
}
