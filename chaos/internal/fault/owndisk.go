package fault

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/rialto-exchange/rialto/chaos/internal/disk"
	"github.com/rialto-exchange/rialto/chaos/site"
)

// ownMegabytes is the size of a disk for one part of a folder.
const ownMegabytes = 1024

// ownDisks are faults of one part of a node's folder, whatever calls it is
// written by: it is put on a disk of its own, which then fails.
func ownDisks() []Fault {
	needs := site.Disks | site.Processes | site.Files
	var rows []Fault
	for _, p := range []struct{ name, path string }{
		{"log", "raft/log.wal"}, {"snapshots", "raft/snapshots"}, {"archive", "archive"}, {"journal", "journal"}, {"read-models", "views"},
	} {
		for _, k := range []struct {
			name, doc string
			breaks    func(*disk.Disk) error
		}{
			{"dead-disk-", "every call on the leader's %s that needs the disk fails (EIO)", (*disk.Disk).Cut},
			{"full-disk-", "there is no room for the leader's %s, and there is for all else", func(d *disk.Disk) error { return d.Leave(0) }},
			{"hung-disk-", "every write to the leader's %s hangs, and to nothing else", (*disk.Disk).Freeze},
		} {
			if k.name == "full-disk-" && p.name == "log" {
				continue // it has its room in advance
			}
			row := Fault{
				Name: k.name + p.name, Needs: needs, Doc: fmt.Sprintf(k.doc, p.name),
				Begin: func(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
					return breakOwn(ctx, s, dice, p.path, k.breaks)
				},
			}
			if p.name == "archive" {
				row.Extra, row.Entries, row.Fresh = shortLog, pastLog, true
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// breakOwn puts a part of the leader's folder on a disk of its own, has the node
// lead again, and breaks that disk until Heal, which puts the part back.
func breakOwn(ctx context.Context, s *site.Site, dice *rand.Rand, part string, breaks func(*disk.Disk) error) (Ongoing, error) {
	nodes, err := pick(ctx, s, dice, Leader)
	if err != nil {
		return nil, err
	}
	n := nodes[0]
	path := filepath.Join(n.Data(), part)
	aside := path + ".beside"
	if err := errors.Join(n.Kill(ctx), os.Rename(path, aside)); err != nil {
		return nil, err
	}
	d, err := disk.At(s.Journal(), filepath.Dir(n.Config()), path, ownMegabytes)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(path), os.Rename(aside, path), n.Start(ctx))
	}
	s.Defer("unmount "+path, d.Close)
	// What the node had synced is so on the new disk too.
	err = errors.Join(os.RemoveAll(filepath.Join(path, "lost+found")), copyTree(aside+"/.", path), d.Sync(), os.RemoveAll(aside), n.Start(ctx), n.WaitReady(ctx))
	if err != nil {
		return nil, err
	}
	lead(ctx, s, n)
	if err := breaks(d); err != nil {
		return nil, err
	}
	stop := stir(s, n, partsOfFolder()[2], dice) // snapshots, for who needs them
	var found string
	return &ongoing{
		nodes: nodes,
		heal: func(ctx context.Context) error {
			hung := 0
			if d.Frozen() {
				hung = waiting(n.PID())
			}
			thaw := d.Thaw()
			stop()
			found = became(n, hung)
			err := errors.Join(thaw, n.Kill(ctx), d.Remount(), d.Release())
			if err == nil {
				err = putBack(d, path, aside)
			}
			return errors.Join(err, startAll(ctx, s))
		},
		bitten: func() (string, error) { return found, nil },
	}, nil
}

// lead hands leadership on until a node has it, or gives up: then it follows,
// and the fault is a follower's.
func lead(ctx context.Context, s *site.Site, n *site.Node) {
	until(ctx, patience/6, func() bool {
		leader, err := s.Leading(ctx)
		if err != nil || leader == n {
			return err == nil
		}
		ask(s, leader, "/v1/admin/leader/transfer")
		return false
	})
}

// became says what a node made of its disk.
func became(n *site.Node, hung int) string {
	switch {
	case !n.Running():
		return n.ID + " ended: " + lastWords(n)
	case hung > 0:
		return fmt.Sprintf("%d threads of %s hung in a write", hung, n.ID)
	}
	if said := complaint(n); said != "" {
		return n.ID + " went on, and said: " + said
	}
	return ""
}

// putBack copies what is on the disk into the folder that it was mounted on.
func putBack(d *disk.Disk, path, aside string) error {
	if err := copyTree(path, aside); err != nil {
		return err
	}
	if err := errors.Join(d.Close(), os.RemoveAll(path), os.RemoveAll(filepath.Join(aside, "lost+found"))); err != nil {
		return err
	}
	return errors.Join(os.Rename(aside, path), os.Remove(d.Image()))
}
