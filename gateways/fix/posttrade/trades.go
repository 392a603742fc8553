package posttrade

import (
	"cmp"
	"context"
	"errors"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/fix"
	"github.com/rialto-exchange/rialto/gateways/fix/encode"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/decode"
)

// SubscriptionRequestType (263).
const (
	subscribe   = '1'
	unsubscribe = '2'
)

// TradeRequestType (569): all trades, and matched ones, which are the same.
const lastTypeTaken = 1

// tradesPage is how many trades are read at a time.
const tradesPage = 200

// capture is a TradeCaptureReportRequest that is served.
type capture struct {
	clerk *clerk
	asked decode.TradesRequest
	order market.OrderID  // 0 = of any
	exec  market.Sequence // of the one execution that is asked for, 0 = any
	query *encode.TradeQuery
	out   *outlet
	held  *encode.TradeReport // the newest, until it is known whether another follows
}

// trades answers a TradeCaptureReportRequest.
func (c *clerk) trades(r fix.Request) {
	q, err := decode.ReadTrades(r.Message)
	t := &capture{clerk: c, asked: q, query: &encode.TradeQuery{
		RequestID: q.RequestID, Type: q.Type, Subscription: q.Subscription, Instrument: q.Symbol,
	}}
	if err != nil {
		t.refuse(encode.TradesOther, err.Error())
		return
	}
	if q.Subscription == unsubscribe {
		t.unsubscribe()
		return
	}
	if why, text := t.check(); why != encode.TradesFollow {
		t.refuse(why, text)
		return
	}
	if text := c.begin(r, requestID("AD", q.RequestID), t.serve); text != "" {
		t.refuse(encode.TradesOther, text)
	}
}

func requestID(msgType, id string) string { return msgType + " " + id }

// check returns why a request is not served.
func (t *capture) check() (encode.TradeResult, string) {
	if t.asked.Type > lastTypeTaken {
		return encode.TradesTypeNotTaken, "all trades and matched trades are reported"
	}
	if t.asked.Account != "" && !t.clerk.owns(t.asked.Account) {
		return encode.TradesNotAuthorised, "not your account"
	}
	if t.asked.OrderID != "" {
		id, ok := market.ParseOrderID(t.asked.OrderID)
		if !ok {
			return encode.TradesOther, "OrderID is not one of the venue's"
		}
		t.order = id
	}
	if id := cmp.Or(t.asked.ExecID, t.asked.ReportID); id != "" {
		history, exec, ok := encode.ParseExecID(id)
		if !ok || history != t.clerk.desk.reads.History() || exec == 0 {
			return encode.TradesOther, "no execution has this id"
		}
		t.exec = exec
	}
	return encode.TradesFollow, ""
}

func (t *capture) refuse(why encode.TradeResult, text string) {
	t.clerk.counter.Send("AQ", func(dst []byte, e *encode.Encoder, s encode.Slot) []byte {
		return e.TradesRefused(dst, s, t.query, why, text)
	})
}

func (t *capture) unsubscribe() {
	if !t.clerk.end(requestID("AD", t.asked.RequestID)) {
		t.refuse(encode.TradesOther, "no subscription has this id")
		return
	}
	t.clerk.counter.Send("AQ", func(dst []byte, e *encode.Encoder, s encode.Slot) []byte {
		return e.TradesDone(dst, s, t.query, "the subscription has ended")
	})
}

// serve sends the trades that there are, and with a subscription those that
// come.
func (t *capture) serve(ctx context.Context, through market.Sequence) {
	t.out = t.clerk.outlet(ctx)
	if t.asked.Subscription == subscribe {
		if !t.clerk.desk.subscribe() {
			t.refuse(encode.TradesOther, "this node has no more subscriptions")
			return
		}
		defer t.clerk.desk.unsubscribe()
	}
	pin, err := t.clerk.desk.reads.Wait(ctx, through)
	if err == nil {
		err = t.snapshot(ctx, pin)
	}
	if err == nil && t.asked.Subscription == subscribe {
		err = t.follow(ctx, pin.Sequence)
	}
	if err != nil && ctx.Err() == nil {
		t.refuse(encode.TradesOther, err.Error())
	}
}

// snapshot sends what happened on the pin's day, in UTC, or all of one order,
// or one execution.
func (t *capture) snapshot(ctx context.Context, pin event.Pin) error {
	err := t.out.send("AQ", func(dst []byte, e *encode.Encoder, s encode.Slot) []byte {
		return e.TradesAck(dst, s, t.query)
	})
	accounts := t.clerk.accounts()
	if t.asked.Account != "" {
		accounts = []string{t.asked.Account}
	}
	for _, account := range accounts {
		if err == nil {
			err = t.account(ctx, pin, account)
		}
	}
	if err != nil {
		return err
	}
	if t.held != nil {
		return t.flush(true)
	}
	return t.out.send("AQ", func(dst []byte, e *encode.Encoder, s encode.Slot) []byte {
		return e.TradesDone(dst, s, t.query, "")
	})
}

