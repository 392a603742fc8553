package consensus

import (
	"log/slog"
	"sync/atomic"

	"github.com/rialto-exchange/rialto/cluster"
)

// restoreMeter counts the snapshots that were installed on the running node.
// A follower whose log diverged can be sent snapshot after snapshot without
// ever applying an entry in between (a known livelock of the library); three
// in a row are reported. Wiping such a node is the operator's decision.
type restoreMeter struct {
	log   *slog.Logger
	total atomic.Uint64
	inRow atomic.Uint64
}

const suspiciousRestores = 3

func (m *restoreMeter) applied() {
	if m.inRow.Load() != 0 {
		m.inRow.Store(0)
	}
}

func (m *restoreMeter) restored(index cluster.Index) {
	m.total.Add(1)
	m.log.Info("a snapshot of the leader's is installed", "index", index)
	if n := m.inRow.Add(1); n >= suspiciousRestores {
		m.log.Error("snapshots are installed again and again; wipe this node and let it join anew", "in_a_row", n)
	}
}
