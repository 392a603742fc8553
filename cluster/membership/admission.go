package membership

import (
	"github.com/rialto-exchange/rialto/cluster"
)

// Defaults of Policy.
const (
	DefaultMaxLag = 256
	DefaultLooks  = 2
)

// Policy says when a non-voter has caught up.
type Policy struct {
	// MaxLag is how many entries its applied index may be behind the leader's
	// commit index; 0 means DefaultMaxLag.
	MaxLag cluster.Index
	// Looks is how many looks in a row it must be that near; 0 means
	// DefaultLooks.
	Looks int
}

// Candidate is what the leader knows of one member of the Raft configuration
// at one look.
type Candidate struct {
	cluster.Member
	// Applied is the index that the node itself reported; Reported is false
	// when it did not answer this look.
	Applied  cluster.Index
	Reported bool
	// Reader is set for one that is to stay a non-voter, by choice or because
	// its data is not trusted.
	Reader bool
}

// Admission remembers how often in a row each non-voter was near enough. The
// zero value with a Policy is ready. It belongs to one goroutine of the
// leader and holds nothing worth keeping when leadership changes.
type Admission struct {
	Policy Policy
	near   map[cluster.NodeID]int
}

// Look takes one look at the members and returns whom to promote, if anyone:
// a non-voter that is no reader and has been within MaxLag entries for Looks
// looks in a row, of several the one with the lowest id. One at a time: the
// caller calls Look again once the configuration has changed.
func (a *Admission) Look(commit cluster.Index, members []Candidate) (cluster.NodeID, bool) {
	near := make(map[cluster.NodeID]int, len(members))
	var chosen cluster.NodeID
	for _, m := range members {
		if m.Voter || m.Reader || !m.caughtUp(commit, a.Policy.maxLag()) {
			continue
		}
		near[m.ID] = a.near[m.ID] + 1
		if near[m.ID] >= a.Policy.looks() && (chosen == "" || m.ID < chosen) {
			chosen = m.ID
		}
	}
	a.near = near
	return chosen, chosen != ""
}

// caughtUp compares without subtracting below zero: a node may have applied
// more than the leader's commit index said a moment ago.
func (c Candidate) caughtUp(commit, maxLag cluster.Index) bool {
	return c.Reported && c.Applied+maxLag >= commit
}

func (p Policy) maxLag() cluster.Index {
	if p.MaxLag == 0 {
		return DefaultMaxLag
	}
	return p.MaxLag
}

func (p Policy) looks() int {
	if p.Looks == 0 {
		return DefaultLooks
	}
	return p.Looks
}
