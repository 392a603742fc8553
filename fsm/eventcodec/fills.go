package eventcodec

import (
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

func (e *encoder) fill(r *event.Fill) {
	e.Uvarint(uint64(r.TradeID))
	e.Uvarint(r.InstrumentSequence)
	e.Varint(int64(r.Price))
	e.Varint(int64(r.Quantity))
	e.Varint(int64(r.Notional))
	e.Byte(byte(r.TakerSide))
	e.order(&r.Taker)
	e.order(&r.Maker)
	e.Varint(int64(r.TakerFee))
	e.Varint(int64(r.MakerFee))
	e.name(r.FeeAsset)
	e.Uvarint(uint64(len(r.Postings)))
	for i := range r.Postings {
		e.posting(&r.Postings[i])
	}
}

func (d *decoder) fill() event.Record {
	r := new(event.Fill)
	r.TradeID = market.TradeID(d.Uvarint())
	r.InstrumentSequence = d.Uvarint()
	r.Price = market.Price(d.Varint())
	r.Quantity = market.Quantity(d.Varint())
	r.Notional = market.Amount(d.Varint())
	r.TakerSide = market.Side(d.Byte())
	d.order(&r.Taker)
	d.order(&r.Maker)
	r.TakerFee = market.Amount(d.Varint())
	r.MakerFee = market.Amount(d.Varint())
	r.FeeAsset = d.name()
	if n := d.Count(minPostingBytes); n > 0 {
		r.Postings = make([]event.Posting, n)
	}
	for i := range r.Postings {
		d.posting(&r.Postings[i])
	}
	return r
}
