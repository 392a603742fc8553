package node

import (
	"errors"
	"fmt"
	"os"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node/world"
)

// ErrQuarantined: the node's state once differed from the majority's. Its data
// is not to be trusted: it comes back with an empty folder and a new id.
var ErrQuarantined = errors.New("node is quarantined")

// verdicts is how many of its own state hashes a node remembers, so that it
// can compare with a node that is a little behind.
const verdicts = 16

// verdict compares this node's state hashes with the others'.
type verdict struct {
	own   map[uint64]string // state hash by index, the last few
	order []uint64
	// with are the other voters that had the same hash, by index.
	with map[uint64]map[string]bool
}

// look remembers this node's hash and reports the index at which a majority of
// the voters agrees on another one, if there is such.
func (v *verdict) look(index uint64, hash, self string, nodes []gateways.TwinNode, voters int) (uint64, bool) {
	v.remember(index, hash)
	against := map[claim]int{}
	for _, n := range v.comparable(nodes, self) {
		if v.own[n.StateHashIndex] == n.StateHash {
			continue
		}
		c := claim{n.StateHashIndex, n.StateHash}
		if against[c]++; against[c] > voters/2 {
			return c.index, true
		}
	}
	return 0, false
}

type claim struct {
	index uint64
	hash  string
}

// undecided reports the index at which another voter's state differs and no
// majority, this node included, is known to have this node's: nobody can say
// which of them is right.
func (v *verdict) undecided(nodes []gateways.TwinNode, self string, voters int) (uint64, bool) {
	all := v.comparable(nodes, self)
	for _, n := range all {
		if v.own[n.StateHashIndex] == n.StateHash {
			v.agreed(n.StateHashIndex, n.ID)
		}
	}
	for _, n := range all {
		if v.own[n.StateHashIndex] != n.StateHash && 1+len(v.with[n.StateHashIndex]) <= voters/2 {
			return n.StateHashIndex, true
		}
	}
	return 0, false
}

// comparable are the other voters that say a hash of an index that this node
// has one of.
func (v *verdict) comparable(nodes []gateways.TwinNode, self string) (out []gateways.TwinNode) {
	for _, n := range nodes {
		if _, known := v.own[n.StateHashIndex]; known && n.ID != self && n.Role != "reader" && n.State == stateAlive {
			out = append(out, n)
		}
	}
	return out
}

func (v *verdict) remember(index uint64, hash string) {
	if _, seen := v.own[index]; index == 0 || seen {
		return
	}
	v.own[index] = hash
	if v.order = append(v.order, index); len(v.order) > verdicts {
		delete(v.own, v.order[0])
		delete(v.with, v.order[0])
		v.order = v.order[1:]
	}
}

func (v *verdict) agreed(index uint64, id string) {
	if v.with == nil {
		v.with = map[uint64]map[string]bool{}
	}
	if v.with[index] == nil {
		v.with[index] = map[string]bool{}
	}
	v.with[index][id] = true
}

func (n *Node) quarantineFile() string { return n.cfg.path("QUARANTINED") }

// quarantine marks the data as not to be trusted and ends the node: wrong
// state stops it.
func (n *Node) quarantine(index uint64) {
	reason := fmt.Sprintf("the state at index %d differs from the majority's", index)
	if err := world.WriteFile(n.world.Files, n.quarantineFile(), []byte(reason+"\n"), 0o600); err != nil {
		n.log.Error("the quarantine could not be recorded", "error", err)
	}
	n.fail(&cluster.WrongState{Err: fmt.Errorf("%w: %s", ErrQuarantined, reason)})
}

func (n *Node) refuseQuarantined() error {
	reason, err := world.ReadFile(n.world.Files, n.quarantineFile())
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("data_dir: %w", err)
	}
	return fmt.Errorf("%w: %sdata_dir %s is not to be trusted: start with an empty one and a new node_id",
		ErrQuarantined, reason, n.cfg.DataDir)
}