// account sends the trades of one account.
func (t *capture) account(ctx context.Context, pin event.Pin, account string) error {
	page := event.Page{Limit: tradesPage, From: midnight(pin.At)}
	switch {
	case t.order != 0:
		page.From = 0
	case t.exec != 0: // an account's trades are listed by their executions
		page = event.Page{Limit: 1, After: t.exec - 1}
	}
	for {
		list, err := t.page(ctx, pin, account, page)
		switch {
		case errors.Is(err, gateways.ErrNotFound):
			return nil // defined, and not opened yet; or no such order
		case err != nil:
			return err
		}
		for i := range list.Items {
			if err := t.offer(pin, account, &list.Items[i]); err != nil {
				return err
			}
		}
		if list.Next == 0 || t.order == 0 && t.exec != 0 {
			return nil
		}
		page.After = list.Next
	}
}

func (t *capture) page(ctx context.Context, pin event.Pin, account string, page event.Page) (event.List[event.OwnFill], error) {
	if t.order != 0 {
		return t.clerk.desk.reads.OrderFills(ctx, pin, t.order, page)
	}
	return t.clerk.desk.reads.AccountTrades(ctx, pin, account, page)
}

// midnight is when the day of an instant began, in UTC.
func midnight(at market.Nanos) market.Nanos {
	const day = market.Nanos(24 * 3600 * 1e9)
	return at - at%day
}

// offer sends a trade if it is what was asked for.
func (t *capture) offer(pin event.Pin, account string, f *event.OwnFill) error {
	if f.Account != account || !t.wants(f) {
		return nil
	}
	o, err := t.clerk.desk.reads.Order(pin, f.OrderID)
	if err != nil {
		return err
	}
	if t.asked.ClOrdID != "" && t.asked.ClOrdID != o.Value.ClientOrderID {
		return nil
	}
	if err := t.flush(false); err != nil {
		return err
	}
	t.held = t.report(f, o.Value.ClientOrderID)
	return nil
}

// wants says whether a trade has what was asked for, but for the ClOrdID.
func (t *capture) wants(f *event.OwnFill) bool {
	q := &t.asked
	return (q.Symbol == "" || q.Symbol == f.Instrument) && (q.Side == market.SideNone || q.Side == f.Side) &&
		(t.order == 0 || t.order == f.OrderID) && (t.exec == 0 || t.exec == f.Executed())
}

func (t *capture) report(f *event.OwnFill, client string) *encode.TradeReport {
	own := *f
	return &encode.TradeReport{OwnFill: &own, History: t.clerk.desk.reads.History(), ClientOrderID: client, Query: t.query}
}

// flush sends the report that was held back.
func (t *capture) flush(last bool) error {
	held := t.held
	if held == nil {
		return nil
	}
	t.held, held.Last = nil, last
	return t.sendReport(held)
}

func (t *capture) sendReport(r *encode.TradeReport) error {
	return t.out.send("AE", func(dst []byte, e *encode.Encoder, s encode.Slot) []byte { return e.Trade(dst, s, r) })
}

// follow sends trades as they happen, until ctx ends.
func (t *capture) follow(ctx context.Context, after market.Sequence) error {
	return t.clerk.desk.blocks.FollowBlocks(ctx, after, func(b *event.Block) error {
		for i := range b.Groups {
			sequence := b.Groups[i].First
			for _, r := range b.Groups[i].Records {
				if f, ok := r.(*event.Fill); ok {
					if err := t.happened(f, f.Trade(sequence, b.At)); err != nil {
						return err
					}
				}
				sequence += market.Sequence(r.Events())
			}
		}
		return nil
	})
}

// happened sends the client's sides of a trade.
func (t *capture) happened(f *event.Fill, trade event.Trade) error {
	for _, taker := range []bool{true, false} {
		o := &f.Maker
		if taker {
			o = &f.Taker
		}
		own := f.Own(trade, taker)
		if !t.mine(o.Account) || !t.wants(&own) || t.asked.ClOrdID != "" && t.asked.ClOrdID != o.ClientOrderID {
			continue
		}
		r := t.report(&own, o.ClientOrderID)
		r.Unsolicited = true
		if err := t.sendReport(r); err != nil {
			return err
		}
	}
	return nil
}

// mine reports whether a subscription is for an account.
func (t *capture) mine(account string) bool {
	if t.asked.Account != "" {
		return account == t.asked.Account && t.clerk.owns(account)
	}
	return t.clerk.owns(account)
}
