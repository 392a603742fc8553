package check

import (
	"cmp"
	"context"
	"slices"

	"github.com/rialto-exchange/rialto/chaos/history"
)

// realTime compares the order of the sequences with that of time: a command that
// was begun after another answer had come has a higher sequence than that answer
// told, and a linearizable read claims no lower one. With the venue's own
// sequence in each answer that is all that linearizability asks of their order;
// what they say is the check transfers', reads' and replay's.
func realTime(ctx context.Context, run Run) ([]Violation, error) {
	told, err := toldAt(run)
	if err != nil {
		return nil, err
	}
	var f found
	for o, err := range history.Operations(run.Folder.History(), history.Command, history.Query) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		linearizable := o.Kind == history.Query && o.Asked != nil && o.Asked.Level == "linearizable" && o.Outcome == history.Acked
		if o.Kind == history.Query && !linearizable || o.Sequence == 0 {
			continue
		}
		before, known := told.before(o.Began)
		switch {
		case !known:
		case o.Kind == history.Command && before.sequence >= o.Sequence:
			f.add(Violation{IDs: []string{o.ID}, Node: o.Node, Sequence: o.Sequence},
				"%s %s was begun at %v and has sequence %d, and %d had been told at %v",
				o.Verb, o.ID, o.Began.Duration(), o.Sequence, before.sequence, before.ended.Duration())
		case o.Kind == history.Query && before.sequence > o.Sequence:
			f.add(Violation{IDs: []string{o.ID}, Node: o.Node, Sequence: o.Sequence},
				"read %s of %s at %s is stale: begun at %v it claims %d, and %d had been told at %v",
				o.ID, o.Verb, o.Node, o.Began.Duration(), o.Sequence, before.sequence, before.ended.Duration())
		}
	}
	return f.all(), nil
}

// told is what had been told when: the highest sequence so far, by time.
type told []answeredSequence

type answeredSequence struct {
	ended    history.Nanos
	sequence uint64
}

// toldAt collects every answer that names a sequence, reads at any consistency
// too: what one reader saw had happened.
func toldAt(run Run) (told, error) {
	var all told
	for o, err := range history.Operations(run.Folder.History(), history.Command, history.Query) {
		if err != nil {
			return nil, err
		}
		if o.Sequence > 0 {
			all = append(all, answeredSequence{o.Ended, o.Sequence})
		}
	}
	slices.SortFunc(all, func(a, b answeredSequence) int { return cmp.Compare(a.ended, b.ended) })
	highest := all[:0]
	for _, a := range all {
		if n := len(highest); n == 0 || a.sequence > highest[n-1].sequence {
			highest = append(highest, a)
		}
	}
	return highest, nil
}

// before returns the highest sequence that had been told before a time.
func (t told) before(at history.Nanos) (answeredSequence, bool) {
	n, _ := slices.BinarySearchFunc(t, at, func(a answeredSequence, at history.Nanos) int { return cmp.Compare(a.ended, at) })
	if n == 0 {
		return answeredSequence{}, false
	}
	return t[n-1], true
}
