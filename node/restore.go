package node

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/identity"
	"github.com/rialto-exchange/rialto/node/backup"
	"github.com/rialto-exchange/rialto/node/world"
)

// ErrNotEmpty: a folder that something is to be made in holds something already.
var ErrNotEmpty = errors.New("the folder is not empty")

// The causes of a new history, as its first event tells them.
const (
	causeRestored  = "restored"
	causeRecovered = "recovered"
)

// Restore makes the data folder of a new cluster's first node from a backup, or
// from the archive of a node: the venue as it was at the target, under a new
// history. tell is told, before anything is written, from what to what and what
// is given up; an error of it ends everything. The node is started like any other,
// without founding anything, and leads alone until others join it.
//
// cfg.DataDir must not be there or be empty. What a backup's manifest names is
// verified first, every byte of it.
func Restore(ctx context.Context, cfg Config, from string, target backup.Target, tell func(backup.Renewed) error, options ...Option) (backup.Renewed, error) {
	w := worldOf(options)
	if err := emptyFolder(w.Files, cfg.DataDir); err != nil {
		return backup.Renewed{}, err
	}
	past, err := backup.Open(from)
	if err != nil {
		return backup.Renewed{}, err
	}
	if id := past.Manifest.ClusterID; id != "" && id != cfg.ClusterID {
		return backup.Renewed{}, fmt.Errorf("the backup is of cluster %s and cluster_id is %s: a venue keeps its name, and is told apart by its history", id, cfg.ClusterID)
	}
	if _, err := past.Verify(""); err != nil {
		return backup.Renewed{}, fmt.Errorf("verify the backup: %w", err)
	}
	return renew(ctx, w, cfg, past, target, causeRestored, renewal{tell: tell})
}

// renewal is what else a new history is made of.
type renewal struct {
	term    cluster.Term
	removed []cluster.Enrolment
	tell    func(backup.Renewed) error
}

// renew makes a data folder that goes on from a past. Its identity is written
// last: without it no node starts on the folder.
func renew(ctx context.Context, w world.World, cfg Config, past backup.Past, target backup.Target, cause string, r renewal) (backup.Renewed, error) {
	if err := w.Files.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return backup.Renewed{}, fmt.Errorf("data_dir: %w", err)
	}
	folder := identity.New(w.Random, cfg.ClusterID, cluster.NodeID(cfg.NodeID), identity.Admitted)
	history, err := newHistory(w.Random)
	if err != nil {
		return backup.Renewed{}, err
	}
	folder.History = history
	done, err := backup.Rebuild(ctx, past, backup.Renewal{
		World: w, DataDir: cfg.DataDir, Machine: cfg.machine(), Incarnation: folder.Incarnation, Removed: r.removed,
		Member:  cluster.Member{ID: folder.Node, Address: advertised(cfg.PeerAddress, cfg.AdvertiseHost), Voter: true},
		History: history, Cause: cause, Term: r.term, Tell: r.tell,
	}, target)
	if err == nil {
		err = folder.Write(w.Files, cfg.DataDir)
	}
	if err != nil {
		return done, fmt.Errorf("%w; what there is in %s is no node's folder", err, cfg.DataDir)
	}
	return done, nil
}

// newHistory names a past that nobody else can name. It is never 0.
func newHistory(random io.Reader) (cluster.History, error) {
	var b [8]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return 0, fmt.Errorf("name the venue's history: %w", err)
	}
	return cluster.History(binary.BigEndian.Uint64(b[:]) | 1), nil
}

// emptyFolder refuses a folder that holds anything but what a file system puts
// into its root.
func emptyFolder(files world.Files, dir string) error {
	entries, err := files.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("data_dir: %w", err)
	}
	for _, e := range entries {
		if e.Name() != "lost+found" {
			return fmt.Errorf("%w: %s holds %s: nothing is written over what is there", ErrNotEmpty, dir, e.Name())
		}
	}
	return nil
}
