package liveness

import (
	"net"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
)

// TestSleeperHearsNobody shows that a process that did not get to run for a
// while does not take its leader for silent then, and that one which runs does
// so after the silence that is allowed.
func TestSleeperHearsNobody(t *testing.T) {
	now := time.Now()
	n1 := &voter{member: cluster.Member{ID: "n1"}, view: View{Node: "n1", Leader: "n1", Pings: true}, up: true, spoke: now}
	w := &Watch{
		cfg: Config{Self: "n2", Silence: 150 * time.Millisecond}, peers: map[cluster.NodeID]*voter{"n1": n1},
		told: View{Node: "n2", Leader: "n1"}, awake: now,
	}
	if w.pulse(5 * time.Second) {
		t.Fatal("after 5 s without getting to run the leader counts as silent")
	}
	beats := 0
	for ; !w.pulse(beatEvery); beats++ {
		if beats > 10 {
			t.Fatalf("after %d beats without a word the leader does not count as silent", beats)
		}
	}
	if beats < 5 {
		t.Errorf("silent after %d beats of %v and one of 5 s", beats, beatEvery)
	}
	w.pinged(n1)
	if w.pulse(beatEvery) {
		t.Error("a leader that has just pinged counts as silent")
	}
}

// TestDeafConnectionIsMadeAnew shows that the connection of a leader who says
// nothing on it for two seconds is given up, of nobody else and no sooner, and not
// for the time in which this process did not run.
func TestDeafConnectionIsMadeAnew(t *testing.T) {
	now := time.Now()
	ends := func() (mine, theirs net.Conn) {
		mine, theirs = net.Pipe()
		t.Cleanup(func() { _ = theirs.Close() })
		return mine, theirs
	}
	ofLeader, leader := ends()
	ofFollower, _ := ends()
	w := &Watch{
		cfg: Config{Self: "n2", Silence: 150 * time.Millisecond}, awake: now,
		peers: map[cluster.NodeID]*voter{
			"n1": {member: cluster.Member{ID: "n1"}, view: View{Node: "n1", Leader: "n1", Pings: true}, up: true, spoke: now, conn: ofLeader},
			"n3": {member: cluster.Member{ID: "n3"}, view: View{Node: "n3", Leader: "n1", Pings: true}, up: true, spoke: now, conn: ofFollower},
		},
	}
	w.pulse(time.Minute)
	for range int(deafAfter/beatEvery) - 2 {
		w.pulse(beatEvery)
	}
	if w.peers["n1"].conn == nil {
		t.Fatal("given up before its time")
	}
	w.pulse(beatEvery)
	if _, err := leader.Read(make([]byte, 1)); err == nil {
		t.Error("the leader's connection goes on")
	}
	if w.peers["n3"].conn == nil {
		t.Error("a follower says nothing for long, and lost its connection")
	}
}
