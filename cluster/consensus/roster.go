package consensus

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
)

// rosterKey is the roster's key in the record of term and vote.
const rosterKey = "Roster"

// roster keeps who belongs: it follows the committed log, and what it says is
// durable beside term and vote before anybody acts on it. A node knows it
// before it has applied anything, from its last life.
type roster struct {
	stable  *logstore.Stable
	changed func(cluster.Roster) // may be nil
	now     atomic.Pointer[cluster.Roster]

	mu sync.Mutex // one change at a time: the log and Learn make them
}

// openRoster reads the roster; seed is that of a node which has none yet.
func openRoster(stable *logstore.Stable, seed *cluster.Roster, changed func(cluster.Roster)) (*roster, error) {
	r := &roster{stable: stable, changed: changed}
	b, err := stable.Get([]byte(rosterKey))
	if err != nil { // it has none
		r.now.Store(&cluster.Roster{})
		if seed == nil {
			return r, nil
		}
		return r, r.take(*seed)
	}
	known, err := cluster.ParseRoster(b)
	if err != nil {
		return nil, fmt.Errorf("stable store: %w", err)
	}
	r.now.Store(&known)
	return r, nil
}

func (r *roster) load() cluster.Roster { return *r.now.Load() }

// take makes a newer roster durable and then this node's.
func (r *roster) take(next cluster.Roster) error {
	if err := r.stable.Set([]byte(rosterKey), next.Append(nil)); err != nil {
		return err
	}
	r.now.Store(&next)
	if r.changed != nil {
		r.changed(next)
	}
	return nil
}

// follow takes what committed entries say of members. Entries that it knows
// already change nothing, so the log may be handed over again.
func (r *roster) follow(logs []*raft.Log) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, log := range logs {
		now := r.load()
		if cluster.Index(log.Index) <= now.Index {
			continue
		}
		next, changes, err := after(now, log)
		if err != nil {
			return fmt.Errorf("entry %d: %w", log.Index, err)
		}
		if !changes {
			continue
		}
		if err := r.take(next); err != nil {
			return err
		}
	}
	return nil
}

func after(now cluster.Roster, log *raft.Log) (next cluster.Roster, changes bool, err error) {
	index := cluster.Index(log.Index)
	switch {
	case log.Type == raft.LogConfiguration:
		return now.Configure(index, members(raft.DecodeConfiguration(log.Data))), true, nil
	case log.Type != raft.LogCommand || !cluster.IsAdmission(log.Data):
		return now, false, nil
	}
	list, err := cluster.ParseAdmission(log.Data)
	for _, e := range list {
		now = now.Admit(index, e)
	}
	return now, true, err
}

// restored takes the roster of a snapshot if it is newer.
func (r *roster) restored(from cluster.Roster) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if from.Index <= r.load().Index {
		return nil
	}
	return r.take(from)
}

// configured takes the configuration beside a snapshot, of which a build that
// kept no roster told nothing inside it.
func (r *roster) configured(meta *raft.SnapshotMeta) error {
	now := r.load()
	if cluster.Index(meta.ConfigurationIndex) <= now.Index {
		return nil
	}
	return r.take(now.Configure(cluster.Index(meta.ConfigurationIndex), members(meta.Configuration)))
}

// members are those of a configuration of Raft.
func members(c raft.Configuration) []cluster.Member {
	out := make([]cluster.Member, len(c.Servers))
	for i, s := range c.Servers {
		out[i] = cluster.Member{ID: cluster.NodeID(s.ID), Address: string(s.Address), Voter: s.Suffrage == raft.Voter}
	}
	return out
}
