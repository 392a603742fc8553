package liveness_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/liveness"
)

// town is a cluster of fakes: nodes that are led by n1 and watch each other
// over pipes, in virtual time.
type town struct {
	t       *testing.T
	mu      sync.Mutex
	nodes   map[cluster.NodeID]*fake
	cut     map[[2]cluster.NodeID]error // who can't call whom, and why
	stood   []cluster.NodeID
	causes  []cluster.Cause
	tookFor []time.Duration // from the loss on, as the test marked it
	marked  time.Time
	mute    bool           // nobody pings, as in an earlier build
	deaf    bool           // Raft hears nobody, whoever lives
	leader  cluster.NodeID // whose loss is expected
	slow    bool           // a candidate's disk is slow: its term does not rise yet
}

// fake is one node of it.
type fake struct {
	watch *liveness.Watch
	own   liveness.Own
	calls map[net.Conn]cluster.NodeID // that others made to it, by whom
	stop  context.CancelFunc
	ctx   context.Context
	busy  sync.WaitGroup
}

func newTown(t *testing.T, ids ...cluster.NodeID) *town {
	return newTownOf(t, false, ids...)
}

func newTownOf(t *testing.T, mute bool, ids ...cluster.NodeID) *town {
	w := &town{t: t, mute: mute, leader: "n1", nodes: map[cluster.NodeID]*fake{}, cut: map[[2]cluster.NodeID]error{}}
	for _, id := range ids {
		own := liveness.Own{Term: 7, Leader: "n1", Follows: id != "n1", MayLead: id != "n1", Last: liveness.LogEnd{Term: 7, Index: 100}}
		ctx, stop := context.WithCancel(context.Background())
		w.nodes[id] = &fake{own: own, calls: map[net.Conn]cluster.NodeID{}, ctx: ctx, stop: stop}
	}
	for _, id := range ids {
		w.mu.Lock()
		w.nodes[id].watch = liveness.Open(liveness.Config{
			Self: id, Members: w.members, Own: func() liveness.Own { return w.own(id) },
			Dial:     func(_ context.Context, to string) (net.Conn, error) { return w.dial(id, cluster.NodeID(to)) },
			Campaign: func(_ context.Context, lost cluster.NodeID, why cluster.Cause) error { return w.stand(id, lost, why) },
			Silence:  150 * time.Millisecond,
		})
		w.mu.Unlock()
	}
	time.Sleep(time.Second) // all are connected
	return w
}

func (w *town) close() {
	for _, n := range w.nodes {
		n.watch.Close()
	}
	for _, n := range w.nodes {
		n.stop()
		n.busy.Wait()
	}
}

func (w *town) members() []cluster.Member {
	var all []cluster.Member
	for _, id := range slices.Sorted(maps.Keys(w.nodes)) {
		all = append(all, cluster.Member{ID: id, Address: string(id), Voter: true})
	}
	return all
}

// own has everybody hear the leader all the time while it can.
func (w *town) own(id cluster.NodeID) liveness.Own {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.nodes[id]
	if leader := n.own.Leader; leader != "" && leader != id && w.cut[[2]cluster.NodeID{id, leader}] == nil && !w.deaf {
		n.own.Heard = time.Now()
	}
	return n.own
}

func (w *town) dial(from, to cluster.NodeID) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.cut[[2]cluster.NodeID{from, to}]; err != nil {
		return nil, err
	}
	n := w.nodes[to]
	if n.watch == nil {
		return nil, syscall.ECONNREFUSED
	}
	mine, theirs := net.Pipe()
	n.calls[theirs] = from
	n.busy.Go(func() {
		n.watch.Serve(n.ctx, line{theirs, w, from, to})
		_ = theirs.Close()
	})
	return mine, nil
}

// line is a connection that one node made to another. While the two are cut off
// without a word, what is said on it is lost.
type line struct {
	net.Conn
	town     *town
	from, to cluster.NodeID
}

func (l line) Write(b []byte) (int, error) {
	l.town.mu.Lock()
	lost := errors.Is(l.town.cut[[2]cluster.NodeID{l.from, l.to}], context.DeadlineExceeded)
	mute := l.town.mute
	l.town.mu.Unlock()
	const ping, pings = 3, 4
	switch {
	case lost || mute && b[2] == ping:
		return len(b), nil
	case mute: // of a view the flags are the last
		b = slices.Clone(b)
		b[len(b)-1] &^= pings
	}
	return l.Conn.Write(b)
}

