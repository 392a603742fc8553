package node

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/peer"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// The journal protocol between nodes: the caller sends the sequence it has,
// eight bytes big-endian; the other end answers with the frames after it and
// closes. Who has a hole to fill sends framesRequest instead, and the log
// indexes of the blocks beside the hole (0 = none after it). Who wants a read
// model sends viewRequest, the length of its name in one byte, and the name, and
// is answered with the checkpoint of its store; an earlier build takes that for a
// sequence that it does not have, and answers nothing.
const (
	// journalBytes bounds one answer; a caller that needs more asks again.
	journalBytes = 64 << 20
	// framesRequest stands for no sequence: there are never so many.
	framesRequest = 1<<64 - 1
	viewRequest   = 1<<64 - 2
	// journalStall is how long one read or write may take.
	journalStall = 10 * time.Second
	// fillInterval is how often a node looks whether its journal has a gap.
	fillInterval = 200 * time.Millisecond
	// handOverEvery is how often a leader with a gap tries to hand over.
	handOverEvery = 5 * time.Second
)

func (n *Node) openJournal(context.Context, context.Context) error {
	j, err := journal.Open(journal.Options{
		Files: n.world.Files, Now: n.clock.Now,
		Dir: n.cfg.path("journal"), SegmentBytes: n.bounds.JournalSegmentBytes,
	})
	if err != nil {
		return err
	}
	n.journal = j
	// Apply writes to the journal for as long as consensus runs.
	n.closers = append(n.closers, closer{
		what: "event journal", do: func(context.Context) error { return j.Close() }, after: "consensus",
	})
	return nil
}

// easeEvery is how often the journal is eased.
const easeEvery = 100 * time.Millisecond

// easeJournal has what is appended to the journal written out as it comes, until
// ctx ends: a snapshot syncs the journal first, and finds little to do.
func (n *Node) easeJournal(ctx context.Context) {
	every(ctx, easeEvery, func() bool {
		err := n.journal.Ease()
		if err != nil && !errors.Is(err, journal.ErrClosed) {
			n.log.Debug("the journal is not written out ahead", "error", err)
		}
		return true
	})
}

// serveJournal answers one caller whose journal has a gap.
func (n *Node) serveJournal(ctx context.Context, conn net.Conn) {
	_ = conn.SetReadDeadline(time.Now().Add(journalStall))
	var after [8]byte
	if _, err := io.ReadFull(conn, after[:]); err != nil {
		return // the caller is gone
	}
	switch binary.BigEndian.Uint64(after[:]) {
	case framesRequest:
		n.serveFrames(conn)
		return
	case viewRequest:
		n.serveView(ctx, conn)
		return
	}
	sent, err := n.journal.ServeRange(stallingWriter{conn}, market.Sequence(binary.BigEndian.Uint64(after[:])), journalBytes)
	if err != nil {
		n.log.Warn("journal was not served", "to", conn.RemoteAddr(), "bytes", sent, "error", err)
	}
}

// stallingWriter gives each write a deadline of its own.
type stallingWriter struct{ net.Conn }

func (w stallingWriter) Write(p []byte) (int, error) {
	_ = w.SetWriteDeadline(time.Now().Add(journalStall))
	return w.Conn.Write(p)
}

// stallingReader gives each read a deadline of its own.
type stallingReader struct{ net.Conn }

func (r stallingReader) Read(p []byte) (int, error) {
	_ = r.SetReadDeadline(time.Now().Add(journalStall))
	return r.Conn.Read(p)
}

// fillJournal fetches from peers what an installed snapshot left out.
func (n *Node) fillJournal(ctx context.Context) {
	var tried time.Time
	every(ctx, fillInterval, func() bool {
		after, through, open := n.journal.Missing()
		if !open {
			if n.viewsWait.Load() {
				n.fetchViews(ctx)
			}
			return true
		}
		if n.consensus.Status().Role == cluster.RoleLeader && voters(n.consensus.Members()) > 1 && time.Since(tried) > handOverEvery {
			// Who leads should be able to tell the past. It orders commands
			// correctly without, so it does not insist.
			tried = time.Now()
			if err := n.handOver(ctx, ""); err != nil {
				n.log.Warn("leadership was not handed over", "error", err)
			}
		}
		if worthTakingOver(uint64(after), uint64(through), n.farBehind) {
			n.viewsWait.Store(true) // until they begin with another node's
		}
		for _, m := range n.consensus.Members() {
			if string(m.ID) == n.cfg.NodeID {
				continue
			}
			if err := n.fillAllFrom(ctx, m.Address); err != nil {
				n.log.Warn("journal not filled", "from", m.ID, "after", after, "through", through, "error", err)
				continue
			}
			n.log.Info("journal filled", "from", m.ID, "after", after, "through", through)
			break
		}
		return true
	})
}

// fillAllFrom asks one peer again and again until nothing is missing.
func (n *Node) fillAllFrom(ctx context.Context, address string) error {
	for {
		after, _, open := n.journal.Missing()
		if !open {
			return nil
		}
		if err := errors.Join(ctx.Err(), n.room.mayGrow()); err != nil {
			return err
		}
		if err := n.fillFrom(ctx, address, after); err != nil {
			return err
		}
	}
}

func (n *Node) fillFrom(ctx context.Context, address string, after market.Sequence) error {
	conn, err := n.mux.Dial(ctx, address, peer.ProtocolJournal)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if _, err := conn.Write(binary.BigEndian.AppendUint64(nil, uint64(after))); err != nil {
		return fmt.Errorf("ask for events: %w", err)
	}
	err = n.journal.Fill(stallingReader{conn})
	if now, _, open := n.journal.Missing(); err == nil && open && now == after {
		err = errors.New("the peer sent nothing")
	}
	if err != nil && cluster.KindOf(err) == cluster.KindOther {
		return &cluster.SickNeighbour{Err: err}
	}
	return err
}
