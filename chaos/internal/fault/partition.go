package fault

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/netns"
	"github.com/rialto-exchange/rialto/chaos/site"
)

// cut is a direction in which nothing arrives.
type cut struct{ from, to int }

// both cuts two nodes off from each other.
func both(a, b int) []cut { return []cut{{a, b}, {b, a}} }

// A flapping network is cut and whole for times between these.
const (
	shortestFlap = 50 * time.Millisecond
	longestFlap  = 1500 * time.Millisecond
)

// shape says who is cut off from whom, of so many nodes of which one leads.
type shape struct {
	name, doc string
	cuts      func(nodes, leader int, dice *rand.Rand) []cut
	// alone: whoever is on the smaller side is named for the witness.
	alone func(nodes, leader int) []int
	flaps bool
}

func shapes() []shape {
	return []shape{
		{name: "symmetric", doc: "a follower and the rest hear nothing of each other", cuts: func(nodes, leader int, dice *rand.Rand) []cut {
			return isolated(nodes, (leader+1+dice.IntN(nodes-1))%nodes)
		}},
		{name: "one-way-out", doc: "nothing that the leader sends arrives, all that is sent to it does", cuts: func(nodes, leader int, _ *rand.Rand) (cuts []cut) {
			for i := range nodes {
				if i != leader {
					cuts = append(cuts, cut{leader, i})
				}
			}
			return cuts
		}, alone: func(_, leader int) []int { return []int{leader} }},
		{name: "one-way-in", doc: "nothing that is sent to the leader arrives, all that it sends does", cuts: func(nodes, leader int, _ *rand.Rand) (cuts []cut) {
			for i := range nodes {
				if i != leader {
					cuts = append(cuts, cut{i, leader})
				}
			}
			return cuts
		}},
		{name: "one-link", doc: "nothing that one node sends to one other arrives", cuts: func(nodes, _ int, dice *rand.Rand) []cut {
			from := dice.IntN(nodes)
			return []cut{{from, (from + 1 + dice.IntN(nodes-1)) % nodes}}
		}},
		{name: "ring", doc: "each node reaches its two neighbours only; of three, the leader only one", cuts: ring},
		{name: "flapping", doc: "a node is cut off from the rest, and not, for 50 ms to 1.5 s at a time", cuts: func(nodes, _ int, dice *rand.Rand) []cut {
			return isolated(nodes, dice.IntN(nodes))
		}, flaps: true},
		{name: "leader-alone", doc: "the leader and the rest hear nothing of each other", cuts: func(nodes, leader int, _ *rand.Rand) []cut {
			return isolated(nodes, leader)
		}, alone: func(_, leader int) []int { return []int{leader} }},
		{name: "majority-split", doc: "the leader and as many as leave it without a majority, and the rest, hear nothing of each other", cuts: func(nodes, leader int, _ *rand.Rand) (cuts []cut) {
			small := minority(nodes, leader)
			for _, a := range small {
				for b := range nodes {
					if !has(small, b) {
						cuts = append(cuts, both(a, b)...)
					}
				}
			}
			return cuts
		}, alone: minority},
		{name: "everybody-alone", doc: "no node hears of any other", cuts: func(nodes, _ int, _ *rand.Rand) (cuts []cut) {
			for a := range nodes {
				for b := range a {
					cuts = append(cuts, both(a, b)...)
				}
			}
			return cuts
		}},
	}
}

// isolated cuts a node off from all others.
func isolated(nodes, one int) (cuts []cut) {
	for i := range nodes {
		if i != one {
			cuts = append(cuts, both(one, i)...)
		}
	}
	return cuts
}

// ring leaves each node its neighbours. Of three all are neighbours: there it is
// a line with the leader at an end.
func ring(nodes, leader int, _ *rand.Rand) (cuts []cut) {
	if nodes <= 3 {
		return both(leader, (leader+1)%nodes)
	}
	for a := range nodes {
		for b := range a {
			if apart := a - b; apart != 1 && apart != nodes-1 {
				cuts = append(cuts, both(a, b)...)
			}
		}
	}
	return cuts
}

// minority is the leader and those who come after it, as many as are no
// majority.
func minority(nodes, leader int) (small []int) {
	for i := range (nodes - 1) / 2 {
		small = append(small, (leader+i)%nodes)
	}
	return small
}

func has(all []int, one int) bool {
	for _, i := range all {
		if i == one {
			return true
		}
	}
	return false
}

func partitions() []Fault {
	var rows []Fault
	for _, sh := range shapes() {
		rows = append(rows, Fault{
			Name: "partition-" + sh.name, Doc: sh.doc, Needs: site.Namespaces,
			Begin: func(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
				leader, err := s.Leading(ctx)
				if err != nil {
					return nil, err
				}
				return partition(s, sh, leader.Number, dice), nil
			},
		})
	}
	return rows
}

// partition cuts until Heal.
func partition(s *site.Site, sh shape, leader int, dice *rand.Rand) Ongoing {
	cuts := sh.cuts(s.Size(), leader, dice)
	before := s.Net().Total()
	stop := make(chan struct{})
	var flaps sync.WaitGroup
	apply(s.Net(), cuts, netns.Shape{Drop: true})
	if sh.flaps {
		flaps.Go(func() { flap(s.Net(), cuts, dice, stop) })
	}
	o := &ongoing{}
	if sh.alone != nil && !sh.flaps {
		for _, i := range sh.alone(s.Size(), leader) {
			o.witness = append(o.witness, s.Node(i).ID)
		}
	}
	o.heal = func(ctx context.Context) error {
		close(stop)
		flaps.Wait()
		s.Net().Heal()
		return startAll(ctx, s)
	}
	o.bitten = func() (string, error) {
		lost := s.Net().Total().Less(before).Dropped
		if lost == 0 {
			return "", nil
		}
		return fmt.Sprintf("%d frames lost in %d directions", lost, len(cuts)), nil
	}
	return o
}

func apply(n *netns.Net, cuts []cut, sh netns.Shape) {
	for _, c := range cuts {
		n.Shape(c.from, c.to, sh)
	}
}

// flap heals and cuts until it is stopped.
func flap(n *netns.Net, cuts []cut, dice *rand.Rand, stop <-chan struct{}) {
	for whole := false; ; whole = !whole {
		timer := time.NewTimer(between(dice, shortestFlap, longestFlap))
		select {
		case <-stop:
			timer.Stop()
			return
		case <-timer.C:
		}
		apply(n, cuts, netns.Shape{Drop: whole})
	}
}