// stand makes a candidate of a node.
func (w *town) stand(id, lost cluster.NodeID, why cluster.Cause) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	own := &w.nodes[id].own
	if !w.slow {
		own.Term, own.Leader, own.Follows = own.Term+1, "", false
	}
	if lost != w.leader {
		w.t.Errorf("%s stands since %s is lost", id, lost)
	}
	w.stood, w.causes, w.tookFor = append(w.stood, id), append(w.causes, why), append(w.tookFor, time.Since(w.marked))
	return nil
}

// block ends what one node has open to another, both ways, and answers its
// calls with an error; io.EOF ends only what is open.
func (w *town) block(from, to cluster.NodeID, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.marked.IsZero() {
		w.marked = time.Now()
	}
	if err != io.EOF {
		w.cut[[2]cluster.NodeID{from, to}] = err
	}
	for conn, by := range w.nodes[to].calls {
		if by == from {
			_ = conn.Close()
			delete(w.nodes[to].calls, conn)
		}
	}
}

// kill is what the others see of a process that dies.
func (w *town) kill(id cluster.NodeID) {
	for other := range w.nodes {
		if other != id {
			w.block(other, id, syscall.ECONNREFUSED)
			w.block(id, other, syscall.ECONNREFUSED)
		}
	}
}

func (w *town) expect(ids []cluster.NodeID, cause cluster.Cause, within time.Duration) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.stood, ids) {
		w.t.Fatalf("stood %v after %v, want %v", w.stood, w.tookFor, ids)
	}
	if len(ids) > 0 && (w.causes[0] != cause || w.tookFor[0] > within) {
		w.t.Errorf("stood for %q after %v, want %q within %v", w.causes[0], w.tookFor[0], cause, within)
	}
}

func in(t *testing.T, do func(t *testing.T)) { t.Helper(); synctest.Test(t, do) }

// TestLeaderDies shows that one follower stands, at once, when the leader's
// process is gone.
func TestLeaderDies(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newTown(t, "n1", "n2", "n3")
		defer w.close()
		w.kill("n1")
		time.Sleep(30 * time.Millisecond)
		w.expect([]cluster.NodeID{"n2"}, cluster.CauseDied, 5*time.Millisecond)
	})
}

// TestFollowerDies shows that nobody stands when another one dies.
func TestFollowerDies(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newTown(t, "n1", "n2", "n3")
		defer w.close()
		w.kill("n3")
		time.Sleep(10 * time.Second)
		w.expect(nil, "", 0)
	})
}

// TestDyingPort shows that resets and closed connections are no death: the port
// is called until it refuses.
func TestDyingPort(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newTown(t, "n1", "n2", "n3")
		defer w.close()
		w.block("n2", "n1", syscall.ECONNRESET)
		w.block("n3", "n1", syscall.ECONNRESET)
		time.Sleep(10 * time.Millisecond)
		w.expect(nil, "", 0)
		w.kill("n1")
		time.Sleep(10 * time.Millisecond)
		w.expect([]cluster.NodeID{"n2"}, cluster.CauseDied, 15*time.Millisecond)
	})
}

// TestConnectionEnds shows that a connection that ends, of a leader that
// answers the next call, is nothing.
func TestConnectionEnds(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newTown(t, "n1", "n2", "n3")
		defer w.close()
		w.block("n2", "n1", io.EOF)
		w.block("n3", "n1", io.EOF)
		time.Sleep(10 * time.Second)
		w.expect(nil, "", 0)
	})
}

// TestOneIsRejected shows that a firewall which resets and refuses what one
// follower sends to the leader deposes nobody, however long it does.
func TestOneIsRejected(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newTown(t, "n1", "n2", "n3")
		defer w.close()
		w.block("n2", "n1", syscall.ECONNREFUSED)
		time.Sleep(10 * time.Minute)
		w.expect(nil, "", 0)
	})
}

// TestOneIsRejectedByAll shows the same of one that reaches nobody.
func TestOneIsRejectedByAll(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newTown(t, "n1", "n2", "n3")
		defer w.close()
		w.block("n2", "n1", syscall.ECONNREFUSED)
		w.block("n2", "n3", syscall.ECONNREFUSED)
		time.Sleep(10 * time.Minute)
		w.expect(nil, "", 0)
	})
}

