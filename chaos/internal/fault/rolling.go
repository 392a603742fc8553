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

func rollings() []Fault {
	return []Fault{
		{Name: "rolling-restart", Doc: "every node is told to end (SIGTERM) and started again, one after the other", Needs: site.Processes,
			Begin: func(_ context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
				return roll(s, dice, s.Binary(), s.Binary(), false), nil
			}},
		{Name: "rolling-downgrade", Doc: "every node is ended and started with the older build, one after the other, and then back", Needs: site.Processes | site.Older,
			Begin: func(_ context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
				return roll(s, dice, s.Older(), s.Binary(), false), nil
			}},
		{Name: "mixed-versions", Doc: "one node or two run the older build for a while", Needs: site.Processes | site.Older,
			Begin: func(_ context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
				return roll(s, dice, s.Older(), s.Binary(), true), nil
			}},
	}
}

// roll restarts all nodes one after the other with one build, or only some of
// them, and at Heal with another those that do not run it.
func roll(s *site.Site, dice *rand.Rand, to, back string, some bool) Ongoing {
	order := dice.Perm(s.Size())
	if some {
		order = order[:1+dice.IntN(s.Size()-1)]
	}
	ctx, cancel := context.WithCancel(context.Background())
	var rolled []string
	var failed error
	var rolling sync.WaitGroup
	rolling.Go(func() {
		for _, i := range order {
			if failed = restart(ctx, s.Node(i), to); failed != nil {
				return
			}
			rolled = append(rolled, s.Node(i).ID)
		}
	})
	s.Defer("end the rolling restart", func() error { cancel(); rolling.Wait(); return nil })
	return &ongoing{
		heal: func(ctx context.Context) error {
			rolling.Wait()
			cancel()
			errs := []error{failed}
			if to != back {
				for _, i := range order {
					errs = append(errs, restart(ctx, s.Node(i), back))
				}
			}
			return errors.Join(append(errs, startAll(ctx, s))...)
		},
		bitten: func() (string, error) {
			if len(rolled) < len(order) {
				return "", nil
			}
			return fmt.Sprintf("restarted one after the other: %s", strings.Join(rolled, ", ")), nil
		},
	}
}

// restart ends a node, has it run a build, and waits until it is ready.
func restart(ctx context.Context, n *site.Node, binary string) error {
	if err := n.Terminate(ctx); err != nil {
		return err
	}
	n.Use(binary)
	return errors.Join(n.Start(ctx), n.WaitReady(ctx))
}
