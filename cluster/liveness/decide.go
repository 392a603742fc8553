package liveness

import (
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
)

// The paces of an accelerated election.
const (
	// rankStep is how long a follower waits for each one that should stand
	// before it.
	rankStep = 40 * time.Millisecond
	// retryAfter is how long it waits, and up to retryJitter longer, once
	// somebody stands: an election may be under way.
	retryAfter  = 100 * time.Millisecond
	retryJitter = 50 * time.Millisecond
	// campaignEvery is the least time between two campaigns of a node that led to
	// no leader, and afterLeader if somebody has led since; Raft's own timeouts
	// are for what comes sooner.
	campaignEvery = 5 * time.Second
	afterLeader   = time.Second
)

// LogEnd is the last entry of a log, as elections compare them.
type LogEnd struct {
	Term  cluster.Term
	Index cluster.Index
}

// before reports whether a log with this end goes before another one: the
// longest first, and of equal ones that of the lowest id.
func (e LogEnd) before(id cluster.NodeID, other LogEnd, otherID cluster.NodeID) bool {
	switch {
	case e.Term != other.Term:
		return e.Term > other.Term
	case e.Index != other.Index:
		return e.Index > other.Index
	}
	return id < otherID
}

// View is what a voter says of itself.
type View struct {
	Node   cluster.NodeID
	Term   cluster.Term
	Leader cluster.NodeID // "" while it knows of none
	Hears  bool           // it hears Leader
	Stands bool           // it would stand for election, or does
	// Standing: it stands for election now, or has begun to.
	Standing bool
	Pings    bool // while it leads it says all the time that it runs
	Last     LogEnd
}

// loss is the loss of a leader.
type loss struct {
	leader cluster.NodeID
	term   cluster.Term // in which it led
	at     time.Time
	cause  cluster.Cause
	// agreed is when a majority was first seen not to hear it either.
	agreed time.Time
	// rose is when the term was first seen to have risen since: somebody
	// stands.
	rose    time.Time
	jitter  time.Duration
	because string // why this node does not stand, as it was last told
}

// limit is this node's last campaign.
type limit struct {
	at   time.Time
	term cluster.Term // the term that it ended
	led  bool         // somebody has led since, in a later term
}

// allows reports whether a campaign may be begun in a term.
func (l limit) allows(now time.Time, term cluster.Term) bool {
	return l.at.IsZero() || l.term != term && now.Sub(l.at) >= l.pause()
}

// pause is the least time from that campaign to the next.
func (l limit) pause() time.Duration {
	if l.led {
		return afterLeader
	}
	return campaignEvery
}

// question is all that a decision is made of.
type question struct {
	now     time.Time
	own     View
	follows bool
	voters  []cluster.NodeID // of the configuration, this node and the lost leader too
	views   map[cluster.NodeID]View
	loss    loss
	limit   limit
}

// verdict says whether to stand now, or when to ask again and why not yet.
type verdict struct {
	campaign bool
	agreed   bool // a majority does not hear the leader
	wait     time.Duration
	because  string
}

// jitter keeps nodes apart that would try again at once: by another node in
// another term.
func jitter(id cluster.NodeID, term cluster.Term) time.Duration {
	sum := fnv.New64a()
	_, _ = fmt.Fprint(sum, id, " ", term)
	return time.Duration(sum.Sum64() % uint64(retryJitter))
}

func not(format string, args ...any) verdict {
	return verdict{wait: lookEvery, because: fmt.Sprintf(format, args...)}
}

// decide is the whole policy. A node stands only
//
//   - as a follower with a vote, for a leader that it followed;
//   - if no voter that it reaches still hears a leader: a firewall that cuts
//     off one follower must not depose a healthy leader;
//   - if a majority, itself included, has said so;
//   - in its turn: the longest log first, the others a step later each, and
//     later still once somebody stands;
//   - at most once a term, and every five seconds; every second if a leader
//     came of it, for that one may die as well.
func decide(q question) verdict {
	switch {
	case !q.limit.allows(q.now, q.own.Term):
		return not("it has stood in term %d, or less than %v ago", q.own.Term, q.limit.pause())
	case !q.follows || !q.own.Stands:
		return not("it is not to lead")
	case !slices.Contains(q.voters, q.own.Node):
		return not("it has no vote")
	}
	answered, rank := 1, 0
	for _, id := range q.voters {
		view, up := q.views[id]
		if id == q.own.Node || id == q.loss.leader || !up {
			continue
		}
		if view.Hears && (view.Leader == q.loss.leader || view.Term > q.loss.term) {
			return not("%s hears %s", id, view.Leader)
		}
		answered++
		if view.Stands && view.Last.before(id, q.own.Last, q.own.Node) {
			rank++
		}
	}
	if 2*answered <= len(q.voters) {
		return not("only %d of %d voters answer", answered, len(q.voters))
	}
	agreed := q.loss.agreed
	if agreed.IsZero() {
		agreed = q.now
	}
	due := agreed.Add(time.Duration(rank) * rankStep)
	if !q.loss.rose.IsZero() {
		if again := q.loss.rose.Add(retryAfter + q.loss.jitter); again.After(due) {
			due = again
		}
	}
	if wait := due.Sub(q.now); wait > 0 {
		return verdict{agreed: true, wait: wait, because: fmt.Sprintf("%d go before it", rank)}
	}
	return verdict{agreed: true, campaign: true}
}
