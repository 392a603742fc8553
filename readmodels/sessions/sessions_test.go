package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/sessions"
	"github.com/rialto-exchange/rialto/readmodels/store"
	"github.com/rialto-exchange/rialto/readmodels/viewtest"
)

// openStore opens a store whose generations hold a few blocks only.
func openStore(dir string) (readmodels.Store, error) {
	return store.Open(store.Options{Dir: dir, Identity: "test", Boot: "boot", MemTable: 1 << 20, Generation: 8 << 10})
}

// TestSuite shows that the state of each session, and what each of its numbers
// was, read as a plain model says, as of every point: a session moves by whole
// entries.
func TestSuite(t *testing.T) {
	var said map[market.Sequence]string
	viewtest.Run(t, viewtest.Case{
		New:  func(j readmodels.Journal) readmodels.View { return sessions.New(j) },
		Dump: dump,
		Blocks: func(seed uint64, n int) []*event.Block {
			d := newDesk(seed)
			said = d.said
			return d.blocks(n)
		},
		Naive:     func() viewtest.Naive { return &naive{said: func() map[market.Sequence]string { return said }} },
		OpenStore: openStore,
	})
}

// naive answers what the venue said after the last whole entry.
type naive struct {
	said func() map[market.Sequence]string
	now  string
}

func (n *naive) Event(e event.Public) {
	if e.Sequence == e.Block.Last() {
		n.now = n.said()[e.Sequence]
	}
}

func (n *naive) Dump(event.Pin) (string, error) { return n.now, nil }

func dump(v readmodels.View, at event.Pin) (string, error) {
	var out strings.Builder
	view := v.(*sessions.View)
	for _, comp := range comps() {
		r, err := view.Session(at, comp)
		if errors.Is(err, readmodels.ErrNotFound) {
			continue
		}
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&out, "%+v\n", r.Value)
		for _, span := range spans(r.Value.NextOut) {
			line, err := resend(view, at, comp, span[0], span[1])
			if err != nil {
				return "", err
			}
			out.WriteString(line)
		}
	}
	return out.String(), nil
}

// resend reads a range as lines of text.
func resend(v *sessions.View, at event.Pin, comp string, from, to uint64) (string, error) {
	var out strings.Builder
	next, err := v.Resend(context.Background(), at, comp, from, to, func(r event.Resent) error {
		switch {
		case r.Gap:
			writeGap(&out, r.From, r.To)
		case r.From != r.Report.Number || r.Report.Touch.CompID != comp || r.Report.Sequence > r.Block.Last():
			return fmt.Errorf("number %d is %+v", r.From, r.Report)
		default:
			writeReport(&out, r.From, r.Report.Sequence)
		}
		return nil
	})
	if s, _ := v.Session(at, comp); err == nil && from < s.Value.NextOut && next != min(to, s.Value.NextOut-1)+1 {
		return "", fmt.Errorf("%s: %d to %d ended before %d", comp, from, to, next)
	}
	return out.String() + "\n", err
}
