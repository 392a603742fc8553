package risk

import (
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// priceBand: a limit lies within the band on both sides of the reference.
// Market orders have their own protection, and a stop's limit is judged when
// it is triggered, by the reference of then.
func priceBand(o *Order) *Refusal {
	if o.Stop != 0 {
		return nil
	}
	return Triggered(o)
}

// Triggered judges the limit of an order that a price has triggered.
func Triggered(o *Order) *Refusal {
	if !o.Instrument.HasPriceBand || o.Price == 0 {
		return nil
	}
	if o.Reference == 0 {
		return &Refusal{event.CodeNoReferencePrice, "price_band", "the band has no reference price yet"}
	}
	width, _, ok := market.MulDiv(int64(o.Reference), int64(o.Instrument.PriceBand), market.BasisPointsOne)
	off := int64(o.Price - o.Reference)
	if off < 0 {
		off = -off
	}
	if ok && off > width {
		return &Refusal{event.CodePriceOutsideBand, "price_band", fmt.Sprintf("the price %s is more than %s from the reference %s",
			price(o, o.Price), price(o, market.Price(width)), price(o, o.Reference))}
	}
	return nil
}
