package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/rialto-exchange/rialto/cluster/consensus/archive"
)

const (
	// mostDamagedFiles bounds what a node names of its archive.
	mostDamagedFiles = 16
	// archiveAgain is how often files that did not verify are read again: an
	// operator who put a good copy there sees the finding go.
	archiveAgain = 10 * time.Second
)

// scrubArchive reads every file of the archive, at the pace of all that looks
// for damage. Nothing else does until the day on which the log is replayed from
// it. A file is never mended here: it is the past of the log, and nothing but
// another node's copy, or this one's own replay, can say what it held.
func (n *Node) scrubArchive(ctx context.Context) error {
	a, err := archive.Open(n.world.Files, n.cfg.path("archive"))
	if err != nil {
		return err
	}
	var bad []string
	for _, file := range a.Ranges() {
		damaged, err := n.verifyArchived(ctx, a, file)
		if err != nil {
			return err
		}
		if damaged && len(bad) < mostDamagedFiles {
			bad = append(bad, file.Name())
		}
	}
	n.badArchive.Store(&bad)
	return nil
}

// verifyArchived reports whether a file is damaged; who finds it says so.
func (n *Node) verifyArchived(ctx context.Context, a *archive.Reader, file archive.Range) (bool, error) {
	info, err := n.world.Files.Stat(n.cfg.path("archive", file.Name()))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil // moved away meanwhile
	}
	if err != nil {
		return false, fmt.Errorf("read archive: %w", err)
	}
	if err := n.scrubPace.Wait(ctx, info.Size()); err != nil {
		return false, err
	}
	err = a.VerifyFile(file)
	if !errors.Is(err, archive.ErrCorrupt) {
		return false, err
	}
	if !slices.Contains(n.damagedArchive(), file.Name()) {
		n.log.Error("a file of the archive does not verify", "error", err)
	}
	return true, nil
}

// lookAgain reads the files that did not verify once more, every now and then.
func (n *Node) lookAgain(ctx context.Context) {
	every(ctx, archiveAgain, func() bool {
		if bad := n.badArchive.Load(); bad != nil && len(*bad) > 0 {
			if again := n.stillDamaged(ctx, *bad); again != nil {
				n.badArchive.CompareAndSwap(bad, again)
			}
		}
		return true
	})
}

// stillDamaged returns those of the files that do not verify now, nil if that
// could not be told.
func (n *Node) stillDamaged(ctx context.Context, names []string) *[]string {
	a, err := archive.Open(n.world.Files, n.cfg.path("archive"))
	if err != nil {
		return nil
	}
	still := []string{}
	for _, file := range a.Ranges() {
		if !slices.Contains(names, file.Name()) {
			continue
		}
		damaged, err := n.verifyArchived(ctx, a, file)
		if err != nil {
			return nil
		}
		if damaged {
			still = append(still, file.Name())
		}
	}
	return &still
}

// damagedArchive are the files that did not verify.
func (n *Node) damagedArchive() []string {
	if bad := n.badArchive.Load(); bad != nil {
		return *bad
	}
	return nil
}
