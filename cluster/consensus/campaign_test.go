package consensus_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
)

// slowTimeouts elect nobody for the length of a test.
func slowTimeouts(c *consensus.Config) { c.Timeouts.Heartbeat = time.Minute }

// TestCampaign shows that a follower which stands for a lost leader leads long
// before any timeout, with all that was committed, and knows why.
func TestCampaign(t *testing.T) {
	g := newGroup(t, 3, slowTimeouts)
	if err := g.peers[0].Campaign(t.Context(), "", cluster.CauseFirst); err != nil { // nobody leads yet
		t.Fatal(err)
	}
	g.propose("before")
	g.converge(1)
	dead, next := g.leader(), g.follower()
	term, lost := dead.Status().Term, dead.config.NodeID
	g.kill(dead)
	if err := next.Campaign(t.Context(), lost, cluster.CauseDied); err != nil {
		t.Fatal(err)
	}
	g.eventually("the follower that stands leads", func() bool { return next.Leadership().Leading })
	if cause, _ := next.Reason(); cause != cluster.CauseDied {
		t.Errorf("reason = %q, want %q", cause, cluster.CauseDied)
	}
	if got := next.Status().Term; got <= term {
		t.Errorf("term %d after %d", got, term)
	}
	if _, count := g.propose("after"); count != 2 {
		t.Errorf("%d entries, want 2: what was committed is there", count)
	}
}

// TestCampaignOverDeadConnections shows that a candidate gets its vote although
// every connection that it kept to the voter is dead: that one was cut off since.
func TestCampaignOverDeadConnections(t *testing.T) {
	g := newGroup(t, 3, slowTimeouts)
	first, second, third := g.peers[0], g.peers[1], g.peers[2]
	if err := first.Campaign(t.Context(), "", cluster.CauseFirst); err != nil {
		t.Fatal(err)
	}
	g.propose("one")
	g.converge(1) // nobody votes for one who lacks what was committed
	if err := second.Campaign(t.Context(), first.config.NodeID, cluster.CauseDied); err != nil {
		t.Fatal(err)
	}
	g.eventually("the second leads", func() bool { return second.Status().Role == cluster.RoleLeader })
	g.propose("two")
	g.converge(2)
	g.kill(second)
	third.network.isolate(true)
	third.network.isolate(false)
	if err := first.Campaign(t.Context(), second.config.NodeID, cluster.CauseDied); err != nil {
		t.Fatal(err)
	}
	g.eventually("the first leads again", func() bool { return first.Status().Role == cluster.RoleLeader })
	if got, want := first.Status().Term, third.Status().Term; got != want {
		t.Errorf("it leads in term %d, the voter is in term %d", got, want)
	}
}

// TestCampaignIsForALostLeader shows who refuses to stand: one that leads, and
// one that follows another leader than the one that is lost.
func TestCampaignIsForALostLeader(t *testing.T) {
	g := newGroup(t, 3, nil)
	g.propose("one")
	leader, follower := g.leader(), g.follower()
	term := leader.Status().Term
	if err := leader.Campaign(t.Context(), leader.config.NodeID, cluster.CauseDied); err == nil {
		t.Error("a leader stands against itself")
	}
	if err := follower.Campaign(t.Context(), "n9", cluster.CauseDied); err == nil {
		t.Error("a follower of another leader stands")
	}
	if got := follower.Status().Term; got != term {
		t.Errorf("term %d, want %d still", got, term)
	}
}

// TestCampaignNeedsLeave shows that a node that is not to lead does not stand.
func TestCampaignNeedsLeave(t *testing.T) {
	sick := errors.New("sick")
	g := newGroup(t, 3, func(c *consensus.Config) {
		if c.NodeID == "n3" {
			c.Stand = func() error { return sick }
		}
	})
	g.propose("one")
	for _, p := range g.running() {
		if o := p.Outlook(); p.config.NodeID == "n3" {
			if o.MayLead {
				t.Error("n3 says that it may lead")
			}
			if err := p.Campaign(t.Context(), o.Leader, cluster.CauseDied); !errors.Is(err, sick) {
				t.Errorf("n3 stands: %v", err)
			}
		}
	}
}

// TestOutlook shows what a follower knows of its part.
func TestOutlook(t *testing.T) {
	g := newGroup(t, 3, nil)
	index, _ := g.propose("one")
	g.converge(1)
	leader, follower := g.leader(), g.follower()
	o := follower.Outlook()
	if !o.Follows || !o.MayLead || o.Leader != leader.config.NodeID || o.LastIndex < index || o.LastTerm != o.Term || time.Since(o.Heard) > 10*time.Second {
		t.Errorf("a follower's outlook: %+v", o)
	}
	if o := leader.Outlook(); o.MayLead || o.Follows || !o.Heard.IsZero() {
		t.Errorf("the leader's outlook: %+v", o)
	}
}

// TestFollowerCatchesUpByBytes shows that a follower which was away gets all
// that it missed, though no request holds more than a mebibyte of it.
func TestFollowerCatchesUpByBytes(t *testing.T) {
	g := newGroup(t, 3, nil)
	g.propose("one")
	g.converge(1)
	away := g.follower()
	g.kill(away)
	large := strings.Repeat("x", 200<<10)
	for range 30 {
		g.propose(large)
	}
	g.start(away)
	g.converge(31)
}
