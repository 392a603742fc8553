package decode

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// PlacePayload documents orders/place.
type PlacePayload struct {
	Account             string `json:"account,omitempty" maxLength:"64" doc:"Or as aggregate_id"`
	Instrument          string `json:"instrument" maxLength:"64"`
	Side                string `json:"side" enum:"buy,sell"`
	Type                string `json:"type" enum:"limit,market,stop,stop_limit"`
	Quantity            string `json:"quantity,omitempty" format:"decimal"`
	QuoteQuantity       string `json:"quote_quantity,omitempty" format:"decimal" doc:"Market orders, instead of quantity; fees included"`
	Price               string `json:"price,omitempty" format:"decimal"`
	StopPrice           string `json:"stop_price,omitempty" format:"decimal"`
	DisplayQuantity     string `json:"display_quantity,omitempty" format:"decimal" doc:"At least a thousandth of the quantity"`
	TimeInForce         string `json:"time_in_force,omitempty" enum:"gtc,day,ioc,fok,gtd"`
	ExpireAt            string `json:"expire_at,omitempty" format:"date-time"`
	PostOnly            bool   `json:"post_only,omitempty"`
	SelfTradePrevention string `json:"self_trade_prevention,omitempty" enum:"none,cancel_newest,cancel_oldest,cancel_both,decrement"`
	ClientOrderID       string `json:"client_order_id,omitempty" maxLength:"64"`
}

func placeOrder(o *object, aggregate string) command.Body {
	c := &command.PlaceOrder{
		Account:         o.about("account", aggregate, ""),
		Instrument:      o.needID("instrument"),
		ClientOrderID:   o.clientID("client_order_id"),
		Side:            needEnum(o, "side", market.ParseSide, "buy, sell"),
		Type:            needEnum(o, "type", market.ParseOrderType, "limit, market, stop, stop_limit"),
		TimeInForce:     enum(o, "time_in_force", market.ParseTimeInForce, "gtc, day, ioc, fok, gtd"),
		STP:             enum(o, "self_trade_prevention", market.ParseSelfTradePrevention, "none, cancel_newest, cancel_oldest, cancel_both, decrement"),
		PostOnly:        o.boolean("post_only"),
		Quantity:        o.decimal("quantity"),
		QuoteQuantity:   o.decimal("quote_quantity"),
		Price:           o.decimal("price"),
		StopPrice:       o.decimal("stop_price"),
		DisplayQuantity: o.decimal("display_quantity"),
		ExpireAt:        o.instant("expire_at"),
	}
	o.checkPlace(c)
	return c
}

// checkPlace refuses an order that lacks what its type needs. What it has too
// much of is the machine's to refuse, for every door alike.
func (o *object) checkPlace(c *command.PlaceOrder) {
	needsPrice := c.Type == market.Limit || c.Type == market.StopLimit
	needsStop := c.Type == market.Stop || c.Type == market.StopLimit
	switch {
	case c.Quantity.Set && c.QuoteQuantity.Set:
		o.fail("quote_quantity", "give quantity or quote_quantity, not both")
	case !c.Quantity.Set && !c.QuoteQuantity.Set:
		o.fail("quantity", "is required")
	case !c.Quantity.Set && c.Type != market.Market:
		o.fail("quantity", "is required: only market orders have quote_quantity")
	case needsPrice && !c.Price.Set:
		o.fail("price", "is required for this type")
	case needsStop && !c.StopPrice.Set:
		o.fail("stop_price", "is required for this type")
	case c.TimeInForce == market.GoodTillDate && c.ExpireAt == 0:
		o.fail("expire_at", "is required with gtd")
	}
}

// OrderPayload documents how amend and cancel name their order.
type OrderPayload struct {
	OrderID       string `json:"order_id,omitempty" maxLength:"64" doc:"Or as aggregate_id"`
	Account       string `json:"account,omitempty" maxLength:"64" doc:"With client_order_id, instead of order_id"`
	ClientOrderID string `json:"client_order_id,omitempty" maxLength:"64"`
}

