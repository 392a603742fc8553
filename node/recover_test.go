package node_test

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
	"github.com/rialto-exchange/rialto/cluster/credentials/credtest"
	"github.com/rialto-exchange/rialto/cluster/identity"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node"
	"github.com/rialto-exchange/rialto/node/world"
)

func survey(t *testing.T, cfg node.Config) node.Survivor {
	t.Helper()
	s, err := node.Survey(cfg.DataDir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestMajorityIsLost shows what is left of a venue whose majority burned: the
// last node, which can commit nothing, begins a new history with all that it has.
// When the others come back after all they are a majority of the old history, and
// neither side takes a word of the other; they join as newcomers.
func TestMajorityIsLost(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.do(0, &command.OpenAccount{Account: "alice"})
	out := c.fund(0, "alice", "100")
	c.catchUp(0, 1)
	old := c.nodes[0].Operations().Twin().HistoryID
	for i := range c.nodes {
		c.stop(i)
	}
	own := survey(t, c.configs[1])
	if own.ID != "n2" || len(own.Voters) != 3 || own.Applied.Sequence < uint64(out.Sequence) {
		t.Fatalf("survey: %+v", own)
	}
	loss, err := node.Recovery{Lost: []cluster.NodeID{"n1", "n3"}}.Judge(own)
	if err != nil || loss.Nothing {
		t.Fatalf("losses %+v, %v", loss, err)
	}
	done, aside, err := node.Recover(t.Context(), c.configs[1], own, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(aside, "identity")); err != nil {
		t.Errorf("the old folder is not kept: %v", err)
	}
	c.configs[1].InitialCluster = nil
	c.start(1)
	c.until("the survivor takes commands alone", func() bool { return c.nodes[1].Operations().Ready() == nil })
	after := c.fund(1, "alice", "1")
	if got := c.total(1, "alice", after.Sequence); got != 101_000_000 {
		t.Errorf("alice has %d", got)
	}
	c.start(0)
	c.start(2)
	c.until("the others go on in the old history", func() bool {
		return c.nodes[0].Operations().Ready() == nil && c.nodes[2].Operations().Ready() == nil
	})
	theirs := c.fund(0, "alice", "5")
	if got := c.total(2, "alice", theirs.Sequence); got != 105_000_000 {
		t.Errorf("there alice has %d", got)
	}
	if got := c.total(1, "alice", c.fund(1, "alice", "1").Sequence); got != 102_000_000 {
		t.Errorf("here alice has %d", got)
	}
	for i, want := range []string{old, done.Began.History, old} {
		twin := c.nodes[i].Operations().Twin()
		if twin.HistoryID != want || (twin.Leader == "n2") != (i == 1) {
			t.Errorf("node %d: history %s, leader %s", i, twin.HistoryID, twin.Leader)
		}
	}
	for _, i := range []int{0, 2} {
		c.stop(i)
		if _, err := node.SetFolderAside(c.configs[i]); err != nil {
			t.Fatal(err)
		}
		c.configs[i].InitialCluster, c.configs[i].Join = nil, []string{c.configs[1].GossipAddress}
	}
	c.start(0)
	c.start(2)
	c.until("all three vote again", func() bool { return c.role(1, "n1") == "follower" && c.role(1, "n3") == "follower" })
	last := c.fund(2, "alice", "1")
	if got := c.total(2, "alice", last.Sequence); got != 103_000_000 {
		t.Errorf("the newcomer shows %d", got)
	}
}

// TestRecoveryIsJudged shows what a recovery refuses: while a majority lives, on
// any but the best of the survivors, and as long as something is not said of some
// voter; and when it is known that nothing is lost.
func TestRecoveryIsJudged(t *testing.T) {
	at := func(term, index uint64) consensus.End {
		return consensus.End{Term: cluster.Term(term), Index: cluster.Index(index)}
	}
	survivor := func(end consensus.End, voters ...cluster.NodeID) node.Survivor {
		return node.Survivor{ID: "n1", Survey: consensus.Survey{Last: end, Voters: voters, Configurations: [][]cluster.NodeID{voters}}}
	}
	// One of the configurations may be in force, and nobody knows which.
	changing := func(before, after []cluster.NodeID) node.Survivor {
		s := survivor(at(3, 9), slices.Compact(slices.Sorted(slices.Values(slices.Concat(before, after))))...)
		s.Configurations = [][]cluster.NodeID{before, after}
		return s
	}
	three := []cluster.NodeID{"n1", "n2", "n3"}
	five := []cluster.NodeID{"n1", "n2", "n3", "n4", "n5"}
	for _, c := range []struct {
		what    string
		own     node.Survivor
		r       node.Recovery
		want    error
		nothing bool
	}{
		{"two of three are lost", survivor(at(3, 9), three...), node.Recovery{Lost: []cluster.NodeID{"n2", "n3"}}, nil, false},
		{"nothing is said of one", survivor(at(3, 9), three...), node.Recovery{Lost: []cluster.NodeID{"n2"}}, node.ErrUnaccounted, false},
		{"lost and found", survivor(at(3, 9), three...),
			node.Recovery{Lost: []cluster.NodeID{"n2", "n3"}, Survivors: map[cluster.NodeID]consensus.End{"n3": at(1, 1)}}, node.ErrUnaccounted, false},
		{"two of three live", survivor(at(3, 9), three...),
			node.Recovery{Lost: []cluster.NodeID{"n2"}, Survivors: map[cluster.NodeID]consensus.End{"n3": at(1, 1)}}, node.ErrMajorityLives, false},
		{"the other has a longer log", survivor(at(3, 9), five...),
			node.Recovery{Lost: []cluster.NodeID{"n3", "n4", "n5"}, Survivors: map[cluster.NodeID]consensus.End{"n2": at(3, 10)}}, node.ErrNotTheBest, false},
		{"the other has a later term", survivor(at(3, 9), five...),
			node.Recovery{Lost: []cluster.NodeID{"n3", "n4", "n5"}, Survivors: map[cluster.NodeID]consensus.End{"n2": at(4, 8)}}, node.ErrNotTheBest, false},
		{"the other has as much", survivor(at(3, 9), five...),
			node.Recovery{Lost: []cluster.NodeID{"n3", "n4", "n5"}, Survivors: map[cluster.NodeID]consensus.End{"n2": at(3, 9)}}, nil, false},
		{"the other has as much and goes first", node.Survivor{ID: "n2", Survey: survivor(at(3, 9), five...).Survey},
			node.Recovery{Lost: []cluster.NodeID{"n3", "n4", "n5"}, Survivors: map[cluster.NodeID]consensus.End{"n1": at(3, 9)}}, node.ErrNotTheBest, false},
		{"a reader has as much", node.Survivor{ID: "n2", Survey: survivor(at(3, 9), five...).Survey},
			node.Recovery{Lost: []cluster.NodeID{"n1", "n3", "n4", "n5"}, Survivors: map[cluster.NodeID]consensus.End{"a": at(3, 9)}}, nil, false},
		{"this one is the reader", node.Survivor{ID: "a", Survey: survivor(at(3, 9), five...).Survey},
			node.Recovery{Lost: []cluster.NodeID{"n2", "n3", "n4", "n5"}, Survivors: map[cluster.NodeID]consensus.End{"n1": at(3, 9)}}, node.ErrNotTheBest, false},
		{"half of four are lost", survivor(at(3, 9), five[:4]...),
			node.Recovery{Lost: []cluster.NodeID{"n3", "n4"}, Survivors: map[cluster.NodeID]consensus.End{"n2": at(3, 9)}}, nil, true},
		{"a reader has more", survivor(at(3, 9), three...),
			node.Recovery{Lost: []cluster.NodeID{"n2", "n3"}, Survivors: map[cluster.NodeID]consensus.End{"r": at(3, 10)}}, node.ErrNotTheBest, false},
		{"half of the four before are lost, and two of the three after", changing(five[:4], []cluster.NodeID{"n1", "n3", "n4"}),
			node.Recovery{Lost: []cluster.NodeID{"n3", "n4"}, Survivors: map[cluster.NodeID]consensus.End{"n2": at(3, 9)}}, nil, false},
		{"two of the three before live, half of the four after", changing(three, five[:4]),
			node.Recovery{Lost: []cluster.NodeID{"n3", "n4"}, Survivors: map[cluster.NodeID]consensus.End{"n2": at(3, 9)}}, nil, true},
		{"half of the four before live, two of the three after", changing(five[:4], three),
			node.Recovery{Lost: []cluster.NodeID{"n3", "n4"}, Survivors: map[cluster.NodeID]consensus.End{"n2": at(3, 9)}}, node.ErrMajorityLives, false},
		{"of no configuration is anything known", node.Survivor{ID: "n1"}, node.Recovery{}, nil, false},
	} {
		loss, err := c.r.Judge(c.own)
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) || loss.Nothing != c.nothing {
			t.Errorf("%s: %+v, %v", c.what, loss, err)
		}
	}
	s := survivor(at(7, 1234))
	if id, end, err := node.ParsePosition(s.Position()); id != "n1" || end != at(7, 1234) || err != nil {
		t.Errorf("%s is read as %s %v, %v", s.Position(), id, end, err)
	}
	for _, bad := range []string{"", "n1", "n1=", "=1:2", "n1=1", "n1=1:2x", "n1=-1:2"} {
		if _, _, err := node.ParsePosition(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// TestReplacedVoterHasNoSay shows that a recovery counts the voters that may be in
// force and no others: who was replaced is neither a survivor nor lost, also where
// its own folder never heard of that.
func TestReplacedVoterHasNoSay(t *testing.T) {
	t.Parallel()
	c := newTrioWith(t, impatient)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	n4 := c.join("n4", impatient)
	c.until("n4 stands by", func() bool { return c.shows(0, "n4").State == "alive" })
	c.stop(2)
	c.until("n4 votes in the place of n3", func() bool {
		return c.shows(0, "n3").ID == "" && c.quorum(0) == gateways.TwinQuorum{Voters: 3, Healthy: 3, Needed: 2, MayFail: 1}
	})
	out := c.do(n4, &command.OpenAccount{Account: "erin"})
	c.catchUp(n4, 0)
	for i := range c.nodes {
		c.stop(i)
	}
	first, gone, last := survey(t, c.configs[0]), survey(t, c.configs[2]), survey(t, c.configs[n4])
	if want := []cluster.NodeID{"n1", "n2", "n4"}; !slices.Equal(last.Voters, want) || !slices.Equal(first.Voters, want) || last.Applied.Sequence < uint64(out.Sequence) {
		t.Errorf("voters %v and %v, want %v", first.Voters, last.Voters, want)
	}
	best, other := first, last
	if best.Last.Before(other.Last) {
		best, other = last, first
	}
	if _, err := (node.Recovery{Lost: []cluster.NodeID{"n2", "n3"}, Survivors: map[cluster.NodeID]consensus.End{other.ID: other.Last}}).Judge(best); !errors.Is(err, node.ErrMajorityLives) {
		t.Errorf("two of three voters live: %v", err)
	}
	loss, err := node.Recovery{Lost: []cluster.NodeID{"n1", "n2"}, Survivors: map[cluster.NodeID]consensus.End{"n3": gone.Last}}.Judge(last)
	if err != nil || loss.Nothing {
		t.Errorf("with only one of three voters left: %+v, %v", loss, err)
	}
	if err := last.Beside(gone); !errors.Is(err, node.ErrGone) {
		t.Errorf("one that was removed is a survivor: %v", err)
	}
	if err := gone.Beside(last); !errors.Is(err, node.ErrGone) {
		t.Errorf("one that was removed begins with a survivor: %v", err)
	}
	if err := first.Beside(last); err != nil {
		t.Error(err)
	}
}

// TestRecoveryGoesOn shows that a recovery that breaks off anywhere while folders
// are moved leaves no folder that a node starts on, and is finished by the next.
func TestRecoveryGoesOn(t *testing.T) {
	t.Parallel()
	c := alone(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.do(0, &command.OpenAccount{Account: "alice"})
	c.fund(0, "alice", "100")
	c.stop(0)
	cfg := c.configs[0]
	log := slog.New(slog.DiscardHandler)
	done, aside, err := node.Recover(t.Context(), cfg, survey(t, cfg), log)
	if err != nil {
		t.Fatal(err)
	}
	rename := func(from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	in := func(names ...string) string { return filepath.Join(append([]string{cfg.DataDir}, names...)...) }
	// Back to the moment when the identity was still to move up, and the journal.
	if err := os.Mkdir(in("recovered"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"identity", "journal"} {
		rename(in(name), in("recovered", name))
	}
	c.refuses(0, node.ErrBrokeOff, "rialto recover")
	certified, a := cfg, credtest.New(t, cfg.ClusterID)
	certified.PeerTLS = node.PeerTLSConfig{CA: a.Certificate(), CAKey: a.Key()}
	if _, _, err := node.Enrol(certified, a.Authority, time.Hour); !errors.Is(err, node.ErrBrokeOff) {
		t.Errorf("the folder is certified: %v", err)
	}
	if _, err := os.Stat(in("identity")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it has another identity now: %v", err)
	}
	// As a build left it that gave it one.
	enrolled := identity.New(world.System().Random, cfg.ClusterID, cluster.NodeID(cfg.NodeID), identity.Enrolled)
	if err := enrolled.Write(world.System().Files, cfg.DataDir); err != nil {
		t.Fatal(err)
	}
	c.refuses(0, node.ErrBrokeOff, "rialto recover")
	if err := os.RemoveAll(in("identity")); err != nil {
		t.Fatal(err)
	}
	if went, err := node.FinishRecovery(cfg); !went || err != nil {
		t.Fatalf("finished %v, %v", went, err)
	}
	// Back to the moment when only the old identity and log had been moved aside.
	if err := os.Mkdir(in("recovering"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"identity", "journal", "raft", "archive"} {
		rename(in(name), in("recovering", name))
	}
	c.configs[0].Join = []string{cfg.GossipAddress}
	c.refuses(0, node.ErrBrokeOff, "rialto recover") // nor is a newcomer born around the last copy of the venue
	c.configs[0].Join = nil
	rename(filepath.Join(aside, "journal"), in("journal"))
	c.refuses(0, node.ErrBrokeOff, "rialto recover")
	if went, err := node.FinishRecovery(cfg); !went || err != nil {
		t.Fatalf("finished %v, %v", went, err)
	}
	if went, err := node.FinishRecovery(cfg); went || err != nil {
		t.Fatalf("finished again %v, %v", went, err)
	}
	if err := c.open(0); err != nil {
		t.Fatal(err)
	}
	if got := c.total(0, "alice", market.Sequence(done.At.Sequence)); got != 100_000_000 {
		t.Errorf("alice has %d", got)
	}
}

// TestRecoveryAsksWhoLives shows that a recovery hears the nodes that it is told
// are lost or stopped, if they answer where the configuration has them, says what
// they say, and goes on only if it is told exactly that those are to be left
// behind; and that a survivor hears the new history which another one has begun.
func TestRecoveryAsksWhoLives(t *testing.T) {
	for _, ports := range []string{"open", "closed"} {
		t.Run(ports, func(t *testing.T) {
			change := func(*node.Config) {}
			if ports == "closed" {
				change = closed(t, credtest.New(t, "test"))
			}
			c := newTrioWith(t, change)
			c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
			c.catchUp(0, 1)
			c.catchUp(0, 2)
			c.stop(1)
			own := survey(t, c.configs[1])
			heard := node.Hear(t.Context(), c.configs[1], own)
			if len(heard) != 2 || heard[0].ID != "n1" || heard[1].ID != "n3" || !strings.Contains(heard[0].Says, "this history") {
				t.Fatalf("heard %+v", heard)
			}
			lost := node.Recovery{Lost: []cluster.NodeID{"n1", "n3"}}
			stopped := node.Recovery{Lost: []cluster.NodeID{"n1"}, Survivors: map[cluster.NodeID]consensus.End{"n3": own.Last}}
			for _, r := range []struct {
				r     node.Recovery
				known []string
				want  error
			}{
				{lost, nil, node.ErrAlive},
				{lost, []string{"n1"}, node.ErrAlive},
				{lost, []string{"n1", "n2", "n3"}, node.ErrAlive},
				{lost, []string{"n3", "n1"}, nil},
				{stopped, []string{"n1", "n3"}, node.ErrAlive},
			} {
				if err := r.r.MayLeave(heard, r.known); !errors.Is(err, r.want) || (err == nil) != (r.want == nil) {
					t.Errorf("left behind %v: %v", r.known, err)
				}
			}
			if err := lost.MayLeave(nil, nil); err != nil {
				t.Error(err)
			}
			if err := lost.MayLeave(nil, []string{"n1"}); !errors.Is(err, node.ErrAlive) {
				t.Errorf("one that does not answer is left behind: %v", err)
			}
			c.stop(0)
			c.stop(2)
			if heard := node.Hear(t.Context(), c.configs[1], own); len(heard) != 0 {
				t.Errorf("with all stopped: %+v", heard)
			}
			if _, _, err := node.Recover(t.Context(), c.configs[1], own, slog.New(slog.DiscardHandler)); err != nil {
				t.Fatal(err)
			}
			c.configs[1].InitialCluster = nil
			c.start(1)
			heard = node.Hear(t.Context(), c.configs[2], survey(t, c.configs[2]))
			if len(heard) != 1 || heard[0].ID != "n2" || !strings.Contains(heard[0].Says, "another history") {
				t.Errorf("after the recovery: %+v", heard)
			}
		})
	}
}
