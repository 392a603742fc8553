package marketdata

import (
	"slices"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix"
	"github.com/rialto-exchange/rialto/gateways/fix/encode"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/decode"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// query is a MarketDataRequest that can be had, if its instruments are there.
type query struct {
	*subscription
	end     bool // 263=2
	symbols []string
}

// refusal is why a request is not: MDReqRejReason (281), 0 for none that the
// specification knows, and Text.
type refusal struct {
	reason byte
	text   string
}

// MDReqRejReason (281).
const (
	unknownSymbol           = '0'
	duplicateID             = '1'
	insufficientBandwidth   = '2'
	insufficientPermissions = '3'
	unsupportedSubscription = '4'
	unsupportedDepth        = '5'
	unsupportedUpdateType   = '6'
	unsupportedBook         = '7'
	unsupportedEntryType    = '8'
)

// The texts of refusals that have a bound in them.
const (
	tooManySymbols = "more than 100 symbols in a request"
	tooManyLines   = "more than 1000 symbols in all requests of a session"
	otherDepths    = "MarketDepth is 0, 1, 5, 10, 20, 50 or 100"
)

// SubscriptionRequestType (263).
const (
	snapshotOnly = '0'
	updatesToo   = '1'
	noMore       = '2'
)

// read reads a request and refuses, itself, what cannot be had whatever the
// books are.
func (c *clerk) read(m *wire.Message) (query, bool) {
	r, err := decode.ReadMarketData(m)
	if err != nil {
		fix.Refuse(c.counter, m, err)
		return query{}, false
	}
	q := query{
		subscription: &subscription{id: r.RequestID, once: r.Subscription == snapshotOnly, full: !r.Incremental},
		end:          r.Subscription == noMore,
	}
	if refused := c.judge(&q, &r); refused != nil {
		c.refuse(q.id, refused)
		return query{}, false
	}
	return q, true
}

func (c *clerk) judge(q *query, r *decode.MarketDataRequest) *refusal {
	switch {
	case c.client.Kind != market.SessionMarketData:
		return &refusal{insufficientPermissions, "market data is for market data sessions"}
	case q.end:
		return nil
	case r.Subscription != snapshotOnly && r.Subscription != updatesToo:
		return &refusal{unsupportedSubscription, "SubscriptionRequestType is 0, 1 or 2"}
	case r.PerOrder:
		return &refusal{unsupportedBook, "books are by price"}
	}
	if q.depth = depthOf(r.Depth); q.depth == 0 {
		return &refusal{unsupportedDepth, otherDepths}
	}
	for _, e := range r.Entries {
		if e < bids.char() || e > trades.char() {
			return &refusal{unsupportedEntryType, "MDEntryType is 0, 1 or 2"}
		}
		q.kinds |= 1 << (e - bids.char())
	}
	for _, s := range r.Symbols {
		if !slices.Contains(q.symbols, s) {
			q.symbols = append(q.symbols, s)
		}
		if len(q.symbols) > MaxSymbols {
			return &refusal{insufficientBandwidth, tooManySymbols}
		}
	}
	switch {
	case q.kinds == 0:
		return &refusal{unsupportedEntryType, "no MDEntryType"}
	case len(q.symbols) == 0:
		return &refusal{unknownSymbol, "no Symbol"}
	}
	return nil
}

// depthOf returns how many levels a request is for, 0 for as many as cannot be
// had.
func depthOf(asked uint64) int {
	if asked == 0 {
		return MaxDepth
	}
	for _, d := range depths() {
		if asked == uint64(d) {
			return d
		}
	}
	return 0
}

// refuse sends a MarketDataRequestReject.
func (c *clerk) refuse(id string, why *refusal) {
	c.counter.Send("Y", func(dst []byte, _ *encode.Encoder, slot encode.Slot) []byte {
		b := &c.builder
		c.client.Begin(b, "Y", slot)
		b.Text(tagMDReqID, id)
		if why.reason != 0 {
			b.Char(tagRejReason, why.reason)
		}
		b.Text(wire.Text, why.text)
		return b.Finish(dst)
	})
}
