package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
	"github.com/rialto-exchange/rialto/cluster/identity"
	"github.com/rialto-exchange/rialto/node/backup"
	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// When a majority of the voters is lost for good nobody can commit, and nobody
// may: what the lost ones acknowledged is not known. An operator who knows that
// they are lost ends that history and begins another one with what the best of
// the survivors has. No node does so by itself.

// Errors of a recovery.
var (
	// ErrMajorityLives: nothing is to be recovered, the survivors can go on.
	ErrMajorityLives = errors.New("a majority of the voters survives: start them, nothing is to be recovered")
	// ErrNotTheBest: another survivor has entries that this one lacks.
	ErrNotTheBest = errors.New("another survivor has more of the log")
	// ErrUnaccounted: of some voter nothing was said.
	ErrUnaccounted = errors.New("every voter must be named as survivor or as lost")
	// ErrBrokeOff: a recovery is to be finished first.
	ErrBrokeOff = errors.New("a recovery broke off while it moved folders, and nothing is lost: leave everything as it is")
	// ErrGone: a folder is of a node that was removed or replaced.
	ErrGone = errors.New("the cluster has removed this incarnation of the node: it survives as nothing")
)

// Survivor is what is left of a node, as its stopped folder says.
type Survivor struct {
	ID      cluster.NodeID
	History cluster.History
	consensus.Survey
	// Applied is the last entry that the node knew to be committed.
	Applied backup.Mark
	own     cluster.Incarnation
}

// Position is how the node is named to a recovery elsewhere: "n1=7:1234", its id
// and the term and index of its last entry.
func (s Survivor) Position() string {
	return fmt.Sprintf("%s=%d:%d", s.ID, s.Last.Term, s.Last.Index)
}

// ParsePosition reads what Position writes.
func ParsePosition(text string) (id cluster.NodeID, end consensus.End, err error) {
	name, at, ok := strings.Cut(text, "=")
	if _, scan := fmt.Sscanf(at, "%d:%d", &end.Term, &end.Index); !ok || name == "" || scan != nil || fmt.Sprintf("%d:%d", end.Term, end.Index) != at {
		return "", end, fmt.Errorf("%q is no position like n1=7:1234, as rialto recover prints it", text)
	}
	return cluster.NodeID(name), end, nil
}

// Survey examines a stopped node's data folder, and changes nothing.
func Survey(dataDir string, log *slog.Logger, options ...Option) (Survivor, error) {
	files := worldOf(options).Files
	var s Survivor
	raftDir := filepath.Join(dataDir, "raft")
	if err := logstore.InUse(files, raftDir); err != nil {
		return s, fmt.Errorf("stop the node first: %w", err)
	}
	folder, ok, err := identity.Read(files, dataDir)
	if err != nil {
		return s, err
	}
	if !ok || folder.State != identity.Member {
		return s, fmt.Errorf("%s is no member's folder", dataDir)
	}
	s.ID, s.History, s.own = folder.Node, folder.History, folder.Incarnation
	if s.Survey, err = consensus.Examine(files, raftDir, log); err != nil {
		return s, err
	}
	err = journal.ReadDir(files, filepath.Join(dataDir, "journal"), func(f journal.Frame) error {
		s.Applied, err = backup.MarkOf(f)
		return err
	})
	return s, err
}

// Losses is what a recovery knows of what is lost.
type Losses struct {
	Voters, Lost []cluster.NodeID
	// Nothing: every entry that was ever acknowledged is on some survivor.
	Nothing bool
}

// Recovery is who is left.
type Recovery struct {
	Survivors map[cluster.NodeID]consensus.End // the others
	Lost      []cluster.NodeID
}

// Survives adds another survivor by its Position.
func (r *Recovery) Survives(position string) error {
	id, end, err := ParsePosition(position)
	if err != nil {
		return err
	}
	if r.Survivors == nil {
		r.Survivors = map[cluster.NodeID]consensus.End{}
	}
	r.Survivors[id] = end
	return nil
}

// IsLost adds nodes that are lost for good.
func (r *Recovery) IsLost(ids ...string) {
	for _, id := range ids {
		r.Lost = append(r.Lost, cluster.NodeID(id))
	}
}

