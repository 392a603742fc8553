package fault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"

	"github.com/rialto-exchange/rialto/chaos/site"
)

func powers() []Fault {
	var rows []Fault
	for _, r := range []struct {
		role Role
		doc  string
	}{
		{Leader, "the leader's machine loses its power: the process and all that its disk was not told to keep"},
		{Follower, "a follower's machine loses its power"},
		{All, "all machines lose their power at once"},
	} {
		rows = append(rows, Fault{
			Name: "power-" + string(r.role), Doc: r.doc, Needs: site.Disks,
			Begin: func(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
				nodes, err := pick(ctx, s, dice, r.role)
				if err != nil {
					return nil, err
				}
				return cutPower(ctx, s, dice, nodes)
			},
		})
	}
	return append(rows, Fault{
		Name: "power-snapshot", Doc: "all machines lose their power when each has just written a snapshot", Needs: site.Disks,
		Begin: func(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
			for _, n := range s.Nodes() {
				if !ask(s, n, "/v1/admin/snapshot") {
					return nil, fmt.Errorf("%s wrote no snapshot", n.ID)
				}
			}
			return cutPower(ctx, s, dice, s.Nodes())
		},
	})
}

// cutPower cuts the disks' power under the running processes, and then ends
// them: what they did between is lost with the rest.
func cutPower(ctx context.Context, s *site.Site, dice *rand.Rand, nodes []*site.Node) (Ongoing, error) {
	paths := make([][]string, len(nodes)) // without power no folder can be listed
	for i, n := range nodes {
		paths[i] = files(n.Data())
	}
	errs := make([]error, len(nodes))
	var all sync.WaitGroup
	for i, n := range nodes {
		all.Go(func() { errs[i] = n.Disk().Cut() })
	}
	all.Wait()
	had := make([]map[string]fs.FileInfo, len(nodes))
	for i := range nodes {
		had[i] = stats(paths[i])
	}
	if err := errors.Join(append(errs, killAtOnce(ctx, nodes))...); err != nil {
		return nil, err
	}
	order := dice.Perm(len(nodes))
	var found string
	return &ongoing{
		nodes: nodes,
		heal: func(ctx context.Context) error {
			var shorter, earlier int
			for _, i := range order {
				if err := nodes[i].Disk().Remount(); err != nil {
					return err
				}
				a, b := lost(had[i], stats(paths[i]))
				shorter, earlier = shorter+a, earlier+b
			}
			if shorter+earlier > 0 {
				found = fmt.Sprintf("of the files of %v %d came back shorter or not at all, %d more as of an earlier time", ids(nodes), shorter, earlier)
			}
			var errs []error
			for _, i := range order {
				errs = append(errs, nodes[i].Start(ctx))
			}
			return errors.Join(errs...)
		},
		bitten: func() (string, error) { return found, nil },
	}, nil
}

// files are all below a folder.
func files(dir string) (paths []string) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			paths = append(paths, path)
		}
		return nil // what went meanwhile counts for nothing
	})
	return paths
}

// stats are what the kernel says of files, on the disk or not.
func stats(paths []string) map[string]fs.FileInfo {
	all := map[string]fs.FileInfo{}
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil {
			all[path] = info
		}
	}
	return all
}

// lost counts the files that are shorter than they were, or gone, and those that
// are as long and were written later than they are now.
func lost(had, has map[string]fs.FileInfo) (shorter, earlier int) {
	for path, was := range had {
		is, there := has[path]
		switch {
		case !there || is.Size() < was.Size():
			shorter++
		case is.ModTime().Before(was.ModTime()):
			earlier++
		}
	}
	return shorter, earlier
}
