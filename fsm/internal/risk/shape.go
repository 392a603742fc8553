package risk

import (
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// leastQuantity: the instrument's least of an order; what is filled counts. An
// order for an amount of quote that finds nobody may be below it: it trades
// nothing, and says so.
func leastQuantity(o *Order) *Refusal {
	if !o.HeldToLeast || o.Quantity >= o.Instrument.MinQuantity || o.Quantity == 0 {
		return nil
	}
	return &Refusal{event.CodeQuantityOutOfRange, "min_quantity", "the quantity is below " + quantity(o, o.Instrument.MinQuantity)}
}

// greatestQuantity: the instrument's most of an order.
func greatestQuantity(o *Order) *Refusal {
	if most := o.Instrument.MaxQuantity; most != 0 && o.Quantity > most {
		return &Refusal{event.CodeQuantityOutOfRange, "max_quantity", "the quantity is above " + quantity(o, most)}
	}
	return nil
}

// leastNotional: an order is worth at least the instrument's least. A market
// order that finds nobody is worth nothing, and harmless.
func leastNotional(o *Order) *Refusal {
	if !o.HeldToLeast || o.Notional >= o.Instrument.MinNotional || (o.Notional == 0 && o.Price == 0) {
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
