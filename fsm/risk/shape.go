package risk

import (
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// priceTick: prices are whole ticks above zero.
func priceTick(o *Order) *Refusal {
	for _, p := range [2]market.Price{o.Price, o.Stop} {
		if p%o.Instrument.PriceTick != 0 {
			return &Refusal{event.CodePriceTick, "price_tick", fmt.Sprintf("the price %s is not a multiple of the tick %s",
				price(o, p), price(o, o.Instrument.PriceTick))}
		}
	}
	return nil
}

// quantityStep: quantities are whole steps above zero.
func quantityStep(o *Order) *Refusal {
	for _, q := range [2]market.Quantity{o.Quantity, o.Display} {
		if q%o.Instrument.QuantityStep != 0 {
			return &Refusal{event.CodeQuantityStep, "quantity_step", fmt.Sprintf("the quantity %s is not a multiple of the step %s",
				quantity(o, q), quantity(o, o.Instrument.QuantityStep))}
		}
	}
	return nil
}

// quantityBounds: the instrument's own bounds of an order. An amend down may
// go below the least: what is filled counts. So may an order for an amount of
// quote that finds nobody: it trades nothing, and says so.
func quantityBounds(o *Order) *Refusal {
	i := o.Instrument
	switch {
	case o.Quantity < i.MinQuantity && !o.Amends && o.Quantity != 0:
		return &Refusal{event.CodeQuantityOutOfRange, "min_quantity", "the quantity is below " + quantity(o, i.MinQuantity)}
	case i.MaxQuantity != 0 && o.Quantity > i.MaxQuantity:
		return &Refusal{event.CodeQuantityOutOfRange, "max_quantity", "the quantity is above " + quantity(o, i.MaxQuantity)}
	}
	return nil
}

// notionalBounds: an order is worth at least the instrument's least. A market
// order that finds nobody is worth nothing, and harmless.
func notionalBounds(o *Order) *Refusal {
	if o.Amends || o.Notional >= o.Instrument.MinNotional || (o.Notional == 0 && o.Price == 0) {
		return nil
	}
	return &Refusal{event.CodeNotionalTooSmall, "min_notional",
		"the order is worth less than " + amount(o.Instrument.MinNotional, o.Instrument.QuoteScale)}
}

func price(o *Order, p market.Price) string {
	return market.FormatFixed(int64(p), o.Instrument.PriceDigits)
}

func quantity(o *Order, q market.Quantity) string {
	return market.FormatFixed(int64(q), o.Instrument.QuantityDigits)
}

func amount(a market.Amount, scale uint8) string { return market.FormatFixed(int64(a), scale) }
