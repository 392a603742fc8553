package commandindex

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// Serving returns nil if commands can be found through a sequence.
func (v *View) Serving(through market.Sequence) error { return v.reader.Serving(through) }

// First returns what a participant's command id was first executed as, at or
// before a point: the group, and its block. ErrNotFound if it was not, or only
// below the retention floor: who is told so must be told the floor too, as it is
// afterwards. It ends with ctx's error.
func (v *View) First(ctx context.Context, at market.Sequence, participant, id string) (*event.Block, *event.Group, error) {
	if err := v.reader.Serving(at); err != nil {
		return nil, nil, err
	}
	l := &lookup{ctx: ctx, journal: v.journal, at: at, participant: participant, id: id}
	m := markOf(participant, id)
	memory, first := v.memory(m)
	if first > 1 {
		err := v.reader.List(listOf(m.bucket), readmodels.Span{At: first - 1}, func(b []byte, end market.Sequence) bool {
			i, err := readItem(b, end)
			if l.failed = v.reader.Noticed(err); err != nil {
				return false
			}
			return l.among(i.find(nil, m.fingerprint))
		})
		if err = errors.Join(l.failed, err); err != nil {
			return nil, nil, fmt.Errorf("look for command %s: %w", id, err)
		}
	}
	if l.group == nil {
		l.among(memory)
	}
	if l.failed == nil && l.group == nil {
		l.failed = readmodels.ErrNotFound
	}
	if l.failed != nil {
		return nil, nil, fmt.Errorf("look for command %s: %w", id, l.failed)
	}
	return l.block, l.group, nil
}

// memory returns what the strides in memory know, ascending, and the sequence
// they begin at: what is before lies in the store.
func (v *View) memory(m mark) (found []market.Sequence, first market.Sequence) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	first = v.open.first
	if v.closed != nil {
		first = v.closed.first
		found = v.closed.find(found, m)
	}
	return v.open.find(found, m), first
}

// lookup is one call of First.
type lookup struct {
	ctx             context.Context
	journal         readmodels.Journal
	at              market.Sequence
	participant, id string
	block           *event.Block
	group           *event.Group
	failed          error
}

// among looks at the commands that may be the one, and reports whether to look
// on.
func (l *lookup) among(found []market.Sequence) bool {
	for _, first := range found {
		if first > l.at || !l.is(first) {
			break
		}
	}
	if l.failed == nil {
		l.failed = l.ctx.Err()
	}
	return l.failed == nil && l.group == nil
}

// is reports whether to look on after the command that begins with a sequence.
func (l *lookup) is(first market.Sequence) bool {
	b, err := l.journal.Block(first)
	switch {
	case errors.Is(err, readmodels.ErrBeforeFloor):
		return true // what can't be told apart any more is not known
	case err != nil:
		l.failed = err
		return false
	}
	i := slices.IndexFunc(b.Groups, func(g event.Group) bool { return g.First == first && executed(&g) })
	if i < 0 {
		l.failed = fmt.Errorf("no command begins at sequence %d: %w", first, readmodels.ErrDamaged)
		return false
	}
	if c := &b.Groups[i].Context; c.Participant != l.participant || c.CommandID != l.id {
		return true
	}
	l.block, l.group = b, &b.Groups[i]
	return false
}
