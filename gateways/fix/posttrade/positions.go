package posttrade

import (
	"context"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix"
	"github.com/rialto-exchange/rialto/gateways/fix/encode"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/decode"
)

// holding is a RequestForPositions that is served.
type holding struct {
	clerk *clerk
	asked decode.PositionsRequest
	query *encode.PositionQuery
}

// positions answers a RequestForPositions.
func (c *clerk) positions(r fix.Request) {
	q, err := decode.ReadPositions(r.Message, c.sender())
	h := &holding{c, q, &encode.PositionQuery{RequestID: q.RequestID, Type: q.Type, Account: q.Account}}
	switch {
	case err != nil:
		h.refuse(encode.PositionsInvalid, err.Error())
	case q.Type != 0:
		h.refuse(encode.PositionsNotSupported, "positions are reported, and nothing else")
	case q.Subscription == subscribe || q.Subscription == unsubscribe:
		h.refuse(encode.PositionsNotSupported, "positions are reported once; ask again")
	case !c.owns(q.Account):
		h.refuse(encode.PositionsNotAuthorised, "not your account")
	default:
		if text := c.begin(r, requestID("AN", q.RequestID), h.serve); text != "" {
			h.refuse(encode.PositionsInvalid, text)
		}
	}
}

func (h *holding) refuse(why encode.PositionResult, text string) {
	h.clerk.counter.Send("AO", func(dst []byte, e *encode.Encoder, s encode.Slot) []byte {
		return e.PositionsAck(dst, s, h.query, 0, why, text)
	})
}

// serve sends a report for each asset that the account has held.
func (h *holding) serve(ctx context.Context, through market.Sequence) {
	pin, err := h.clerk.desk.reads.Wait(ctx, through)
	var list []event.Reading[event.Balance]
	if err == nil {
		list, err = h.clerk.desk.reads.Balances(pin, h.asked.Account)
	}
	if err == nil {
		err = h.report(ctx, pin, h.named(list))
	}
	if err != nil && ctx.Err() == nil {
		h.refuse(encode.PositionsInvalid, err.Error())
	}
}

// named leaves out what the request does not name.
func (h *holding) named(list []event.Reading[event.Balance]) (out []event.Balance) {
	for i := range list {
		if h.asked.Symbol == "" || h.asked.Symbol == list[i].Value.Asset {
			out = append(out, list[i].Value)
		}
	}
	return out
}

func (h *holding) report(ctx context.Context, pin event.Pin, list []event.Balance) error {
	out, total, result := h.clerk.outlet(ctx), uint64(len(list)), encode.PositionsFollow
	if total == 0 {
		result = encode.PositionsNone
	}
	err := out.send("AO", func(dst []byte, e *encode.Encoder, s encode.Slot) []byte {
		return e.PositionsAck(dst, s, h.query, total, result, "")
	})
	for i := range list {
		if err != nil {
			return err
		}
		err = out.send("AP", func(dst []byte, e *encode.Encoder, s encode.Slot) []byte {
			return e.Position(dst, s, h.query, &list[i], pin, total)
		})
	}
	return err
}
