package fault

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"

	"github.com/rialto-exchange/rialto/chaos/site"
)

func kills() []Fault {
	return byRole("kill-", site.Kill, kill, []taking{
		{Leader, "kill -9 of the leader"},
		{Follower, "kill -9 of a follower"},
		{Random, "kill -9 of any node"},
		{All, "kill -9 of all nodes at once; they are started in any order"},
	})
}

// kill ends nodes as a crash does, those of a role at once.
func kill(ctx context.Context, s *site.Site, dice *rand.Rand, r Role) (Ongoing, error) {
	nodes, err := pick(ctx, s, dice, r)
	if err != nil {
		return nil, err
	}
	var was []string
	for _, n := range nodes {
		if n.Running() {
			was = append(was, fmt.Sprintf("%s (process %d)", n.ID, n.PID()))
		}
	}
	if err := killAtOnce(ctx, nodes); err != nil {
		return nil, err
	}
	order := dice.Perm(len(nodes))
	return &ongoing{
		nodes: nodes,
		heal: func(ctx context.Context) error {
			var errs []error
			for _, i := range order {
				errs = append(errs, nodes[i].Start(ctx))
			}
			return errors.Join(errs...)
		},
		bitten: func() (string, error) {
			if len(was) == 0 {
				return "", nil
			}
			return "killed: " + strings.Join(was, ", "), nil
		},
	}, nil
}

// killAtOnce kills nodes and returns when they are gone.
func killAtOnce(ctx context.Context, nodes []*site.Node) error {
	errs := make([]error, len(nodes))
	var all sync.WaitGroup
	for i, n := range nodes {
		all.Go(func() { errs[i] = n.Kill(ctx) })
	}
	all.Wait()
	for i, n := range nodes {
		if errs[i] == nil && n.Running() {
			errs[i] = fmt.Errorf("%s lives", n.ID)
		}
	}
	return errors.Join(errs...)
}
