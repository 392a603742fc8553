package node

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/peer"
)

// A node that lacks much of the past takes its read models over from another
// one, and folds on from there: to fold a month of events takes days. A
// checkpoint is believed as the member is that sends it, and no more: no chain
// covers what a view has stored. `rialto readmodel rebuild` folds a view anew from
// the journal, which the chain does cover.

const (
	// farBehind is from how many missing events on the views are taken over, if
	// they are more than one in shippedShare of all: a checkpoint is of all that
	// ever was, and folding of what is missing alone.
	farBehind    = 50_000
	shippedShare = 8
	// maxViewName bounds a name on the wire.
	maxViewName = 64
	// viewsServed is how many checkpoints a node sends at once.
	viewsServed = 2
)

// worthTakingOver reports whether views that end after a sequence are better
// taken over than folded through another one.
func worthTakingOver(after, through, far uint64) bool {
	missing := through - after
	return missing >= far && missing > through/shippedShare
}

// serveView sends the checkpoint of a read model.
func (n *Node) serveView(ctx context.Context, conn net.Conn) {
	var length [1]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil || length[0] > maxViewName {
		return // the caller is gone, or makes no sense
	}
	name := make([]byte, length[0])
	if _, err := io.ReadFull(conn, name); err != nil {
		return
	}
	select {
	case <-n.up:
	default:
		return // the views are being opened
	}
	defer n.sending.Add(-1)
	if n.sending.Add(1) > viewsServed {
		return // the caller asks another node
	}
	if err := n.views.projector.Checkpoint(ctx, string(name), stallingWriter{conn}); err != nil {
		n.log.Warn("read model was not sent", "read_model", string(name), "to", conn.RemoteAddr(), "error", err)
	}
}

// fetchViews takes all read models over, each from the first member that sends
// it. What nobody sends is folded from the journal's start.
func (n *Node) fetchViews(ctx context.Context) {
	defer n.viewsWait.Store(false)
	for _, v := range n.views.list() {
		if err := n.fetchView(ctx, v.Name()); err != nil && ctx.Err() == nil {
			n.log.Warn("read model is folded from the journal's start", "read_model", v.Name(), "error", err)
		}
	}
}

func (n *Node) fetchView(ctx context.Context, name string) error {
	failed := errNobodyHas
	for _, m := range n.consensus.Members() {
		if string(m.ID) == n.cfg.NodeID {
			continue
		}
		begun := time.Now()
		bytes, err := n.fetchViewFrom(ctx, m, name)
		if err == nil {
			n.log.Info("read model taken over", "read_model", name, "from", m.ID, "bytes", bytes, "took", time.Since(begun).Round(time.Millisecond))
			return nil
		}
		failed = errors.Join(failed, fmt.Errorf("from %s: %w", m.ID, err))
		if ctx.Err() != nil {
			return failed
		}
	}
	return failed
}

func (n *Node) fetchViewFrom(ctx context.Context, m cluster.Member, name string) (int64, error) {
	conn, err := n.mux.Dial(ctx, m.Address, peer.ProtocolJournal)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	request := binary.BigEndian.AppendUint64(nil, viewRequest)
	request = append(append(request, byte(len(name))), name...)
	if _, err := conn.Write(request); err != nil {
		return 0, fmt.Errorf("ask for a read model: %w", err)
	}
	// Nothing of what is here is thrown away before the other end has begun.
	var first [1]byte
	if _, err := io.ReadFull(stallingReader{conn}, first[:]); err != nil {
		return 0, fmt.Errorf("it sends none: %w", err)
	}
	in := &countingReader{from: io.MultiReader(bytes.NewReader(first[:]), stallingReader{conn})}
	err = n.views.projector.TakeOver(ctx, name, in)
	return in.count, err
}

// countingReader counts what is read.
type countingReader struct {
	from  io.Reader
	count int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.count += int64(n)
	return n, err
}
