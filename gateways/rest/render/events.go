package render

import (
	"encoding/hex"
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
)

// Event appends an event: what stands in it, for its viewer was asked before.
func Event(dst []byte, e *gateways.Event) []byte {
	w := writer{dst}
	w.begin()
	w.number("sequence", uint64(e.Sequence))
	w.text("type", string(e.Type))
	w.instant("at", e.At)
	w.text("aggregate_id", e.Aggregate)
	w.number("aggregate_sequence", e.AggregateSequence)
	if by := e.By; by != nil {
		w.text("participant", by.Participant)
		w.text("actor", by.Actor)
		w.text("source", by.Source.String())
		w.text("command_id", by.CommandID)
		w.text("correlation_id", by.Correlation)
	}
	w.number("log_index", e.LogIndex)
	w.open("data")
	w.data(e.Data)
	w.close()
	w.close()
	return w.b
}

// data writes what happened.
func (w *writer) data(data gateways.Data) {
	switch d := data.(type) {
	case *gateways.OrderAccepted:
		w.orderChange(&d.OrderChange)
	case *gateways.OrderAmended:
		w.orderChange(&d.OrderChange)
	case *gateways.OrderCancelled:
		w.orderChange(&d.OrderChange)
	case *gateways.OrderExpired:
		w.orderChange(&d.OrderChange)
	case *gateways.OrderTriggered:
		w.orderChange(&d.OrderChange)
	case *gateways.OrderRejected:
		w.orderChange(&d.OrderChange)
	case *gateways.OrderFilled:
		w.orderMember("order", &d.Order)
		w.open("fill")
		w.fillMembers(&d.Fill)
		w.close()
	case *gateways.OrderReported:
		w.orderMember("order", &d.Order)
	case *gateways.TradeExecuted:
		w.tradeExecuted(d)
	case *gateways.SelfTradePrevented:
		w.orderMember("order", &d.Order)
		w.order("other_order_id", d.Other)
		w.text("mode", d.Mode.String())
		w.fixed("quantity", int64(d.Quantity), d.Order.QuantityDigits)
	case *gateways.OrdersCancelled:
		w.text("account", d.Account)
		w.number("cancelled_count", uint64(d.Cancelled))
		w.flag("continues", d.Continues)
	case *gateways.CommandRejected:
		w.text("code", d.Code.Text())
		w.text("rule", d.Rule)
		w.text("detail", d.Detail)
		w.number("current_sequence", d.CurrentSequence)
	case *gateways.CommandFenced:
		w.text("participant", d.Participant)
		w.text("command_id", d.CommandID)
	default:
		w.moneyData(data)
	}
}

func (w *writer) moneyData(data gateways.Data) {
	switch d := data.(type) {
	case *gateways.FundsDeposited:
		w.fundsChange(&d.FundsChange)
	case *gateways.FundsWithdrawn:
		w.fundsChange(&d.FundsChange)
	case *gateways.FundsTransferred:
		w.text("account", d.Account)
		w.text("to", d.To)
		w.changes(d.Balances)
		w.text("reference", d.Reference)
		w.postings(d.Postings)
	case *gateways.FundsPosted:
		w.text("account", d.Account)
		w.text("from", d.From)
		if d.TradeID != 0 {
			w.trade(d.TradeID)
		}
		w.changes(d.Balances)
		w.text("reference", d.Reference)
		w.postings(d.Postings)
	default:
		w.definitionData(data)
	}
}

func (w *writer) definitionData(data gateways.Data) {
	switch d := data.(type) {
	case *gateways.AssetDefined:
		w.assetMembers(&d.Asset)
	case *gateways.AssetConfirmed:
		w.assetMembers(&d.Asset)
	case *gateways.InstrumentDefined:
		w.instrumentChange(&d.InstrumentChange)
	case *gateways.InstrumentConfirmed:
		w.instrumentChange(&d.InstrumentChange)
	case *gateways.PhaseChanged:
		w.instrumentChange(&d.InstrumentChange)
	case *gateways.PhaseConfirmed:
		w.instrumentChange(&d.InstrumentChange)
	case *gateways.InstrumentRetired:
		w.instrumentChange(&d.InstrumentChange)
	case *gateways.ParticipantDefined:
		w.participantMembers(&d.Participant)
	case *gateways.ParticipantConfirmed:
		w.participantMembers(&d.Participant)
	case *gateways.AccountOpened:
		w.accountChange(&d.AccountChange)
	case *gateways.AccountClosed:
		w.accountChange(&d.AccountChange)
	case *gateways.AccountSuspended:
		w.accountChange(&d.AccountChange)
	case *gateways.AccountResumed:
		w.accountChange(&d.AccountChange)
	case *gateways.LimitsSet:
		w.limitsMembers(d.Scope, d.Target, &d.Limits)
	case *gateways.LimitsConfirmed:
		w.limitsMembers(d.Scope, d.Target, &d.Limits)
	default:
		w.venueData(data)
	}
}

