package traffic

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
)

// Bounds of a reader.
const (
	// readEvery is how often a reader reads.
	readEvery = 25 * time.Millisecond
	// readAttempt bounds one read: a node that has not caught up says so after 2 s.
	readAttempt = 4 * time.Second
)

// reads asks for balances, books, orders and the ledger at each consistency,
// of any node.
func (c *client) reads(ctx context.Context) {
	for ctx.Err() == nil {
		if c.run.memory.high.Load() > 0 {
			c.any()
			c.run.options.History.Operation(c.read(ctx))
		}
		pause(ctx, readEvery)
	}
}

func (c *client) read(ctx context.Context) history.Operation {
	c.count++
	path, query := c.what()
	asked := c.how(query)
	o := c.run.options
	op := history.Operation{
		Client: c.name, Kind: history.Query, Node: o.Nodes[c.at], ID: fmt.Sprintf("%s-%s-%d", o.Run, c.name, c.count),
		Verb: path + "?" + query.Encode(), Asked: &asked, Outcome: history.Failed, Began: c.run.now(),
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readAttempt)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.URLs[c.at]+op.Verb, nil)
	if err != nil {
		panic(err) // URLs that served before
	}
	res, body, err := fetch(o.Client, req)
	op.Ended = c.run.now()
	if err != nil {
		return op
	}
	op.Status = res.StatusCode
	op.Sequence, _ = strconv.ParseUint(res.Header.Get("Rialto-Sequence"), 10, 64)
	if json.Valid(body) {
		op.Answer = body
	}
	switch {
	case res.StatusCode == http.StatusOK:
		op.Outcome = history.Acked
	case res.StatusCode < http.StatusInternalServerError:
		op.Outcome = history.Refused
	}
	return op
}

// what picks something to read.
func (c *client) what() (path string, query url.Values) {
	o, query := c.run.options, url.Values{}
	account := fmt.Sprintf("%s-a%d", o.Run, c.random.IntN(max(1, o.Clients)))
	if o.Transfers > 0 && c.random.IntN(2) == 0 {
		account = fmt.Sprintf("%s-t%d", o.Run, c.random.IntN(o.Transfers+sharedAccounts))
	}
	switch n := c.random.IntN(10); {
	case n < 4:
		query.Set("asset", "USD")
		return "/v1/queries/accounts/" + account + "/balance", query
	case n < 6:
		return "/v1/queries/accounts/" + account + "/balances", query
	case n < 8:
		if id := c.run.memory.some(c.random.IntN); id != "" {
			return "/v1/queries/orders/" + id, query
		}
		fallthrough
	case n < 9:
		query.Set("depth", "10")
		return "/v1/queries/instruments/BTC-USD/book", query
	default:
		return "/v1/queries/ledger/trial-balance", query
	}
}

// how picks a consistency, and adds it to a query.
func (c *client) how(query url.Values) history.Consistency {
	high := c.run.memory.high.Load()
	switch c.random.IntN(4) {
	case 0:
		query.Set("consistency", "stale")
		return history.Consistency{Level: "stale"}
	case 1:
		query.Set("consistency", "linearizable")
		return history.Consistency{Level: "linearizable"}
	case 2:
		query.Set("min_sequence", strconv.FormatUint(high, 10))
		return history.Consistency{Level: "session", MinSequence: high}
	default:
		at := 1 + c.random.Uint64N(high)
		query.Set("as_of", strconv.FormatUint(at, 10))
		return history.Consistency{Level: "as_of", MinSequence: at}
	}
}
