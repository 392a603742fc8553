package consensus

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/raft"
)

// nudged is what a test of nudges sees: what was sent, and what becomes of it.
type nudged struct {
	*nudges
	term, last uint64
	sent       []uint64      // the entries that f was told to be committed
	hold       chan struct{} // if set, a nudge is under way until it closes
	err        error
}

func newNudged() *nudged {
	n := &nudged{term: 3, last: 10}
	n.nudges = newNudges(func() uint64 { return n.term }, func() uint64 { return n.last },
		func(_ raft.ServerID, _ raft.ServerAddress, args *raft.AppendEntriesRequest) error {
			if args.PrevLogEntry != args.LeaderCommitIndex || args.Term != args.PrevLogTerm || len(args.Entries) > 0 {
				panic("a nudge goes behind the committed entry, of the leader's own term, and brings none")
			}
			n.sent = append(n.sent, args.LeaderCommitIndex)
			if n.hold != nil {
				<-n.hold
			}
			return n.err
		})
	return n
}

// request is one of the leader of term 3 with the entries after prev up to
// last, which says what is committed.
func request(prev, last, commit uint64) *raft.AppendEntriesRequest {
	a := &raft.AppendEntriesRequest{Term: 3, PrevLogEntry: prev, PrevLogTerm: 3, LeaderCommitIndex: commit}
	for i := prev + 1; i <= last; i++ {
		a.Entries = append(a.Entries, &raft.Log{Index: i, Term: 3})
	}
	return a
}

// acknowledge has the follower answer a request.
func (n *nudged) acknowledge(a *raft.AppendEntriesRequest) {
	n.began("f", "f:1", a)
	n.ended("f", a, agreed(a))
}

// TestWhoIsNudged shows when a follower is told of a commit by a message of its
// own: it has acknowledged the entry, was not told, and no request is on its
// way or about to be that will tell it.
func TestWhoIsNudged(t *testing.T) {
	for _, c := range []struct {
		what string
		do   func(n *nudged)
		want int
	}{
		{"has it and was not told", func(n *nudged) { n.acknowledge(request(9, 10, 9)); n.commit(10, 3) }, 1},
		{"acknowledges it after the commit", func(n *nudged) { n.commit(10, 3); n.acknowledge(request(9, 10, 9)) }, 1},
		{"told twice of the same", func(n *nudged) { n.acknowledge(request(9, 10, 9)); n.commit(10, 3); n.commit(10, 3) }, 1},
		{"was told by a request", func(n *nudged) { n.acknowledge(request(10, 10, 10)); n.commit(10, 3) }, 0},
		{"has not acknowledged it", func(n *nudged) { n.acknowledge(request(8, 9, 8)); n.commit(10, 3) }, 0},
		{"is being asked", func(n *nudged) {
			n.acknowledge(request(9, 10, 9))
			n.began("f", "f:1", request(10, 11, 9))
			n.commit(10, 3)
		}, 0},
		{"refused", func(n *nudged) {
			n.began("f", "f:1", request(9, 10, 9))
			n.ended("f", request(9, 10, 9), 0)
			n.commit(10, 3)
		}, 0},
		{"only heartbeats were answered", func(n *nudged) { n.acknowledge(request(0, 0, 0)); n.commit(10, 3) }, 0},
		{"something newer is in the log", func(n *nudged) { n.last = 11; n.acknowledge(request(9, 10, 9)); n.commit(10, 3) }, 0},
		{"the entry is of an earlier term", func(n *nudged) { n.acknowledge(request(9, 10, 9)); n.commit(10, 2) }, 0},
		{"this node does not lead that term any more", func(n *nudged) { n.acknowledge(request(9, 10, 9)); n.term = 4; n.commit(10, 3) }, 0},
		{"the transport is closed", func(n *nudged) { n.acknowledge(request(9, 10, 9)); n.close(); n.commit(10, 3) }, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			n := newNudged()
			c.do(n)
			synctest.Wait()
			if len(n.sent) != c.want {
				t.Errorf("%s: %d nudges, want %d", c.what, len(n.sent), c.want)
			}
		})
	}
}

// TestOneNudgeAtATime shows that a follower which does not answer gathers no
// nudges, that what was committed meanwhile is told when it does, and that one
// that was lost is left to the library.
func TestOneNudgeAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNudged()
		n.hold = make(chan struct{})
		for at := uint64(10); at <= 12; at++ {
			n.last = at
			n.acknowledge(request(at-1, at, at-1))
			n.commit(at, 3)
			synctest.Wait()
		}
		if len(n.sent) != 1 {
			t.Fatalf("sent %v beside one that is not answered", n.sent)
		}
		close(n.hold)
		synctest.Wait()
		if len(n.sent) != 2 || n.sent[1] != 12 {
			t.Errorf("sent %v, want 10 and then 12", n.sent)
		}
		n.err = errors.New("lost")
		n.last = 13
		n.acknowledge(request(12, 13, 12))
		n.commit(13, 3)
		synctest.Wait()
		if len(n.sent) != 3 {
			t.Errorf("sent %v, want 13 once", n.sent)
		}
		n.close()
		n.wait()
	})
}
