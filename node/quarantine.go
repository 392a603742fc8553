package node

import (
	"errors"
	"fmt"
	"os"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/gateways"
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
}

// look remembers this node's hash and reports the index at which a majority of
// the voters agrees on another one, if there is such.
func (v *verdict) look(index uint64, hash, self string, nodes []gateways.TwinNode, voters int) (uint64, bool) {
	if _, seen := v.own[index]; index != 0 && !seen {
		v.own[index] = hash
		if v.order = append(v.order, index); len(v.order) > verdicts {
			delete(v.own, v.order[0])
			v.order = v.order[1:]
		}
	}
	type claim struct {
		index uint64
		hash  string
	}
	against := map[claim]int{}
	for _, n := range nodes {
		own, known := v.own[n.StateHashIndex]
		if n.ID == self || n.Role == "reader" || n.State != stateAlive || !known || own == n.StateHash {
			continue
		}
		c := claim{n.StateHashIndex, n.StateHash}
		if against[c]++; against[c] > voters/2 {
			return c.index, true
		}
	}
	return 0, false
}

func (n *Node) quarantineFile() string { return n.cfg.path("QUARANTINED") }

// quarantine marks the data as not to be trusted and ends the node: wrong
// state stops it.
func (n *Node) quarantine(index uint64) {
	reason := fmt.Sprintf("the state at index %d differs from the majority's", index)
	if err := os.WriteFile(n.quarantineFile(), []byte(reason+"\n"), 0o600); err != nil {
		n.log.Error("the quarantine could not be recorded", "error", err)
	}
	n.fail(&cluster.WrongState{Err: fmt.Errorf("%w: %s", ErrQuarantined, reason)})
}

func (n *Node) refuseQuarantined() error {
	reason, err := os.ReadFile(n.quarantineFile())
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("data_dir: %w", err)
	}
	return fmt.Errorf("%w: %sdata_dir %s is not to be trusted: start with an empty one and a new node_id",
		ErrQuarantined, reason, n.cfg.DataDir)
}
