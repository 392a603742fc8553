package fault

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
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
	return rows
}

// cutPower cuts the disks' power under the running processes, and then ends
// them: what they did between is lost with the rest.
func cutPower(ctx context.Context, s *site.Site, dice *rand.Rand, nodes []*site.Node) (Ongoing, error) {
	errs := make([]error, len(nodes))
	var all sync.WaitGroup
	for i, n := range nodes {
		all.Go(func() { errs[i] = n.Disk().Cut() })
	}
	all.Wait()
	if err := errors.Join(append(errs, killAtOnce(ctx, nodes))...); err != nil {
		return nil, err
	}
	before := make([]map[string]sum, len(nodes))
	for i, n := range nodes {
		before[i] = sums(n.Data())
	}
	order := dice.Perm(len(nodes))
	var found string
	return &ongoing{
		nodes: nodes, witness: others(nodes),
		heal: func(ctx context.Context) error {
			lost := 0
			for _, i := range order {
				if err := nodes[i].Disk().Remount(); err != nil {
					return err
				}
				lost += differ(before[i], sums(nodes[i].Data()))
			}
			if lost > 0 {
				found = fmt.Sprintf("%d files came back with less than the processes had written", lost)
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

// sum is what a file holds, as far as it can be read.
type sum struct {
	size int64
	crc  uint32
	read int64
}

// sums reads all files below a folder.
func sums(dir string) map[string]sum {
	all := map[string]sum{}
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil // gone, or not to be read without power: it counts for nothing
		}
		f, err := os.Open(path)
		if err != nil {
			return nil
		}
		defer f.Close() //nolint:errcheck // it was only read
		info, err := f.Stat()
		if err != nil {
			return nil
		}
		h := crc32.NewIEEE()
		n, _ := io.Copy(h, f)
		all[path] = sum{info.Size(), h.Sum32(), n}
		return nil
	})
	return all
}

// differ counts the files that are gone, or hold something else than what could
// be read of them before.
func differ(before, after map[string]sum) (files int) {
	for path, was := range before {
		is, there := after[path]
		if !there || is.size != was.size || was.read == was.size && is.crc != was.crc {
			files++
		}
	}
	return files
}
