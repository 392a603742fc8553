package fault

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/netns"
	"github.com/rialto-exchange/rialto/chaos/site"
)

func networks() []Fault {
	var rows []Fault
	for _, r := range []struct {
		name, doc string
		shape     func(dice *rand.Rand) netns.Shape
		met       func(netns.Counts) uint64
	}{
		{"delay", "every frame between nodes is 1 to 40 ms late, each direction by a time of its own, and varies by as much", func(dice *rand.Rand) netns.Shape {
			return netns.Shape{Delay: between(dice, time.Millisecond, 40*time.Millisecond), Jitter: between(dice, time.Millisecond, 40*time.Millisecond)}
		}, func(c netns.Counts) uint64 { return c.Delayed }},
		{"loss", "1 to 10 % of all frames between nodes are lost", func(dice *rand.Rand) netns.Shape {
			return netns.Shape{Loss: 0.01 + 0.09*dice.Float64()}
		}, func(c netns.Counts) uint64 { return c.Dropped }},
		{"duplicate", "10 to 50 % of all frames between nodes come twice", func(dice *rand.Rand) netns.Shape {
			return netns.Shape{Duplicate: 0.1 + 0.4*dice.Float64()}
		}, func(c netns.Counts) uint64 { return c.Doubled }},
		{"reorder", "10 to 50 % of all frames between nodes come after later ones", func(dice *rand.Rand) netns.Shape {
			return netns.Shape{Reorder: 0.1 + 0.4*dice.Float64()}
		}, func(c netns.Counts) uint64 { return c.Reordered }},
		{"bad", "frames between nodes are late, lost, doubled and out of order", func(dice *rand.Rand) netns.Shape {
			return netns.Shape{Delay: between(dice, 0, 15*time.Millisecond), Jitter: between(dice, time.Millisecond, 15*time.Millisecond),
				Loss: 0.03 * dice.Float64(), Duplicate: 0.1 * dice.Float64(), Reorder: 0.1 * dice.Float64()}
		}, func(c netns.Counts) uint64 { return min(c.Delayed, c.Dropped) }},
	} {
		rows = append(rows, Fault{
			Name: "net-" + r.name, Doc: r.doc, Needs: site.Namespaces,
			Begin: func(_ context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
				before := s.Net().Total()
				for a := range s.Size() {
					for b := range s.Size() {
						if a != b {
							sh := r.shape(dice)
							sh.Seed = dice.Uint64()
							s.Net().Shape(a, b, sh)
						}
					}
				}
				var met netns.Counts
				return &ongoing{
					heal: func(ctx context.Context) error {
						met = s.Net().Total().Less(before)
						s.Net().Heal()
						return startAll(ctx, s)
					},
					bitten: func() (string, error) {
						if r.met(met) == 0 {
							return "", nil
						}
						return fmt.Sprintf("of %d frames %s", met.Delivered+met.Dropped, strings.Join([]string{
							fmt.Sprint(met.Delayed, " were late"), fmt.Sprint(met.Dropped, " lost"),
							fmt.Sprint(met.Doubled, " came twice"), fmt.Sprint(met.Reordered, " out of order"),
						}, ", ")), nil
					},
				}, nil
			},
		})
	}
	return rows
}
