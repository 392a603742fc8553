package node

import (
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/commandcodec"
	"github.com/rialto-exchange/rialto/fsm/entry"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/node/backup"
	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// ErrExecuted: an entry can't be voided where it was executed: somebody may have
// been told what came of it.
var ErrExecuted = errors.New("the entry was executed on this node")

// VoidEntry says to a stopped node that an entry, "INDEX:SHA256" as the node that
// can't execute it prints it, is not to be executed: what stands in its place is
// the same on every node and leaves the event EntryVoided. It counts once a
// majority of the voters was told the same and all others say that they have not
// executed the entry (see mayPass). Of the risked ones that silence is enough:
// if one of them has executed it, what it acknowledged since is lost.
//
// It is refused where the entry was executed, and where the log has another one
// at that index.
func VoidEntry(cfg Config, what string, log *slog.Logger, risked ...string) error {
	index, sum, err := parseVoid(what)
	if err != nil {
		return err
	}
	if slices.Contains(risked, cfg.NodeID) {
		return fmt.Errorf("node %s is the one that is told: the risk is of others, which can't be asked", cfg.NodeID)
	}
	w := world.System()
	if err := belongs(w, cfg, log); err != nil {
		return err
	}
	if err := voidable(w.Files, cfg, index, sum, log); err != nil {
		return err
	}
	data, err := voidData(cfg, index, sum)
	if err != nil {
		return err
	}
	return logstore.AddVoid(w.Files, cfg.path("raft"), logstore.Void{Index: uint64(index), SHA256: sum, Data: data, Risked: risked})
}

// RetryEntry has a stopped node try once more the entry that it panicked at.
func RetryEntry(cfg Config, log *slog.Logger, options ...Option) error {
	w := worldOf(options)
	if err := belongs(w, cfg, log); err != nil {
		return err
	}
	return consensus.ForgetCrash(w.Files, cfg.path("raft"))
}

func parseVoid(text string) (index cluster.Index, sum [32]byte, err error) {
	number, digits, _ := strings.Cut(text, ":")
	b, bad := hex.DecodeString(digits)
	if _, scan := fmt.Sscanf(number, "%d", &index); scan != nil || fmt.Sprint(index) != number || index == 0 || bad != nil || len(b) != len(sum) {
		return 0, sum, fmt.Errorf("%q is not INDEX:SHA256, as the finding of a node that waits before an entry gives it", text)
	}
	copy(sum[:], b)
	return index, sum, nil
}

func voidable(files world.Files, cfg Config, index cluster.Index, sum [32]byte, log *slog.Logger) error {
	err := journal.ReadDir(files, cfg.path("journal"), func(f journal.Frame) error {
		if f.Index >= uint64(index) {
			return fmt.Errorf("%w: its journal goes on to entry %d", ErrExecuted, f.Index)
		}
		return nil
	})
	if err != nil {
		return err
	}
	past, err := consensus.OpenPast(files, cfg.path("raft"), cfg.path("archive"), log)
	if err != nil {
		return err
	}
	defer past.Close()
	if past.Last() < index {
		return nil // it is on its way: the bytes decide
	}
	for e, err := range past.Entries(index, index) {
		if err != nil {
			return err
		}
		if got := backup.Digest(e); got != sum && !isVoid(cfg, e, index, sum) {
			return fmt.Errorf("entry %d of this node has SHA-256 %x", index, got)
		}
	}
	return nil
}

// isVoid reports whether an entry is what stands in the place of a voided one.
func isVoid(cfg Config, e cluster.Entry, index cluster.Index, sum [32]byte) bool {
	data, err := voidData(cfg, index, sum)
	return err == nil && string(data) == string(e.Data)
}

// voidData is what stands in the place of a voided entry: a function of it alone,
// and so the same on every node. Its level is the first, at which an entry may
// come at any time; it names no history and no time of its own.
func voidData(cfg Config, index cluster.Index, sum [32]byte) ([]byte, error) {
	encoded, err := commandcodec.Append(nil, &command.Command{
		Header: command.Header{Source: market.SourceSystem, Role: market.RoleAdmin},
		Body:   &command.VoidEntry{Index: uint64(index), Digest: sum},
	}, fsm.LevelFirst)
	if err != nil {
		return nil, err
	}
	return entry.Seal(nil, entry.Header{Level: fsm.LevelFirst, Cluster: clusterNumber(cfg.ClusterID), Count: 1}, [][]byte{encoded})
}
