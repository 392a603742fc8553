package fsm

import (
	"errors"

	"github.com/rialto-exchange/rialto/fsm/book"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/internal/ledger"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// readOrder turns what the client asked for into an order in ticks and lots,
// and refuses what no market could make sense of. Whether the market allows it
// is asked later.
func (m *Machine) readOrder(b *command.PlaceOrder, about *subject, i *instrument) (order, *refusal) {
	o := order{
		account: about.account, instrument: about.instrument,
		side: b.Side, orderType: b.Type, tif: b.TimeInForce, stp: b.STP, expireAt: b.ExpireAt,
		base: m.ledger.Find(about.account, i.base), quote: m.ledger.Find(about.account, i.quote),
		makerFee: int32(i.image.MakerFee), takerFee: int32(i.image.TakerFee),
	}
	if b.PostOnly {
		o.postOnly = 1
	}
	if b.ClientOrderID != "" && !market.ValidID(b.ClientOrderID) {
		return o, invalid("client_order_id is not a valid id")
	}
	for _, no := range []*refusal{
		o.readType(b), i.readTicks(&o.price, b.Price, "price"), i.readTicks(&o.stop, b.StopPrice, "stop_price"),
		i.readLots(&o.quantity, b.Quantity, "quantity"), i.readLots(&o.display, b.DisplayQuantity, "display_quantity"),
		i.readQuote(&o, b.QuoteQuantity), m.readExpiry(&o),
	} {
		if no != nil {
			return o, no
		}
	}
	if o.display > o.quantity {
		return o, invalid("display_quantity is above the quantity")
	}
	if m.hidesTooMuch(&o) {
		return o, invalid("display_quantity is at least a thousandth of the quantity")
	}
	o.status = market.StatusOpen
	if o.stop != 0 {
		o.status, o.worst = market.StatusPendingTrigger, i.worstPrice(&o)
	}
	return o, nil
}

// mostTips is how often an iceberg may show what it shows: so many fills can one
// order cost the venue that comes upon it.
const mostTips = 1000

func (m *Machine) hidesTooMuch(o *order) bool {
	return m.level() >= levelWorstDay && o.display != 0 && (o.quantity-1)/mostTips >= o.display
}

func invalid(detail string, args ...any) *refusal {
	return refuse(event.CodeInvalidParameters, "order", detail, args...)
}

// readType checks that type, time in force and the numbers that are there go
// together.
func (o *order) readType(b *command.PlaceOrder) *refusal {
	if o.side != market.Buy && o.side != market.Sell {
		return invalid("side is buy or sell")
	}
	if b.STP > market.STPDecrement {
		return invalid("unknown self_trade_prevention")
	}
	row, ok := book.TypeOf(o.orderType)
	if !ok {
		return refuse(event.CodeOrderTypeUnsupported, "type", "orders of type %q are not taken", o.orderType)
	}
	if o.tif == market.TimeInForceNone {
		o.tif = row.Default
	}
	rule, _ := book.RuleOf(o.tif)
	switch {
	case !row.Allows(o.tif):
		return refuse(event.CodeTimeInForceUnsupported, "time_in_force", "a %s order cannot be %q", o.orderType, o.tif)
	case b.Price.Set != row.NeedsLimit():
		return invalid("a %s order has %s price", o.orderType, oneOrNo(row.NeedsLimit()))
	case b.StopPrice.Set != row.Waits():
		return invalid("a %s order has %s stop_price", o.orderType, oneOrNo(row.Waits()))
	case b.QuoteQuantity.Set && (!row.TakesQuote() || rule.AllOrNothing):
		return invalid("quote_quantity is for immediate-or-cancel market orders")
	case b.Quantity.Set == b.QuoteQuantity.Set:
		return invalid("an order has a quantity or, if it is a market order, a quote_quantity")
	case b.DisplayQuantity.Set && !o.rests():
		return invalid("only orders that can rest have a display_quantity")
	case b.PostOnly && !(row.MayBePassive() && o.rests()):
		return invalid("only limit orders that can rest are post_only")
	case (b.ExpireAt != 0) != (rule.Ends == book.AtExpiry):
		return invalid("expire_at goes with time_in_force gtd")
	}
	return nil
}

func oneOrNo(one bool) string {
	if one {
		return "a"
	}
	return "no"
}

// readTicks reads a price if there is one.
func (i *instrument) readTicks(out *book.Ticks, in command.Optional, name string) *refusal {
	if !in.Set {
		return nil
	}
	units, err := in.Value.Rescale(i.image.PriceDigits)
	switch {
	case errors.Is(err, market.ErrDecimalDigits), err == nil && units%int64(i.image.PriceTick) != 0:
		return refuse(event.CodePriceTick, "price_tick", "%s %s is not a multiple of the tick %s", name, in.Value,
			market.FormatFixed(int64(i.image.PriceTick), i.image.PriceDigits))
	case err != nil || units <= 0 || units > int64(ledger.MaxSupply):
		return refuse(event.CodePriceOutOfRange, "price", "%s must be above zero and within range", name)
	}
	*out = book.Ticks(units / int64(i.image.PriceTick))
	return nil
}

// readLots reads a quantity if there is one.
func (i *instrument) readLots(out *book.Lots, in command.Optional, name string) *refusal {
	if !in.Set {
		return nil
	}
	units, err := in.Value.Rescale(i.image.QuantityDigits)
	switch {
	case errors.Is(err, market.ErrDecimalDigits), err == nil && units%int64(i.image.QuantityStep) != 0:
		return refuse(event.CodeQuantityStep, "quantity_step", "%s %s is not a multiple of the step %s", name, in.Value,
			market.FormatFixed(int64(i.image.QuantityStep), i.image.QuantityDigits))
	case err != nil || units <= 0 || units > int64(ledger.MaxSupply):
		return refuse(event.CodeQuantityOutOfRange, "quantity", "%s must be above zero and within range", name)
	}
	*out = book.Lots(units / int64(i.image.QuantityStep))
	return nil
}

// readQuote reads the amount of quote that a market order is to spend or earn.
func (i *instrument) readQuote(o *order, in command.Optional) *refusal {
	if !in.Set {
		return nil
	}
	units, err := in.Value.Rescale(i.image.QuoteScale)
	switch {
	case errors.Is(err, market.ErrDecimalDigits):
		return refuse(event.CodeAmountScale, "quote_quantity", "more decimals than %s has", i.image.Quote)
	case err != nil || units <= 0 || units > int64(ledger.MaxSupply):
		return refuse(event.CodeQuantityOutOfRange, "quote_quantity", "quote_quantity must be above zero and within range")
	}
	o.quoteQuantity = market.Amount(units)
	return nil
}
