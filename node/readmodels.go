package node

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/balances"
	"github.com/rialto-exchange/rialto/readmodels/books"
	"github.com/rialto-exchange/rialto/readmodels/catalogue"
	"github.com/rialto-exchange/rialto/readmodels/commandindex"
	"github.com/rialto-exchange/rialto/readmodels/eventindex"
	"github.com/rialto-exchange/rialto/readmodels/orders"
	"github.com/rialto-exchange/rialto/readmodels/projector"
	"github.com/rialto-exchange/rialto/readmodels/sessions"
	"github.com/rialto-exchange/rialto/readmodels/store"
	"github.com/rialto-exchange/rialto/readmodels/trades"
)

// views are this node's read models: a new one is a field and a row of list.
type views struct {
	catalogue *catalogue.View
	balances  *balances.View
	orders    *orders.View
	trades    *trades.View
	books     *books.View
	events    *eventindex.View
	sessions  *sessions.View
	commands  *commandindex.View
	projector *projector.Projector
	// stores are those of all of them, and of the embedding program's.
	stores openStores
}

// openStores are stores that were opened. Its methods may be called from any
// goroutine.
type openStores struct {
	mu  sync.Mutex
	all []*store.Store
}

func (o *openStores) add(s *store.Store) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = append(o.all, s)
}

func (o *openStores) list() []*store.Store {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.all)
}

func (v *views) list() []readmodels.View {
	return []readmodels.View{v.catalogue, v.balances, v.orders, v.trades, v.books, v.events, v.sessions, v.commands}
}

func (n *Node) openViews(context.Context, context.Context) error {
	v := &views{
		catalogue: catalogue.New(n.journal), balances: balances.New(), orders: orders.New(n.journal),
		trades: trades.New(n.journal), books: books.New(n.journal, market.Sequence(n.cfg.ReadModels.BookCheckpointEvents)),
		events: eventindex.New(0), sessions: sessions.New(n.journal),
		commands: commandindex.New(n.journal, 0),
	}
	if err := n.openProbe(); err != nil {
		return err
	}
	if err := n.openViewsRoom(); err != nil {
		return err
	}
	boot, err := n.boot()
	if err != nil {
		n.log.Warn("read models will be rebuilt after an unclean stop", "error", err)
	}
	n.views = v
	n.bootID = boot
	p, err := projector.Open(n.projection(v.list()...))
	if err != nil {
		return err
	}
	v.projector = p
	n.onClose("read models", func(context.Context) error { return p.Close() })
	return n.openOwnViews()
}

// boot names the time since the computer was started: what was written within it
// is still there if the process is killed. "" where nobody knows.
func (n *Node) boot() (string, error) {
	if !world.Native(n.world.Files) {
		return world.Boot(n.world.Files), nil
	}
	return store.BootID()
}

// projection is how views are folded.
func (n *Node) projection(views ...readmodels.View) projector.Config {
	return projector.Config{
		Journal: n.journal,
		Now:     n.clock.Now,
		Views:   views,
		OpenStore: func(view readmodels.View) (readmodels.Store, error) {
			memTable, generation := n.cfg.Memory.storeMemory(view.Name())
			s, err := store.Open(store.Options{
				Files:      n.world.Files,
				Dir:        filepath.Join(n.cfg.path("views"), view.Name()),
				Identity:   fmt.Sprintf("%s/%d/%s", view.Name(), view.Format(), n.cfg.ClusterID),
				Boot:       n.bootID,
				MemTable:   memTable,
				Generation: generation,
				Pace:       n.scrubPace,
				Writable:   n.viewsWritable,
				ThrownAway: func(why error) {
					n.log.Warn("read model is folded anew", "view", view.Name(), "reason", why)
				},
			})
			if err == nil {
				n.views.stores.add(s)
			}
			return s, err
		},
		Damaged: func(view string, err error) {
			n.log.Error("read model is damaged and rebuilt", "read_model", view, "error", err)
		},
		MayGrow: n.viewsMayGrow,
		Sick:    func(err error) bool { return cluster.KindOf(err) == cluster.KindSickMachine },
		Failed:  func(view string, err error) { n.log.Error("read model failed", "read_model", view, "error", err) },
	}
}

// errViewsWait: the views are to begin with another node's.
var errViewsWait = errors.New("read models wait for the journal, and for another node's")

// viewsMayGrow is asked before a view folds a block.
func (n *Node) viewsMayGrow() error {
	if n.viewsWait.Load() {
		return errViewsWait
	}
	return n.viewsHaveRoom()
}

// viewsHaveRoom is why views must not grow, nil if they may: they may be on a file
// system of their own.
func (n *Node) viewsHaveRoom() error {
	if err := n.room.mayGrow(); err != nil {
		return err
	}
	n.viewsRoom.look()
	return n.viewsRoom.mayGrow()
}

// viewsWritable is asked before a view goes to its disk.
func (n *Node) viewsWritable() error {
	if err := n.viewsHaveRoom(); err != nil {
		return err
	}
	return n.probe.write()
}

func (n *Node) readModelStatus() []gateways.TwinReadModel {
	status := n.viewStatus()
	out := make([]gateways.TwinReadModel, len(status))
	for i, s := range status {
		why := s.Err
		if s.State == "paused" {
			why = n.viewsMayGrow()
		}
		out[i] = gateways.TwinReadModel{
			Name: s.Name, Sequence: uint64(s.Watermark), Lag: s.Lag, LagMs: milliseconds(s.Waited), State: s.State,
		}
		if why != nil {
			out[i].Why = why.Error()
		}
	}
	return out
}

// RebuildReadModel implements gateways.Operations.
func (o operations) RebuildReadModel(ctx context.Context, name string) error {
	if m := o.Node.ReadModel(name); m != nil {
		return readError(m.Rebuild(ctx))
	}
	return readError(o.views.projector.Rebuild(ctx, name))
}
