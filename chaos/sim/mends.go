package sim

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/rialto-exchange/rialto/node"
	"github.com/rialto-exchange/rialto/node/world"
)

// refused reports whether an end says that the node will not go on with this
// folder, however often it is started: what its data says is not to be trusted,
// or there is none.
func refused(err error) bool {
	return isWrong(err) || errors.Is(err, node.ErrNotMember) || errors.Is(err, node.ErrRemoved)
}

// mend is what an operator does with a folder that its node calls damaged:
// `rialto repair`, and a start if that brought it back. Meanwhile nobody starts
// the node.
func (m *machine) mend(why error) {
	m.mu.Lock()
	touched := m.corrupted != ""
	m.mending = true
	m.mu.Unlock()
	if !touched {
		m.run.fail("wrong state", "%s calls its folder damaged, and nothing was done to its disk: %v", m.id, why)
	}
	mount := m.disk.Mount()
	mount.AfterDeath(endsRaft)
	w := world.World{Files: mount, Network: m.run.network.Host(m.addr), Clock: &m.clock, Random: &randomReader{random: stream(m.run.plan.Seed, "mends "+m.id)}}
	go func() {
		found := node.Repair{Lost: errors.New("the machine died while its folder was mended")}
		err := found.Lost
		defer func() { m.mended(found, err) }() // also when the mount dies, and this goroutine with it
		found, err = node.RepairFolder(context.Background(), m.config(), m.run.log.With("node", m.id), node.WithWorld(w))
	}()
}

// mended ends a repair: the node is started, unless its folder is lost.
func (m *machine) mended(found node.Repair, err error) {
	m.mu.Lock()
	m.mending = false
	m.mu.Unlock()
	switch {
	case err != nil: // a disk that fails or died with its machine: again, when it is started again
		m.run.log.Info("SIM repair failed", "node", m.id, "error", err)
		m.restartIn(restartAfter)
	case found.Lost != nil:
		m.run.judgeEnd(m, fmt.Errorf("its folder can't be mended: %w", found.Lost))
	default:
		m.run.noted("%s was mended: %s", m.id, strings.Join(append(found.Done, found.Noted...), "; "))
		m.run.mended.Add(1)
		m.restartIn(restartAfter)
	}
}
