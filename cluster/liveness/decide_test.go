package liveness

import (
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
)

// the moment at which n1, who led in term 7, was lost.
var lost = time.Unix(1000, 0)

func after(ms int) time.Time { return lost.Add(time.Duration(ms) * time.Millisecond) }

// survivor is a follower that does not hear n1 any more.
func survivor(id cluster.NodeID, index cluster.Index) View {
	return View{Node: id, Term: 7, Leader: "n1", Stands: true, Last: LogEnd{Term: 7, Index: index}}
}

// ask is a question of n2, 0 ms after the loss, in a cluster of three.
func ask(change func(*question)) question {
	q := question{
		now: lost, own: survivor("n2", 100), follows: true, voters: []cluster.NodeID{"n1", "n2", "n3"},
		views: map[cluster.NodeID]View{"n3": survivor("n3", 100)},
		loss:  loss{leader: "n1", term: 7, at: lost, agreed: lost, cause: cluster.CauseDied, jitter: 20 * time.Millisecond},
	}
	if change != nil {
		change(&q)
	}
	return q
}

// TestWhoStands shows who stands for election when the leader is lost, and
// when.
func TestWhoStands(t *testing.T) {
	hearing := func(id cluster.NodeID) View {
		v := survivor(id, 100)
		v.Hears = true
		return v
	}
	for _, c := range []struct {
		what   string
		change func(*question)
		stands bool
		wait   time.Duration
	}{
		{"of equal logs the lowest id", nil, true, 0},
		{"the other one waits a step", func(q *question) {
			q.own, q.views = survivor("n3", 100), map[cluster.NodeID]View{"n2": survivor("n2", 100)}
		}, false, rankStep},
		{"and stands after it", func(q *question) {
			q.own, q.views = survivor("n3", 100), map[cluster.NodeID]View{"n2": survivor("n2", 100)}
			q.now = after(40)
		}, true, 0},
		{"the longest log goes first", func(q *question) { q.views["n3"] = survivor("n3", 101) }, false, rankStep},
		{"the log of the latest term is the longest", func(q *question) {
			v := survivor("n3", 3)
			v.Last.Term = 8
			q.views["n3"] = v
		}, false, rankStep},
		{"who would not stand is not waited for", func(q *question) {
			v := survivor("n3", 101)
			v.Stands = false
			q.views["n3"] = v
		}, true, 0},
		{"a leader that another one hears is not deposed", func(q *question) { q.views["n3"] = hearing("n3") }, false, lookEvery},
		{"not after ten minutes either", func(q *question) {
			q.views["n3"] = hearing("n3")
			q.now = lost.Add(10 * time.Minute)
		}, false, lookEvery},
		{"another one leads already", func(q *question) {
			q.views["n3"] = View{Node: "n3", Term: 8, Leader: "n3", Hears: true}
		}, false, lookEvery},
		{"without an answer there is no majority", func(q *question) { q.views = nil }, false, lookEvery},
		{"two of five are none", func(q *question) { q.voters = append(q.voters, "n4", "n5") }, false, lookEvery},
		{"three of five are one", func(q *question) {
			q.voters = append(q.voters, "n4", "n5")
			q.views["n4"] = survivor("n4", 100)
		}, true, 0},
		{"one of four that hears is enough to wait", func(q *question) {
			q.voters = append(q.voters, "n4", "n5")
			q.views["n4"], q.views["n5"] = survivor("n4", 100), hearing("n5")
		}, false, lookEvery},
		{"a third one waits two steps", func(q *question) {
			q.voters = append(q.voters, "n4", "n5")
			q.own = survivor("n4", 100)
			q.views = map[cluster.NodeID]View{"n2": survivor("n2", 100), "n3": survivor("n3", 100)}
		}, false, 2 * rankStep},
		{"once somebody stands there is time for its election", func(q *question) {
			q.own.Term, q.own.Leader = 8, ""
			q.loss.rose, q.now = after(5), after(50)
		}, false, 75 * time.Millisecond},
		{"and after that it was in vain", func(q *question) {
			q.own.Term, q.own.Leader = 8, ""
			q.loss.rose, q.now = after(5), after(125)
		}, true, 0},
		{"a reader never stands", func(q *question) { q.voters = []cluster.NodeID{"n1", "n3"} }, false, lookEvery},
		{"nor one that is not to lead", func(q *question) { q.own.Stands = false }, false, lookEvery},
		{"nor one that is no follower", func(q *question) { q.follows = false }, false, lookEvery},
		{"once a term", func(q *question) { q.limit = limit{at: lost.Add(-time.Hour), term: 7} }, false, lookEvery},
		{"and not within five seconds", func(q *question) { q.limit = limit{at: lost.Add(time.Millisecond - 5*time.Second), term: 5} }, false, lookEvery},
		{"nor within a second of one that led to a leader", func(q *question) { q.limit = limit{at: lost.Add(time.Millisecond - time.Second), term: 6, led: true} }, false, lookEvery},
		{"but then, for the next leader may die too", func(q *question) { q.limit = limit{at: lost.Add(-time.Second), term: 6, led: true} }, true, 0},
		{"at five seconds again", func(q *question) { q.limit = limit{at: lost.Add(-5 * time.Second), term: 5} }, true, 0},
	} {
		got := decide(ask(c.change))
		if got.campaign != c.stands || got.wait != c.wait {
			t.Errorf("%s: stands %v, wait %v (%s), want %v, %v", c.what, got.campaign, got.wait, got.because, c.stands, c.wait)
		}
	}
}
