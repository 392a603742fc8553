package node

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
	"github.com/rialto-exchange/rialto/cluster/identity"
)

// ErrForgotten: the data folder is not what it was. The node is no voter any
// more, and comes back by being removed and by joining anew.
var ErrForgotten = identity.ErrForgotten

// ErrNotMember: the folder belongs to no cluster, and the node was not told
// which one it should found or join.
var ErrNotMember = errors.New("data folder belongs to no cluster")

// WithFounding tells the node to found a new cluster, together with all
// others of initial_cluster, if its folder is empty. It is an argument of one
// start and never a setting: a unit file that founds would found a second
// venue over the first when disks were lost.
func WithFounding() Option { return func(n *Node) { n.founding = true } }

// openIdentity finds out who this folder is, and counts the start.
func (n *Node) openIdentity() error {
	folder, ok, err := n.readIdentity()
	if err != nil {
		return err
	}
	switch {
	case !ok:
		if err = brokeOff(n.world.Files, n.cfg); err == nil {
			folder, err = n.birth()
		}
	case folder.State == identity.Enrolled:
		if err = brokeOff(n.world.Files, n.cfg); err == nil { // enrolled by a build that did not look
			folder, err = n.beginning(folder)
		}
	default:
		folder = n.reconsider(folder)
		if err = n.recognise(folder); err == nil {
			err = n.checkRooms(folder)
		}
	}
	if err != nil {
		return err
	}
	if n.memory, err = identity.ReadMemory(n.world.Files, n.cfg.DataDir); err != nil {
		n.log.Warn("what this node remembered of others is lost; an image of one of them from before now may go unseen", "error", err)
	}
	return n.become(folder.Started(n.world.Random))
}

// readIdentity reads who the folder is. One that can't tell has forgotten.
func (n *Node) readIdentity() (folder identity.Folder, ok bool, err error) {
	folder, ok, err = identity.Read(n.world.Files, n.cfg.DataDir)
	switch {
	case errors.Is(err, identity.ErrDamaged):
		err = fmt.Errorf("%w: data_dir %s: %w; %s", ErrForgotten, n.cfg.DataDir, err, n.wayBack())
	case err != nil:
		err = fmt.Errorf("data_dir %s: %w", n.cfg.DataDir, err)
	}
	return folder, ok, err
}

// reconsider lets a node join whose founding was refused: as long as it has
// agreed to nothing it has promised nothing.
func (n *Node) reconsider(f identity.Folder) identity.Folder {
	if f.State == identity.Founding && !n.founding && len(n.cfg.Join) > 0 {
		f.State = identity.Joining
	}
	return f
}

// become makes a folder's next state durable and then this node's.
func (n *Node) become(folder identity.Folder) error {
	if err := folder.Write(n.world.Files, n.cfg.DataDir); err != nil {
		return cluster.Sick(err)
	}
	n.identity.Store(&folder)
	return nil
}

// rooms are the folders that carry a mark: those whose loss nothing in them
// would show. The views carry none, they are folds and are dropped at will.
func (n *Node) rooms() []string {
	return []string{n.cfg.path("raft", "snapshots"), n.cfg.path("journal"), n.cfg.path("archive")}
}

// isBirth reports whether files that name no incarnation are still to be
// expected.
func (n *Node) isBirth() bool {
	switch n.identity.Load().State {
	case identity.Joining, identity.Admitted, identity.Adopting:
		return true
	}
	return false
}

// checkRooms refuses a folder of which a room was lost, or is another's.
func (n *Node) checkRooms(f identity.Folder) error {
	birth := f.State != identity.Member
	for _, room := range n.rooms() {
		if err := identity.Check(n.world.Files, room, f.Incarnation, birth); err != nil {
			return fmt.Errorf("%w; %s", err, n.wayBack())
		}
	}
	return nil
}

// admitFolder is called when the files of consensus are there and name the
// incarnation, before this node takes part: it marks the other rooms, and
// makes a member of a folder that was born or adopted.
func (n *Node) admitFolder(began cluster.Position, roster cluster.Roster) error {
	folder := *n.identity.Load()
	if roster.Standing(cluster.Enrolment{ID: folder.Node, Incarnation: folder.Incarnation}) == cluster.Gone {
		folder.State, folder.Reason = identity.Removed, "its removal is in its log"
		return errors.Join(n.recognise(folder), n.become(folder))
	}
	if folder.State != identity.Member {
		for _, room := range n.rooms() {
			if err := identity.Mark(n.world.Files, room, folder.Incarnation); err != nil {
				return err
			}
		}
		if a := n.ownAdmission(); a != nil {
			folder.History = a.history
		}
		folder.State = identity.Member
		if err := n.become(folder); err != nil {
			return err
		}
	}
	n.began.Store(&began)
	n.takeRoster(roster)
	n.findPlace(roster)
	return nil
}

