package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/rialto-exchange/rialto/cluster/consensus"
	"github.com/rialto-exchange/rialto/cluster/consensus/archive"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
	"github.com/rialto-exchange/rialto/cluster/identity"
	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// ErrDamaged: what this node promised can't be read any more, so it does not
// start. Repair says what can be done.
var ErrDamaged = consensus.ErrDamaged

// IsDamaged reports whether a node could not start, or go on, because its log,
// its term and vote or its snapshot does not verify.
func IsDamaged(err error) bool {
	return errors.Is(err, ErrDamaged) || errors.Is(err, logstore.ErrCorrupt) || errors.Is(err, logstore.ErrTruncated)
}

// Repair is what RepairFolder found and did, in words.
type Repair struct {
	// Done are the things that were mended or moved away, Noted what needs
	// nothing but a start.
	Done, Noted []string
	// Lost is why the folder can't be mended, nil if it can: then the node is
	// to be removed from the cluster, the folder set aside, and the node
	// joins as a newcomer. Nothing was changed.
	Lost error
}

// RepairFolder mends what can be mended of a stopped node's data folder without
// forgetting anything that the node promised.
func RepairFolder(ctx context.Context, cfg Config, log *slog.Logger, options ...Option) (Repair, error) {
	var r Repair
	w := worldOf(options)
	if _, err := w.Files.Stat(cfg.DataDir); err != nil {
		return r, fmt.Errorf("data_dir: %w", err)
	}
	aside, err := asideFolder(w.Files, cfg.DataDir)
	if err != nil {
		return r, err
	}
	err = belongs(w, cfg, log)
	if IsDamaged(err) || errors.Is(err, ErrForgotten) || errors.Is(err, ErrQuarantined) || errors.Is(err, ErrRemoved) {
		r.Lost = err
		return r, nil
	}
	if err != nil {
		return r, err
	}
	mended, err := consensus.Repair(w.Files, cfg.path("raft"), aside, log)
	if err != nil {
		return r, fmt.Errorf("look through the log: %w", err)
	}
	for _, name := range mended.Strange {
		r.Noted = append(r.Noted, fmt.Sprintf("%s is no snapshot by its name: it counts for nothing and was left alone", cfg.path("raft", "snapshots", name)))
	}
	if r.Lost = mended.Lost; r.Lost != nil {
		return r, nil
	}
	for _, id := range mended.SetAside {
		r.Done = append(r.Done, fmt.Sprintf("snapshot %s is damaged and was moved to %s: an older one and the log hold all of it", id, aside))
	}
	if err := r.archive(w.Files, cfg, aside); err != nil {
		return r, err
	}
	return r, r.journal(ctx, w.Files, cfg, log)
}

// belongs refuses what a start would refuse: a folder that is not, in all its
// parts, what it was.
func belongs(w world.World, cfg Config, log *slog.Logger) error {
	n := &Node{cfg: cfg, log: log, world: w}
	if err := errors.Join(n.refuseQuarantined(), logstore.InUse(w.Files, cfg.path("raft"))); err != nil {
		return err
	}
	folder, ok, err := n.readIdentity()
	if err != nil {
		return err
	}
	if !ok {
		adopt, err := consensus.HasState(w.Files, cfg.path("raft"), log)
		switch {
		case err == nil:
			return n.nothingElse(adopt)
		case errors.Is(err, consensus.ErrMixed):
			return fmt.Errorf("%w: %w; %s", ErrForgotten, err, n.wayBack())
		case IsDamaged(err):
			return err
		}
		return fmt.Errorf("look through the log: %w", err)
	}
	if err := errors.Join(n.recognise(folder), n.checkRooms(folder)); err != nil || folder.State != identity.Member {
		return err
	}
	return consensus.Belongs(w.Files, cfg.path("raft"), folder.Incarnation, log)
}

// archive moves files away that do not verify: other members have the same.
func (r *Repair) archive(files world.Files, cfg Config, aside string) error {
	a, err := archive.Open(files, cfg.path("archive"))
	if err != nil {
		return err
	}
	for _, file := range a.Ranges() {
		err := a.VerifyFile(file)
		if err == nil {
			continue
		}
		if !errors.Is(err, archive.ErrCorrupt) {
			return err
		}
		if err := files.MkdirAll(aside, 0o700); err != nil {
			return fmt.Errorf("set aside: %w", err)
		}
		if err := files.Rename(cfg.path("archive", file.Name()), filepath.Join(aside, file.Name())); err != nil {
			return fmt.Errorf("set aside: %w", err)
		}
		r.Done = append(r.Done, fmt.Sprintf("archive file %s is damaged and was moved to %s: copy it from another member", file.Name(), aside))
	}
	return nil
}

