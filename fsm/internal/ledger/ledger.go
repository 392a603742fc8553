// Package ledger keeps the venue's money: for each account and asset a total
// and the part of it that is held for open orders, both in ledger units.
//
// It is double entry: money changes by postings that sum to zero in each
// asset, so that the whole ledger always does. What must hold is asserted at
// each posting; who asks for something impossible has a bug, and the machine
// stops:
//
//	0 <= held <= total        but for the external account, whose total may
//	                          be below zero: it is the other side of deposits
//	sum of totals = 0         in each asset
//
// Whether a balance suffices is asked before (Available); nothing here
// refuses.
package ledger

import (
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/fsm/slab"
)

// MaxSupply bounds what all accounts together may hold of an asset. As no
// account but the external one is below zero, no balance and no sum of
// balances can leave 64 bits.
const MaxSupply = market.Amount(1) << 62

// Ref names a balance for ever. 0 is none.
type Ref uint32

// Balance is the state of one account in one asset. Available is Total - Held.
type Balance struct{ Total, Held market.Amount }

// Available returns what can be used.
func (b Balance) Available() market.Amount { return b.Total - b.Held }

// Owner is whose balance it is, and in which asset.
type Owner struct{ Account, Asset uint32 }

type record struct {
	//lint:ignore U1000 the pool reads and writes it while the record is free
	link    uint32 // the pool's
	account uint32
	asset   uint32
	_       uint32
	total   int64
	held    int64
}

// Ledger is all balances.
type Ledger struct {
	records *slab.Pool[record]
	index   *slab.Index
	// external is the account that may be below zero.
	external uint32
}

// New returns an empty ledger. Accounts and assets are numbers of the
// caller's.
func New(alloc slab.Allocator, external uint32) *Ledger {
	return &Ledger{records: slab.NewPool[record](alloc), index: slab.NewIndex(alloc), external: external}
}

func hash(account, asset uint32) uint64 {
	return slab.Mix(uint64(account)<<32|uint64(asset), 0)
}

// Find returns the balance of an account in an asset, 0 if it never had one.
func (l *Ledger) Find(account, asset uint32) Ref {
	n, _ := l.index.Find(hash(account, asset), func(i uint32) bool {
		r := l.records.Get(i)
		return r.account == account && r.asset == asset
	})
	return Ref(n)
}

// Open is Find, but opens the balance with zero if there is none.
func (l *Ledger) Open(account, asset uint32) Ref {
	if ref := l.Find(account, asset); ref != 0 {
		return ref
	}
	n := l.records.Alloc()
	r := l.records.Mut(n)
	r.account, r.asset = account, asset
	l.index.Insert(hash(account, asset), n)
	return Ref(n)
}

// Get returns a balance; that of ref 0 is zero.
func (l *Ledger) Get(ref Ref) Balance {
	if ref == 0 {
		return Balance{}
	}
	r := l.records.Get(uint32(ref))
	return Balance{market.Amount(r.total), market.Amount(r.held)}
}

// Hold moves amount from available to held, or back if it is negative. It
// panics if there is not as much.
func (l *Ledger) Hold(ref Ref, amount market.Amount) {
	if amount == 0 {
		return
	}
	r := l.records.Mut(uint32(ref))
	r.held += int64(amount)
	l.check(r)
}

// Entry is one leg of a posting: Delta is added to the total of the balance,
// Hold to what is held of it (negative: released).
type Entry struct {
	Ref         Ref
	Delta, Hold market.Amount
}

// Post applies the legs together. It panics unless they sum to zero in each
// asset and leave every balance valid.
func (l *Ledger) Post(entries ...Entry) {
	for i := range entries {
		e := &entries[i]
		if e.Ref == 0 {
			continue
		}
		r := l.records.Mut(uint32(e.Ref))
		total, ok := market.Add(r.total, int64(e.Delta))
		if !ok {
			panic(fmt.Sprintf("ledger: total of account %d in asset %d overflows", r.account, r.asset))
		}
		r.total = total
		r.held += int64(e.Hold)
	}
	for i := range entries {
		if e := &entries[i]; e.Ref != 0 {
			l.check(l.records.Get(uint32(e.Ref)))
			l.balanced(entries, i)
		}
	}
}

// balanced asserts that the legs in the asset of leg i sum to zero. Postings
// have a handful of legs: the square of that is cheaper than a map.
func (l *Ledger) balanced(entries []Entry, i int) {
	asset := l.records.Get(uint32(entries[i].Ref)).asset
	var sum market.Amount
	for _, e := range entries {
		if e.Ref != 0 && l.records.Get(uint32(e.Ref)).asset == asset {
			sum += e.Delta
		}
	}
	if sum != 0 {
		panic(fmt.Sprintf("ledger: posting leaves %d in asset %d", sum, asset))
	}
}

func (l *Ledger) check(r *record) {
	if r.held < 0 || (r.held > r.total && r.account != l.external) || (r.account == l.external && r.held != 0) {
		panic(fmt.Sprintf("ledger: account %d in asset %d has total %d, held %d", r.account, r.asset, r.total, r.held))
	}
}

// All calls yield for each balance in the order in which they were opened,
// for audits.
func (l *Ledger) All(yield func(ref Ref, of Owner) bool) {
	for i := uint32(1); i < l.records.Len(); i++ {
		r := l.records.Get(i)
		if !yield(Ref(i), Owner{r.account, r.asset}) {
			return
		}
	}
}

// Describe names the tables, and says how their records lie.
func (l *Ledger) Describe(name string) {
	l.index.Describe(name+".index", 1)
	l.records.Describe(slab.Shape{Name: name + ".records", Layouts: []slab.Layout{
		{Level: 1, Fields: "link 4, account 4, asset 4, _ 4, total 8, held 8"},
	}})
}

// Tables lists the slabs, for hashing, capture and restoration.
func (l *Ledger) Tables() []slab.Table { return append(l.index.Tables(), l.records) }