// TestHangingLeader shows that a leader whose connections stay open and who is
// not heard any more, by nobody, is followed once it has been silent for longer
// than a living one is, and not before; also one of an earlier build, which does
// not ping, by what Raft hears of it.
func TestHangingLeader(t *testing.T) {
	for _, mute := range []bool{false, true} {
		hangs(t, mute)
	}
}

func hangs(t *testing.T, mute bool) {
	in(t, func(t *testing.T) {
		w := newTownOf(t, mute, "n1", "n2", "n3")
		defer w.close()
		w.mu.Lock()
		for _, id := range []cluster.NodeID{"n2", "n3"} { // nothing is heard, nothing is refused
			w.cut[[2]cluster.NodeID{id, "n1"}] = context.DeadlineExceeded
		}
		w.marked = time.Now()
		w.mu.Unlock()
		time.Sleep(90 * time.Millisecond) // it was heard up to 50 ms before
		w.expect(nil, "", 0)
		time.Sleep(120 * time.Millisecond)
		w.expect([]cluster.NodeID{"n2"}, cluster.CauseTimeout, 210*time.Millisecond)
	})
}

// TestSlowRaft shows that a leader whose process runs is not given up, however
// long Raft does not hear it here: heartbeats may wait behind a disk. Raft has
// its own timeouts for that.
func TestSlowRaft(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newTown(t, "n1", "n2", "n3")
		defer w.close()
		w.mu.Lock()
		w.deaf = true
		w.mu.Unlock()
		time.Sleep(time.Minute)
		w.expect(nil, "", 0)
		w.kill("n1")
		time.Sleep(30 * time.Millisecond)
		w.expect([]cluster.NodeID{"n2"}, cluster.CauseDied, 5*time.Millisecond)
	})
}

// TestOneDoesNotHear shows that a leader that one follower alone does not hear is
// not deposed.
func TestOneDoesNotHear(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newTown(t, "n1", "n2", "n3")
		defer w.close()
		w.mu.Lock()
		w.cut[[2]cluster.NodeID{"n2", "n1"}] = context.DeadlineExceeded
		w.mu.Unlock()
		time.Sleep(10 * time.Minute)
		w.expect(nil, "", 0)
	})
}

// TestBusyLeader shows that a leader which was silent before, and lived, is
// given more time.
func TestBusyLeader(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newTown(t, "n1", "n2", "n3")
		defer w.close()
		quiet := func(d time.Duration, off bool) {
			w.mu.Lock()
			for _, id := range []cluster.NodeID{"n2", "n3"} {
				if w.cut[[2]cluster.NodeID{id, "n1"}] = nil; off {
					w.cut[[2]cluster.NodeID{id, "n1"}] = context.DeadlineExceeded
				}
			}
			w.mu.Unlock()
			time.Sleep(d)
		}
		for _, d := range []time.Duration{90, 120, 180} { // each less than twice the longest so far
			quiet(d*time.Millisecond, true)
			quiet(time.Second, false)
		}
		quiet(300*time.Millisecond, true) // twice the setting
		w.expect(nil, "", 0)
		quiet(170*time.Millisecond, true) // and three times the setting is the most
		w.mu.Lock()
		stood := slices.Clone(w.stood)
		w.mu.Unlock()
		if len(stood) == 0 || stood[0] != "n2" {
			t.Errorf("stood %v, want n2", stood)
		}
	})
}

// TestFarewell shows that a leader which says goodbye, since its disk hangs, is
// followed at once, though its port is still there.
func TestFarewell(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newTown(t, "n1", "n2", "n3")
		defer w.close()
		w.mu.Lock()
		w.marked = time.Now()
		w.mu.Unlock()
		w.nodes["n1"].watch.Farewell(cluster.CauseMute)
		w.block("n2", "n1", io.ErrUnexpectedEOF)
		w.block("n3", "n1", io.ErrUnexpectedEOF)
		time.Sleep(30 * time.Millisecond)
		w.expect([]cluster.NodeID{"n2"}, cluster.CauseMute, 5*time.Millisecond)
	})
}