// wayBack is what an operator does about a folder that has forgotten.
func (n *Node) wayBack() string {
	return fmt.Sprintf("remove the node from the cluster (rialto node remove %s), empty the folder and let it join (--join)", n.cfg.NodeID)
}

// birth gives an identity to a folder that has none.
func (n *Node) birth() (identity.Folder, error) {
	adopt, err := consensus.HasState(n.world.Files, n.cfg.path("raft"), n.log)
	if err != nil {
		return identity.Folder{}, fmt.Errorf("%w: %w; %s", ErrForgotten, err, n.wayBack())
	}
	if err := n.nothingElse(adopt); err != nil {
		return identity.Folder{}, err
	}
	folder := identity.New(n.world.Random, n.cfg.ClusterID, cluster.NodeID(n.cfg.NodeID), identity.Adopting)
	if folder.Adopted = adopt; !adopt {
		return n.beginning(folder)
	}
	n.log.Info("data folder of an earlier build is adopted", "data_dir", n.cfg.DataDir)
	if n.founding {
		n.log.Warn("nothing is founded: this folder belongs to a cluster already")
	}
	return folder, nil
}

// beginning is what a folder that belongs nowhere was told to do.
func (n *Node) beginning(folder identity.Folder) (identity.Folder, error) {
	if err := n.owns(folder); err != nil {
		return folder, err
	}
	switch {
	case n.founding && len(n.cfg.InitialCluster) == 0:
		return folder, errors.New("--found needs initial_cluster: who founds with whom")
	case n.founding:
		folder.State = identity.Founding
	case len(n.cfg.Join) == 0:
		return folder, fmt.Errorf("%w: data_dir %s is empty; a new cluster is founded by --found on the command line, on every node of "+
			"initial_cluster, once; a running one is joined by --join with a gossip address of one of its members", ErrNotMember, n.cfg.DataDir)
	default:
		folder.State = identity.Joining
	}
	return folder, nil
}

// owns refuses the folder of another node.
func (n *Node) owns(f identity.Folder) error {
	if f.Cluster != n.cfg.ClusterID || string(f.Node) != n.cfg.NodeID {
		return fmt.Errorf("data_dir %s belongs to node %s of cluster %s, not to node %s of cluster %s",
			n.cfg.DataDir, f.Node, f.Cluster, n.cfg.NodeID, n.cfg.ClusterID)
	}
	return nil
}

// nothingElse refuses a folder whose term, vote and log are gone while its
// events are still there.
func (n *Node) nothingElse(adopt bool) error {
	if adopt {
		return nil
	}
	for _, room := range []string{"journal", "archive"} {
		entries, err := n.world.Files.ReadDir(n.cfg.path(room))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("data_dir: %w", err)
		}
		for _, e := range entries {
			if info, err := e.Info(); err == nil && info.Size() > 0 && !strings.HasPrefix(e.Name(), "LOCK") {
				return fmt.Errorf("%w: %s holds events, and the folder has neither identity nor log; %s",
					ErrForgotten, n.cfg.path(room), n.wayBack())
			}
		}
	}
	return nil
}

// recognise holds what the folder says against what the node was told.
func (n *Node) recognise(f identity.Folder) error {
	if err := n.owns(f); err != nil {
		return err
	}
	switch {
	case f.State == identity.Enrolled:
		return fmt.Errorf("%w: data_dir %s was certified and has not been started", ErrNotMember, n.cfg.DataDir)
	case f.State == identity.Removed:
		return fmt.Errorf("%w: %s; to bring it back, empty data_dir %s and let it join (--join)", ErrRemoved, f.Reason, n.cfg.DataDir)
	case f.State == identity.Founding || f.State == identity.Agreed:
		if !n.founding {
			return fmt.Errorf("%w: data_dir %s was begun by --found and its cluster is not founded yet; start with --found once more, "+
				"on every node of initial_cluster, or empty the folder and join (--join)", ErrNotMember, n.cfg.DataDir)
		}
	case f.State == identity.Joining && n.founding:
		return fmt.Errorf("%w: data_dir %s was born to join a cluster; empty it to found one", ErrNotMember, n.cfg.DataDir)
	case n.founding:
		n.log.Warn("nothing is founded: this folder belongs to a cluster already", "history", f.History)
	}
	return nil
}

// ErrRemoved: the cluster has removed this node for good.
var ErrRemoved = errors.New("this node was removed from the cluster")
