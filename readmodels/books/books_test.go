package books_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/books"
	"github.com/rialto-exchange/rialto/readmodels/store"
	"github.com/rialto-exchange/rialto/readmodels/viewtest"
)

// openStore opens a store whose generations hold a few blocks only.
func openStore(dir string) (readmodels.Store, error) {
	return store.Open(store.Options{Dir: dir, Identity: "test", Boot: "boot", MemTable: 1 << 20, Generation: 8 << 10})
}

// TestSuite shows that depth reads the same as the sum of the resting orders,
// now and a little back (from the levels' last changes).
func TestSuite(t *testing.T) {
	suite(t, func(j readmodels.Journal) readmodels.View { return books.New(j, 300) })
}

// TestFarBack shows the same for points that are answered from checkpoints and
// the journal.
func TestFarBack(t *testing.T) {
	suite(t, func(j readmodels.Journal) readmodels.View { return books.New(j, 100).Forgetful() })
}

func suite(t *testing.T, build func(readmodels.Journal) readmodels.View) {
	viewtest.Run(t, viewtest.Case{
		New:       build,
		Dump:      dump,
		Naive:     func() viewtest.Naive { return &naive{orders: map[market.OrderID]event.Order{}} },
		OpenStore: openStore,
	})
}

func dump(v readmodels.View, at event.Pin) (string, error) {
	var out strings.Builder
	for _, instrument := range viewtest.Instruments() {
		b, err := v.(*books.View).Book(context.Background(), at, instrument, 8)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&out, "%d %v %v\n", b.Sequence, b.Bids, b.Asks)
	}
	return out.String(), nil
}

type naive struct {
	orders map[market.OrderID]event.Order
	group  []event.Order // images of the command under way
}

func (n *naive) Event(e event.Public) {
	switch r := e.Record.(type) {
	case *event.OrderChanged:
		n.group = append(n.group, r.Order)
	case *event.Fill:
		if e.Index == 1 || e.Index == 2 {
			n.group = append(n.group, []event.Order{r.Taker, r.Maker}[e.Index-1])
		}
	case *event.SelfTradePrevented:
		n.group = append(n.group, []event.Order{r.Incoming, r.Resting}[e.Index])
	}
	if e.Sequence == e.Group.Last() {
		for _, o := range n.group {
			n.orders[o.ID] = o
		}
		n.group = nil
	}
}

func (n *naive) side(instrument string, side market.Side) []event.Level {
	levels := map[market.Price]event.Level{}
	for _, o := range n.orders {
		if o.Instrument == instrument && o.Side == side && o.Visible > 0 {
			l := levels[o.Price]
			levels[o.Price] = event.Level{Price: o.Price, Quantity: l.Quantity + o.Visible, Orders: l.Orders + 1}
		}
	}
	var all []event.Level
	for _, l := range levels {
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b event.Level) int {
		if side == market.Buy {
			a, b = b, a
		}
		return cmp.Compare(a.Price, b.Price)
	})
	return all[:min(len(all), 8)]
}

func (n *naive) Dump(at event.Pin) (string, error) {
	var out strings.Builder
	for _, instrument := range viewtest.Instruments() {
		fmt.Fprintf(&out, "%d %v %v\n", at.Sequence, n.side(instrument, market.Buy), n.side(instrument, market.Sell))
	}
	return out.String(), nil
}

// A fold ends with its reader, and is an error then: half a book is none.
func TestFoldEndsWithItsReader(t *testing.T) {
	j := viewtest.NewJournal(viewtest.NewGenerator(7).Blocks(200)...)
	s, err := openStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	v := books.New(j, 1<<40).Forgetful() // no checkpoint: all is folded
	if _, err := v.Open(s, 0); err != nil {
		t.Fatal(err)
	}
	err = j.Read(0, func(b *event.Block) bool {
		err = s.Commit(b.Last(), func(w readmodels.Writer) error { return v.Fold(b, w) })
		return err == nil
	})
	if err != nil {
		t.Fatal(err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	at := event.Pin{Sequence: j.Last().Sequence / 2}
	if b, err := v.Book(gone, at, viewtest.Instruments()[0], 5); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v; want the context's error", b, err)
	}
	if _, err := v.Book(t.Context(), at, viewtest.Instruments()[0], 5); err != nil {
		t.Error(err)
	}
}
