package node

import (
	"slices"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node/finding"
)

// awaited tells of those that were admitted and have not become members: what
// a join leaves that was cut short. Each join passes through that for a moment,
// so only those count that were there a picture ago too.
type awaited struct{ last []cluster.Enrolment }

func (a *awaited) look(now []cluster.Enrolment) (out []gateways.Finding) {
	for _, e := range now {
		if slices.Contains(a.last, e) {
			out = append(out, finding.New(finding.NodeAwaited, string(e.ID),
				"node %s was admitted and did not become a member: it may ask to join, and nothing else", e.ID))
		}
	}
	a.last = slices.Clone(now)
	return out
}
