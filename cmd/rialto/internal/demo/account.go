package demo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"net/url"
	"strconv"
	"time"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/devcluster"
)

// account is what one node says happened.
type account struct {
	id        string
	events    uint64 // how many there are
	digest    string // SHA-256 of all of them, as its REST port tells them
	hash      string // state hash
	hashIndex uint64
	unequal   string // an asset whose ledger does not net to zero
}

// ask has every node tell its story up to the same sequence.
func (r *round) ask(ctx context.Context, cl *client.Client, cluster *devcluster.Cluster) error {
	var last client.List[json.RawMessage]
	if err := cl.Get(ctx, "/v1/queries/events", url.Values{"consistency": {"linearizable"}, "limit": {"1"}}, &last); err != nil {
		return err
	}
	for _, n := range cluster.Nodes {
		one, err := client.New([]string{n.URL()}, "")
		if err != nil {
			return err
		}
		a := account{id: n.ID}
		if err := a.listen(ctx, one, last.Sequence); err != nil {
			return fmt.Errorf("events of node %s: %w", n.ID, err)
		}
		if err := a.audit(ctx, one, last.Sequence); err != nil {
			return fmt.Errorf("ledger of node %s: %w", n.ID, err)
		}
		r.nodes = append(r.nodes, a)
	}
	var err error
	if r.leader, err = leaderOf(ctx, cl); err != nil {
		return err
	}
	return r.hashes(ctx, cl)
}

// listen reads all events up to a sequence.
func (a *account) listen(ctx context.Context, cl *client.Client, until uint64) error {
	sum := sha256.New()
	q := url.Values{"limit": {"1000"}, "as_of": {strconv.FormatUint(until, 10)}, "after": {"0"}, "timeout": {"30s"}}
	for {
		var page client.List[json.RawMessage]
		if err := cl.Get(ctx, "/v1/queries/events", q, &page); err != nil {
			return err
		}
		a.add(sum, page.Items)
		if a.events >= until || len(page.Items) == 0 {
			break
		}
		q.Del("after")
		q.Set("cursor", page.Next)
	}
	a.digest = hex.EncodeToString(sum.Sum(nil))
	return nil
}

func (a *account) add(sum hash.Hash, events []json.RawMessage) {
	for _, e := range events {
		sum.Write(e) // a hash takes everything
		a.events++
	}
}

func (a *account) audit(ctx context.Context, cl *client.Client, until uint64) error {
	var trial struct {
		Assets []struct{ Asset, Net string }
	}
	q := url.Values{"as_of": {strconv.FormatUint(until, 10)}}
	if err := cl.Get(ctx, "/v1/queries/ledger/trial-balance", q, &trial); err != nil {
		return err
	}
	for _, line := range trial.Assets {
		if n, err := strconv.ParseFloat(line.Net, 64); err != nil || n != 0 {
			a.unequal = line.Asset
		}
	}
	return nil
}

// Hashes are taken every 4,096 entries of the log, and nodes tell of them in
// their own time.
const (
	hashPatience = 10 * time.Second
	hashPoll     = 50 * time.Millisecond
)

// hashes waits until all nodes show their state hash of one index, and keeps
// what they show.
func (r *round) hashes(ctx context.Context, cl *client.Client) error {
	ctx, cancel := context.WithTimeout(ctx, hashPatience)
	defer cancel()
	poll := time.NewTicker(hashPoll)
	defer poll.Stop()
	for {
		var twin client.Twin
		if err := cl.Get(ctx, "/v1/cluster", nil, &twin); err != nil {
			return err
		}
		if r.take(twin) {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil // what is missing then is a proof that does not hold
		case <-poll.C:
		}
	}
}

// take keeps the nodes' hashes and reports whether all are of one index.
func (r *round) take(twin client.Twin) bool {
	same := true
	for i := range r.nodes {
		a := &r.nodes[i]
		for _, n := range twin.Nodes {
			if n.ID == a.id {
				a.hash, a.hashIndex = n.StateHash, n.StateHashIndex
			}
		}
		same = same && a.hashIndex != 0 && a.hashIndex == r.nodes[0].hashIndex
	}
	return same
}
