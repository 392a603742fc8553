package node_test

import (
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node"
)

// TestSilence shows for how long a member counts as silent: since its last sign
// of life, by the looks that this node itself took; not for the time in which it
// did not run, nor for what another incarnation of its id was silent.
func TestSilence(t *testing.T) {
	life := func(n byte) []cluster.RosterMember {
		return []cluster.RosterMember{{Member: cluster.Member{ID: "n2"}, Incarnation: cluster.Incarnation{n}}}
	}
	nobody := func(cluster.NodeID) bool { return false }
	begun := time.Unix(1000, 0)
	s := node.NewSilence()
	look := func(after time.Duration, n byte, lives func(cluster.NodeID) bool) time.Duration {
		s.Look(begun.Add(after), life(n), lives)
		return s.Of("n2")
	}
	for _, step := range []struct {
		what  string
		after time.Duration
		life  byte
		sign  bool
		lives func(cluster.NodeID) bool
		want  time.Duration
	}{
		{"the first look counts nothing", 0, 1, false, nobody, 0},
		{"half a second on", 500 * time.Millisecond, 1, false, nobody, 500 * time.Millisecond},
		{"another", time.Second, 1, false, nobody, time.Second},
		{"it answered a call", 1500 * time.Millisecond, 1, true, nobody, 0},
		{"and is silent again", 2 * time.Second, 1, false, nobody, 500 * time.Millisecond},
		{"this process was stopped for an hour", time.Hour, 1, false, nobody, 1500 * time.Millisecond},
		{"the clock stood still", time.Hour, 1, false, nobody, 1500 * time.Millisecond},
		{"Raft hears it", time.Hour + time.Second, 1, false, func(cluster.NodeID) bool { return true }, 0},
		{"silent", time.Hour + 2*time.Second, 1, false, nobody, time.Second},
		{"it came back as another", time.Hour + 3*time.Second, 2, false, nobody, time.Second},
	} {
		if step.sign {
			s.Sign("n2")
		}
		if got := look(step.after, step.life, step.lives); got != step.want {
			t.Errorf("%s: silent for %v, want %v", step.what, got, step.want)
		}
	}
}

// TestContradiction shows whose state is doubted: only one that says another hash
// of the same index.
func TestContradiction(t *testing.T) {
	for _, c := range []struct {
		name string
		says gateways.TwinNode
		own  uint64
		want bool
	}{
		{"the same", gateways.TwinNode{State: "alive", StateHashIndex: 5, StateHash: "a"}, 5, false},
		{"another one", gateways.TwinNode{State: "alive", StateHashIndex: 5, StateHash: "b"}, 5, true},
		{"of another index", gateways.TwinNode{State: "alive", StateHashIndex: 6, StateHash: "b"}, 5, false},
		{"its last words", gateways.TwinNode{State: "dead", StateHashIndex: 5, StateHash: "b"}, 5, false},
		{"before there is one", gateways.TwinNode{State: "alive", StateHash: "b"}, 0, false},
	} {
		if got := node.Contradicts(c.says, c.own, "a"); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// TestWorthTakingOver shows which views are taken over from another node: those
// that lack much, and much of what there is.
func TestWorthTakingOver(t *testing.T) {
	const far = 1000
	for _, c := range []struct {
		after, through uint64
		want           bool
	}{
		{0, far, true}, {0, far - 1, false}, {500, 500 + far, true},
		{7 * far, 8 * far, false}, {7*far - 1, 8 * far, true}, {1_000_000, 1_100_000, false},
	} {
		if got := node.WorthTakingOver(c.after, c.through, far); got != c.want {
			t.Errorf("after %d through %d: %v", c.after, c.through, got)
		}
	}
}
