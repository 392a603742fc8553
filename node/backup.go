package node

import (
	"context"
	"fmt"
	"io"

	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node/backup"
)

// Backup implements gateways.Operations. It takes a snapshot first, so that a
// restore has little to replay; where room is short the one before must do. A
// node that lacks events has no past to give.
func (o operations) Backup(ctx context.Context, have gateways.BackupHave, w io.Writer) error {
	if _, _, gap := o.journal.Missing(); gap || !o.level.Load() {
		return fmt.Errorf("%w: this node has not caught up; ask another", gateways.ErrDegraded)
	}
	if floor := o.journal.Floor().Sequence; floor > 1 {
		return fmt.Errorf("%w: this node's events begin at sequence %d; ask another", gateways.ErrDegraded, floor)
	}
	if err := o.consensus.Snapshot(ctx); err != nil {
		o.log.Warn("backup without a new snapshot", "error", err)
	}
	state := o.replica.state.Load()
	last := min(state.index, uint64(o.consensus.Status().AppliedIndex)) // the machine is a moment ahead of what consensus says
	err := backup.Send(ctx, w, backup.SourceOf(o.consensus, o.journal),
		backup.Have{Entries: have.Entries, Blocks: have.Blocks, Snapshot: have.Snapshot},
		backup.Description{
			ClusterID: o.cfg.ClusterID, History: historyText(state.history), Node: o.cfg.NodeID, Build: o.version, Last: last,
		})
	if err != nil {
		return fmt.Errorf("%w: %w", gateways.ErrDegraded, err)
	}
	return nil
}
