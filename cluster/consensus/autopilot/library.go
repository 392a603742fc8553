package autopilot

import (
	"context"

	"github.com/hashicorp/raft"
	library "github.com/hashicorp/raft-autopilot"

	"github.com/rialto-exchange/rialto/cluster"
)

// voterType and readerType are what the library calls members by.
const (
	voterType  = library.NodeVoter
	readerType = library.NodeType("reader")
)

// delegate is what the library asks of the rest of the program.
type delegate struct{ p *Pilot }

var _ library.ApplicationIntegration = delegate{}

// AutopilotConfig says what health is.
func (d delegate) AutopilotConfig() *library.Config {
	return &library.Config{
		CleanupDeadServers: true, LastContactThreshold: MaxSilence, MaxTrailingLogs: MaxLag,
		ServerStabilizationTime: StableFor,
	}
}

// NotifyState does nothing: whoever wants to know asks.
func (delegate) NotifyState(*library.State) {}

// FetchServerStats are what Raft on this node, the leader, knows of all.
func (d delegate) FetchServerStats(context.Context, map[raft.ServerID]*library.Server) map[raft.ServerID]*library.ServerStats {
	stats := map[raft.ServerID]*library.ServerStats{}
	for id, c := range d.p.options.Contacts() {
		stats[raft.ServerID(id)] = &library.ServerStats{
			LastContact: c.Silent, LastTerm: uint64(c.Has.Term), LastIndex: uint64(c.Has.Last),
		}
	}
	return stats
}

// KnownServers are those of Raft's configuration, so that nobody is ever
// missing.
func (d delegate) KnownServers() map[raft.ServerID]*library.Server {
	known := map[raft.ServerID]*library.Server{}
	configuration := d.p.options.Raft.GetConfiguration()
	if configuration.Error() != nil {
		return known
	}
	words, contacts := d.p.options.Words(), d.p.options.Contacts()
	for _, s := range configuration.Configuration().Servers {
		id := cluster.NodeID(s.ID)
		server := &library.Server{ID: s.ID, Name: string(s.ID), Address: s.Address, NodeStatus: library.NodeAlive, NodeType: typeOf(words[id])}
		if d.p.failed(s.Suffrage == raft.Voter, words[id], contacts[id]) {
			server.NodeStatus = library.NodeFailed
		}
		known[s.ID] = server
	}
	return known
}

func typeOf(w Words) library.NodeType {
	if w.Reader {
		return readerType
	}
	return voterType
}

// RemoveFailedServer removes a member that the promoter has chosen.
func (d delegate) RemoveFailedServer(s *library.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), removalTime)
	defer cancel()
	log := d.p.options.Logger.With("id", s.ID, "address", s.Address)
	if err := d.p.options.Remove(ctx, cluster.NodeID(s.ID)); err != nil {
		log.Warn("a member that has failed was not removed", "error", err)
		return
	}
	log.Warn("a member that has failed was removed", "silent", d.p.options.Words()[cluster.NodeID(s.ID)].Silent)
}

// promoter says what the library does: one step at a time.
type promoter struct{ p *Pilot }

var _ library.Promoter = promoter{}

// GetServerExt keeps nothing more of a member.
func (promoter) GetServerExt(*library.Config, *library.ServerState) any { return nil }

// GetStateExt keeps nothing more of the cluster.
func (promoter) GetStateExt(*library.Config, *library.State) any { return nil }

// GetNodeTypes names who may vote, for the library's own counts.
func (q promoter) GetNodeTypes(_ *library.Config, state *library.State) map[raft.ServerID]library.NodeType {
	words := q.p.options.Words()
	types := map[raft.ServerID]library.NodeType{}
	for id := range state.Servers {
		types[id] = typeOf(words[cluster.NodeID(id)])
	}
	return types
}

// IsPotentialVoter reports whether a type votes.
func (promoter) IsPotentialVoter(t library.NodeType) bool { return t == voterType }

// CalculatePromotionsAndDemotions returns the next step, if it is one of these.
func (q promoter) CalculatePromotionsAndDemotions(_ *library.Config, state *library.State) (c library.RaftChanges) {
	switch step := q.p.next(state); step.Action {
	case Promote:
		c.Promotions = []raft.ServerID{raft.ServerID(step.ID)}
	case Demote:
		c.Demotions = []raft.ServerID{raft.ServerID(step.ID)}
	}
	return c
}

// FilterFailedServerRemovals lets one removal through, if it is the next step.
func (q promoter) FilterFailedServerRemovals(_ *library.Config, state *library.State, failed *library.FailedServers) *library.FailedServers {
	step := q.p.next(state)
	if step.Action != Remove {
		return &library.FailedServers{}
	}
	return &library.FailedServers{FailedVoters: only(step.ID, failed.FailedVoters), FailedNonVoters: only(step.ID, failed.FailedNonVoters)}
}

func only(id cluster.NodeID, servers []*library.Server) []*library.Server {
	for _, s := range servers {
		if s.ID == raft.ServerID(id) {
			return []*library.Server{s}
		}
	}
	return nil
}