// TestFirstDoesNotWin shows that the next one stands when the first got
// nowhere: a step later, and later still once the term has risen.
func TestFirstDoesNotWin(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newTown(t, "n1", "n2", "n3")
		defer w.close()
		w.kill("n1")
		time.Sleep(20 * time.Millisecond)
		w.mu.Lock()
		for _, id := range []cluster.NodeID{"n2", "n3"} { // n2 stands and does not win
			w.nodes[id].own.Term, w.nodes[id].own.Leader, w.nodes[id].own.Follows = 8, "", true
		}
		w.mu.Unlock()
		time.Sleep(250 * time.Millisecond)
		w.expect([]cluster.NodeID{"n2", "n3"}, cluster.CauseDied, 5*time.Millisecond)
		if took := w.tookFor[1]; took < 100*time.Millisecond {
			t.Errorf("n3 stood after %v, in the middle of n2's election", took)
		}
	})
}

// TestLeaderComesBack shows that a leader which was lost and is heard since is
// not.
func TestLeaderComesBack(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newTown(t, "n1", "n2", "n3")
		defer w.close()
		w.block("n2", "n1", syscall.ECONNREFUSED)
		time.Sleep(time.Second)
		w.mu.Lock()
		clear(w.cut)
		w.mu.Unlock()
		time.Sleep(time.Second)
		w.block("n3", "n1", syscall.ECONNREFUSED)
		time.Sleep(time.Minute)
		w.expect(nil, "", 0)
	})
}

// TestNextLeaderDies shows that a node which stood, and followed the leader that
// came of it, stands again when that one dies two seconds later.
func TestNextLeaderDies(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newTown(t, "n1", "n2", "n3")
		defer w.close()
		for _, leader := range []cluster.NodeID{"n1", "n3"} {
			w.mu.Lock()
			w.leader = leader
			w.mu.Unlock()
			w.kill(leader)
			time.Sleep(30 * time.Millisecond)
			w.mu.Lock()
			clear(w.cut) // it is started again, and n3 leads
			for _, n := range w.nodes {
				n.own.Term, n.own.Leader = 9, "n3"
				n.own.Follows, n.own.MayLead = true, true
			}
			w.nodes["n3"].own.Follows, w.nodes["n3"].own.MayLead = false, false
			w.nodes["n2"].own.Last.Index = 101
			w.mu.Unlock()
			time.Sleep(2 * time.Second)
		}
		w.expect([]cluster.NodeID{"n2", "n2"}, cluster.CauseDied, 5*time.Millisecond)
	})
}

// TestSlowCandidate shows that a node which stands is given the time of an
// election from when it says so: its own vote may take its disk a while.
func TestSlowCandidate(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newTown(t, "n1", "n2", "n3")
		defer w.close()
		w.slow = true
		w.kill("n1")
		time.Sleep(95 * time.Millisecond)
		w.expect([]cluster.NodeID{"n2"}, cluster.CauseDied, 5*time.Millisecond)
		time.Sleep(100 * time.Millisecond)
		w.expect([]cluster.NodeID{"n2", "n3"}, cluster.CauseDied, 5*time.Millisecond)
	})
}

// TestOwnReignIsNoSilence shows that the time in which a node led itself is no
// silence of the leader before and after it.
func TestOwnReignIsNoSilence(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newTown(t, "n1", "n2", "n3")
		defer w.close()
		for _, order := range [][]cluster.NodeID{{"n2", "n3", "n1"}, {"n1", "n3", "n2"}} {
			for _, id := range order { // who leads knows it first
				leader := order[0]
				w.mu.Lock()
				own := &w.nodes[id].own
				own.Term, own.Leader, own.Heard = own.Term+1, leader, time.Time{}
				own.Follows, own.MayLead = id != leader, id != leader
				w.nodes["n2"].own.Last.Index = 101
				w.mu.Unlock()
				time.Sleep(60 * time.Millisecond)
			}
			time.Sleep(3 * time.Second)
		}
		w.mu.Lock()
		for _, id := range []cluster.NodeID{"n2", "n3"} {
			w.cut[[2]cluster.NodeID{id, "n1"}] = context.DeadlineExceeded
		}
		w.marked = time.Now()
		w.mu.Unlock()
		time.Sleep(210 * time.Millisecond)
		w.expect([]cluster.NodeID{"n2"}, cluster.CauseTimeout, 210*time.Millisecond)
	})
}
