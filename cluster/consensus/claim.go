package consensus

import (
	"fmt"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
)

// nothingMissing looks before anything is opened: what is not there would be
// made anew, and a node whose term and vote were made anew has never voted.
func (n *Node) nothingMissing() error {
	c := n.config
	if c.Birth || c.Incarnation.IsZero() {
		return nil
	}
	if name := logstore.Missing(c.World.Files, c.Dir, c.LogStore); name != "" {
		return fmt.Errorf("%w: %s is gone from %s", cluster.ErrForgotten, name, c.Dir)
	}
	return nil
}

// claim holds term and vote against the incarnation, reads the roster, and
// gives both to a node that has none yet.
func (n *Node) claim() (err error) {
	c := n.config
	if !c.Incarnation.IsZero() {
		if err := n.stable.Claim(c.Incarnation, c.Birth); err != nil {
			return err
		}
	}
	if n.roster, err = openRoster(n.stable, c.Roster, c.RosterChanged); err != nil {
		return err
	}
	if c.Birth && c.Term != 0 && n.storedTerm() == 0 {
		return n.stable.SetUint64([]byte(termKey), uint64(c.Term))
	}
	return nil
}

// termKey is where Raft's library keeps the current term.
const termKey = "CurrentTerm"

// storedTerm is the term in term and vote, 0 before the first.
func (n *Node) storedTerm() cluster.Term {
	term, err := n.stable.GetUint64([]byte(termKey))
	if err != nil { // not found: nothing else fails once the record is read
		return 0
	}
	return cluster.Term(term)
}

// knowsItsTerm refuses a term and vote that are older than the log: entries of
// a term are stored only once the term is.
func (n *Node) knowsItsTerm() error {
	last, err := n.logs.LastIndex()
	if err != nil || last == 0 {
		return err
	}
	var entry raft.Log
	if err := n.logs.GetLog(last, &entry); err != nil {
		return fmt.Errorf("read log: %w", err)
	}
	if known := n.storedTerm(); uint64(known) < entry.Term {
		return fmt.Errorf("%w: term and vote are of term %d, and the log has entries of term %d", cluster.ErrForgotten, known, entry.Term)
	}
	return nil
}

// opened tells the owner what this node knows, before it takes part.
func (n *Node) opened() error {
	if n.config.Opened == nil {
		return nil
	}
	last, err := n.logs.LastIndex()
	if err != nil {
		return fmt.Errorf("read log: %w", err)
	}
	return n.config.Opened(cluster.Position{
		Term: n.storedTerm(), Last: max(cluster.Index(last), n.appliedIndex()), // a snapshot may reach beyond the log
	}, n.roster.load())
}

// Roster returns who belongs to the cluster, as far as this node has applied
// the log, or did in an earlier life.
func (n *Node) Roster() cluster.Roster { return n.roster.load() }
