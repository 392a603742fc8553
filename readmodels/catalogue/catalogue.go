// Package catalogue (no promise) is the view of what is declared: assets,
// instruments, participants, accounts and limits, at any point of the past.
//
// Declarations are few and rarely change; so their images are stored as JSON.
package catalogue

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// Name is the view's name.
const Name = "catalogue"

// The kinds of things, first byte of their keys; each but limits is also the
// list of the ids of that kind, at their first event.
const (
	assets       = 'a'
	instruments  = 'i'
	participants = 'p'
	accounts     = 'c'
	limits       = 'l' // then the scope, then the target
)

// View folds declarations. Its queries may run beside Fold.
type View struct {
	journal readmodels.Journal
	reader  readmodels.Reader
}

var _ readmodels.View = (*View)(nil)

// New returns the view. The journal translates instants into sequences.
func New(j readmodels.Journal) *View { return &View{journal: j} }

// Name implements readmodels.View.
func (*View) Name() string { return Name }

// Format implements readmodels.View.
func (*View) Format() uint32 { return 1 }

// Open implements readmodels.View.
func (v *View) Open(r readmodels.Reader, cursor market.Sequence) (market.Sequence, error) {
	if v.reader == nil {
		v.reader = r
	}
	return cursor, nil
}

// stored is one image as it is kept.
type stored[T any] struct {
	Value   T
	Version uint64
	At      market.Nanos
}

// Fold implements readmodels.View.
func (v *View) Fold(b *event.Block, w readmodels.Writer) error {
	f := fold{w: w, at: b.At, before: b.First - 1}
	readmodels.Records(b, func(_ *event.Group, r event.Record, first market.Sequence) {
		switch r := r.(type) {
		case *event.AssetChanged:
			put(&f, key(assets, r.Asset.Asset), r.Asset, r.Asset.Sequence, first)
		case *event.InstrumentChanged:
			put(&f, key(instruments, r.Instrument.Instrument), r.Instrument, r.Instrument.Sequence, first)
		case *event.ParticipantChanged:
			put(&f, key(participants, r.Participant.Participant), r.Participant, r.Participant.Sequence, first)
		case *event.AccountChanged:
			put(&f, key(accounts, r.Account.Account), r.Account, r.Account.Sequence, first)
		case *event.LimitsChanged:
			put(&f, limitsKey(r.Scope, r.Target), r.Limits, r.Sequence, first)
		}
	})
	return f.err
}

type fold struct {
	w      readmodels.Writer
	at     market.Nanos
	before market.Sequence
	begun  map[string]bool // what this block declared first
	err    error
}

func key(kind byte, id string) []byte { return append([]byte{kind}, id...) }

func limitsKey(scope command.LimitScope, target string) []byte {
	return append([]byte{limits, byte(scope)}, target...)
}

func put[T any](f *fold, key []byte, value T, version uint64, from market.Sequence) {
	b, err := json.Marshal(stored[T]{value, version, f.at})
	if err != nil {
		f.err = errors.Join(f.err, fmt.Errorf("encode %q: %w", key, err))
		return
	}
	f.w.Set(key, b, from)
	if key[0] != limits && f.begins(key) {
		f.w.Append(key[:1], key[1:], from)
	}
}

// begins reports whether a key has its first value in this block, once.
func (f *fold) begins(key []byte) bool {
	if f.begun[string(key)] {
		return false
	}
	_, _, err := f.w.Past().Get(key, f.before)
	if err == nil {
		return false
	}
	if !errors.Is(err, readmodels.ErrNotFound) {
		f.err = errors.Join(f.err, err)
	}
	if f.begun == nil {
		f.begun = map[string]bool{}
	}
	f.begun[string(key)] = true
	return true
}
