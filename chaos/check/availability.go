package check

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
)

// availability holds the gaps that clients saw to the scenario's limits.
func availability(ctx context.Context, run Run) ([]Violation, error) {
	a, err := Available(ctx, run)
	if err != nil {
		return nil, err
	}
	var f found
	if most := run.Limits.Gap; most > 0 && a.Gap > most {
		f.add(Violation{}, "nobody was answered for %v from %v on, and %v are allowed", a.Gap.Round(time.Millisecond), a.GapAt.Duration().Round(time.Millisecond), most)
	}
	for _, h := range a.Heals {
		switch most := run.Limits.Heal; {
		case most == 0:
		case h.Never:
			f.add(Violation{}, "after %s was over at %v nobody was answered any more", h.Fault, h.Over.Duration().Round(time.Millisecond))
		case h.Took > most:
			f.add(Violation{}, "after %s was over at %v it took %v until somebody was answered, and %v are allowed",
				h.Fault, h.Over.Duration().Round(time.Millisecond), h.Took.Round(time.Millisecond), most)
		}
	}
	return f.all(), nil
}

// Availability is what clients saw of the faults.
type Availability struct {
	// Gap is the longest time between two final answers to commands while the
	// load was on, all clients together; it begins at GapAt. Own is the longest
	// that one client saw.
	Gap, Own time.Duration
	GapAt    history.Nanos
	Heals    []Heal
}

// Heal is how long it took after a fault until a command that was begun after
// its end was answered.
type Heal struct {
	Fault string
	Over  history.Nanos
	Took  time.Duration
	Never bool // until the load ended
}

// answered is a command that was answered for good.
type answered struct{ began, ended history.Nanos }

// Available finds the gaps of a run.
func Available(_ context.Context, run Run) (Availability, error) {
	var a Availability
	var all []answered
	var marks []history.Mark
	own := map[string]history.Nanos{}
	for e, err := range history.Read(run.Folder.History()) {
		switch {
		case err != nil:
			return a, err
		case e.Mark != nil:
			marks = append(marks, *e.Mark)
		case e.Operation != nil && e.Operation.Kind == history.Command && e.Operation.Sequence > 0:
			o := e.Operation
			if last, ok := own[o.Client]; ok {
				a.Own = max(a.Own, (o.Ended - last).Duration())
			}
			own[o.Client] = o.Ended
			all = append(all, answered{o.Began, o.Ended})
		}
	}
	slices.SortFunc(all, func(x, y answered) int { return cmp.Compare(x.ended, y.ended) })
	begins, ends := load(marks, all)
	a.gaps(all, begins, ends)
	a.heals(all, marks, ends)
	return a, nil
}

// load is when the load was on.
func load(marks []history.Mark, all []answered) (begins, ends history.Nanos) {
	if len(all) > 0 {
		begins, ends = all[0].ended, all[len(all)-1].ended
	}
	for _, m := range marks {
		switch m.What {
		case history.LoadBegins:
			begins = m.At
		case history.LoadEnds:
			ends = m.At
		}
	}
	return begins, ends
}

func (a *Availability) gaps(all []answered, begins, ends history.Nanos) {
	last := begins
	step := func(to history.Nanos) {
		if gap := (to - last).Duration(); gap > a.Gap {
			a.Gap, a.GapAt = gap, last
		}
		last = to
	}
	for _, x := range all {
		if x.ended > begins && x.ended < ends {
			step(x.ended)
		}
	}
	step(ends)
}

func (a *Availability) heals(all []answered, marks []history.Mark, ends history.Nanos) {
	for _, m := range marks {
		if m.What != history.FaultOver || m.At >= ends {
			continue
		}
		h := Heal{Fault: m.Fault, Over: m.At, Never: true}
		for _, x := range all {
			if x.began >= m.At {
				h.Took, h.Never = (x.ended - m.At).Duration(), false
				break
			}
		}
		a.Heals = append(a.Heals, h)
	}
}
