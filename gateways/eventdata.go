package gateways

import (
	"slices"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// dataOf makes the data of an event. One case a record.
func dataOf(e *event.Public, v Viewer) Data {
	switch r := e.Record.(type) {
	case *event.OrderChanged:
		return orderData(r)
	case *event.Fill:
		return fillData(r, e, v)
	case *event.FundsChanged:
		return fundsData(r)
	case *event.FundsMoved:
		return transferData(r, e.Index, v)
	case *event.SelfTradePrevented:
		own, other := &r.Incoming, &r.Resting
		if e.Index == 1 {
			own, other = other, own
		}
		return &SelfTradePrevented{Order: *own, Other: other.ID, Mode: r.Mode, Quantity: r.Quantity}
	case *event.OrdersCancelled:
		return &OrdersCancelled{Account: r.Account, Cancelled: r.Cancelled, Continues: r.Continues}
	case *event.CommandRejected:
		return &CommandRejected{Code: r.Code, Rule: r.Rule, Detail: r.Detail, CurrentSequence: r.CurrentSequence}
	case *event.CommandFenced:
		return &CommandFenced{Participant: r.Participant, CommandID: r.Target}
	}
	return definitionData(e.Record)
}

func definitionData(record event.Record) Data {
	switch r := record.(type) {
	case *event.AssetChanged:
		if r.Type == event.TypeAssetDefined {
			return &AssetDefined{r.Asset}
		}
		return &AssetConfirmed{r.Asset}
	case *event.InstrumentChanged:
		return instrumentData(r)
	case *event.ParticipantChanged:
		p := withoutSecrets(r.Participant)
		if r.Type == event.TypeParticipantDefined {
			return &ParticipantDefined{p}
		}
		return &ParticipantConfirmed{p}
	case *event.AccountChanged:
		return accountData(r)
	case *event.LimitsChanged:
		change := LimitsChange{Scope: r.Scope, Target: r.Target, Limits: r.Limits}
		if r.Type == event.TypeLimitsSet {
			return &LimitsSet{change}
		}
		return &LimitsConfirmed{change}
	case *event.LeaderStarted:
		return &LeaderStarted{Term: r.Term, Leader: r.Leader, Cause: r.Cause, Previous: r.Previous, Gap: r.Gap}
	case *event.LevelRaised:
		return &LevelRaised{r.Level}
	case *event.HistoryBegan:
		return &HistoryBegan{History: r.History, Previous: r.Previous, Cause: r.Cause}
	case *event.EntryVoided:
		return &EntryVoided{Index: r.Index, SHA256: r.Digest}
	}
	return sessionData(record)
}

func sessionData(record event.Record) Data {
	switch r := record.(type) {
	case *event.OrderReported:
		return &OrderReported{r.Order}
	case *event.SessionLoggedOn:
		return &SessionLoggedOn{*r}
	case *event.SessionRefused:
		return &SessionRefused{*r}
	case *event.SessionsAdvanced:
		return &SessionsAdvanced{event.SessionsAdvanced{Owner: r.Owner, Steps: slices.Clone(r.Steps)}}
	case *event.SessionEnded:
		return &SessionEnded{*r}
	case *event.SessionReset:
		return &SessionReset{*r}
	}
	return nil
}

// withoutSecrets leaves out what could become a credential, and shares nothing
// with the definition.
func withoutSecrets(p event.Participant) event.Participant {
	p.FixPasswordHash = ""
	p.Accounts, p.FixCompIDs, p.FixSessions = slices.Clone(p.Accounts), slices.Clone(p.FixCompIDs), slices.Clone(p.FixSessions)
	p.Keys = slices.Clone(p.Keys)
	for i := range p.Keys {
		p.Keys[i].SecretHash = ""
	}
	return p
}

func instrumentData(r *event.InstrumentChanged) Data {
	change := InstrumentChange{Instrument: r.Instrument, Previous: r.From, Reason: r.Reason}
	switch r.Type {
	case event.TypeInstrumentDefined:
		return &InstrumentDefined{change}
	case event.TypeInstrumentConfirmed:
		return &InstrumentConfirmed{change}
	case event.TypePhaseChanged:
		return &PhaseChanged{change}
	case event.TypePhaseConfirmed:
		return &PhaseConfirmed{change}
	}
	return &InstrumentRetired{change}
}

func accountData(r *event.AccountChanged) Data {
	change := AccountChange{Account: r.Account, Reason: r.Reason}
	switch r.Type {
	case event.TypeAccountOpened:
		return &AccountOpened{change}
	case event.TypeAccountClosed:
		return &AccountClosed{change}
	case event.TypeAccountSuspended:
		return &AccountSuspended{change}
	}
	return &AccountResumed{change}
}

func orderData(r *event.OrderChanged) Data {
	change := OrderChange{Order: r.Order, Hold: r.Hold}
	switch r.Type {
	case event.TypeOrderAccepted:
		return &OrderAccepted{change}
	case event.TypeOrderAmended:
		return &OrderAmended{change}
	case event.TypeOrderCancelled:
		return &OrderCancelled{change}
	case event.TypeOrderExpired:
		return &OrderExpired{change}
	case event.TypeOrderTriggered:
		return &OrderTriggered{change}
	}
	return &OrderRejected{change}
}

func fundsData(r *event.FundsChanged) Data {
	counter := r.Balance
	counter.Delta = -r.Balance.Delta
	change := FundsChange{
		Account: r.Account, Balance: r.Balance, Reference: r.Reference,
		Postings: []PostedAmount{postedAmount(r.Account, &r.Balance), postedAmount(r.Counter.Account, &counter)},
	}
	if r.Type == event.TypeFundsDeposited {
		return &FundsDeposited{change}
	}
	return &FundsWithdrawn{change}
}

func postedAmount(account string, b *event.Balance) PostedAmount {
	return PostedAmount{Account: account, Asset: b.Asset, Amount: b.Delta, Scale: b.Scale}
}

// postedAmounts lists what changed a total.
func postedAmounts(all ...event.Posting) []PostedAmount {
	out := []PostedAmount{}
	for i := range all {
		for k := range all[i].Balances {
			if b := &all[i].Balances[k]; b.Delta != 0 {
				out = append(out, postedAmount(all[i].Account, b))
			}
		}
	}
	return out
}

func transferData(r *event.FundsMoved, index int, v Viewer) Data {
	var postings []PostedAmount
	if v.Full {
		postings = postedAmounts(r.From, r.To)
	}
	if index == 0 {
		return &FundsTransferred{
			Account: r.From.Account, To: r.To.Account, Balances: slices.Clone(r.From.Balances),
			Reference: r.Reference, Postings: postings,
		}
	}
	posted := &FundsPosted{
		Account: r.To.Account, Balances: slices.Clone(r.To.Balances), Reference: r.Reference, Postings: postings,
	}
	if v.Full {
		posted.From = r.From.Account
	}
	return posted
}

// fillData is a fill as one of its events: the trade, an order's side, or one
// account's money.
func fillData(r *event.Fill, e *event.Public, v Viewer) Data {
	switch e.Index {
	case 0:
		return tradeData(r, v)
	case 1, 2:
		order, other := &r.Taker, &r.Maker
		if e.Index == 2 {
			order, other = other, order
		}
		// A fill's sequence is its TradeExecuted's.
		fill := SideOf(r, e.Index == 1, e.Sequence-market.Sequence(e.Index), e.Block.At)
		if v.Full {
			fill.Counterparty = other.Account
		}
		return &OrderFilled{Order: *order, Fill: fill}
	}
	p := &r.Postings[e.Index-3]
	return &FundsPosted{Account: p.Account, TradeID: r.TradeID, Balances: slices.Clone(p.Balances)}
}

func tradeData(r *event.Fill, v Viewer) Data {
	o := &r.Taker
	trade := &TradeExecuted{
		TradeID: r.TradeID, Instrument: o.Instrument, Price: r.Price, Quantity: r.Quantity, Notional: r.Notional,
		TakerSide: r.TakerSide, MakerOrderID: r.Maker.ID, TakerOrderID: r.Taker.ID,
		PriceDigits: o.PriceDigits, QuantityDigits: o.QuantityDigits, QuoteScale: o.QuoteScale,
	}
	if v.Full {
		trade.Parties = &TradeParties{
			MakerAccount: r.Maker.Account, TakerAccount: r.Taker.Account, MakerFee: r.MakerFee, TakerFee: r.TakerFee,
			FeeAsset: r.FeeAsset, Postings: postedAmounts(r.Postings...),
		}
	}
	return trade
}

// SideOf returns one order's side of a fill, without the other's account; taker
// says whose.
func SideOf(r *event.Fill, taker bool, sequence market.Sequence, at market.Nanos) event.OwnFill {
	own, fee, liquidity := &r.Maker, r.MakerFee, market.Maker
	if taker {
		own, fee, liquidity = &r.Taker, r.TakerFee, market.Taker
	}
	if r.TakerSide == market.SideNone {
		liquidity = market.Auction
	}
	return event.OwnFill{
		Trade: event.Trade{
			TradeID: r.TradeID, Instrument: own.Instrument, Price: r.Price, Quantity: r.Quantity,
			TakerSide: r.TakerSide, PriceDigits: own.PriceDigits, QuantityDigits: own.QuantityDigits,
			Sequence: sequence, At: at,
		},
		OrderID: own.ID, Account: own.Account, Side: own.Side,
		MakerOrderID: r.Maker.ID, TakerOrderID: r.Taker.ID, Liquidity: liquidity,
		Fee: fee, FeeAsset: r.FeeAsset, FeeScale: own.QuoteScale,
	}
}
