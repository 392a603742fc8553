package check

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/internal/model"
)

// reads compares what reads were answered with what the venue was at the
// sequence that they claim: by the events up to it, and by the model.
func reads(ctx context.Context, run Run) ([]Violation, error) {
	r, err := newReplayer(run)
	if err != nil {
		return nil, err
	}
	defer r.close()
	x := &reading{replayer: r, views: newViews()}
	if x.aside, err = newAside(); err != nil {
		return nil, err
	}
	defer x.aside.close()
	for o, err := range history.Operations(run.Folder.History(), history.Query) {
		if err == nil && x.claims(&o) {
			err = x.aside.put(&o)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := x.aside.sort(); err != nil {
		return nil, err
	}
	if err := r.all(ctx, x.entry); err != nil {
		return nil, fmt.Errorf("there is nothing to compare reads with, see the check replay: %w", err)
	}
	for o, err := x.aside.upTo(1<<63 - 1); o != nil || err != nil; o, err = x.aside.upTo(1<<63 - 1) {
		if err != nil {
			return nil, err
		}
		x.wrong(o, "claims sequence %d, and the log ends at %d", o.Sequence, r.venue.Sequence())
	}
	return x.found.all(), nil
}

type reading struct {
	*replayer
	views *views
	aside *aside
	found found
}

func (x *reading) wrong(o *history.Operation, what string, args ...any) {
	x.found.add(Violation{IDs: []string{o.ID}, Node: o.Node, Sequence: o.Sequence}, "read %s of %s at %s %s",
		o.ID, o.Verb, o.Node, fmt.Sprintf(what, args...))
}

// claims checks what a read says of itself, and reports whether there is more
// to compare. Whether it was the newest there was is the check realtime's.
func (x *reading) claims(o *history.Operation) bool {
	known := o.Outcome == history.Acked || o.Outcome == history.Refused && o.Status == 404
	if o.Sequence == 0 || !known || o.Asked == nil {
		if o.Outcome == history.Acked {
			x.wrong(o, "was answered, and claims no sequence")
		}
		return false
	}
	switch asked := o.Asked; {
	case asked.Level == "as_of" && o.Sequence != asked.MinSequence:
		x.wrong(o, "asked for what was at %d and was answered as of %d", asked.MinSequence, o.Sequence)
		return false
	case o.Sequence < asked.MinSequence:
		x.wrong(o, "asked for at least %d and was answered as of %d", asked.MinSequence, o.Sequence)
		return false
	}
	return true
}

// entry compares the reads that claim a sequence of this entry.
func (x *reading) entry(entry []model.Event) error {
	end := entry[len(entry)-1].Sequence
	for i := range entry {
		e := &entry[i]
		x.views.fold(e)
		if e.Sequence == end {
			x.views.settle(x.venue, entry)
		}
		for {
			o, err := x.aside.upTo(e.Sequence)
			if err != nil {
				return err
			}
			if o == nil {
				break
			}
			if o.Sequence < entry[0].Sequence || o.Asked.Level != "as_of" && o.Sequence != end {
				x.wrong(o, "claims sequence %d, which is no end of an entry", o.Sequence)
				continue
			}
			x.compare(o, o.Sequence == end)
		}
	}
	return nil
}

// compare holds one answer to what was; whole says that an entry ends there.
func (x *reading) compare(o *history.Operation, whole bool) {
	u, err := url.Parse(o.Verb)
	if err != nil {
		x.wrong(o, "is of no path: %v", err)
		return
	}
	var got any
	d := json.NewDecoder(strings.NewReader(string(o.Answer)))
	d.UseNumber()
	if o.Answer != nil {
		err = d.Decode(&got)
	}
	if err != nil {
		x.wrong(o, "was answered with no JSON: %v", err)
		return
	}
	q := &question{path: strings.Split(strings.TrimPrefix(u.Path, "/v1/queries/"), "/"), query: u.Query(), at: o.Sequence, whole: whole}
	want, exists, known := x.views.answer(q, x.venue)
	switch {
	case !known:
		x.wrong(o, "is of something that the check knows nothing of")
	case want == nil && exists: // it cannot be said of the middle of an entry
	case o.Status == 404 && exists:
		x.wrong(o, "was told that there is no such thing at %d, and there was", o.Sequence)
	case o.Status == 404:
	case !exists:
		x.wrong(o, "was answered %s, and there was no such thing at %d", o.Answer, o.Sequence)
	default:
		if d := model.Differs("answer", want, got); d != "" {
			x.wrong(o, "at sequence %d was answered otherwise than it was: %s", o.Sequence, d)
		}
	}
}
