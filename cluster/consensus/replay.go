package consensus

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
)

// replay applies what of the log is known to be committed, before Raft starts:
// the machine's own record proves it, entry by entry. Raft knows nothing of
// commits when it starts and learns them from a leader, all at once; while it
// hands thousands of entries to the machine it answers nobody. What the record
// does not reach, the end of the log, is not touched: it may never have been
// committed.
func (n *Node) replay() error {
	witness, ok := n.config.Machine.(cluster.Witness)
	if !ok {
		return nil
	}
	began, from := time.Now(), n.fsm.applied.Load()
	for more := true; more; {
		var err error
		if more, err = n.replayBatch(witness); err != nil {
			return fmt.Errorf("replay the log: %w", err)
		}
	}
	if through := n.fsm.applied.Load(); through > from {
		n.log.Info("log replayed", "after", from, "through", through, "took", time.Since(began))
	}
	return nil
}

// replayBatch reports whether there may be more.
func (n *Node) replayBatch(witness cluster.Witness) (bool, error) {
	logs, err := n.nextCommands(maxAppendEntries)
	if err != nil || len(logs) == 0 {
		return false, err
	}
	entries := make([]cluster.Entry, len(logs))
	for i, log := range logs {
		entries[i] = entryOf(log)
	}
	known, err := witness.Witnessed(entries)
	if err != nil || known == 0 {
		return false, err
	}
	return true, n.fsm.replay(logs[:known])
}

// nextCommands reads the command entries that follow what was applied, at most
// so many.
func (n *Node) nextCommands(limit int) ([]*raft.Log, error) {
	first, last, err := bounds(n.logs)
	if err != nil {
		return nil, err
	}
	var logs []*raft.Log
	for index := max(n.fsm.applied.Load()+1, first); index <= last && len(logs) < limit; index++ {
		log := new(raft.Log)
		if err := n.logs.GetLog(index, log); err != nil {
			return nil, fmt.Errorf("read log: %w", err)
		}
		if isCommand(log) {
			logs = append(logs, log)
		}
	}
	return logs, nil
}

// replayed names an entry that was applied before Raft started, and that Raft
// will hand over all the same.
type replayed struct {
	index, term uint64
	sum         [sha256.Size]byte
}

// replay applies command entries and remembers them.
func (f *fsm) replay(logs []*raft.Log) error {
	entries := make([]cluster.Entry, len(logs))
	for i, log := range logs {
		entries[i] = entryOf(log)
		f.replayed = append(f.replayed, replayed{log.Index, log.Term, sha256.Sum256(log.Data)})
	}
	if _, err := f.applyAll(entries); err != nil {
		f.broken = err
		return err
	}
	f.advance(logs)
	return nil
}

// skip returns what of the logs was not applied before Raft started. What was
// must be what Raft holds to be committed.
func (f *fsm) skip(logs []*raft.Log) ([]*raft.Log, error) {
	for len(f.replayed) > 0 && len(logs) > 0 {
		log, known := logs[0], f.replayed[0]
		if log.Index > known.index || log.Index == known.index && !isCommand(log) {
			return nil, &cluster.WrongState{Err: fmt.Errorf("entry %d was applied and is not in the log", known.index)}
		}
		logs = logs[1:]
		if !isCommand(log) {
			continue
		}
		if log.Index != known.index || log.Term != known.term || sha256.Sum256(log.Data) != known.sum {
			return nil, &cluster.WrongState{Err: fmt.Errorf(
				"entry %d of term %d was applied, another of term %d was committed", known.index, known.term, log.Term)}
		}
		f.replayed = f.replayed[1:]
	}
	if len(f.replayed) == 0 {
		f.replayed = nil
	}
	return logs, nil
}
