package node

import (
	"testing"

	"github.com/rialto-exchange/rialto/gateways"
)

// TestVerdict shows that a node gives up exactly when a majority of the voters
// agrees on another state at an index that the node has a hash of.
func TestVerdict(t *testing.T) {
	peer := func(id, state string, index uint64, hash string) gateways.TwinNode {
		return gateways.TwinNode{ID: id, Role: "follower", State: state, StateHashIndex: index, StateHash: hash}
	}
	for _, c := range []struct {
		what  string
		nodes []gateways.TwinNode
		want  bool
	}{
		{"all agree", []gateways.TwinNode{peer("n2", "alive", 4096, "a"), peer("n3", "alive", 4096, "a")}, false},
		{"one differs", []gateways.TwinNode{peer("n2", "alive", 4096, "b"), peer("n3", "alive", 4096, "a")}, false},
		{"a majority differs", []gateways.TwinNode{peer("n2", "alive", 4096, "b"), peer("n3", "alive", 4096, "b")}, true},
		{"they differ from each other", []gateways.TwinNode{peer("n2", "alive", 4096, "b"), peer("n3", "alive", 4096, "c")}, false},
		{"another index", []gateways.TwinNode{peer("n2", "alive", 8192, "b"), peer("n3", "alive", 8192, "b")}, false},
		{"one of them is dead", []gateways.TwinNode{peer("n2", "dead", 4096, "b"), peer("n3", "alive", 4096, "b")}, false},
	} {
		v := verdict{own: map[uint64]string{}}
		if _, got := v.look(4096, "a", "n1", c.nodes, 3); got != c.want {
			t.Errorf("%s: got %v, want %v", c.what, got, c.want)
		}
	}
}

// TestVerdictRemembers shows that a node that has gone on still compares what
// a slower majority says of an earlier index, and forgets in the end.
func TestVerdictRemembers(t *testing.T) {
	v := verdict{own: map[uint64]string{}}
	others := []gateways.TwinNode{
		{ID: "n2", State: "alive", StateHashIndex: 4096, StateHash: "b"},
		{ID: "n3", State: "alive", StateHashIndex: 4096, StateHash: "b"},
	}
	v.look(4096, "a", "n1", nil, 3)
	for i := range uint64(verdicts - 1) {
		v.look(4096*(i+2), "a", "n1", nil, 3)
	}
	if _, got := v.look(0, "", "n1", others, 3); !got {
		t.Errorf("%d hashes later the node no longer compares", verdicts-1)
	}
	v.look(4096*100, "a", "n1", nil, 3)
	if _, got := v.look(0, "", "n1", others, 3); got {
		t.Errorf("%d hashes later the node still compares", verdicts)
	}
}

// TestUndecided shows when a venue takes nothing: a voter's state differs, and no
// majority is known to have the same. One that differs from a majority halts
// nobody, also when the others have gone on since.
func TestUndecided(t *testing.T) {
	peer := func(id, state string, index uint64, hash string) gateways.TwinNode {
		return gateways.TwinNode{ID: id, Role: "follower", State: state, StateHashIndex: index, StateHash: hash}
	}
	for _, c := range []struct {
		what  string
		looks [][]gateways.TwinNode
		want  bool
	}{
		{"all agree", [][]gateways.TwinNode{{peer("n2", "alive", 4096, "a"), peer("n3", "alive", 4096, "a")}}, false},
		{"one differs, one agrees", [][]gateways.TwinNode{{peer("n2", "alive", 4096, "b"), peer("n3", "alive", 4096, "a")}}, false},
		{"one agreed, and has gone on", [][]gateways.TwinNode{{peer("n3", "alive", 4096, "a")}, {peer("n2", "alive", 4096, "b"), peer("n3", "alive", 8192, "x")}}, false},
		{"one differs, one is dead", [][]gateways.TwinNode{{peer("n2", "alive", 4096, "b"), peer("n3", "dead", 4096, "a")}}, true},
		{"three states", [][]gateways.TwinNode{{peer("n2", "alive", 4096, "b"), peer("n3", "alive", 4096, "c")}}, true},
		{"another index", [][]gateways.TwinNode{{peer("n2", "alive", 8192, "b")}}, false},
	} {
		v := verdict{own: map[uint64]string{}}
		var got bool
		for _, nodes := range c.looks {
			v.look(4096, "a", "n1", nodes, 3)
			_, got = v.undecided(nodes, "n1", 3)
		}
		if got != c.want {
			t.Errorf("%s: got %v, want %v", c.what, got, c.want)
		}
	}
	v := verdict{own: map[uint64]string{}}
	v.look(4096, "a", "n1", nil, 2)
	if _, got := v.undecided([]gateways.TwinNode{peer("n2", "alive", 4096, "b")}, "n1", 2); !got {
		t.Error("one against one of two: the venue goes on")
	}
}
