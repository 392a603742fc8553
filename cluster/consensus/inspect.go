package consensus

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
	"github.com/rialto-exchange/rialto/node/world"
)

// ErrMixed: a directory holds some of a member's files and lacks others. What
// it promised can't be told from what is left.
var ErrMixed = errors.New("directory holds only a part of a member's files")

// HasState reports whether a directory holds what a member has promised: a
// term, a log or a snapshot, and names no incarnation. It makes nothing that is
// not there.
//
// ErrMixed: a log or a snapshot without the term and vote that go with it, or
// the other way round: such a node would take part as one that never voted. Or
// an incarnation, of which its caller should have known.
func HasState(files world.Files, dir string, log *slog.Logger) (bool, error) {
	c, err := logstore.Inspect(files, dir, newLibraryLogger(log))
	if err != nil {
		return false, fmt.Errorf("inspect %s: %w", dir, err)
	}
	snapshots, err := hasSnapshots(files, dir)
	if err != nil {
		return false, err
	}
	entries := c.Last > 0 || snapshots
	switch {
	case c.Claimed:
		return false, fmt.Errorf("%w: %s names an incarnation, and the folder's own identity is gone", ErrMixed, dir)
	case c.Term == 0 && !entries:
		return false, nil
	case !c.Stable || c.Term == 0:
		return false, fmt.Errorf("%w: %s has a log, and knows no term and vote", ErrMixed, dir)
	case !c.Log || !c.Synced:
		return false, fmt.Errorf("%w: %s knows term %d, and its log or log.synced is gone", ErrMixed, dir, c.Term)
	case !entries:
		return false, fmt.Errorf("%w: %s knows term %d, and its log is empty", ErrMixed, dir, c.Term)
	}
	return true, nil
}

func hasSnapshots(files world.Files, dir string) (bool, error) {
	entries, err := files.ReadDir(filepath.Join(dir, snapshotsFolder))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	for _, e := range entries {
		if e.IsDir() && filepath.Ext(e.Name()) != unfinished {
			return true, nil
		}
	}
	return false, err
}
