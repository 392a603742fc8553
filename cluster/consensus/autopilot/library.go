package autopilot

import (
	"context"

	"github.com/hashicorp/raft"
	raftautopilot "github.com/hashicorp/raft-autopilot"

	"github.com/rialto-exchange/rialto/cluster"
)

// voterType and readerType are what the library calls members by.
const (
	voterType  = raftautopilot.NodeVoter
	readerType = raftautopilot.NodeType("reader")
)

// delegate is what the library asks of the rest of the program.
type delegate struct{ p *Pilot }

var _ raftautopilot.ApplicationIntegration = delegate{}

// AutopilotConfig says what health is.
func (d delegate) AutopilotConfig() *raftautopilot.Config {
	return &raftautopilot.Config{
		CleanupDeadServers: true, LastContactThreshold: MaxSilence, MaxTrailingLogs: MaxLag,
		ServerStabilizationTime: StableFor,
	}
}

// NotifyState does nothing: whoever wants to know asks.
func (delegate) NotifyState(*raftautopilot.State) {}

// FetchServerStats are what Raft on this node, the leader, knows of all.
func (d delegate) FetchServerStats(context.Context, map[raft.ServerID]*raftautopilot.Server) map[raft.ServerID]*raftautopilot.ServerStats {
	stats := map[raft.ServerID]*raftautopilot.ServerStats{}
	for id, c := range d.p.options.Contacts() {
		stats[raft.ServerID(id)] = &raftautopilot.ServerStats{
			LastContact: c.Silent, LastTerm: uint64(c.Has.Term), LastIndex: uint64(c.Has.Last),
		}
	}
	return stats
}

// KnownServers are those of Raft's configuration, so that nobody is ever
// missing.
func (d delegate) KnownServers() map[raft.ServerID]*raftautopilot.Server {
	known := map[raft.ServerID]*raftautopilot.Server{}
	configuration := d.p.options.Raft.GetConfiguration()
	if configuration.Error() != nil {
		return known
	}
	words, contacts := d.p.options.Words(), d.p.options.Contacts()
	for _, s := range configuration.Configuration().Servers {
		id := cluster.NodeID(s.ID)
		server := &raftautopilot.Server{ID: s.ID, Name: string(s.ID), Address: s.Address, NodeStatus: raftautopilot.NodeAlive, NodeType: typeOf(words[id])}
		if d.p.failed(s.Suffrage == raft.Voter, words[id], contacts[id]) {
			server.NodeStatus = raftautopilot.NodeFailed
		}
		known[s.ID] = server
	}
	return known
}

func typeOf(w Words) raftautopilot.NodeType {
	if w.Reader {
		return readerType
	}
	return voterType
}

// RemoveFailedServer removes a member that the promoter has chosen.
func (d delegate) RemoveFailedServer(s *raftautopilot.Server) {
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

var _ raftautopilot.Promoter = promoter{}

// GetServerExt keeps nothing more of a member.
func (promoter) GetServerExt(*raftautopilot.Config, *raftautopilot.ServerState) any { return nil }

// GetStateExt keeps nothing more of the cluster.
func (promoter) GetStateExt(*raftautopilot.Config, *raftautopilot.State) any { return nil }

// GetNodeTypes names who may vote, for the library's own counts.
func (q promoter) GetNodeTypes(_ *raftautopilot.Config, state *raftautopilot.State) map[raft.ServerID]raftautopilot.NodeType {
	words := q.p.options.Words()
	types := map[raft.ServerID]raftautopilot.NodeType{}
	for id := range state.Servers {
		types[id] = typeOf(words[cluster.NodeID(id)])
	}
	return types
}

// IsPotentialVoter reports whether a type votes.
func (promoter) IsPotentialVoter(t raftautopilot.NodeType) bool { return t == voterType }

// CalculatePromotionsAndDemotions returns the next step, if it is one of these.
func (q promoter) CalculatePromotionsAndDemotions(_ *raftautopilot.Config, state *raftautopilot.State) (c raftautopilot.RaftChanges) {
	switch step := q.p.next(state); step.Action {
	case Promote:
		c.Promotions = []raft.ServerID{raft.ServerID(step.ID)}
	case Demote:
		c.Demotions = []raft.ServerID{raft.ServerID(step.ID)}
	}
	return c
}

// FilterFailedServerRemovals lets one removal through, if it is the next step.
func (q promoter) FilterFailedServerRemovals(_ *raftautopilot.Config, state *raftautopilot.State, failed *raftautopilot.FailedServers) *raftautopilot.FailedServers {
	step := q.p.next(state)
	if step.Action != Remove {
		return &raftautopilot.FailedServers{}
	}
	return &raftautopilot.FailedServers{FailedVoters: only(step.ID, failed.FailedVoters), FailedNonVoters: only(step.ID, failed.FailedNonVoters)}
}

func only(id cluster.NodeID, servers []*raftautopilot.Server) []*raftautopilot.Server {
	for _, s := range servers {
		if s.ID == raft.ServerID(id) {
			return []*raftautopilot.Server{s}
		}
	}
	return nil
}
