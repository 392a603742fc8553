// Package orders (no promise) is the view of the orders: each order's image, an
// account's orders, its open ones, and an order's history and fills, at any
// point of the past.
//
// The images of an order are its history: each is kept at the sequence of the
// event that it follows. An account's list says when its orders came and
// ended, so that what was open at a point is a checkpoint and a few changes.
package orders

import (
	"encoding/binary"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// Name is the view's name.
const Name = "orders"

// View folds order images. Its queries may run beside Fold.
//
// Keys: o id (the image), c account 0 client-order-id (the order's id),
// k account and k account 0 chunk (checkpoints of what is open). Lists: a
// account, with one item for each order that came or ended.
type View struct {
	journal readmodels.Journal
	reader  readmodels.Reader
	// changes counts the items of an account's list since its checkpoint;
	// Fold's alone, and 0 again after a start: it only says when to write one.
	changes map[string]*activity
	every   int      // changes between checkpoints at least
	due     []string // accounts whose next checkpoint is to be written
}

var _ readmodels.View = (*View)(nil)

// New returns the view. The journal holds the events behind an order's
// history.
func New(j readmodels.Journal) *View { return &View{journal: j, every: checkpointChanges} }

// Name implements readmodels.View.
func (*View) Name() string { return Name }

// Format implements readmodels.View.
func (*View) Format() uint32 { return 2 }

// Open implements readmodels.View.
func (v *View) Open(r readmodels.Reader, cursor market.Sequence) (market.Sequence, error) {
	v.changes, v.due = map[string]*activity{}, nil
	if v.reader == nil {
		v.reader = r
	}
	return cursor, nil
}

// Fold implements readmodels.View.
func (v *View) Fold(b *event.Block, w readmodels.Writer) error {
	if err := v.checkpoints(b.First-1, w); err != nil {
		return err
	}
	f := fold{view: v, w: w}
	readmodels.Records(b, func(g *event.Group, r event.Record, first market.Sequence) {
		f.context = &g.Context
		readmodels.Orders(r, first, f.image)
	})
	return nil
}

// fold is the folding of one block; it owns the buffers that keys and values
// are made in.
type fold struct {
	view       *View
	w          readmodels.Writer
	context    *event.Context // of the record under way
	key, value []byte
}

func (f *fold) image(o *event.Order, t event.Type, at market.Sequence) {
	f.value = appendImage(f.value[:0], o, t)
	f.key = appendOrderKey(f.key[:0], o.ID)
	f.w.Set(f.key, f.value, at)
	if t == event.TypeOrderAccepted {
		f.listed(came, o, at)
	}
	if client := calledFromNow(f.context, o, t); client != "" {
		f.key = appendClientKey(f.key[:0], o.Account, client)
		f.w.Set(f.key, appendID(f.value[:0], o.ID), at)
	}
	if !o.Status.IsOpen() && t != event.TypeOrderAccepted {
		f.listed(ended, o, at)
	}
}

// calledFromNow is the id by which an order is found from an event on: its own,
// or that of the FIX request that cancelled it, which the last report of the order
// has as its ClOrdID. "" if the event brings none.
func calledFromNow(c *event.Context, o *event.Order, t event.Type) string {
	switch t {
	case event.TypeOrderAccepted, event.TypeOrderAmended:
		return o.ClientOrderID
	case event.TypeOrderCancelled:
		if c.Session != nil && command.Kind(c.CommandKind) == command.KindCancelOrder {
			return c.Session.Request.ClOrdID
		}
	}
	return ""
}

// What an item of an account's list says.
const (
	came  = '+'
	ended = '-'
)

func (f *fold) listed(what byte, o *event.Order, at market.Sequence) {
	f.key = appendListKey(f.key[:0], o.Account)
	f.value = readmodels.AppendUint(append(f.value[:0], what), uint64(o.ID))
	f.w.Append(f.key, f.value, at)
	f.view.count(o.Account)
}

func appendID(dst []byte, id market.OrderID) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(id))
}

func appendOrderKey(dst []byte, id market.OrderID) []byte { return appendID(append(dst, 'o'), id) }

func appendListKey(dst []byte, account string) []byte {
	return append(append(dst, 'a'), account...)
}

func appendClientKey(dst []byte, account, client string) []byte {
	dst = append(append(dst, 'c'), account...)
	return append(append(dst, 0), client...)
}
