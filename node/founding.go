package node

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/identity"
	"github.com/rialto-exchange/rialto/cluster/peer"
)

// callFound asks a node what it has on disk of a founding.
const callFound = "found"

// remindEvery is how often a node that is kept waiting says for what.
const remindEvery = 10 * time.Second

// foundingInterval is how often a founder asks the others.
const foundingInterval = 100 * time.Millisecond

// openMembership makes sure that this node belongs to a cluster before Raft
// is opened: a founder waits for all the others, a newcomer for a leader.
func (n *Node) openMembership(ctx, _ context.Context) error {
	n.control.HandleCall(callFound, func(ctx context.Context, _ []byte) ([]byte, error) {
		word := n.word()
		if who, ok := peer.Caller(ctx); !ok || !n.identity.Load().Founded(who) {
			word = word.Discreet()
		}
		return json.Marshal(word)
	})
	switch n.identity.Load().State {
	case identity.Founding, identity.Agreed:
		return n.found(ctx)
	case identity.Joining:
		return n.join(ctx)
	}
	return nil
}

// word is what this node tells of itself to a founder.
func (n *Node) word() identity.Word {
	return n.identity.Load().Word(n.founders(), n.highestLevel())
}

// founders are those of the configuration.
func (n *Node) founders() []identity.Founder {
	out := make([]identity.Founder, len(n.cfg.InitialCluster))
	for i, m := range n.cfg.InitialCluster {
		out[i] = identity.Founder{ID: cluster.NodeID(m.ID), Address: m.PeerAddress}
	}
	return out
}

// found goes through a founding until this node and every other founder have
// history and founders on disk, or one of them can't be founded with.
func (n *Node) found(ctx context.Context) error {
	n.log.Info("founding a cluster", "founders", len(n.cfg.InitialCluster), "incarnation", n.identity.Load().Incarnation)
	var told string
	var failed error
	since := time.Now()
	reminded := since
	every(ctx, foundingInterval, func() bool {
		own := *n.identity.Load()
		next, missing, err := own.Next(n.word(), n.hear(ctx))
		if err != nil {
			failed = err
			return false
		}
		if waits := fmt.Sprint(missing); len(missing) > 0 && waits != told {
			n.log.Info("waiting for the other founders", "missing", missing)
			told = waits
		}
		if now := time.Now(); len(missing) > 0 && now.Sub(reminded) >= n.remindEvery {
			reminded = now
			n.log.Warn("this node waits for the other founders and serves nobody yet", "for", now.Sub(since).Round(time.Second), "missing", missing,
				"to_do", "start each of them with --found")
		}
		if len(missing) == 0 {
			failed = n.become(next)
		}
		return failed == nil && n.identity.Load().State != identity.Admitted
	})
	if failed == nil && n.identity.Load().State != identity.Admitted {
		failed = fmt.Errorf("not all founders came: %w", context.Cause(ctx))
	}
	if failed == nil {
		n.log.Info("cluster is founded", "history", n.identity.Load().History)
	}
	return failed
}

// hear asks every other founder at once.
func (n *Node) hear(ctx context.Context) map[cluster.NodeID]identity.Word {
	var mu sync.Mutex
	words := map[cluster.NodeID]identity.Word{}
	var wait sync.WaitGroup
	for _, f := range n.founders() {
		if string(f.ID) == n.cfg.NodeID {
			continue
		}
		wait.Go(func() {
			asking, cancel := context.WithTimeout(ctx, twinTimeout)
			defer cancel()
			answer, err := n.control.Call(asking, f.Address, callFound, nil)
			var word identity.Word
			if err != nil || json.Unmarshal(answer, &word) != nil {
				return // it is not there yet
			}
			mu.Lock()
			defer mu.Unlock()
			words[f.ID] = word
		})
	}
	wait.Wait()
	return words
}
