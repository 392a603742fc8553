package reference_test

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/desktest"
)

// venue is the double of what is behind the desk: instruments and a journal.
type venue struct {
	gateways.Reads // what is not needed is not there

	mu       sync.Mutex
	changed  chan struct{}
	blocks   []*event.Block
	versions []event.Reading[event.Instrument] // oldest first
	held     bool                              // the views stay where they are
	views    market.Sequence
	cut      error
}

func newVenue() *venue { return &venue{changed: make(chan struct{})} }

func (v *venue) last() market.Sequence { return market.Sequence(len(v.blocks)) }

// change makes an instrument what it is from now on, in a block of its own.
func (v *venue) change(name, reason string, change func(*event.Instrument)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	i := event.Instrument{Instrument: name, Quote: "USD", PriceTick: 1, PriceDigits: 2, QuantityStep: 1, QuantityDigits: 4, QuoteScale: 6}
	for _, before := range v.versions {
		if before.Value.Instrument == name {
			i = before.Value
		}
	}
	from := i.Phase
	change(&i)
	at := event.Pin{Sequence: v.last() + 1, At: desktest.Began + market.Nanos(len(v.blocks))*1e9}
	v.versions = append(v.versions, event.Reading[event.Instrument]{Value: i, Changed: at})
	v.blocks = append(v.blocks, &event.Block{Index: uint64(at.Sequence), At: at.At, First: at.Sequence, Count: 1, Groups: []event.Group{{
		First: at.Sequence, Count: 1, Records: []event.Record{&event.InstrumentChanged{Type: event.TypePhaseChanged, Instrument: i, From: from, Reason: reason}},
	}}})
	v.stir()
}

func (v *venue) set(change func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	change()
	v.stir()
}

func (v *venue) stir() {
	if !v.held {
		v.views = v.last()
	}
	close(v.changed)
	v.changed = make(chan struct{})
}

// LastBlock implements gateways.Blocks.
func (v *venue) LastBlock() market.Sequence {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.last()
}

// FollowBlocks implements gateways.Blocks.
func (v *venue) FollowBlocks(ctx context.Context, after market.Sequence, yield func(*event.Block) error) error {
	for at := int(after); ; {
		v.mu.Lock()
		changed, blocks, cut := v.changed, v.blocks, v.cut
		v.cut = nil
		v.mu.Unlock()
		if cut != nil {
			return cut
		}
		for ; at < len(blocks); at++ {
			if err := yield(blocks[at]); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

// Wait implements gateways.Reads.
func (v *venue) Wait(ctx context.Context, sequence market.Sequence) (event.Pin, error) {
	for {
		v.mu.Lock()
		changed, views := v.changed, v.views
		v.mu.Unlock()
		if views >= sequence {
			return event.Pin{Sequence: sequence}, nil
		}
		select {
		case <-ctx.Done():
			return event.Pin{}, gateways.ErrNotCaughtUp
		case <-changed:
		}
	}
}

// at returns the instruments as of a point, in the order of their changes.
func (v *venue) at(at event.Pin) (out []event.Reading[event.Instrument]) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, r := range v.versions {
		if r.Changed.Sequence > at.Sequence {
			break
		}
		out = slices.DeleteFunc(out, func(o event.Reading[event.Instrument]) bool { return o.Value.Instrument == r.Value.Instrument })
		out = append(out, r)
	}
	return out
}

// Instrument implements gateways.Reads.
func (v *venue) Instrument(at event.Pin, name string) (event.Reading[event.Instrument], error) {
	for _, r := range v.at(at) {
		if r.Value.Instrument == name {
			return r, nil
		}
	}
	return event.Reading[event.Instrument]{}, gateways.ErrNotFound
}

// Instruments implements gateways.Reads.
func (v *venue) Instruments(_ context.Context, at event.Pin, page event.Page) (event.List[event.Reading[event.Instrument]], error) {
	var l event.List[event.Reading[event.Instrument]]
	for _, r := range v.at(at) {
		switch {
		case r.Changed.Sequence <= page.After:
		case len(l.Items) == page.Limit:
			l.Next = l.Items[len(l.Items)-1].Changed.Sequence
			return l, nil
		default:
			l.Items = append(l.Items, r)
		}
	}
	return l, nil
}

var errGap = errors.New("a gap")
