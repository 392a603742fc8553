package reference

import (
	"context"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/decode"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// SubscriptionRequestType (263).
const (
	once    = '0'
	updates = '1'
	noMore  = '2'
)

// answering is how a request is answered.
type answering func(ctx context.Context, r request) error

// read finds out what answers a message; nil without an error: it is not served
// here.
func (c *clerk) read(m *wire.Message) (answering, error) {
	switch m.Type() {
	case "x":
		q, err := decode.ReadSecurityList(m)
		return func(ctx context.Context, r request) error { return c.list(ctx, r, &q) }, err
	case "c":
		q, err := decode.ReadSecurityDefinition(m)
		return func(ctx context.Context, r request) error { return c.definition(ctx, r, &q) }, err
	case "e":
		q, err := decode.ReadSecurityStatus(m)
		return func(ctx context.Context, r request) error {
			return c.follow(ctx, r, subject{id: q.RequestID, symbol: q.Symbol}, q.Subscription)
		}, err
	case "g":
		q, err := decode.ReadTradingSessionStatus(m)
		return func(ctx context.Context, r request) error {
			if q.SessionID != "" && q.SessionID != TradingSession {
				c.noSuchSession(&q)
				return nil
			}
			return c.follow(ctx, r, subject{id: q.RequestID}, q.Subscription)
		}, err
	}
	return nil, nil
}

// pinned returns the pin that a request is answered at.
func (d *Desk) pinned(ctx context.Context, r request) (event.Pin, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return d.reads.Wait(ctx, max(r.through, d.blocks.LastBlock()))
}
