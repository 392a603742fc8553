package check

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"

	"github.com/rialto-exchange/rialto/chaos/internal/model"
)

// invariants goes through the events of each node for themselves: money is
// conserved, books are never crossed at rest, trades keep to price and time and
// within what was ordered. Nodes that tell the same bytes are gone through once.
func invariants(ctx context.Context, run Run) ([]Violation, error) {
	var f found
	done := map[[sha256.Size]byte]bool{}
	for _, node := range run.Head.Nodes {
		path := run.Folder.Events(node)
		sum, err := digest(path)
		if errors.Is(err, os.ErrNotExist) || err == nil && done[sum] {
			continue
		}
		if err != nil {
			return nil, err
		}
		done[sum] = true
		x := newInvariant(&f, node)
		for entry, err := range entries(path) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return nil, err
			}
			x.entry(entry)
		}
	}
	if len(done) == 0 {
		return nil, errNoExport
	}
	return f.all(), nil
}

func digest(path string) (sum [sha256.Size]byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return sum, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	h := sha256.New()
	_, err = io.Copy(h, f)
	return [sha256.Size]byte(h.Sum(nil)), err
}

// invariant is what of one node's past the next event is held to.
type invariant struct {
	found *found
	node  string
	money money
	books map[string]*queues
	open  map[string]*resting
	// taker is the order that trades now.
	taker *resting
	phase map[string]string
}

func newInvariant(f *found, node string) *invariant {
	return &invariant{
		found: f, node: node, money: newMoney(), books: map[string]*queues{}, open: map[string]*resting{}, phase: map[string]string{},
	}
}

func (x *invariant) breach(e *model.Event, what string, args ...any) {
	v := Violation{Node: x.node, Sequence: e.Sequence}
	if e.CommandID != "" {
		v.IDs = []string{e.CommandID}
	}
	x.found.add(v, what, args...)
}

func (x *invariant) entry(entry []model.Event) {
	touched := map[string]bool{}
	for i := range entry {
		e := &entry[i]
		for _, why := range x.money.event(e) {
			x.breach(e, "%s", why)
		}
		switch e.Type {
		case "InstrumentDefined", "PhaseChanged", "InstrumentRetired":
			x.phase[e.Aggregate] = word(e.Data, "phase")
		case "TradeExecuted":
			x.trade(e)
		}
		if o, ok := e.Data["order"].(map[string]any); ok {
			x.order(e, o)
			touched[word(o, "instrument")] = true
		}
	}
	last := &entry[len(entry)-1]
	for name := range touched {
		x.crossed(last, name)
	}
	for _, why := range x.money.entryEnds() {
		x.breach(last, "%s", why)
	}
}

func word(of map[string]any, member string) string {
	s, _ := of[member].(string)
	return s
}
