package forward_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/rialto-exchange/rialto/cluster"
)

// timeless hides the test's deadline from rapid: inside a bubble of virtual
// time there is none.
type timeless struct{ rapid.TB }

// told is what one call was answered.
type told struct {
	node, first, count int
	err                error
	outcomes           []cluster.Outcome
}

// Whatever happens to leaders, connections and proposals: each call is
// answered exactly once, each command is executed exactly once, the commands
// of one client in their order, and the answer names the entry that did it.
func TestOrderOverFailover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(timeless{t}, func(t *rapid.T) {
			s := newStory(t)
			defer s.venue.close()
			t.Repeat(map[string]func(*rapid.T){
				"submit":  s.submit,
				"submit ": s.submit, // drawn more often than the faults
				"wait":    s.wait,
				"elect":   s.elect,
				"flap":    s.flap,
				"cut":     s.cut,
				"hand":    s.hand,
				"slow":    s.slow,
				"relay":   s.relay,
			})
			s.end(t)
		})
	})
}

// story is one run of the property.
type story struct {
	venue   *venue
	sent    []int // commands, by node
	calls   int
	answers chan told
}

func newStory(t *rapid.T) *story {
	v := newVenue(3, nil)
	v.lag = time.Duration(rapid.IntRange(0, 5).Draw(t, "lag")) * time.Millisecond
	v.elect(rapid.IntRange(-1, 2).Draw(t, "leader"), 0, atOnce)
	return &story{venue: v, sent: make([]int, 3), answers: make(chan told, 100_000)}
}

func (s *story) submit(t *rapid.T) {
	node := rapid.IntRange(0, 2).Draw(t, "node")
	for range rapid.IntRange(1, 8).Draw(t, "calls") {
		count := rapid.SampledFrom([]int{1, 1, 1, 3, 400, cluster.MaxEntryCommands + 1}).Draw(t, "commands")
		answer := told{node: node, first: s.sent[node], count: count}
		var batch [][]byte
		for range count {
			batch = append(batch, []byte(name(node, s.sent[node])))
			s.sent[node]++
		}
		s.calls++
		err := s.venue.nodes[node].client.Enqueue(batch, func(o []cluster.Outcome, err error) {
			answer.outcomes, answer.err = o, err
			s.answers <- answer
		})
		if errors.Is(err, cluster.ErrOverloaded) { // not taken: as if never called
			s.sent[node] -= count
			s.calls--
		} else if err != nil {
			t.Fatalf("enqueue: %v", err)
		}
	}
}

func name(node, number int) string { return fmt.Sprintf("%d-%d", node, number) }

func (s *story) wait(t *rapid.T) {
	time.Sleep(time.Duration(rapid.IntRange(0, 4000).Draw(t, "µs")) * time.Microsecond)
}

// elect changes the leader at some instant between commits; nodes hear of it
// one after the other.
func (s *story) elect(t *rapid.T) {
	number := rapid.IntRange(-1, 2).Draw(t, "leader")
	kept := rapid.IntRange(0, 3).Draw(t, "kept")
	s.venue.elect(number, kept, func() { s.wait(t) })
}

// flap takes leadership from the leader and gives it back.
func (s *story) flap(t *rapid.T) {
	s.venue.mu.Lock()
	leader := s.venue.leader
	s.venue.mu.Unlock()
	s.venue.elect(leader, rapid.IntRange(0, 3).Draw(t, "kept"), func() { s.wait(t) })
}

// hand tries to transfer leadership: the leader pauses, Raft refuses entries
// for a while, and then another leads or, if that failed, the leader resumes.
func (s *story) hand(t *rapid.T) {
	s.venue.mu.Lock()
	leader := s.venue.leader
	s.venue.mu.Unlock()
	if leader < 0 {
		return
	}
	sequencer := s.venue.nodes[leader].sequencer
	if err := sequencer.Pause(context.Background()); err != nil {
		t.Fatal(err)
	}
	s.venue.refuse(true)
	s.submit(t)
	s.wait(t)
	s.venue.refuse(false)
	s.submit(t)
	s.wait(t)
	if rapid.Bool().Draw(t, "succeeds") {
		s.elect(t)
	} else {
		sequencer.Resume()
	}
}

func (s *story) cut(*rapid.T) { s.venue.cut() }

// relay has clients go round by another node from now on, or no more.
func (s *story) relay(t *rapid.T) {
	s.venue.mu.Lock()
	defer s.venue.mu.Unlock()
	s.venue.relayed = rapid.Bool().Draw(t, "relayed")
}

func (s *story) slow(t *rapid.T) {
	s.venue.mu.Lock()
	defer s.venue.mu.Unlock()
	s.venue.latency = time.Duration(rapid.IntRange(100, 5000).Draw(t, "latency")) * time.Microsecond
}

// end gives the venue a leader, waits for all answers and checks.
func (s *story) end(t *rapid.T) {
	s.venue.elect(1, 1, atOnce)
	var all []told
	for range s.calls {
		all = append(all, <-s.answers)
	}
	synctest.Wait()
	s.venue.mu.Lock()
	defer s.venue.mu.Unlock()
	for _, a := range all {
		s.check(t, a)
	}
	if extra := len(s.answers); extra != 0 {
		t.Fatalf("%d calls were answered twice", extra)
	}
	next := make([]int, len(s.sent))
	for _, c := range s.venue.order {
		if strings.HasPrefix(c, "term") {
			continue
		}
		var node, number int
		fmt.Sscanf(c, "%d-%d", &node, &number)
		if number != next[node] {
			t.Fatalf("node %d: command %d was executed when %d was next", node, number, next[node])
		}
		next[node]++
	}
	for node, sent := range s.sent {
		if next[node] != sent {
			t.Fatalf("node %d: %d of %d commands were executed", node, next[node], sent)
		}
	}
}

func (s *story) check(t *rapid.T, a told) {
	if a.err != nil || len(a.outcomes) != a.count {
		t.Fatalf("%s: %d outcomes of %d, %v", name(a.node, a.first), len(a.outcomes), a.count, a.err)
	}
	for i, o := range a.outcomes {
		c := name(a.node, a.first+i)
		if string(o.Data) != "did "+c || o.Index < s.venue.executed[c] {
			t.Fatalf("%s: answered %q at %d, executed at %d", c, o.Data, o.Index, s.venue.executed[c])
		}
	}
}
