package node

import (
	"io"
	"iter"
	"log/slog"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
	"github.com/rialto-exchange/rialto/node/backup"
	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// stoppedNode is the past in a data folder that nobody has open.
type stoppedNode struct {
	files world.Files
	log   *consensus.Past
	cfg   Config
	// last bounds the entries: those beyond it may not be committed.
	last cluster.Index
}

var _ backup.Past = stoppedNode{}

// Entries implements backup.Past.
func (p stoppedNode) Entries(first, last cluster.Index) iter.Seq2[cluster.Entry, error] {
	return p.log.Entries(first, last)
}

// Reach implements backup.Past.
func (p stoppedNode) Reach() (first, last cluster.Index) { return p.log.First(), p.last }

// Snapshots implements backup.Past.
func (p stoppedNode) Snapshots() ([]cluster.Index, error) { return p.log.Snapshots() }

// Restore implements backup.Past.
func (p stoppedNode) Restore(index cluster.Index, restore func(io.Reader) error) error {
	return p.log.Restore(index, restore)
}

// Blocks implements backup.Past.
func (p stoppedNode) Blocks(yield func(journal.Frame) error) error {
	return journal.ReadDir(p.files, p.cfg.path("journal"), yield)
}

// VerifyFolder proves the past in a stopped node's data folder, as far as its
// events reach: what the log holds beyond them may not be committed.
func VerifyFolder(cfg Config, head string, log *slog.Logger, options ...Option) (backup.Proof, error) {
	w := worldOf(options)
	if err := belongs(w, cfg, log); err != nil {
		return backup.Proof{}, err
	}
	past, err := consensus.OpenPast(w.Files, cfg.path("raft"), cfg.path("archive"), log)
	if err != nil {
		return backup.Proof{}, err
	}
	p := stoppedNode{files: w.Files, log: past, cfg: cfg}
	err = p.Blocks(func(f journal.Frame) error {
		p.last = cluster.Index(f.Index)
		return nil
	})
	var proof backup.Proof
	if err == nil {
		proof, err = backup.Prove(p, head)
	}
	if closed := past.Close(); err == nil {
		err = closed
	}
	return proof, err
}