// journal mends the holes of the event journal from the node's own past. What
// that does not reach, a started node fetches from the others.
func (r *Repair) journal(ctx context.Context, files world.Files, cfg Config, log *slog.Logger) error {
	if _, err := files.Stat(cfg.path("journal")); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	j, err := journal.Open(journal.Options{Files: files, Dir: cfg.path("journal")})
	if err != nil {
		return fmt.Errorf("look through the journal: %w", err)
	}
	if err := j.Scrub(ctx, nil); err != nil && !errors.Is(err, journal.ErrCorrupt) {
		return errors.Join(fmt.Errorf("look through the journal: %w", err), j.Close())
	}
	holes, err := j.Holes()
	if err == nil && len(holes) > 0 {
		err = r.remakeAll(ctx, files, cfg, j, holes, log)
	}
	return errors.Join(err, j.Close())
}

func (r *Repair) remakeAll(ctx context.Context, files world.Files, cfg Config, j *journal.Journal, holes []journal.Hole, log *slog.Logger) error {
	past, err := consensus.OpenPast(files, cfg.path("raft"), cfg.path("archive"), log)
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	for _, h := range holes {
		err := remake(ctx, past, cfg.machine(), j, h)
		if err != nil && ctx.Err() != nil {
			return errors.Join(err, past.Close())
		}
		if err != nil {
			r.Noted = append(r.Noted, fmt.Sprintf("the event journal does not verify in %s, and archive and log do not reach to make it anew (%v): "+
				"the node fetches it from the others when it runs, if it has any", h, err))
			continue
		}
		r.Done = append(r.Done, fmt.Sprintf("the event journal did not verify in %s and was made anew from the log", h))
	}
	return past.Close()
}

// asideFolder names the folder that takes what is moved away this time.
func asideFolder(files world.Files, dataDir string) (string, error) {
	return numbered(files, dataDir, asidePrefix)
}

// numbered returns the first name of a prefix and a number that is free.
func numbered(files world.Files, dataDir, prefix string) (string, error) {
	for n := 1; ; n++ {
		path := filepath.Join(dataDir, fmt.Sprintf("%s%d", prefix, n))
		if _, err := files.Stat(path); errors.Is(err, os.ErrNotExist) {
			return path, nil
		} else if err != nil {
			return "", fmt.Errorf("data_dir: %w", err)
		}
	}
}

// lastNumbered returns the last name of a prefix and a number that is taken, ""
// for none.
func lastNumbered(files world.Files, dataDir, prefix string) (last string, err error) {
	for n := 1; ; n++ {
		path := filepath.Join(dataDir, fmt.Sprintf("%s%d", prefix, n))
		if _, err := files.Stat(path); errors.Is(err, os.ErrNotExist) {
			return last, nil
		} else if err != nil {
			return "", fmt.Errorf("data_dir: %w", err)
		}
		last = path
	}
}

// asidePrefix begins the names of the folders that hold what was moved away.
const asidePrefix = "damaged-"

// SetFolderAside moves all that a stopped node's data folder holds to a folder
// in it, which it returns. The node must have been removed from its cluster:
// it comes back as one that joins.
func SetFolderAside(cfg Config, options ...Option) (string, error) {
	files := worldOf(options).Files
	if err := logstore.InUse(files, cfg.path("raft")); err != nil {
		return "", fmt.Errorf("set aside: stop the node first: %w", err)
	}
	aside, err := asideFolder(files, cfg.DataDir)
	if err != nil {
		return "", err
	}
	entries, err := files.ReadDir(cfg.DataDir)
	if err != nil {
		return "", fmt.Errorf("data_dir: %w", err)
	}
	if err := files.Mkdir(aside, 0o700); err != nil {
		return "", fmt.Errorf("set aside: %w", err)
	}
	for _, e := range entries {
		if matched, _ := filepath.Match(asidePrefix+"*", e.Name()); matched {
			continue
		}
		if err := files.Rename(filepath.Join(cfg.DataDir, e.Name()), filepath.Join(aside, e.Name())); err != nil {
			return aside, fmt.Errorf("set aside: %w", err)
		}
	}
	return aside, nil
}