func (w *writer) venueData(data gateways.Data) {
	switch d := data.(type) {
	case *gateways.LeaderStarted:
		w.number("term", d.Term)
		w.text("leader", d.Leader)
		if d.Cause != "" {
			w.text("cause", d.Cause)
			w.text("previous", d.Previous)
			w.number("gap_ns", d.Gap)
		}
	case *gateways.LevelRaised:
		w.number("level", uint64(d.Level))
	case *gateways.HistoryBegan:
		w.text("history", fmt.Sprintf("%016x", d.History))
		w.text("previous", fmt.Sprintf("%016x", d.Previous))
		w.text("cause", d.Cause)
	case *gateways.EntryVoided:
		w.number("index", d.Index)
		w.text("sha256", hex.EncodeToString(d.SHA256[:]))
	default:
		w.sessionData(data)
	}
}

func (w *writer) instrumentChange(c *gateways.InstrumentChange) {
	w.instrumentMembers(&c.Instrument)
	if c.Previous != market.PhaseNone {
		w.text("previous_phase", c.Previous.String())
	}
	w.text("reason", c.Reason)
}

func (w *writer) accountChange(c *gateways.AccountChange) {
	w.accountMembers(&c.Account)
	w.text("reason", c.Reason)
}

func (w *writer) orderChange(c *gateways.OrderChange) {
	w.orderMember("order", &c.Order)
	if c.Hold.Asset == "" {
		return
	}
	w.open("hold")
	w.text("asset", c.Hold.Asset)
	w.amounts(&c.Hold)
	w.close()
}

// change writes one balance with by how much its total changed.
func (w *writer) change(b *event.Balance) {
	w.text("asset", b.Asset)
	w.fixed("amount", int64(b.Delta), b.Scale)
	w.amounts(b)
}

// changes writes the balances of one posting.
func (w *writer) changes(balances []event.Balance) {
	w.list("balances")
	for i := range balances {
		w.element()
		w.change(&balances[i])
		w.close()
	}
	w.endList()
}

func (w *writer) fundsChange(c *gateways.FundsChange) {
	w.text("account", c.Account)
	w.change(&c.Balance)
	w.text("reference", c.Reference)
	w.postings(c.Postings)
}

// postings writes them, nothing for nil: who may not see them sees no empty
// list either.
func (w *writer) postings(all []gateways.PostedAmount) {
	if all == nil {
		return
	}
	w.list("postings")
	for _, p := range all {
		w.element()
		w.text("account", p.Account)
		w.text("asset", p.Asset)
		w.fixed("amount", int64(p.Amount), p.Scale)
		w.close()
	}
	w.endList()
}

func (w *writer) tradeExecuted(d *gateways.TradeExecuted) {
	w.trade(d.TradeID)
	w.text("instrument", d.Instrument)
	w.fixed("price", int64(d.Price), d.PriceDigits)
	w.fixed("quantity", int64(d.Quantity), d.QuantityDigits)
	w.fixed("notional", int64(d.Notional), d.QuoteScale)
	w.text("taker_side", d.TakerSide.String())
	w.order("maker_order_id", d.MakerOrderID)
	w.order("taker_order_id", d.TakerOrderID)
	p := d.Parties
	if p == nil {
		return
	}
	w.text("maker_account", p.MakerAccount)
	w.text("taker_account", p.TakerAccount)
	w.fixed("maker_fee", int64(p.MakerFee), d.QuoteScale)
	w.fixed("taker_fee", int64(p.TakerFee), d.QuoteScale)
	w.text("fee_asset", p.FeeAsset)
	w.postings(p.Postings)
}
