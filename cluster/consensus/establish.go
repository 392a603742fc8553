package consensus

import (
	"errors"
	"fmt"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
	"github.com/rialto-exchange/rialto/node/world"
)

// Beginning is what a directory is made from that goes on from a state, and from
// nobody's log: a venue that was restored, or recovered without its majority.
type Beginning struct {
	// Member is the only one, and has a vote; Incarnation is what its files name.
	Member      cluster.Member
	Incarnation cluster.Incarnation
	// Removed are the incarnations that belong to it no more, the newest last.
	Removed []cluster.Enrolment
	// Index and Term are of the last entry in the state. Everything that the
	// cluster decides from here on is of a later term.
	Index cluster.Index
	Term  cluster.Term
	State cluster.Snapshot
}

// Establish makes a node's directory, which must not hold anything: a snapshot of
// the state, with the one member as configuration, term and vote, and no log. It
// returns once all of it is durable.
func Establish(w world.World, dir string, b Beginning) error {
	if err := w.Files.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("establish: %w", err)
	}
	if entries, err := w.Files.ReadDir(dir); err != nil || len(entries) > 0 {
		return errors.Join(fmt.Errorf("establish: %s is not empty", dir), err)
	}
	stable, err := logstore.OpenStable(w.Files, dir, func(error) {})
	if err != nil {
		return fmt.Errorf("establish: %w", err)
	}
	err = stable.Claim(b.Incarnation, true)
	if err == nil {
		err = stable.SetUint64([]byte(termKey), uint64(b.Term))
	}
	if err == nil {
		err = b.writeSnapshot(w, dir)
	}
	if err = errors.Join(err, stable.Close()); err != nil {
		return fmt.Errorf("establish: %w", err)
	}
	return nil
}

func (b Beginning) roster() cluster.Roster {
	return cluster.Roster{
		Index:   b.Index,
		Members: []cluster.RosterMember{{Member: b.Member, Incarnation: b.Incarnation}},
		Removed: b.Removed[max(0, len(b.Removed)-cluster.MaxRemoved):],
	}
}

func (b Beginning) writeSnapshot(w world.World, dir string) error {
	files, err := openSnapshotFiles(w, dir, 1, hclog.NewNullLogger())
	if err != nil {
		return err
	}
	_, trans := raft.NewInmemTransport(raft.ServerAddress(b.Member.Address)) // it only encodes the address
	store := pacedStore{snapshotFiles: files, anchor: &logstore.Anchor{}}
	sink, err := store.Create(1, uint64(b.Index), uint64(b.Term), configuration([]cluster.Member{b.Member}), uint64(b.Index), trans)
	if err != nil {
		return err
	}
	s := &snapshot{state: b.State, roster: b.roster(), index: uint64(b.Index), term: uint64(b.Term)}
	if err := s.Persist(sink); err != nil {
		return errors.Join(err, sink.Cancel())
	}
	return sink.Close()
}
