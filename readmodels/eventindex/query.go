package eventindex

import (
	"context"
	"errors"
	"slices"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// Filter names what is looked for; "" = any. At least one must be set.
type Filter struct {
	Type      event.Type
	Aggregate string
}

// Blocks calls yield with the first sequence of each block that may hold events
// of the filter within the span, in the span's order, until yield returns
// false or ctx ends. A block may hold nothing of the kind after all, or only
// outside the span.
//
// It returns how far it has looked: all such events through that sequence
// (descending: from it on) are in the blocks that were yielded. That is the
// span's end unless it was stopped, or has looked at MaxStrides.
func (v *View) Blocks(ctx context.Context, f Filter, span readmodels.Span, yield func(first market.Sequence) bool) (market.Sequence, error) {
	if err := v.reader.Serving(span.At); err != nil {
		return 0, err
	}
	l := &lookup{ctx: ctx, filter: f, span: span, yield: yield}
	if span.Descending {
		return v.backwards(l)
	}
	return v.forwards(l)
}

// MaxStrides bounds the stored strides that one call looks at.
const MaxStrides = 1024

// lookup is one call of Blocks.
type lookup struct {
	ctx    context.Context
	filter Filter
	span   readmodels.Span
	yield  func(market.Sequence) bool
	stored int // strides looked at
	over   bool
	failed error
}

// memory returns what the strides in memory know, ascending, and the sequence
// they begin at: what is before lies in the store.
func (v *View) memory(f Filter) (found []market.Sequence, first market.Sequence) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	first = v.open.first
	if v.closed != nil {
		first = v.closed.first
		found = f.in(v.closed.find)
	}
	return append(found, f.in(v.open.find)...), first
}

// in returns the blocks that have all that the filter names.
func (f Filter) in(find func(uint32) []market.Sequence) []market.Sequence {
	if f.Aggregate == "" {
		return find(hashOf('t', string(f.Type)))
	}
	blocks := find(hashOf('a', f.Aggregate))
	if f.Type == "" || len(blocks) == 0 {
		return blocks
	}
	typed := find(hashOf('t', string(f.Type)))
	return slices.DeleteFunc(blocks, func(b market.Sequence) bool {
		_, ok := slices.BinarySearch(typed, b)
		return !ok
	})
}

func (v *View) forwards(l *lookup) (market.Sequence, error) {
	found, first := v.memory(l.filter)
	looked := l.span.After
	if l.span.After+1 < first {
		err := v.reader.List(list(), readmodels.Span{At: first - 1, After: l.span.After}, func(b []byte, at market.Sequence) bool {
			var i item
			if i, l.failed = readItem(b); v.reader.Noticed(l.failed) != nil || i.first() > l.span.At {
				return false
			}
			if l.ascending(l.filter.in(i.find)) {
				looked = min(at, l.span.At)
			}
			return l.next()
		})
		if err = errors.Join(err, l.failed); err != nil || l.over {
			return looked, err
		}
	}
	if l.ascending(found) {
		looked = l.span.At
	}
	return looked, nil
}

// ascending yields the blocks of one stride, or of memory, that may hold what
// comes after the span's beginning, and reports whether all were taken.
func (l *lookup) ascending(blocks []market.Sequence) bool {
	// The last that begins at or before what is wanted first may hold it.
	begin := 0
	for begin+1 < len(blocks) && blocks[begin+1] <= l.span.After+1 {
		begin++
	}
	for _, b := range blocks[begin:] {
		if b > l.span.At {
			break
		}
		if !l.take(b) {
			return false
		}
	}
	return !l.ended()
}

func (l *lookup) take(b market.Sequence) bool {
	l.over = l.ended() || !l.yield(b)
	return !l.over
}

// next reports whether another stored stride is to be looked at.
func (l *lookup) next() bool {
	l.stored++
	l.over = l.over || l.stored == MaxStrides
	return !l.over
}

func (l *lookup) ended() bool {
	if l.ctx.Err() != nil {
		l.over = true
	}
	return l.over
}

func (v *View) backwards(l *lookup) (market.Sequence, error) {
	high := l.span.At
	if l.span.After != 0 {
		high = min(high, l.span.After-1)
	}
	found, first := v.memory(l.filter)
	looked := high + 1
	if high >= first {
		if !l.descending(found, high) {
			return looked, nil
		}
		looked = first
	}
	if first <= 1 {
		return looked, nil
	}
	above, err := v.strideOf(min(high, first-1), first-1)
	if err != nil {
		return looked, err
	}
	err = v.reader.List(list(), readmodels.Span{At: above, Descending: true}, func(b []byte, _ market.Sequence) bool {
		var i item
		if i, l.failed = readItem(b); v.reader.Noticed(l.failed) != nil {
			return false
		}
		if l.descending(l.filter.in(i.find), high) {
			looked = min(looked, i.first())
		}
		return l.next()
	})
	return looked, errors.Join(err, l.failed)
}

// strideOf returns the last sequence of the stored stride that holds a
// sequence. Nothing is stored beyond last.
func (v *View) strideOf(sequence, last market.Sequence) (market.Sequence, error) {
	found := last
	err := v.reader.List(list(), readmodels.Span{At: last, After: sequence - 1}, func(_ []byte, at market.Sequence) bool {
		found = at
		return false
	})
	return found, err
}

// descending yields the blocks that begin at or before a sequence, the last
// first, and reports whether all were taken.
func (l *lookup) descending(blocks []market.Sequence, high market.Sequence) bool {
	for _, b := range slices.Backward(blocks) {
		if b <= high && !l.take(b) {
			return false
		}
	}
	return !l.ended()
}
