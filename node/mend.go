package node

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/peer"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

const (
	// mendInterval is how often a node looks whether its journal has holes.
	mendInterval = time.Second
	// scrubRest is the pause between two readings of the whole journal.
	scrubRest = time.Hour
)

// serveFrames answers one caller whose journal has a hole.
func (n *Node) serveFrames(conn net.Conn) {
	var beside [16]byte
	if _, err := io.ReadFull(conn, beside[:]); err != nil {
		return // the caller is gone
	}
	after, before := binary.BigEndian.Uint64(beside[:]), binary.BigEndian.Uint64(beside[8:])
	if err := n.journal.ServeFrames(stallingWriter{conn}, after, before, journalBytes); err != nil {
		n.log.Warn("blocks were not served", "to", conn.RemoteAddr(), "after", after, "before", before, "error", err)
	}
}

// scrubJournal reads the journal again and again to find damage.
func (n *Node) scrubJournal(ctx context.Context) {
	for {
		if err := n.journal.Scrub(ctx, n.scrubPace); err != nil && ctx.Err() == nil {
			n.log.Error("the event journal does not verify", "error", err)
		}
		if err := n.scrubArchive(ctx); err != nil && ctx.Err() == nil {
			n.log.Error("the archive was not read through", "error", err)
		}
		n.scrubs.rounds.Add(1)
		rest := time.NewTimer(scrubRest)
		select {
		case <-rest.C:
		case <-ctx.Done():
			rest.Stop()
			return
		}
	}
}

// mendJournal fills the holes in the journal with what peers have.
func (n *Node) mendJournal(ctx context.Context) {
	every(ctx, mendInterval, func() bool {
		if n.journal.Damaged() == 0 {
			return true
		}
		holes, err := n.journal.Holes()
		if err != nil {
			n.log.Warn("journal was not looked through", "error", err)
		}
		for _, h := range holes {
			if err := n.mend(ctx, h); err != nil {
				n.log.Warn("journal not mended", "hole", h, "error", err)
				continue
			}
			n.scrubs.mended.Add(1)
			n.log.Info("journal mended", "hole", h)
		}
		return true
	})
}

// errNobodyHas: no member sent blocks that can be believed.
var errNobodyHas = errors.New("no member has blocks that can be believed")

// errAlone: there is no other member.
var errAlone = errors.New("the venue has one node, and nobody to ask: stop it, and rialto repair makes the blocks anew from archive and log")

// mend asks one member after the other. What the chain proves is taken from
// any; what it does not is taken when two have the same.
func (n *Node) mend(ctx context.Context, h journal.Hole) error {
	failed := errNobodyHas
	if len(n.consensus.Members()) == 1 {
		failed = errAlone
	}
	var unproven [][]journal.Frame
	for _, m := range n.consensus.Members() {
		if string(m.ID) == n.cfg.NodeID {
			continue
		}
		blocks, err := n.askForBlocks(ctx, m, h)
		if err == nil {
			agreed := slices.ContainsFunc(unproven, func(other []journal.Frame) bool { return sameBlocks(other, blocks) })
			err = n.journal.Mend(h, blocks, agreed)
		}
		if err == nil {
			return nil
		}
		if errors.Is(err, journal.ErrUnproven) {
			unproven = append(unproven, blocks)
		}
		failed = errors.Join(failed, fmt.Errorf("from %s: %w", m.ID, err))
	}
	return failed
}

func sameBlocks(a, b []journal.Frame) bool {
	return slices.EqualFunc(a, b, func(x, y journal.Frame) bool { return bytes.Equal(x.Encoded, y.Encoded) })
}

func (n *Node) askForBlocks(ctx context.Context, m cluster.Member, h journal.Hole) ([]journal.Frame, error) {
	conn, err := n.mux.Dial(ctx, m.Address, peer.ProtocolJournal)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	request := binary.BigEndian.AppendUint64(nil, framesRequest)
	request = binary.BigEndian.AppendUint64(request, h.After)
	request = binary.BigEndian.AppendUint64(request, h.Before)
	if _, err := conn.Write(request); err != nil {
		return nil, fmt.Errorf("ask for blocks: %w", err)
	}
	blocks, err := journal.ReadFrames(stallingReader{conn}, journalBytes)
	if err == nil && len(blocks) == 0 {
		err = errors.New("the peer sent nothing")
	}
	return blocks, err
}

// journalStatus is what a node says of its journal.
func (n *Node) journalStatus() gateways.TwinJournal {
	return gateways.TwinJournal{
		Damaged: n.journal.Damaged(), Mended: n.scrubs.mended.Load(), Rounds: n.scrubs.rounds.Load(),
	}
}
