package decode

import (
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// MarketDataRequest is MarketDataRequest (V).
type MarketDataRequest struct {
	RequestID    string // 262
	Subscription byte   // 263: 0 snapshot, 1 updates too, 2 no more
	Depth        uint64 // 264: 0 the whole book, 1 its top, N so many levels
	// Incremental says how updates come: 265=1, else as full snapshots.
	Incremental bool
	// PerOrder asks for a book that is not aggregated: 266=N.
	PerOrder bool
	Entries  []byte   // 269: 0 bid, 1 offer, 2 trade …
	Symbols  []string // 55
}

const tagEntryType wire.Tag = 269

// ReadMarketData reads MarketDataRequest. How many symbols and entries it may
// have is bounded by wire.MaxFields.
func ReadMarketData(m *wire.Message) (MarketDataRequest, error) {
	r := read(m)
	q := MarketDataRequest{
		RequestID: r.text(atMarketDataID), Subscription: r.char(atSubscription), Depth: r.uint(atMarketDepth),
		Incremental: r.char(atUpdateType) == '1', PerOrder: r.char(atAggregated) == 'N',
	}
	if q.Subscription == '1' {
		r.need(atUpdateType)
	}
	for _, f := range m.Body() {
		switch f.Tag {
		case tagEntryType:
			q.Entries = append(q.Entries, f.Value[0])
		case atSymbol.tag():
			r.values[atSymbol] = f.Value
			q.Symbols = append(q.Symbols, r.text(atSymbol))
		}
	}
	return q, r.err
}
