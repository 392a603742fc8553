package check

import (
	"context"
	"slices"

	"github.com/rialto-exchange/rialto/chaos/history"
)

// What counts of a process: after the first quarter of the time, not in its
// first minute, and while no fault was under way. The medians of the first and
// of the second half of what is left are compared.
const (
	warmUp     = 4  // the first of so many parts of the time
	young      = 60 // seconds
	fewest     = 5  // samples in either half
	mayGrowBy  = 1.2
	memoryMore = 64 << 20 // bytes beside that: what a state of so many commands has grown by
	handlesTo  = 64       // descriptors
	routinesTo = 200
)

// What a data folder may grow by: so many bytes an event, and the segments and
// snapshots that a node has for a while.
const (
	bytesAnEvent = 700
	diskMore     = 256 << 20
)

// flat holds what the nodes' processes hold, and what their folders take, to
// what does not grow with time.
func flat(_ context.Context, run Run) ([]Violation, error) {
	if !run.Steady {
		return nil, nil
	}
	samples, err := run.Folder.ReadSamples()
	if err != nil {
		return nil, err
	}
	var f found
	for _, node := range run.Head.Nodes {
		mine := slices.DeleteFunc(slices.Clone(samples), func(s history.Sample) bool { return s.Node != node })
		first, second := halves(mine)
		if len(first) < fewest || len(second) < fewest {
			f.add(Violation{Node: node}, "%s: %d and %d samples of a settled process, and %d are the least: what it holds can't be judged", node, len(first), len(second), fewest)
			continue
		}
		f.held(node, first, second)
		f.grown(node, mine)
	}
	return f.all(), nil
}

// halves are the samples of each half of the time that count.
func halves(all []history.Sample) (first, second []history.Sample) {
	if len(all) == 0 {
		return nil, nil
	}
	from, to := all[0].At, all[len(all)-1].At
	from += (to - from) / warmUp
	middle := from + (to-from)/2
	for _, s := range all {
		switch {
		case s.At < from, s.Faulty, (s.At - s.Since).Duration().Seconds() < young:
		case s.At < middle:
			first = append(first, s)
		default:
			second = append(second, s)
		}
	}
	return first, second
}

func (f *found) held(node string, first, second []history.Sample) {
	for _, q := range []struct {
		name string
		of   func(history.Sample) uint64
		more uint64
		per  float64
		unit string
	}{
		{"memory", func(s history.Sample) uint64 { return s.Resident }, memoryMore, 1 << 20, "MiB"},
		{"descriptors", func(s history.Sample) uint64 { return s.Descriptors }, handlesTo, 1, "open"},
		{"goroutines", func(s history.Sample) uint64 { return s.Goroutines }, routinesTo, 1, "alive"},
	} {
		had, has := median(first, q.of), median(second, q.of)
		if float64(has) > mayGrowBy*float64(had)+float64(q.more) {
			f.add(Violation{Node: node}, "%s: its %s is not flat: %.0f %s in the first half after the warm-up, %.0f in the second", node, q.name, float64(had)/q.per, q.unit, float64(has)/q.per)
		}
	}
}

func median(all []history.Sample, of func(history.Sample) uint64) uint64 {
	values := make([]uint64, len(all))
	for i, s := range all {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// grown holds a folder to its bytes an event, over the whole time.
func (f *found) grown(node string, all []history.Sample) {
	first, last := all[0], all[len(all)-1]
	if last.Sequence < first.Sequence || last.Disk < first.Disk {
		return
	}
	events, bytes := last.Sequence-first.Sequence, last.Disk-first.Disk
	if bytes > diskMore+bytesAnEvent*events {
		f.add(Violation{Node: node}, "%s: its folder grew by %d MiB while %d events happened: more than %d bytes an event and %d MiB",
			node, bytes>>20, events, bytesAnEvent, diskMore>>20)
	}
}