// Judge says whether a recovery may begin with a survivor, and what is lost. It
// refuses where a majority lives, where another survivor has more, and where of a
// voter nothing is said. A majority is one of a single configuration: it lives by
// the last one, and nothing is lost only if so by each that may be in force.
func (r Recovery) Judge(own Survivor) (Losses, error) {
	l := Losses{Voters: own.Voters, Lost: r.Lost}
	for _, v := range own.Voters {
		if r.survives(own, v) == slices.Contains(r.Lost, v) {
			return l, fmt.Errorf("%w: %s", ErrUnaccounted, v)
		}
	}
	nothing := len(own.Configurations) > 0
	for i, voters := range own.Configurations {
		alive := 0
		for _, v := range voters {
			if r.survives(own, v) {
				alive++
			}
		}
		// Raft goes by the last one in the log, committed or not.
		if last := i == len(own.Configurations)-1; last && alive > len(voters)/2 {
			return l, fmt.Errorf("%w: %d of %d", ErrMajorityLives, alive, len(voters))
		}
		nothing = nothing && len(voters)-alive < len(voters)/2+1
	}
	for id, end := range r.Survivors {
		if own.Last.Before(end) {
			return l, fmt.Errorf("%w: %s ends with entry %d of term %d, this one with entry %d of term %d: recover there", ErrNotTheBest,
				id, end.Index, end.Term, own.Last.Index, own.Last.Term)
		}
		if own.Last == end && goesFirst(own.Voters, id, own.ID) {
			return l, fmt.Errorf("%w or, like %s, as much and goes first by its id, so that two do not begin: recover there", ErrNotTheBest, id)
		}
	}
	l.Nothing = nothing
	return l, nil
}

// goesFirst says which of two survivors with the same end begins: a voter, and of
// two voters or two others the one with the lower id.
func goesFirst(voters []cluster.NodeID, a, b cluster.NodeID) bool {
	if va, vb := slices.Contains(voters, a), slices.Contains(voters, b); va != vb {
		return va
	}
	return a < b
}

func (r Recovery) survives(own Survivor, id cluster.NodeID) bool {
	_, other := r.Survivors[id]
	return other || id == own.ID
}

// Beside returns ErrGone if one of two survivors knows that the other's
// incarnation was removed, or its node id taken by another one.
func (s Survivor) Beside(other Survivor) error {
	for _, pair := range [][2]Survivor{{s, other}, {other, s}} {
		at := pair[0].Roster.Standing(cluster.Enrolment{ID: pair[1].ID, Incarnation: pair[1].own})
		if at == cluster.Gone || at == cluster.Replaced {
			return fmt.Errorf("%w: %s, as %s knows", ErrGone, pair[1].ID, pair[0].ID)
		}
	}
	return nil
}

// recoveringRoom is where the new folder is made, inside the old one, and
// recoveredRoom its name once the old one is out of the way; pastPrefix begins the
// name of the folder that then holds the old one.
const (
	recoveringRoom = "recovering"
	recoveredRoom  = "recovered"
	pastPrefix     = "before-recovery-"
)

// Recover begins a new history with what a stopped survivor has, all of its log
// included, whether it was committed or not: somebody may have been told that it
// was. The node is its only member, by a new incarnation; those of the history
// before belong to it no more. The old folder is kept in pastPrefix-N inside
// data_dir, and the others come back as newcomers.
func Recover(ctx context.Context, cfg Config, own Survivor, log *slog.Logger, options ...Option) (done backup.Renewed, aside string, err error) {
	w := worldOf(options)
	if err := belongs(w, cfg, log); err != nil {
		return done, "", err
	}
	next := cfg
	next.DataDir = cfg.path(recoveringRoom)
	if err := w.Files.RemoveAll(next.DataDir); err != nil { // of one that broke off: the old folder is whole
		return done, "", fmt.Errorf("data_dir: %w", err)
	}
	past, err := consensus.OpenPast(w.Files, cfg.path("raft"), cfg.path("archive"), log)
	if err != nil {
		return done, "", err
	}
	retired := append(slices.Clone(own.Roster.Removed), own.Roster.Pending...)
	for _, m := range own.Roster.Members {
		if !m.Incarnation.IsZero() {
			retired = append(retired, cluster.Enrolment{ID: m.ID, Incarnation: m.Incarnation})
		}
	}
	done, err = renew(ctx, w, next, stoppedNode{files: w.Files, log: past, cfg: cfg, last: own.Last.Index}, backup.Target{}, causeRecovered,
		renewal{term: max(own.Term, own.Last.Term), removed: retired})
	if err = errors.Join(err, past.Close()); err != nil {
		return done, "", err
	}
	aside, err = swapFolder(w.Files, cfg)
	return done, aside, err
}

