package node

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
	"github.com/rialto-exchange/rialto/cluster/consensus/archive"
	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// remake fills a hole in a stopped node's journal with what the machine makes
// of the entries again: from the newest snapshot before the hole from which
// archive and log hold all entries, or from the first entry on. Nobody else is
// needed for it. The blocks beside the hole must come out as they are.
func remake(ctx context.Context, past *consensus.Past, options fsm.Options, j *journal.Journal, h journal.Hole) error {
	snapshots, err := past.Snapshots()
	if err != nil {
		return err
	}
	failed := error(nil)
	for _, from := range append(snapshots, 0) {
		if from >= cluster.Index(h.After) && from != 0 {
			continue // the block before the hole is to be made again too
		}
		blocks, err := replayPast(ctx, past, options, from, h)
		if err == nil {
			return j.MendReplayed(h, blocks)
		}
		failed = errors.Join(failed, fmt.Errorf("from %s: %w", startOf(from), err))
		if !errors.Is(err, archive.ErrGap) && !errors.Is(err, archive.ErrCorrupt) {
			break
		}
	}
	return failed
}

func startOf(snapshot cluster.Index) string {
	if snapshot == 0 {
		return "the first entry"
	}
	return fmt.Sprintf("the snapshot of entry %d", snapshot)
}

// replayPast returns the blocks of the entries from the one before the hole to
// the one after it.
func replayPast(ctx context.Context, past *consensus.Past, options fsm.Options, from cluster.Index, h journal.Hole) (blocks []journal.Frame, err error) {
	defer func() {
		if p := recover(); p != nil { // the machine refuses what is not its venue's
			err = fmt.Errorf("the machine refused an entry: %v", p)
		}
	}()
	machine := fsm.New(options)
	if from > 0 {
		err := past.Restore(from, func(state io.Reader) error {
			machine, err = fsm.Restore(options, state)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	for entry, err := range past.Entries(from+1, cluster.Index(h.Before)) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		block, _ := machine.Apply(uint64(entry.Index), uint64(entry.Term), entry.Data)
		if uint64(entry.Index) < h.After {
			continue
		}
		encoded := machine.Encoded()
		if encoded == nil {
			encoded = eventcodec.AppendBlock(nil, block)
		}
		blocks = append(blocks, journal.Frame{Index: uint64(entry.Index), Encoded: append([]byte(nil), encoded...)})
	}
	return blocks, nil
}
