package node_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node"
	"github.com/rialto-exchange/rialto/readmodels"
)

// accountsOpened is a program's view: how many accounts there were.
type accountsOpened struct {
	reader readmodels.Reader
	before func(b *event.Block) // is called before a block is folded
}

func (*accountsOpened) Name() string   { return "accounts_opened" }
func (*accountsOpened) Format() uint32 { return 1 }

func (v *accountsOpened) Open(r readmodels.Reader, cursor market.Sequence) (market.Sequence, error) {
	v.reader = r
	return cursor, nil
}

func (v *accountsOpened) Fold(b *event.Block, w readmodels.Writer) error {
	if v.before != nil {
		v.before(b)
	}
	count, err := v.count(w.Past(), b.First-1)
	if err != nil {
		return err
	}
	for e := range b.Events {
		if e.Type == event.TypeAccountOpened {
			count++
			w.Set([]byte("opened"), binary.BigEndian.AppendUint64(nil, count), e.Sequence)
		}
	}
	return nil
}

func (v *accountsOpened) count(r readmodels.Reader, at market.Sequence) (uint64, error) {
	value, _, err := r.Get([]byte("opened"), at)
	if errors.Is(err, readmodels.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(value), nil
}

// open opens accounts by the embedder's door and returns the last sequence.
func openAccounts(t *testing.T, n *node.Node, ids ...string) market.Sequence {
	t.Helper()
	var last market.Sequence
	for _, id := range ids {
		out, err := n.Commands().Submit(t.Context(), []*command.Command{{
			Header: command.Header{ID: "open-" + id, Role: market.RoleAdmin, Source: market.SourceSystem},
			Body:   &command.OpenAccount{Account: id},
		}})
		if err != nil {
			t.Fatal(err)
		}
		last = out[0].Sequence
	}
	return last
}

// findings waits until a node has a finding of a code about something, or none.
func findings(t *testing.T, n *node.Node, code, about string, want bool) {
	t.Helper()
	eventually(t, fmt.Sprintf("the finding %s of %s is there: %v", code, about, want), func() bool {
		has := false
		for _, f := range n.Operations().Twin().Findings {
			has = has || f.Code == code && f.About == about
		}
		return has == want
	})
}

// TestOwnReadModel shows a program's view: it is folded, waited for by its own
// watermark, read at any point, and goes on after a restart.
func TestOwnReadModel(t *testing.T) {
	cfg, view := unbound(t, "n1"), &accountsOpened{}
	n := openNode(t, cfg, node.WithFounding(), node.WithReadModel(view))
	ready(t, n)
	first := openAccounts(t, n, "alice")
	last := openAccounts(t, n, "bob", "carol")
	m := n.ReadModel("accounts_opened")
	if err := m.Wait(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[market.Sequence]uint64{first: 1, last: 3} {
		if got, err := view.count(view.reader, at); err != nil || got != want {
			t.Errorf("at %d: %d accounts, %v, want %d", at, got, err, want)
		}
	}
	if m.Watermark() < last || m.Err() != nil {
		t.Errorf("watermark %d of %d, %v", m.Watermark(), last, m.Err())
	}
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := m.Wait(short, last+1_000_000); !errors.Is(err, readmodels.ErrNotCaughtUp) {
		t.Errorf("a sequence that never was: %v", err)
	}
	closeNode(t, n)

	n = openNode(t, cfg, node.WithReadModel(view))
	defer closeNode(t, n)
	ready(t, n)
	last = openAccounts(t, n, "dave")
	if err := n.ReadModel("accounts_opened").Wait(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	if got, err := view.count(view.reader, last); err != nil || got != 4 {
		t.Errorf("after a restart: %d accounts, %v, want 4", got, err)
	}
}

// TestOwnReadModelDelaysNothing shows views that hang and panic, each at an event
// and at its opening: the node takes commands, reads them, is ready and says what
// is wrong with the view; one that is mended is rebuilt.
func TestOwnReadModelDelaysNothing(t *testing.T) {
	t.Run("it hangs", func(t *testing.T) {
		release := make(chan struct{})
		view := &accountsOpened{before: func(*event.Block) { <-release }}
		n := openNode(t, unbound(t, "n1"), node.WithFounding(), node.WithReadModel(view))
		ready(t, n)
		readsOn(t, n)
		findings(t, n, "view_lags", "accounts_opened", true)
		ready(t, n)
		closeNode(t, newlyReleased(n, release))
	})
	t.Run("it panics", func(t *testing.T) {
		var broken atomic.Bool
		broken.Store(true)
		view := &accountsOpened{before: func(b *event.Block) {
			if broken.Load() {
				panic("a defect of the program's")
			}
		}}
		n := openNode(t, unbound(t, "n1"), node.WithFounding(), node.WithReadModel(view))
		defer closeNode(t, n)
		ready(t, n)
		last := readsOn(t, n)
		m := n.ReadModel("accounts_opened")
		if err := m.Wait(t.Context(), last); !errors.Is(err, node.ErrReadModel) || !strings.Contains(err.Error(), "a defect of the program's") {
			t.Errorf("the wait for it ends with %v", err)
		}
		findings(t, n, "view_not_live", "accounts_opened", true)
		ready(t, n)
		broken.Store(false)
		if err := n.Operations().RebuildReadModel(t.Context(), "accounts_opened"); err != nil {
			t.Fatal(err)
		}
		if err := m.Wait(t.Context(), last); err != nil {
			t.Errorf("after it was rebuilt: %v", err)
		}
		findings(t, n, "view_not_live", "accounts_opened", false)
	})
	t.Run("it does not open", func(t *testing.T) {
		n := openNode(t, unbound(t, "n1"), node.WithFounding(), node.WithReadModel(stillborn{&accountsOpened{}}))
		defer closeNode(t, n)
		ready(t, n)
		last := readsOn(t, n)
		if err := n.ReadModel("stillborn").Wait(t.Context(), last); !errors.Is(err, node.ErrReadModel) {
			t.Errorf("the wait for it ends with %v", err)
		}
		findings(t, n, "view_not_live", "stillborn", true)
	})
}

// newlyReleased lets a view that hangs go on, so that its goroutine ends.
func newlyReleased(n *node.Node, release chan struct{}) *node.Node {
	close(release)
	return n
}

// stillborn is a view that panics as soon as it is opened.
type stillborn struct{ *accountsOpened }

func (stillborn) Name() string { return "stillborn" }
func (stillborn) Open(readmodels.Reader, market.Sequence) (market.Sequence, error) {
	panic("at its opening")
}

// readsOn submits a command and reads what it did from the node's own views.
func readsOn(t *testing.T, n *node.Node) market.Sequence {
	t.Helper()
	last := openAccounts(t, n, "alice")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	pin, err := n.Reads().Wait(ctx, last)
	if err != nil {
		t.Fatalf("the node's own views wait for the program's: %v", err)
	}
	if _, err := n.Reads().Account(pin, "alice"); err != nil {
		t.Error(err)
	}
	return last
}

// TestOwnReadModelRefused shows what is no read model to add.
func TestOwnReadModelRefused(t *testing.T) {
	many := make([]node.Option, node.MaxReadModels+1)
	for i := range many {
		many[i] = node.WithReadModel(named{&accountsOpened{}, "v" + string(rune('a'+i))})
	}
	for what, options := range map[string][]node.Option{
		"the name of one of the node's": {node.WithReadModel(named{&accountsOpened{}, "orders"})},
		"a name twice":                  {node.WithReadModel(named{&accountsOpened{}, "x"}), node.WithReadModel(named{&accountsOpened{}, "x"})},
		"a way out of the folder":       {node.WithReadModel(named{&accountsOpened{}, ".."})},
		"no name":                       {node.WithReadModel(named{&accountsOpened{}, ""})},
		"one more than there may be":    many,
	} {
		n, err := node.Open(t.Context(), unbound(t, "n1"), append(options, node.WithFounding())...)
		if err == nil {
			closeNode(t, n)
			t.Errorf("%s: it was taken", what)
		}
	}
	n := openNode(t, unbound(t, "n1"), append(many[1:], node.WithFounding())...)
	ready(t, n)
	closeNode(t, n)
}

type named struct {
	*accountsOpened
	name string
}

func (v named) Name() string { return v.name }

// TestFollow shows events as they come: in order, once each, from where one left
// off, and no further than the reader wants.
func TestFollow(t *testing.T) {
	n := openNode(t, unbound(t, "n1"), node.WithFounding())
	ready(t, n)
	last := openAccounts(t, n, "alice", "bob", "carol")
	enough := errors.New("enough")
	var seen []gateways.Event
	err := n.Follow(t.Context(), 0, func(e gateways.Event) error {
		seen = append(seen, e)
		if e.Sequence == last {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Fatal(err)
	}
	var opened []string
	for i, e := range seen {
		if e.Sequence != market.Sequence(i+1) {
			t.Fatalf("event %d comes as number %d", e.Sequence, i+1)
		}
		if d, ok := e.Data.(*gateways.AccountOpened); ok && !strings.HasPrefix(d.Account.Account, "venue:") {
			opened = append(opened, d.Account.Account)
		}
	}
	if got := strings.Join(opened, " "); got != "alice bob carol" {
		t.Errorf("opened: %s", got)
	}
	next := make(chan gateways.Event, 16)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- n.Follow(ctx, last, func(e gateways.Event) error { next <- e; return nil })
	}()
	openAccounts(t, n, "dave")
	if e := <-next; e.Sequence != last+1 {
		t.Errorf("after %d comes %d", last, e.Sequence)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("whose context ends is told %v", err)
	}
	go func() { ended <- n.Follow(t.Context(), 1<<60, func(gateways.Event) error { return nil }) }()
	closeNode(t, n)
	if err := <-ended; !errors.Is(err, gateways.ErrUnavailable) {
		t.Errorf("when the node stops: %v", err)
	}
}
