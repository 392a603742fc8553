package render

import (
	"encoding/hex"
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Viewer is whom an event is written for.
type Viewer struct {
	// Full: administrators and auditors see everybody.
	Full bool
	// Participant is whose commands the viewer may recognise.
	Participant string
}

// Event appends an event. Who else sent the command, or stood on the other
// side, is written for a full viewer only.
func Event(dst []byte, e *event.Public, v Viewer) []byte {
	w := writer{dst}
	w.begin()
	w.number("sequence", uint64(e.Sequence))
	w.text("type", string(e.Type))
	w.instant("at", e.Block.At)
	w.text("aggregate_id", e.Aggregate)
	w.number("aggregate_sequence", e.AggregateSequence)
	c := &e.Group.Context
	if v.Full || (c.Participant != "" && c.Participant == v.Participant) {
		w.text("participant", c.Participant)
		w.text("actor", c.Actor)
		w.text("source", sourceText(c.Source))
		w.text("command_id", c.CommandID)
		w.text("correlation_id", c.Correlation)
	}
	w.number("log_index", e.Block.Index)
	w.open("data")
	w.data(e, v)
	w.close()
	w.close()
	return w.b
}

func sourceText(s market.Source) string {
	if s == market.SourceNone {
		return market.SourceSystem.String()
	}
	return s.String()
}

// data writes what happened. One case a record.
func (w *writer) data(e *event.Public, v Viewer) {
	switch r := e.Record.(type) {
	case *event.AssetChanged:
		w.assetMembers(&r.Asset)
	case *event.InstrumentChanged:
		w.instrumentMembers(&r.Instrument)
		if r.From != market.PhaseNone {
			w.text("previous_phase", r.From.String())
		}
		w.text("reason", r.Reason)
	case *event.ParticipantChanged:
		w.participantMembers(&r.Participant)
	case *event.AccountChanged:
		w.accountMembers(&r.Account)
		w.text("reason", r.Reason)
	case *event.LimitsChanged:
		w.limitsMembers(r.Scope, r.Target, &r.Limits)
	case *event.FundsChanged:
		w.fundsData(r)
	case *event.FundsMoved:
		w.transferData(r, e.Index, v)
	case *event.OrderChanged:
		w.orderMember("order", &r.Order)
		if r.Hold.Asset != "" {
			w.holdMember("hold", &r.Hold)
		}
	case *event.Fill:
		w.tradeData(r, e, v)
	case *event.SelfTradePrevented:
		w.selfTradeData(r, e.Index)
	default:
		w.otherData(e.Record)
	}
}

func (w *writer) otherData(record event.Record) {
	switch r := record.(type) {
	case *event.OrdersCancelled:
		w.text("account", r.Account)
		w.number("cancelled_count", uint64(r.Cancelled))
		if r.Continues {
			w.bool("continues", true)
		}
	case *event.CommandRejected:
		w.text("code", r.Code.Text())
		w.text("rule", r.Rule)
		w.text("detail", r.Detail)
		w.number("current_sequence", r.CurrentSequence)
	case *event.CommandFenced:
		w.text("participant", r.Participant)
		w.text("command_id", r.Target)
	case *event.LeaderStarted:
		w.number("term", r.Term)
		w.text("leader", r.Leader)
		if r.Cause != "" {
			w.text("cause", r.Cause)
			w.text("previous", r.Previous)
			w.number("gap_ns", r.Gap)
		}
	case *event.LevelRaised:
		w.number("level", uint64(r.Level))
	case *event.HistoryBegan:
		w.text("history", fmt.Sprintf("%016x", r.History))
		w.text("previous", fmt.Sprintf("%016x", r.Previous))
		w.text("cause", r.Cause)
	case *event.EntryVoided:
		w.number("index", r.Index)
		w.text("sha256", hex.EncodeToString(r.Digest[:]))
	default:
		w.sessionData(record)
	}
}

func (w *writer) holdMember(name string, b *event.Balance) {
	w.open(name)
	w.text("asset", b.Asset)
	w.amounts(b)
	w.close()
}

// change writes one balance with by how much its total changed.
func (w *writer) change(b *event.Balance) {
	w.text("asset", b.Asset)
	w.fixed("amount", int64(b.Delta), b.Scale)
	w.amounts(b)
}

// posting writes one element of a list of postings.
func (w *writer) posting(account string, b *event.Balance) {
	w.element()
	w.text("account", account)
	w.text("asset", b.Asset)
	w.fixed("amount", int64(b.Delta), b.Scale)
	w.close()
}

func (w *writer) fundsData(r *event.FundsChanged) {
	w.text("account", r.Account)
	w.change(&r.Balance)
	w.text("reference", r.Reference)
	w.list("postings")
	w.posting(r.Account, &r.Balance)
	counter := r.Balance
	counter.Delta = -r.Balance.Delta
	w.posting(r.Counter.Account, &counter)
	w.endList()
}

func (w *writer) transferData(r *event.FundsMoved, index int, v Viewer) {
	own := &r.From
	if index == 1 {
		own = &r.To
	}
	w.text("account", own.Account)
	switch {
	case index == 0:
		w.text("to", r.To.Account)
	case v.Full:
		w.text("from", r.From.Account)
	}
	w.changes(own)
	w.text("reference", r.Reference)
	if v.Full {
		w.postings([]event.Posting{r.From, r.To})
	}
}

// changes writes the balances of one posting.
func (w *writer) changes(p *event.Posting) {
	w.list("balances")
	for i := range p.Balances {
		w.element()
		w.change(&p.Balances[i])
		w.close()
	}
	w.endList()
}

func (w *writer) postings(all []event.Posting) {
	w.list("postings")
	for i := range all {
		for k := range all[i].Balances {
			if b := &all[i].Balances[k]; b.Delta != 0 {
				w.posting(all[i].Account, b)
			}
		}
	}
	w.endList()
}

// tradeData writes a fill as one of its events: the trade, an order's side,
// or one account's money.
func (w *writer) tradeData(r *event.Fill, e *event.Public, v Viewer) {
	switch e.Index {
	case 0:
		w.tradeExecuted(r, v)
		return
	case 1, 2:
		order := &r.Taker
		if e.Index == 2 {
			order = &r.Maker
		}
		w.orderMember("order", order)
		// A fill's sequence is its TradeExecuted's.
		fill := ownFill(r, e.Index == 1, e.Sequence-market.Sequence(e.Index), e.Block.At)
		if v.Full {
			fill.Counterparty = counterparty(r, e.Index == 1)
		}
		w.open("fill")
		w.fillMembers(&fill)
		w.close()
		return
	}
	p := &r.Postings[e.Index-3]
	w.text("account", p.Account)
	w.trade(r.TradeID)
	w.changes(p)
}

func counterparty(r *event.Fill, taker bool) string {
	if taker {
		return r.Maker.Account
	}
	return r.Taker.Account
}

func (w *writer) tradeExecuted(r *event.Fill, v Viewer) {
	o := &r.Taker
	w.trade(r.TradeID)
	w.text("instrument", o.Instrument)
	w.fixed("price", int64(r.Price), o.PriceDigits)
	w.fixed("quantity", int64(r.Quantity), o.QuantityDigits)
	w.fixed("notional", int64(r.Notional), o.QuoteScale)
	w.text("taker_side", r.TakerSide.String())
	w.order("maker_order_id", r.Maker.ID)
	w.order("taker_order_id", r.Taker.ID)
	if !v.Full {
		return
	}
	w.text("maker_account", r.Maker.Account)
	w.text("taker_account", r.Taker.Account)
	w.fixed("maker_fee", int64(r.MakerFee), o.QuoteScale)
	w.fixed("taker_fee", int64(r.TakerFee), o.QuoteScale)
	w.text("fee_asset", r.FeeAsset)
	w.postings(r.Postings)
}

func (w *writer) selfTradeData(r *event.SelfTradePrevented, index int) {
	own, other := &r.Incoming, &r.Resting
	if index == 1 {
		own, other = other, own
	}
	w.orderMember("order", own)
	w.order("other_order_id", other.ID)
	w.text("mode", r.Mode.String())
	w.fixed("quantity", int64(r.Quantity), own.QuantityDigits)
}
