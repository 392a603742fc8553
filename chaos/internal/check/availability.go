package check

import (
	"cmp"
	"context"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
)

// availability holds what clients saw of each fault to the limits of that fault.
func availability(ctx context.Context, run Run) ([]Violation, error) {
	a, err := Available(ctx, run)
	if err != nil {
		return nil, err
	}
	var f found
	for _, x := range a.Faults {
		name, _, _ := strings.Cut(x.Fault, "#")
		l, v := run.Limits[name], Violation{Fault: x.Fault}
		if l.Gap > 0 && x.Gap > l.Gap {
			f.add(v, "%s: nobody was answered for %v from %v on, and %v are allowed",
				x.Fault, x.Gap.Round(time.Millisecond), x.GapAt.Duration().Round(time.Millisecond), l.Gap)
		}
		switch {
		case l.Heal == 0 || !x.Ended:
		case x.Never:
			f.add(v, "after %s was over at %v nobody was answered any more", x.Fault, x.Over.Duration().Round(time.Millisecond))
		case x.Heal > l.Heal:
			f.add(v, "after %s was over at %v it took %v until somebody was answered, and %v are allowed",
				x.Fault, x.Over.Duration().Round(time.Millisecond), x.Heal.Round(time.Millisecond), l.Heal)
		}
		if l.Keeps > 0 {
			a.keeps(&f, x, l)
		}
	}
	return f.all(), nil
}

// shortest is the least time over which answers a second are compared.
const shortest = time.Second

// keeps holds the answers a second while a fault lasts, after what it may take
// until there is a new leader, to those of as long before it.
func (a Availability) keeps(f *found, x Felt, l Limits) {
	v := Violation{Fault: x.Fault}
	from := x.Begins + history.Nanos(l.Gap)
	during, before := x.Heals-from, x.Begins-x.Since
	if during.Duration() < shortest || before.Duration() < shortest {
		f.add(v, "%s: %v of it and %v before it are too short to compare the answers a second, for which %v are the least",
			x.Fault, during.Duration().Round(time.Millisecond), before.Duration().Round(time.Millisecond), shortest)
		return
	}
	rate := func(from, to history.Nanos) float64 {
		return float64(a.between(from, to)) / (to - from).Duration().Seconds()
	}
	had, has := rate(x.Begins-min(before, during), x.Begins), rate(from, x.Heals)
	if has < l.Keeps*had {
		f.add(v, "%s: %.0f answers a second while it lasted, from %v after its beginning on, and %.0f before it: %.0f %%, and %.0f %% are wanted",
			x.Fault, has, l.Gap, had, 100*has/had, 100*l.Keeps)
	}
}

// Availability is what clients saw of the faults.
type Availability struct {
	// Gap is the longest time between two final answers to commands while the
	// load was on, all clients together; it begins at GapAt. Own is the longest
	// that one client saw.
	Gap, Own time.Duration
	GapAt    history.Nanos
	Faults   []Felt
	answers  []answered // in the order of their ends
}

// Felt is what clients felt of a fault.
type Felt struct {
	Fault string // with its number
	// Since is when the load had begun and the fault before was over and mended.
	Since, Begins, Heals, Over history.Nanos
	// Gap is the longest between two answers from the fault's beginning to that of
	// the next one; it begins at GapAt.
	Gap   time.Duration
	GapAt history.Nanos
	// Heal is how long it took after its end until a command that was begun then
	// was answered. Never: none was until the load ended. Ended: before the load.
	Heal         time.Duration
	Ended, Never bool
}

// answered is a command that was answered for good.
type answered struct{ began, ended history.Nanos }

// Available finds the gaps of a run.
func Available(_ context.Context, run Run) (Availability, error) {
	var a Availability
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
			a.answers = append(a.answers, answered{o.Began, o.Ended})
		}
	}
	slices.SortFunc(a.answers, func(x, y answered) int { return cmp.Compare(x.ended, y.ended) })
	begins, ends := a.load(marks)
	a.Gap, a.GapAt = a.longest(begins, ends)
	a.feel(marks, begins, ends)
	return a, nil
}

// load is when the load was on.
func (a *Availability) load(marks []history.Mark) (begins, ends history.Nanos) {
	if n := len(a.answers); n > 0 {
		begins, ends = a.answers[0].ended, a.answers[n-1].ended
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

// until is how many answers had come before a moment.
func (a *Availability) until(at history.Nanos) int {
	return sort.Search(len(a.answers), func(i int) bool { return a.answers[i].ended >= at })
}

// between is how many answers came from one moment to another.
func (a *Availability) between(from, to history.Nanos) int { return a.until(to) - a.until(from) }

// longest is the longest time without an answer from one moment to another.
func (a *Availability) longest(from, to history.Nanos) (gap time.Duration, at history.Nanos) {
	last := from
	step := func(to history.Nanos) {
		if d := (to - last).Duration(); d > gap {
			gap, at = d, last
		}
		last = to
	}
	for _, x := range a.answers[a.until(from):a.until(to)] {
		step(x.ended)
	}
	step(to)
	return gap, at
}

// feel finds what clients felt of each fault.
func (a *Availability) feel(marks []history.Mark, loaded, ends history.Nanos) {
	at := map[string]int{}
	calm := loaded
	for _, m := range marks {
		i, known := at[m.Fault]
		switch {
		case m.What == history.FaultBegins:
			at[m.Fault] = len(a.Faults)
			a.Faults = append(a.Faults, Felt{Fault: m.Fault, Since: calm, Begins: m.At, Heals: ends, Over: ends})
		case !known:
		case m.What == history.FaultHeals:
			a.Faults[i].Heals = m.At
		case m.What == history.FaultOver:
			a.Faults[i].Over, calm = m.At, m.At
		case m.What == history.Recovered:
			calm = m.At
		}
	}
	for i := range a.Faults {
		x := &a.Faults[i]
		next := ends
		for _, y := range a.Faults {
			if y.Begins > x.Over {
				next = min(next, y.Begins)
			}
		}
		x.Gap, x.GapAt = a.longest(x.Begins, next)
		if x.Ended = x.Over < ends; x.Ended {
			a.heal(x)
		}
	}
}

func (a *Availability) heal(x *Felt) {
	x.Never = true
	for _, y := range a.answers[a.until(x.Over):] {
		if y.began >= x.Over {
			x.Heal, x.Never = (y.ended - x.Over).Duration(), false
			return
		}
	}
}
