package catalogue_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/catalogue"
	"github.com/rialto-exchange/rialto/readmodels/store"
	"github.com/rialto-exchange/rialto/readmodels/viewtest"
)

// openStore opens a store whose generations hold a few blocks only.
func openStore(dir string) (readmodels.Store, error) {
	return store.Open(store.Options{Dir: dir, Identity: "test", Boot: "boot", MemTable: 1 << 20, Generation: 8 << 10})
}

// TestSuite shows that declarations read the same as a list of them.
func TestSuite(t *testing.T) {
	viewtest.Run(t, viewtest.Case{
		New:       func(j readmodels.Journal) readmodels.View { return catalogue.New(j) },
		Dump:      dump,
		Naive:     func() viewtest.Naive { return &naive{} },
		OpenStore: openStore,
	})
}

func dump(v readmodels.View, at event.Pin) (string, error) {
	view := v.(*catalogue.View)
	assets, err1 := view.Assets(at)
	instruments, err2 := view.Instruments(context.Background(), at, event.Page{Limit: 10})
	accounts, err3 := view.Accounts(context.Background(), at, event.Page{Limit: 10})
	limits, err4 := view.Limits(at, command.ScopeVenue, "")
	first, err5 := view.DefaultAsset(at)
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return "", err
	}
	return text(assets, instruments.Items, accounts.Items, limits, first), nil
}

func text(all ...any) string {
	var out strings.Builder
	for _, a := range all {
		fmt.Fprintf(&out, "%+v\n", a)
	}
	return out.String()
}

type naive struct {
	assets      []event.Reading[event.Asset]
	instruments []event.Reading[event.Instrument]
	accounts    []event.Reading[event.Account]
	limits      event.Reading[command.Limits]
}

func upsert[T any](list []event.Reading[T], r event.Reading[T], same func(a, b T) bool) []event.Reading[T] {
	for i := range list {
		if same(list[i].Value, r.Value) {
			list[i] = r
			return list
		}
	}
	return append(list, r)
}

func (n *naive) Event(e event.Public) {
	at := event.Pin{Sequence: e.Sequence, At: e.Block.At}
	switch r := e.Record.(type) {
	case *event.AssetChanged:
		n.assets = upsert(n.assets, event.Reading[event.Asset]{Value: r.Asset, Version: r.Asset.Sequence, Changed: at},
			func(a, b event.Asset) bool { return a.Asset == b.Asset })
	case *event.InstrumentChanged:
		n.instruments = upsert(n.instruments, event.Reading[event.Instrument]{Value: r.Instrument, Version: r.Instrument.Sequence, Changed: at},
			func(a, b event.Instrument) bool { return a.Instrument == b.Instrument })
	case *event.AccountChanged:
		n.accounts = upsert(n.accounts, event.Reading[event.Account]{Value: r.Account, Version: r.Account.Sequence, Changed: at},
			func(a, b event.Account) bool { return a.Account == b.Account })
	case *event.LimitsChanged:
		n.limits = event.Reading[command.Limits]{Value: r.Limits, Version: r.Sequence, Changed: at}
	}
}

func (n *naive) Dump(event.Pin) (string, error) {
	return text(n.assets, n.instruments, n.accounts, n.limits, n.assets[0].Value.Asset), nil
}

// TestParticipants shows that credentials are known after the fold that
// declared them and after a restart.
func TestParticipants(t *testing.T) {
	dir := t.TempDir()
	j := viewtest.NewJournal(viewtest.NewGenerator(1).Next())
	last := j.Last().Sequence
	for run := range 2 {
		s, err := openStore(dir)
		if err != nil {
			t.Fatal(err)
		}
		v := catalogue.New(j)
		from, err := v.Open(s, s.Cursor())
		if err != nil {
			t.Fatal(err)
		}
		if want := market.Sequence(run) * last; from != want {
			t.Errorf("run %d: goes on from %d, want %d", run, from, want)
		}
		_ = j.Read(from, func(b *event.Block) bool {
			err = s.Commit(b.Last(), func(w readmodels.Writer) error { return v.Fold(b, w) })
			return err == nil
		})
		if got, err := v.Participants(event.Pin{Sequence: last}); err != nil || len(got) != 1 || got[0].Participant != "p" {
			t.Errorf("run %d: got %+v, %v; want p", run, got, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
