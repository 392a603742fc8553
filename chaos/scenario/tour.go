package scenario

import (
	"slices"
	"strings"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/check"
)

// maxTour bounds the scenarios of a tour.
const maxTour = 64

// tourLoad is the traffic of a tour: little, so that there is time for many
// faults and for the checks of what was told meanwhile.
func tourLoad() Load {
	return Load{Clients: 4, Transfers: 2, Readers: 2, Streams: 1, Sessions: 2, Rate: 30, FIXRate: 3}
}

// tourHashes is for how long the log is filled at the end of a tour.
const tourHashes = 6 * time.Second

// tour is several scenarios one after the other in one cluster, which bears all
// that each needs, with little traffic and little work between them. It starts,
// exports and checks once. Scenarios that are of another size, or that read on
// after the load, are in none.
func tour(names []string) (Scenario, bool) {
	t := Scenario{
		Name: strings.Join(names, ","), Doc: "one after the other, in one cluster and with little traffic: " + strings.Join(names, ", "),
		Load: tourLoad(), Least: Work{Before: 40, After: 25}, HashWithin: tourHashes, Limits: map[string]check.Limits{},
	}
	if len(names) > maxTour {
		return Scenario{}, false
	}
	all := All()
	for _, name := range names {
		at := slices.IndexFunc(all, func(s Scenario) bool { return s.Name == name })
		if at < 0 || !all[at].Tours() {
			return Scenario{}, false
		}
		t.add(all[at])
	}
	return t.withDefaults(), true
}

// Tours reports whether a scenario can be part of a tour.
func (s Scenario) Tours() bool {
	return s.Nodes <= 3 && s.Sweep == Sweep{} && s.Name != "soak"
}

func (s *Scenario) add(x Scenario) {
	s.Needs |= x.Needs
	if !strings.Contains(s.Extra, x.Extra) {
		s.Extra += x.Extra
	}
	for name, l := range x.Limits {
		s.Limits[name] = l
	}
	steps := slices.Clone(x.Steps)
	switch {
	case x.Draw != nil:
		steps = []Step{{Draw: x.Draw}}
	case len(steps) == 0:
		steps = []Step{{Hold: long()}} // without a fault
	}
	for i := range steps {
		steps[i].Of = x.Name
	}
	s.Steps = append(s.Steps, steps...)
}
