package node

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/peer"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// A node that is behind, because its machine is slow or because it is cut off
// from the leader and not from its clients, can't read in its own journal what
// a command was answered with. Others have it there.

// fetchTimeout bounds one round of asking the others for a block.
const fetchTimeout = time.Second

// fetchBlock asks all other members at once for the block that holds a
// sequence, and takes the first answer: any journal that holds it has the
// venue's, as it is of an entry that is committed.
func (n *Node) fetchBlock(ctx context.Context, sequence market.Sequence) (*event.Block, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	var asking sync.WaitGroup
	var mu sync.Mutex
	var block *event.Block
	err := error(journal.ErrNotServed)
	for _, m := range n.consensus.Members() {
		if m.ID == cluster.NodeID(n.cfg.NodeID) {
			continue
		}
		asking.Go(func() {
			b, failed := n.fetchBlockFrom(ctx, m.Address, sequence)
			mu.Lock()
			defer mu.Unlock()
			if failed == nil {
				block, err = b, nil
				cancel() // the others need not answer
			} else if block == nil {
				err = failed
			}
		})
	}
	asking.Wait()
	return block, err
}

func (n *Node) fetchBlockFrom(ctx context.Context, address string, sequence market.Sequence) (*event.Block, error) {
	conn, err := n.mux.Dial(ctx, address, peer.ProtocolJournal)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if _, err := conn.Write(binary.BigEndian.AppendUint64(nil, uint64(sequence-1))); err != nil {
		return nil, fmt.Errorf("ask for a block: %w", err)
	}
	return journal.ReadBlock(stallingReader{conn}, sequence)
}
