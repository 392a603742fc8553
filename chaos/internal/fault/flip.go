package fault

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/rialto-exchange/rialto/chaos/internal/live"
	"github.com/rialto-exchange/rialto/chaos/site"
)

func flips() []Fault {
	var rows []Fault
	for _, k := range live.Kinds() {
		row := Fault{
			Name: "flip-" + string(k), Needs: site.Processes | site.Files,
			Doc: fmt.Sprintf("a bit turns in live bytes of a stopped node's %s", k),
			Begin: func(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
				nodes, err := pick(ctx, s, dice, Random)
				if err != nil {
					return nil, err
				}
				return flip(ctx, s, dice, k, nodes)
			},
		}
		if k == live.Archive {
			row.Extra, row.Entries = shortLog, pastLog
		}
		rows = append(rows, row)
	}
	for _, k := range []live.Kind{live.Log, live.Journal, live.Snapshots, live.ReadModels} {
		rows = append(rows, Fault{
			Name: fmt.Sprintf("flip-%s-all", k), Needs: site.Processes | site.Files,
			Doc: fmt.Sprintf("bits turn in live bytes of the %s of all nodes, at different places", k),
			Begin: func(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
				return flip(ctx, s, dice, k, s.Nodes())
			},
		})
	}
	return rows
}

// flip stops nodes, turns a bit in each one's folder and starts them. Heal is
// the operator: a node that refuses is repaired or comes back as a newcomer;
// where so many refuse that nobody is left to join, what was turned is turned
// back, as from a backup.
func flip(ctx context.Context, s *site.Site, dice *rand.Rand, k live.Kind, nodes []*site.Node) (Ongoing, error) {
	if k == live.Snapshots || k == live.Archive { // the next start is to need it; what leaves the log is archived
		for _, n := range nodes {
			ask(s, n, "/v1/admin/snapshot")
		}
	}
	if err := killAtOnce(ctx, nodes); err != nil {
		return nil, err
	}
	turned := make([]live.Flip, len(nodes))
	taken := map[string]bool{}
	for i, n := range nodes {
		ranges, err := live.Find(n.Data(), k)
		if err != nil {
			return nil, errors.Join(err, startAll(ctx, s))
		}
		for {
			if turned[i], err = live.Turn(ranges, dice); err != nil {
				return nil, errors.Join(err, startAll(ctx, s))
			}
			place := filepath.Base(turned[i].Path) + turned[i].What
			if !taken[place] || len(ranges) < len(nodes) {
				taken[place] = true
				break
			}
			if err := turned[i].Back(); err != nil {
				return nil, err
			}
		}
	}
	var errs []error
	for _, n := range nodes {
		errs = append(errs, n.Start(ctx))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	how := make([]string, len(nodes))
	o := &ongoing{nodes: nodes}
	o.heal = func(ctx context.Context) error {
		if len(nodes) == 1 {
			var err error
			how[0], err = healFlip(ctx, s, nodes[0], k, turned[0])
			return err
		}
		return healFlips(ctx, s, nodes, turned, how)
	}
	o.bitten = func() (string, error) {
		what := make([]string, len(nodes))
		for i, n := range nodes {
			what[i] = fmt.Sprintf("%s: %v; it %s", n.ID, turned[i], how[i])
		}
		return strings.Join(what, "\n"), nil
	}
	return o, nil
}

// healFlip brings one node back.
func healFlip(ctx context.Context, s *site.Site, n *site.Node, k live.Kind, turned live.Flip) (string, error) {
	how, err := bringBack(ctx, s, n)
	if err != nil || k != live.Archive {
		return how, err
	}
	// A bad file of the archive is named by a finding in time, and another
	// node's copy goes over it.
	for _, other := range s.Nodes() {
		from := filepath.Join(other.Data(), "archive", filepath.Base(turned.Path))
		b, err := os.ReadFile(from)
		if other == n || err != nil {
			continue
		}
		return how + "; another node's copy was put in its place", os.WriteFile(turned.Path, b, 0o600)
	}
	return how + "; it was turned back", turned.Back()
}

// healFlips has each node that went on go on. If those are a majority, the others
// are brought back; else the bits of those that refused are turned back.
func healFlips(ctx context.Context, s *site.Site, nodes []*site.Node, turned []live.Flip, how []string) error {
	var refused []int
	until(ctx, refusedWithin, func() bool {
		refused = refused[:0]
		ready := 0
		for i, n := range nodes {
			switch {
			case !n.Running():
				refused = append(refused, i)
			case s.Ready(ctx, n.Number):
				ready++
			}
		}
		return ready+len(refused) == len(nodes) || len(refused)*2 >= len(nodes)
	})
	for i := range nodes {
		how[i] = "went on by itself"
	}
	var errs []error
	if 2*(len(nodes)-len(refused)) <= len(nodes) {
		for _, i := range refused {
			how[i] = "refused (" + lastWords(nodes[i]) + ") and got its bytes back from elsewhere"
			errs = append(errs, turned[i].Back(), nodes[i].Start(ctx))
		}
		// One that was slower to refuse may do so only now.
		until(ctx, refusedWithin, func() bool {
			ready := 0
			for i, n := range nodes {
				switch {
				case s.Ready(ctx, n.Number):
					ready++
				case !n.Running() && how[i] == "went on by itself":
					how[i] = "refused (" + lastWords(n) + ") and got its bytes back from elsewhere"
					errs = append(errs, turned[i].Back(), n.Start(ctx))
				}
			}
			return ready == len(nodes)
		})
		return errors.Join(errs...)
	}
	for _, i := range refused {
		var err error
		how[i], err = bringBack(ctx, s, nodes[i])
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
