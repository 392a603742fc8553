package balances

import (
	"errors"
	"slices"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// sum is the ledger's total of one asset: what is below zero, as a positive
// number, and what is above.
type sum struct {
	debits, credits market.Amount
	scale           uint8
}

// move takes one posting into the sums of its asset.
func (f *fold) move(b *event.Balance) {
	if b.Delta == 0 {
		return
	}
	s := f.view.sums[b.Asset]
	s.scale = b.Scale
	s.put(b.Total-b.Delta, -1)
	s.put(b.Total, 1)
	f.view.sums[b.Asset] = s
	if !slices.Contains(f.moved, b.Asset) {
		f.moved = append(f.moved, b.Asset)
	}
}

func (s *sum) put(total market.Amount, sign market.Amount) {
	if total < 0 {
		s.debits -= sign * total
	} else {
		s.credits += sign * total
	}
}

// closeSums writes the sums that a record changed, at its last event: between
// the postings of one trade they do not balance, and nobody is to see that.
func (f *fold) closeSums(at market.Sequence) {
	for _, asset := range f.moved {
		s := f.view.sums[asset]
		f.value = append(f.value[:0], s.scale)
		f.value = readmodels.AppendInt(f.value, int64(s.debits))
		f.value = readmodels.AppendInt(f.value, int64(s.credits))
		f.w.Set(f.named('t', asset), f.value, at)
	}
	f.moved = f.moved[:0]
}

func readSum(r readmodels.Reader, asset string, at market.Sequence) (sum, error) {
	value, _, err := r.Get(appendKey(nil, 't', asset), at)
	if errors.Is(err, readmodels.ErrNotFound) {
		value, _, err = r.Get(appendKey(nil, 'k', asset), at)
		if err != nil || len(value) == 0 {
			return sum{}, err
		}
		return sum{scale: value[0]}, nil
	}
	if err != nil {
		return sum{}, err
	}
	u := readmodels.Unpack(value)
	s := sum{scale: u.Byte(), debits: market.Amount(u.Int()), credits: market.Amount(u.Int())}
	return s, r.Noticed(u.Err())
}

// TrialBalance sums each asset over the whole ledger, in the order in which
// the assets were defined.
func (v *View) TrialBalance(at event.Pin) ([]event.TrialBalanceLine, error) {
	lines := []event.TrialBalanceLine{}
	var failed error
	err := v.reader.List(assetsList(), readmodels.Span{At: at.Sequence}, func(asset []byte, _ market.Sequence) bool {
		var s sum
		if s, failed = readSum(v.reader, string(asset), at.Sequence); failed != nil {
			return false
		}
		lines = append(lines, event.TrialBalanceLine{Asset: string(asset), Scale: s.scale, Debits: s.debits, Credits: s.credits})
		return true
	})
	if err == nil {
		err = failed
	}
	return lines, err
}

// isNew reads the error of a look-up as "there was nothing".
func (f *fold) isNew(err error) bool {
	if err != nil && !errors.Is(err, readmodels.ErrNotFound) {
		f.err = errors.Join(f.err, err)
	}
	return err != nil
}