// swapFolder puts what was made in the place of what was there: the old folder
// moves aside, its identity first; then the new one gets another name, so that a
// crash leaves no doubt of how far this has come; then it moves up, its identity
// last. So no node starts on a mixture, and FinishRecovery goes on.
func swapFolder(files world.Files, cfg Config) (string, error) {
	aside, err := numbered(files, cfg.DataDir, pastPrefix)
	if err == nil {
		err = files.Mkdir(aside, 0o700)
	}
	if err == nil {
		err = errors.Join(leaveOld(files, cfg, aside), takeRecovered(files, cfg))
	}
	if err != nil {
		return aside, fmt.Errorf("put the recovered folder in its place: %w", err)
	}
	return aside, nil
}

// FinishRecovery goes on with a recovery that broke off when its new folder was
// whole and the old one was being moved, and reports whether there was one.
func FinishRecovery(cfg Config, options ...Option) (bool, error) {
	files := worldOf(options).Files
	_, there, err := identity.Read(files, cfg.DataDir)
	if err != nil || there {
		return false, err
	}
	_, making, err := identity.Read(files, cfg.path(recoveringRoom))
	if err != nil {
		return false, err
	}
	if making {
		aside, err := lastNumbered(files, cfg.DataDir, pastPrefix)
		if err != nil || aside == "" {
			return false, err
		}
		return true, errors.Join(leaveOld(files, cfg, aside), takeRecovered(files, cfg))
	}
	if _, made, err := identity.Read(files, cfg.path(recoveredRoom)); err != nil || !made {
		return false, err
	}
	return true, takeRecovered(files, cfg)
}

// brokeOff returns why nothing may be born in a folder without an identity: a
// recovery broke off there, and the last copy of the venue lies inside it.
func brokeOff(files world.Files, cfg Config) error {
	for _, room := range []string{recoveringRoom, recoveredRoom} {
		if _, there, err := identity.Read(files, cfg.path(room)); there || err != nil {
			return errors.Join(fmt.Errorf("%w: data_dir %s: rialto recover, with the same settings, finishes it", ErrBrokeOff, cfg.DataDir), err)
		}
	}
	return nil
}

func leaveOld(files world.Files, cfg Config, aside string) error {
	return moveAll(files, cfg.DataDir, aside, func(name string) bool {
		return name == recoveringRoom || strings.HasPrefix(name, pastPrefix) || strings.HasPrefix(name, asidePrefix)
	}, true)
}

func takeRecovered(files world.Files, cfg Config) error {
	if _, err := files.Stat(cfg.path(recoveringRoom)); err == nil {
		if entries, err := files.ReadDir(cfg.DataDir); err != nil || slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == "raft" }) {
			return errors.Join(err, errors.New("the old folder has not been moved away"))
		}
		if err := errors.Join(files.Rename(cfg.path(recoveringRoom), cfg.path(recoveredRoom)), files.SyncDir(cfg.DataDir)); err != nil {
			return err
		}
	}
	from := cfg.path(recoveredRoom)
	if err := moveAll(files, from, cfg.DataDir, func(string) bool { return false }, false); err != nil {
		return err
	}
	return files.Remove(from)
}

// moveAll moves what a folder holds but for some names, the identity first or
// last.
func moveAll(files world.Files, from, to string, stays func(string) bool, identityFirst bool) error {
	entries, err := files.ReadDir(from)
	if err != nil {
		return err
	}
	rank := func(e fs.DirEntry) int {
		if (e.Name() == "identity") == identityFirst {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(entries, func(a, b fs.DirEntry) int { return rank(a) - rank(b) })
	for _, e := range entries {
		if stays(e.Name()) {
			continue
		}
		if err := files.Rename(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			return err
		}
		if err := errors.Join(files.SyncDir(to), files.SyncDir(from)); err != nil {
			return err
		}
	}
	return nil
}