// orderRef reads which order is meant: by aggregate_id or order_id, or by
// account and client_order_id. With an id, byClient is false, and a
// client_order_id means what the verb says.
func (o *object) orderRef(aggregate string) (ref command.OrderRef, byClient bool) {
	id, account := o.id("order_id"), o.id("account")
	if account != "" && aggregate == account && !isOrderID(aggregate) {
		aggregate = "" // the account as aggregate of an order named by the client's id
	}
	if id != "" && aggregate != "" && id != aggregate {
		o.fail("order_id", "differs from aggregate_id")
		return ref, false
	}
	if id == "" {
		id = aggregate
	}
	ref.Account = account
	if id == "" {
		ref.ClientOrderID = o.clientID("client_order_id")
		if account == "" || ref.ClientOrderID == "" {
			o.fail("order_id", "is required, here or as aggregate_id; or account and client_order_id")
		}
		return ref, true
	}
	parsed, ok := market.ParseOrderID(id)
	if !ok || parsed == 0 {
		ref.Unparsed = id
	}
	ref.ID = parsed
	return ref, false
}

func isOrderID(s string) bool {
	_, ok := market.ParseOrderID(s)
	return ok
}

// AmendPayload documents orders/amend.
type AmendPayload struct {
	OrderID          string `json:"order_id,omitempty" maxLength:"64" doc:"Or as aggregate_id"`
	Account          string `json:"account,omitempty" maxLength:"64" doc:"With client_order_id, instead of order_id"`
	ClientOrderID    string `json:"client_order_id,omitempty" maxLength:"64" doc:"With an order id: the new one"`
	NewClientOrderID string `json:"new_client_order_id,omitempty" maxLength:"64" doc:"When client_order_id names the order"`
	Quantity         string `json:"quantity,omitempty" format:"decimal" doc:"New total, what is filled included"`
	Price            string `json:"price,omitempty" format:"decimal"`
	StopPrice        string `json:"stop_price,omitempty" format:"decimal"`
	DisplayQuantity  string `json:"display_quantity,omitempty" format:"decimal" doc:"At least a thousandth of the quantity"`
	ExpireAt         string `json:"expire_at,omitempty" format:"date-time"`
}

func amendOrder(o *object, aggregate string) command.Body {
	ref, byClient := o.orderRef(aggregate)
	c := &command.AmendOrder{
		Order:            ref,
		Quantity:         o.decimal("quantity"),
		Price:            o.decimal("price"),
		StopPrice:        o.decimal("stop_price"),
		DisplayQuantity:  o.decimal("display_quantity"),
		NewClientOrderID: o.clientID("new_client_order_id"),
		ExpireAt:         o.instant("expire_at"),
	}
	if byClient {
		return c
	}
	if id := o.clientID("client_order_id"); id != "" {
		if c.NewClientOrderID != "" && c.NewClientOrderID != id {
			o.fail("new_client_order_id", "differs from client_order_id")
		}
		c.NewClientOrderID = id
	}
	return c
}

// CancelPayload documents orders/cancel.
type CancelPayload struct{ OrderPayload }

func cancelOrder(o *object, aggregate string) command.Body {
	ref, byClient := o.orderRef(aggregate)
	if !byClient {
		ref.ClientOrderID = o.clientID("client_order_id")
	}
	return &command.CancelOrder{Order: ref}
}

// CancelAllPayload documents orders/cancel-all.
type CancelAllPayload struct {
	Account    string `json:"account,omitempty" maxLength:"64" doc:"Or as aggregate_id"`
	Instrument string `json:"instrument,omitempty" maxLength:"64"`
	Side       string `json:"side,omitempty" enum:"buy,sell"`
}

func cancelAll(o *object, aggregate string) command.Body {
	return &command.CancelAll{
		Account:    o.about("account", aggregate, ""),
		Instrument: o.id("instrument"),
		Side:       enum(o, "side", market.ParseSide, "buy, sell"),
	}
}
