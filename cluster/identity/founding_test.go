package identity_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/identity"
	"github.com/rialto-exchange/rialto/node/world"
)

// founders is a founding of three in which every message and every write is
// one step of the test.
type founders struct {
	t       *testing.T
	list    []identity.Founder
	folders map[cluster.NodeID]identity.Folder
	level   map[cluster.NodeID]uint16
	lists   map[cluster.NodeID][]identity.Founder // of those told another one
}

func newFounders(t *testing.T) *founders {
	f := &founders{
		t: t, folders: map[cluster.NodeID]identity.Folder{},
		level: map[cluster.NodeID]uint16{}, lists: map[cluster.NodeID][]identity.Founder{},
	}
	for _, id := range []cluster.NodeID{"n1", "n2", "n3"} {
		f.list = append(f.list, identity.Founder{ID: id, Address: string(id) + ":7080"})
		f.birth(id, identity.Founding)
	}
	return f
}

func (f *founders) birth(id cluster.NodeID, state identity.State) {
	f.folders[id] = identity.New(world.System().Random, "c", id, state)
}

func (f *founders) word(id cluster.NodeID) identity.Word {
	list := f.list
	if own, other := f.lists[id]; other {
		list = own
	}
	return f.folders[id].Word(list, f.level[id])
}

// round lets one founder hear all others that live, and take its step.
func (f *founders) round(id cluster.NodeID, dead ...cluster.NodeID) ([]cluster.NodeID, error) {
	words := map[cluster.NodeID]identity.Word{}
	for other := range f.folders {
		if other != id && !slices.Contains(dead, other) {
			words[other] = f.word(other)
		}
	}
	next, missing, err := f.folders[id].Next(f.word(id), words)
	if err == nil {
		f.folders[id] = next
	}
	return missing, err
}

func (f *founders) rounds(ids ...cluster.NodeID) {
	f.t.Helper()
	for _, id := range ids {
		if _, err := f.round(id); err != nil {
			f.t.Fatalf("%s: %v", id, err)
		}
	}
}

func (f *founders) want(states ...identity.State) {
	f.t.Helper()
	for i, id := range slices.Sorted(maps.Keys(f.folders)) {
		if got := f.folders[id].State; got != states[i] {
			f.t.Errorf("%s is %s, want %s", id, got, states[i])
		}
	}
}

// TestFounding shows the one way: nobody goes on before every founder has
// founders and history on disk, and then all have the same ones.
func TestFounding(t *testing.T) {
	f := newFounders(t)
	if missing, err := f.round("n1", "n3"); err != nil || !slices.Equal(missing, []cluster.NodeID{"n3"}) {
		t.Fatalf("with n3 away: missing %v, %v", missing, err)
	}
	f.want(identity.Founding, identity.Founding, identity.Founding)
	f.rounds("n1", "n1", "n1") // it alone has agreed, however often it asks
	f.want(identity.Agreed, identity.Founding, identity.Founding)
	f.rounds("n2", "n2", "n3")
	f.want(identity.Agreed, identity.Agreed, identity.Agreed)
	f.rounds("n3", "n1", "n2")
	f.want(identity.Admitted, identity.Admitted, identity.Admitted)
	history := f.folders["n1"].History
	for id, folder := range f.folders {
		if folder.History != history || history == 0 || len(folder.Founders) != 3 {
			t.Errorf("%s has history %s of %v, want %s", id, folder.History, folder.Founders, history)
		}
	}
	again := newFounders(t)
	again.rounds("n1")
	if again.folders["n1"].History == history {
		t.Error("two foundings of the same nodes have one history")
	}
}

// TestFoundingGoesOn shows that a founder which died having agreed completes
// the same founding, also when the others have begun to trade meanwhile.
func TestFoundingGoesOn(t *testing.T) {
	f := newFounders(t)
	f.rounds("n1", "n2", "n3", "n2", "n3")
	for _, id := range []cluster.NodeID{"n2", "n3"} {
		folder := f.folders[id]
		folder.State = identity.Member
		f.folders[id] = folder
	}
	f.want(identity.Agreed, identity.Member, identity.Member)
	f.rounds("n1")
	f.want(identity.Admitted, identity.Member, identity.Member)
}

// TestFoundingRefused shows who is not of one mind, and that every refusal
// says why.
func TestFoundingRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(f *founders)
		want string
	}{
		{"another list", func(f *founders) { f.lists["n2"] = f.list[1:] }, "other founders"},
		{"another level", func(f *founders) { f.level["n2"] = 1 }, "feature level 1"},
		{"told to join", func(f *founders) { f.birth("n2", identity.Joining) }, "told to join"},
		{"founded already", func(f *founders) {
			f.rounds("n1", "n2", "n3", "n1", "n2", "n3")
			f.birth("n1", identity.Founding)
		}, "was founded already"},
		{"two wiped, one not", func(f *founders) {
			f.rounds("n1", "n2", "n3", "n1", "n2", "n3")
			f.birth("n1", identity.Founding)
			f.birth("n2", identity.Founding)
		}, "was founded already"},
		{"adopted", func(f *founders) { f.birth("n2", identity.Adopting) }, "was founded already"},
		{"wiped after the others agreed", func(f *founders) {
			f.rounds("n2", "n3")
			f.birth("n1", identity.Founding)
		}, "agreed to another founding"},
		{"another wiped after this one agreed", func(f *founders) {
			f.rounds("n1")
			f.birth("n2", identity.Founding)
		}, "has lost its folder"},
		{"another node at the address", func(f *founders) {
			f.folders["n2"] = identity.New(world.System().Random, "c", "n9", identity.Founding)
		}, `answers node "n9"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFounders(t)
			c.do(f)
			before := f.folders["n1"].State
			_, err := f.round("n1")
			if !errors.Is(err, identity.ErrFounding) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want one with %q", err, c.want)
			}
			if got := f.folders["n1"].State; got != before {
				t.Errorf("a refused founder went from %s to %s", before, got)
			}
		})
	}
}

// TestFoundingAlone shows a cluster of one: it agrees with itself.
func TestFoundingAlone(t *testing.T) {
	f := newFounders(t)
	f.list = f.list[:1]
	f.rounds("n1", "n1")
	if got := f.folders["n1"].State; got != identity.Admitted {
		t.Errorf("got %s", got)
	}
}
