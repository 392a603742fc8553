// Package balances (no promise) is the view of the money: each account's balance
// of each asset, and the sum of the ledger, at any point of the past.
package balances

import (
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// Name is the view's name.
const Name = "balances"

// View folds postings and holds. Its queries may run beside Fold.
//
// Keys (0 separates ids, which never hold it):
//
//	b account 0 asset   a posting's image: it moves the account's sequence
//	h account 0 asset   an order's hold: it does not; the newer of the two holds
//	v account           the account's sequence by what is no posting
//	k asset             its scale and minor unit
//	t asset             the ledger's sums
//
// Lists: a account (its assets), k (all assets).
type View struct {
	reader readmodels.Reader
	// sums are the ledger's by asset, as of the last fold; Fold's alone.
	sums map[string]sum
}

var _ readmodels.View = (*View)(nil)

// New returns the view.
func New() *View { return &View{} }

// Name implements readmodels.View.
func (*View) Name() string { return Name }

// Format implements readmodels.View.
func (*View) Format() uint32 { return 1 }

// Open implements readmodels.View.
func (v *View) Open(r readmodels.Reader, cursor market.Sequence) (market.Sequence, error) {
	v.sums = map[string]sum{}
	if v.reader == nil {
		v.reader = r
	}
	if cursor == 0 {
		return 0, nil
	}
	var failed error
	err := r.List(assetsList(), readmodels.Span{At: cursor}, func(asset []byte, _ market.Sequence) bool {
		var s sum
		if s, failed = readSum(r, string(asset), cursor); failed == nil {
			v.sums[string(asset)] = s
		}
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return 0, fmt.Errorf("load ledger sums: %w", err)
	}
	return cursor, nil
}

// Fold implements readmodels.View.
func (v *View) Fold(b *event.Block, w readmodels.Writer) error {
	f := fold{view: v, w: w, at: b.At, before: b.First - 1}
	readmodels.Records(b, func(_ *event.Group, r event.Record, first market.Sequence) {
		f.record(r, first)
		f.closeSums(first + market.Sequence(r.Events()) - 1)
	})
	return f.err
}

// fold is the folding of one block.
type fold struct {
	view   *View
	w      readmodels.Writer
	at     market.Nanos
	before market.Sequence // the last sequence before the block
	key    []byte
	value  []byte
	opened map[string]bool // balances and assets that this block began
	moved  []string        // assets whose sums the record changed
	err    error
}

func (f *fold) record(r event.Record, first market.Sequence) {
	switch r := r.(type) {
	case *event.AssetChanged:
		f.asset(&r.Asset, first)
	case *event.AccountChanged:
		f.value = readmodels.AppendUint(f.value[:0], r.Account.Sequence)
		f.value = readmodels.AppendInt(f.value, int64(f.at))
		f.w.Set(f.named('v', r.Account.Account), f.value, first)
	case *event.FundsChanged:
		f.posting(r.Account, r.Sequence, &r.Balance, first)
		f.posting(r.Counter.Account, 0, &r.Counter.Balance, first)
	case *event.FundsMoved:
		f.postings(&r.From, first)
		f.postings(&r.To, first+1)
	case *event.Fill:
		for i := range r.Postings {
			f.postings(&r.Postings[i], first+3+market.Sequence(i))
		}
	case *event.OrderChanged:
		if r.Hold.Asset != "" {
			f.hold(r.Order.Account, &r.Hold, first)
		}
	case *event.SelfTradePrevented:
		f.preventedHolds(r, first)
	}
}

// preventedHolds: a market order holds nothing, so the last hold is the
// resting order's.
func (f *fold) preventedHolds(r *event.SelfTradePrevented, first market.Sequence) {
	n := len(r.Holds)
	if n > 1 {
		f.hold(r.Incoming.Account, &r.Holds[0], first)
	}
	if n > 0 {
		f.hold(r.Resting.Account, &r.Holds[n-1], first+1)
	}
}

func (f *fold) postings(p *event.Posting, at market.Sequence) {
	for i := range p.Balances {
		f.posting(p.Account, p.Sequence, &p.Balances[i], at)
	}
}

func (f *fold) posting(account string, sequence uint64, b *event.Balance, at market.Sequence) {
	f.value = appendImage(f.value[:0], b, f.at)
	f.value = readmodels.AppendUint(f.value, sequence)
	f.w.Set(f.paired('b', account, b.Asset), f.value, at)
	// Only a balance that was zero before can be a new one.
	if b.Total == b.Delta && f.begins(f.key) {
		f.w.Append(f.named('a', account), []byte(b.Asset), at)
	}
	f.move(b)
}

func (f *fold) hold(account string, b *event.Balance, at market.Sequence) {
	f.value = appendImage(f.value[:0], b, f.at)
	f.w.Set(f.paired('h', account, b.Asset), f.value, at)
}

func (f *fold) asset(a *event.Asset, at market.Sequence) {
	f.w.Set(f.named('k', a.Asset), []byte{a.Scale, a.MinorUnit}, at)
	if f.begins(f.key) {
		f.w.Append(assetsList(), []byte(a.Asset), at)
	}
}

// begins reports whether a key has its first value in this block, once.
func (f *fold) begins(key []byte) bool {
	if f.opened[string(key)] {
		return false
	}
	if f.opened == nil {
		f.opened = map[string]bool{}
	}
	f.opened[string(key)] = true
	_, _, err := f.w.Past().Get(key, f.before)
	return f.isNew(err)
}

func (f *fold) named(kind byte, id string) []byte {
	f.key = appendKey(f.key[:0], kind, id)
	return f.key
}

func (f *fold) paired(kind byte, account, asset string) []byte {
	f.key = appendPair(f.key[:0], kind, account, asset)
	return f.key
}

func appendKey(dst []byte, kind byte, id string) []byte { return append(append(dst, kind), id...) }

func appendPair(dst []byte, kind byte, account, asset string) []byte {
	return append(append(appendKey(dst, kind, account), 0), asset...)
}

func assetsList() []byte { return []byte{'k'} }
