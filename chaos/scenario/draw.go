package scenario

import (
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/rialto-exchange/rialto/chaos/internal/fault"
	"github.com/rialto-exchange/rialto/chaos/site"
)

// step draws faults that a site can do. They are different ones: the same fault
// twice at once would heal itself.
func (d *Draw) step(random *rand.Rand, can site.Can) Step {
	var possible []string
	for _, name := range d.from() {
		if f, ok := fault.Find(name); ok && can.Has(f.Needs) {
			possible = append(possible, name)
		}
	}
	random.Shuffle(len(possible), func(i, k int) { possible[i], possible[k] = possible[k], possible[i] })
	n := d.Together.Min
	if d.Together.Max > n {
		n += random.IntN(d.Together.Max - n + 1)
	}
	drawn := possible[:min(n, len(possible))]
	slices.SortStableFunc(drawn, func(a, b string) int { return leaves(a) - leaves(b) })
	return Step{Faults: drawn, Hold: d.Hold, Calm: d.Calm}
}

// drawn are steps with the faults that those draw which do.
func drawn(steps []Step, random *rand.Rand, can site.Can) []Step {
	all := slices.Clone(steps)
	for i, s := range all {
		if s.Draw != nil {
			all[i] = s.Draw.step(random, can)
			all[i].Of = s.Of
		}
	}
	return all
}

// leaves is how little a fault leaves of a cluster for those that begin after
// it: most of them look for a leader.
func leaves(name string) int {
	for _, whole := range []string{"-all", "-everybody-alone", "-majority-split"} {
		if strings.HasSuffix(name, whole) {
			return 2
		}
	}
	for _, none := range []string{"transfer", "snapshot", "net-", "cpu-", "disk-slow", "sync-slow"} {
		if strings.HasPrefix(name, none) {
			return 0
		}
	}
	return 1
}

// needs is what the site is opened with: what the steps need, and what faults
// that may be drawn need, as far as the machine has it.
func (w *run) needs() site.Can {
	s := w.options.Scenario
	needs, _ := s.NeedsOf() // prepare has seen the error
	draws := []*Draw{s.Draw}
	for _, step := range s.Steps {
		draws = append(draws, step.Draw)
	}
	can := site.Machine(siteOptions(w.options, needs))
	for _, d := range draws {
		if d == nil {
			continue
		}
		for _, name := range d.from() {
			if f, ok := fault.Find(name); ok && can.Has(f.Needs) {
				needs |= f.Needs
			}
		}
	}
	return needs
}
