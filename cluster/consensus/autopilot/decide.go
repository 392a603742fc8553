package autopilot

import (
	"slices"

	"github.com/rialto-exchange/rialto/cluster"
)

// Server is what the leader knows of one member.
type Server struct {
	ID     cluster.NodeID
	Voter  bool
	Leader bool
	// Reader is one that is never to vote: by choice, or because its data is not
	// trusted.
	Reader bool
	// Healthy: it answers the leader's requests now.
	Healthy bool
	// CaughtUp: healthy, near the end of the log and of what is applied, and for
	// a while already.
	CaughtUp bool
	// Failed: it has given no sign of life for as long as a member of its kind may
	// be silent, and gossip has given it up as well.
	Failed bool
}

// Action is a kind of change of who belongs and votes.
type Action uint8

// The actions.
const (
	None Action = iota
	// Promote gives a caught-up member a vote.
	Promote
	// Demote takes a living voter's vote, who stays a member.
	Demote
	// Remove ends the membership of one that has failed.
	Remove
)

// Step is one change.
type Step struct {
	Action Action
	ID     cluster.NodeID
}

// Next returns the next change that brings a cluster to an odd number of living
// voters, of at most maxVoters, or none. stuck says that the number of voters
// has been even for so long, with nobody to promote and nobody to remove, that
// the plan which made it even has failed.
//
// It looks at nothing but who is there and how they are. So a plan of two steps
// (the newcomer is promoted, then the dead voter is removed; or two newcomers
// are promoted) is kept nowhere: whoever leads after the first step finds an even
// number and takes the second.
//
// No step leaves the venue without a majority of healthy voters, takes a vote
// from the leader, removes anybody who lives, or makes a reader a voter.
func Next(servers []Server, maxVoters int, stuck bool) Step {
	c := count(servers)
	switch {
	case len(c.gone) > 0: // it has no vote, so that nothing hangs on it
		return Step{Remove, c.gone[0]}
	case len(c.failed) > 0:
		return c.withFailed()
	case c.voters%2 == 0 && len(c.candidates) > 0 && c.voters < maxVoters && majority(c.healthy+1, c.voters+1),
		c.voters%2 == 1 && len(c.candidates) > 1 && c.voters+2 <= maxVoters && majority(c.healthy+1, c.voters+1):
		return Step{Promote, c.candidates[0]}
	case c.voters%2 == 0 && c.voters > leastEven && stuck && c.healthy == c.voters:
		return Step{Demote, c.living[len(c.living)-1]}
	}
	return Step{}
}

// leastEven is the even number of voters that is left alone: of two, one alone
// would have all that is committed on one disk.
const leastEven = 2

// withFailed replaces a voter that has failed, or removes it, where that leaves
// an odd number: at once, or with the next step.
func (c counts) withFailed() Step {
	remove := Step{Remove, c.failed[0]}
	switch {
	case c.voters%2 == 0:
		if majority(c.healthy, c.voters-1) {
			return remove
		}
	case len(c.candidates) > 0:
		if majority(c.healthy+1, c.voters+1) {
			return Step{Promote, c.candidates[0]}
		}
	case len(c.failed) > 1 && majority(c.healthy, c.voters-1):
		return remove
	}
	return Step{}
}

// counts is a cluster by what its members are.
type counts struct {
	voters, healthy int
	candidates      []cluster.NodeID // who may get a vote now
	failed          []cluster.NodeID // voters that have failed
	gone            []cluster.NodeID // others that have failed
	living          []cluster.NodeID // healthy voters but the leader
}

func count(servers []Server) (c counts) {
	for _, s := range slices.SortedFunc(slices.Values(servers), byID) {
		switch {
		case s.Voter:
			c.addVoter(s)
		case s.Failed:
			c.gone = append(c.gone, s.ID)
		case s.CaughtUp && !s.Reader:
			c.candidates = append(c.candidates, s.ID)
		}
	}
	return c
}

func (c *counts) addVoter(s Server) {
	c.voters++
	switch {
	case s.Healthy || s.Leader:
		c.healthy++
		if !s.Leader {
			c.living = append(c.living, s.ID)
		}
	case s.Failed:
		c.failed = append(c.failed, s.ID)
	}
}

func byID(a, b Server) int {
	switch {
	case a.ID < b.ID:
		return -1
	case a.ID > b.ID:
		return 1
	}
	return 0
}

// majority reports whether so many are one of so many.
func majority(healthy, voters int) bool { return 2*healthy > voters }
