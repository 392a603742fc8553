package scenario

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/check"
	"github.com/rialto-exchange/rialto/chaos/internal/fault"
	"github.com/rialto-exchange/rialto/chaos/site"
)

// Scenario is what happens in one run.
type Scenario struct {
	Name, Doc string
	// Nodes is how many the cluster has, 3 if it is 0; Extra more of their
	// configuration, as YAML lines; Needs what the site must have beyond what
	// the faults need.
	Nodes int
	Extra string
	Needs site.Can
	// Steps happen one after the other, and again until the time is over.
	Steps []Step
	// Draw, if it is set, makes the steps from the seed.
	Draw *Draw
	// Load is the traffic; the zero value is DefaultLoad.
	Load Load
	// Limits are what the availability check holds faults to, by their names; of
	// the others the figures are printed.
	Limits map[string]check.Limits
	// Least is the work without which a trial does not count.
	Least Work
	// HashWithin is for how long the log is filled at the end, at most, until every
	// node has taken a state hash; 0: it is not.
	HashWithin time.Duration
	// Sweep reads the event stream from many offsets after the load has ended.
	Sweep Sweep
	// Steady: it is sampled what the nodes hold, and that is to be flat.
	Steady bool
	// Alone: it times something, and nothing else may run beside it.
	Alone bool
}

// Step is one fault, or some at the same time.
type Step struct {
	// Of is the scenario that it is of, where several are made in one run.
	Of     string
	Faults []string
	// Draw, if it is set, draws the faults when the step is reached.
	Draw *Draw
	// Hold is how long they last: between the two, from the seed. After the
	// first of some has begun, each next one follows within Hold.
	Hold Span
	// Calm is the time after it.
	Calm Span
}

// Span is a time between two bounds.
type Span struct{ Min, Max time.Duration }

// Draw is a number of faults from a list.
type Draw struct {
	From     []string // of these, as far as the site can; all faults if it is empty
	Together Between  // so many at the same time
	Hold     Span
	// Calm is the time between steps.
	Calm Span
}

// Between is a number between two bounds.
type Between struct{ Min, Max int }

// Load is how much traffic there is.
type Load struct {
	Clients, Transfers, Readers, Streams int
	Sessions                             int     // of FIX
	Rate                                 float64 // commands a second, all clients together
	FIXRate                              float64 // orders a second, each session
}

// DefaultLoad is the traffic of a scenario that does not say otherwise.
func DefaultLoad() Load {
	return Load{Clients: 8, Transfers: 3, Readers: 2, Streams: 2, Sessions: 2, Rate: 400, FIXRate: 25}
}

// Sweep is a stream from every offset below Offsets at each node, of so many
// events each, and from ToEnd offsets among them to the end. Zero: none.
type Sweep struct{ Offsets, Events, ToEnd int }

// Work is how many commands must be acknowledged.
type Work struct{ Before, After uint64 }

// DefaultWork is the least work of a scenario that does not say otherwise.
func DefaultWork() Work { return Work{Before: 200, After: 100} }

// Find returns a scenario by its name; several with commas between them are a
// tour of these.
func Find(name string) (Scenario, bool) {
	if strings.Contains(name, ",") {
		return tour(strings.Split(name, ","))
	}
	all := All()
	at := slices.IndexFunc(all, func(s Scenario) bool { return s.Name == name })
	if at < 0 {
		return Scenario{}, false
	}
	return all[at].withDefaults(), true
}

func (s Scenario) withDefaults() Scenario {
	if s.Nodes == 0 {
		s.Nodes = 3
	}
	if s.Load == (Load{}) {
		s.Load = DefaultLoad()
	}
	if s.Least == (Work{}) {
		s.Least = DefaultWork()
	}
	return s
}

// Faults are the names of all faults that can happen in it, each once.
func (s Scenario) Faults() []string {
	var names []string
	for _, step := range s.Steps {
		names = append(names, step.Faults...)
		if step.Draw != nil {
			names = append(names, step.Draw.from()...)
		}
	}
	if s.Draw != nil {
		names = append(names, s.Draw.from()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (d *Draw) from() []string {
	if len(d.From) > 0 {
		return d.From
	}
	var all []string
	for _, f := range fault.Faults() {
		all = append(all, f.Name)
	}
	return all
}

// NeedsOf is what a site must have for a scenario. Of faults that are drawn the
// site need not be able to do each.
func (s Scenario) NeedsOf() (site.Can, error) {
	needs := s.Needs
	for _, step := range s.Steps {
		for _, name := range step.Faults {
			f, ok := fault.Find(name)
			if !ok {
				return 0, fmt.Errorf("scenario %s: no fault is called %q", s.Name, name)
			}
			needs |= f.Needs
		}
	}
	return needs, nil
}
