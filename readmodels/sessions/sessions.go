// Package sessions (no promise) is the view of the FIX sessions: what each of
// them is like at any point of the past, and which block of the journal holds
// the report with a given outbound number.
//
// The journal holds the reports, and the machine has numbered them. So the view
// keeps, beside a session's state, one item for each block that reports to it:
// the first and the last number in that block. What no item names is a gap: a
// message that was no report, or one of a past that is gone.
package sessions

import (
	"errors"
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// Name is the view's name.
const Name = "sessions"

// View folds blocks into sessions. Its queries may run beside Fold.
type View struct {
	journal readmodels.Journal
	reader  readmodels.Reader
	turns   chan struct{} // of those who read the journal
	known   map[string]*event.SessionState
}

var _ readmodels.View = (*View)(nil)

// New returns the view. Reports are read from the journal.
func New(j readmodels.Journal) *View {
	return &View{journal: j, turns: make(chan struct{}, PagesAtOnce), known: map[string]*event.SessionState{}}
}

// Name implements readmodels.View.
func (*View) Name() string { return Name }

// Format implements readmodels.View.
func (*View) Format() uint32 { return 2 }

// The keys of the store: the state of a session, the list of its blocks, and
// the list of all sessions.
const (
	stateKey  = 's'
	blocksKey = 'n'
	listKey   = 'c'
)

func key(kind byte, comp string) []byte { return append([]byte{kind}, comp...) }

// Open implements readmodels.View. It loads the newest states: a fold changes
// them.
func (v *View) Open(r readmodels.Reader, cursor market.Sequence) (market.Sequence, error) {
	if v.reader == nil {
		v.reader = r
	}
	v.known = map[string]*event.SessionState{}
	if cursor == 0 {
		return 0, nil
	}
	var failed error
	err := r.List([]byte{listKey}, readmodels.Span{At: cursor}, func(item []byte, _ market.Sequence) bool {
		failed = eachName(item, func(comp string) error {
			s, _, err := state(r, comp, cursor)
			if err == nil {
				v.known[comp] = &s
			}
			return err
		})
		return failed == nil
	})
	if err := errors.Join(err, failed); err != nil {
		return 0, fmt.Errorf("load sessions: %w", err)
	}
	return cursor, nil
}

// state returns a session at a point, and since when it is so.
func state(r readmodels.Reader, comp string, at market.Sequence) (event.SessionState, market.Sequence, error) {
	value, from, err := r.Get(key(stateKey, comp), at)
	if err != nil {
		return event.SessionState{}, 0, err
	}
	s, err := unpackState(comp, value)
	return s, from, r.Noticed(err)
}
