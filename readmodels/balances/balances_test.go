package balances_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/balances"
	"github.com/rialto-exchange/rialto/readmodels/store"
	"github.com/rialto-exchange/rialto/readmodels/viewtest"
)

// openStore opens a store whose generations hold a few blocks only.
func openStore(dir string) (readmodels.Store, error) {
	return store.Open(store.Options{Dir: dir, Identity: "test", Boot: "boot", MemTable: 1 << 20, Generation: 8 << 10})
}

// TestSuite shows that balances, holds, account sequences and the trial
// balance read the same as a map of the last images.
func TestSuite(t *testing.T) {
	viewtest.Run(t, viewtest.Case{
		New:       func(readmodels.Journal) readmodels.View { return balances.New() },
		Dump:      dump,
		Naive:     func() viewtest.Naive { return newNaive() },
		OpenStore: openStore,
	})
}

func everybody() []string {
	return append(viewtest.Accounts(), market.AccountExternal, market.AccountFees)
}

func dump(v readmodels.View, at event.Pin) (string, error) {
	var out strings.Builder
	view := v.(*balances.View)
	for _, account := range everybody() {
		all, err := view.Balances(at, account)
		if err != nil && !errors.Is(err, readmodels.ErrNotFound) {
			return "", err
		}
		for _, r := range all {
			writeLine(&out, account, r.Value, r.Version, r.Changed)
		}
	}
	lines, err := view.TrialBalance(at)
	if err != nil {
		return "", err
	}
	for _, l := range lines {
		if l.Debits != l.Credits {
			return "", fmt.Errorf("ledger does not balance: %+v", l)
		}
	}
	fmt.Fprintf(&out, "%+v\n", lines)
	return out.String(), nil
}

func writeLine(out *strings.Builder, account string, b event.Balance, version uint64, changed event.Pin) {
	fmt.Fprintf(out, "%s %s %d held %d, %d at %v\n", account, b.Asset, b.Total, b.Held, version, changed)
}

type key struct{ account, asset string }

type naive struct {
	balances map[key]event.Balance
	changed  map[key]event.Pin
	versions map[string]uint64
	ledger   map[key]market.Amount // by whole records
	assets   []string
}

func newNaive() *naive {
	return &naive{map[key]event.Balance{}, map[key]event.Pin{}, map[string]uint64{}, map[key]market.Amount{}, nil}
}

func (n *naive) set(e event.Public, account string, b event.Balance) {
	k := key{account, b.Asset}
	n.balances[k] = b
	n.changed[k] = event.Pin{Sequence: e.Sequence, At: e.Block.At}
}

func (n *naive) post(e event.Public, p event.Posting) {
	n.versions[p.Account] = p.Sequence
	for _, b := range p.Balances {
		n.set(e, p.Account, b)
	}
}

func (n *naive) Event(e event.Public) {
	switch r := e.Record.(type) {
	case *event.AssetChanged:
		n.assets = append(n.assets, r.Asset.Asset)
	case *event.AccountChanged:
		n.versions[r.Account.Account] = r.Account.Sequence
	case *event.FundsChanged:
		n.post(e, event.Posting{Account: r.Account, Sequence: r.Sequence, Balances: []event.Balance{r.Balance}})
		n.set(e, r.Counter.Account, r.Counter.Balance)
	case *event.FundsMoved:
		n.post(e, []event.Posting{r.From, r.To}[e.Index])
	case *event.Fill:
		if e.Index >= 3 {
			n.post(e, r.Postings[e.Index-3])
		}
	case *event.OrderChanged:
		n.set(e, r.Order.Account, r.Hold)
	case *event.SelfTradePrevented:
		n.set(e, []event.Order{r.Incoming, r.Resting}[e.Index].Account, r.Holds[e.Index])
	}
	if e.Index == e.Record.Events()-1 {
		for k, b := range n.balances {
			n.ledger[k] = b.Total
		}
	}
}

func (n *naive) Dump(event.Pin) (string, error) {
	var out strings.Builder
	for _, account := range everybody() {
		for _, asset := range slices.Sorted(slices.Values(n.assets)) {
			if b, ok := n.balances[key{account, asset}]; ok {
				writeLine(&out, account, b, n.versions[account], n.changed[key{account, asset}])
			}
		}
	}
	lines := []event.TrialBalanceLine{}
	for _, asset := range n.assets {
		l := event.TrialBalanceLine{Asset: asset, Scale: 6}
		for k, total := range n.ledger {
			if k.asset == asset {
				l.Debits -= min(total, 0)
				l.Credits += max(total, 0)
			}
		}
		lines = append(lines, l)
	}
	fmt.Fprintf(&out, "%+v\n", lines)
	return out.String(), nil
}

// TestUnheld shows the difference between an asset that an account never held
// (zeros), one that does not exist, and an account that does not exist.
func TestUnheld(t *testing.T) {
	s, err := openStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	v := balances.New()
	if _, err := v.Open(s, 0); err != nil {
		t.Fatal(err)
	}
	b := viewtest.NewGenerator(1).Next()
	if err := s.Commit(b.Last(), func(w readmodels.Writer) error { return v.Fold(b, w) }); err != nil {
		t.Fatal(err)
	}
	at := event.Pin{Sequence: 10, At: b.At} // opened, and nothing deposited yet
	for _, c := range []struct {
		account, asset string
		want           error
	}{{"alice", "USD", nil}, {"alice", "XXX", readmodels.ErrNotFound}, {"nobody", "USD", readmodels.ErrNotFound}} {
		r, err := v.Balance(at, c.account, c.asset)
		if !errors.Is(err, c.want) || r.Value.Total != 0 {
			t.Errorf("%s %s: got %+v, %v; want zeros, %v", c.account, c.asset, r, err, c.want)
		}
	}
}
