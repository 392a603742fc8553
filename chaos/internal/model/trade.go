package model

// fill is one trade: price, quantity, fees and money of both sides.
func (m *matching) fill(r *resting, price, quantity Int) bool {
	v, taker, maker, i := m.v, m.taker, r.order, m.taker.instrument
	v.entry.fills++
	n := i.notional(price, quantity)
	takerFee, takerFrees := taker.pays(quantity, n, taker.takerFee)
	makerFee, makerFrees := maker.pays(quantity, n, maker.makerFee)
	takerFee, makerFee = netted(takerFee, makerFee)
	v.fillOrder(taker, quantity, n, takerFee)
	v.fillOrder(maker, quantity, n, makerFee)
	if !maker.isOpen() {
		maker.resting = nil
	}
	i.last = price
	i.sequence++
	v.trades++
	v.post(i, price, quantity, n,
		leg{taker, "taker", takerFee, takerFrees}, leg{maker, "maker", makerFee, makerFrees})
	return v.entry.diff == nil
}

// pays is the fee of one side of a fill, and by how much its hold falls. What
// is charged is never above what is held for it.
func (o *order) pays(quantity, notional, rate Int) (fee, frees Int) {
	fee = charge(notional, rate)
	if !o.holds() {
		return fee, Int{}
	}
	frees = o.need(o.remaining()).minus(o.need(o.remaining().minus(quantity)))
	if o.buys() {
		fee = least(fee, frees.minus(notional))
	}
	return fee, frees
}

// netted makes sure that a rebate is paid from the other side's fee.
func netted(taker, maker Int) (Int, Int) {
	switch {
	case taker.plus(maker).sign() >= 0:
		return taker, maker
	case taker.below(maker):
		paid := most(maker, Int{})
		return paid.negative(), paid
	}
	paid := most(taker, Int{})
	return paid, paid.negative()
}

// fillOrder counts a fill into an order; it ends when nothing remains, unless
// it is known to end otherwise.
func (v *Venue) fillOrder(o *order, quantity, notional, fee Int) {
	v.touch(o)
	o.countBuy(quantity.negative())
	o.filled, o.notional, o.fees = o.filled.plus(quantity), o.notional.plus(notional), o.fees.plus(fee)
	if o.filled.below(o.quantity) || o.ends != "" {
		o.status = "partially_filled"
		return
	}
	v.finish(o, "filled", "")
}

// leg is one side of a trade.
type leg struct {
	order      *order
	liquidity  string
	fee, frees Int
}

// delta is by how much a leg changes base and quote of its account.
func (l leg) delta(base, notional Int) (b, q Int) {
	if l.order.buys() {
		return base, notional.plus(l.fee).negative()
	}
	return base.negative(), notional.minus(l.fee)
}

// post books a trade and emits its events: the trade, each side's order, each
// account's money.
func (v *Venue) post(i *instrument, price, quantity, notional Int, taker, maker leg) {
	base, fees := i.baseUnits(quantity), taker.fee.plus(maker.fee)
	postings := []any{}
	post := func(account string, asset *asset, delta Int) {
		b := v.accounts[account].in(asset)
		b.total = b.total.plus(delta)
		if !delta.isZero() {
			postings = append(postings, postingData(account, asset, delta))
		}
	}
	var changes []movement
	for _, l := range []leg{taker, maker} {
		b, q := l.delta(base, notional)
		l.order.hold(l.frees.negative())
		if n := len(changes); n > 0 && changes[n-1].account == l.order.account {
			c := &changes[n-1]
			c.base, c.quote = c.base.plus(b), c.quote.plus(q)
		} else {
			changes = append(changes, movement{l.order.account, b, q})
		}
	}
	for _, c := range changes {
		post(c.account.name, i.base, c.base)
		post(c.account.name, i.quote, c.quote)
	}
	post(accountFees, i.quote, fees)

	t := trade{instrument: i, id: whole(int64(v.trades)).text(0), price: price, quantity: quantity, taker: taker, maker: maker}
	v.tellTrade(&t, notional, postings)
	v.tellFunds(&t, changes, fees)
}

// movement is by how much a trade changes an account.
type movement struct {
	account     *account
	base, quote Int
}

// trade is what the events of a trade say. Its id is the venue's to choose: it
// counts them, so that none comes twice.
type trade struct {
	instrument      *instrument
	id              string
	price, quantity Int
	taker, maker    leg
}

func (v *Venue) tellTrade(t *trade, notional Int, postings []any) {
	i, taker, maker := t.instrument, t.taker, t.maker
	v.emit("TradeExecuted", i.name, i.sequence, map[string]any{
		"trade_id": t.id, "instrument": i.name, "price": t.price.text(i.priceDigits), "quantity": t.quantity.text(i.quantityDigits),
		"notional": notional.text(i.quote.scale), "taker_side": taker.order.side,
		"maker_order_id": maker.order.id, "taker_order_id": taker.order.id,
		"maker_account": maker.order.account.name, "taker_account": taker.order.account.name,
		"maker_fee": maker.fee.text(i.quote.scale), "taker_fee": taker.fee.text(i.quote.scale),
		"fee_asset": i.quote.name, "postings": postings,
	})
	sequence := v.sequence
	v.tellFilled(t, taker, maker.order, sequence)
	v.tellFilled(t, maker, taker.order, sequence)
}

// tellFilled is a trade as one of its two orders sees it.
func (v *Venue) tellFilled(t *trade, own leg, other *order, sequence uint64) {
	i := t.instrument
	v.emit("OrderFilled", own.order.id, own.order.sequence, map[string]any{
		"order": own.order.data(),
		"fill": map[string]any{
			"trade_id": t.id, "order_id": own.order.id, "account": own.order.account.name, "instrument": i.name,
			"side": own.order.side, "price": t.price.text(i.priceDigits), "quantity": t.quantity.text(i.quantityDigits),
			"maker_order_id": t.maker.order.id, "taker_order_id": t.taker.order.id, "liquidity": own.liquidity,
			"fee": own.fee.text(i.quote.scale), "fee_asset": i.quote.name, "counterparty": other.account.name,
			"sequence": number(sequence), "at": v.now.text(),
		},
	})
}

// tellFunds is what a trade did to each account's money.
func (v *Venue) tellFunds(t *trade, changes []movement, fees Int) {
	i := t.instrument
	for _, c := range changes {
		v.tellPosted(t, c.account,
			changeData(i.base, c.account.in(i.base), c.base), changeData(i.quote, c.account.in(i.quote), c.quote))
	}
	if !fees.isZero() {
		a := v.accounts[accountFees]
		v.tellPosted(t, a, changeData(i.quote, a.in(i.quote), fees))
	}
}

func (v *Venue) tellPosted(t *trade, a *account, balances ...any) {
	a.sequence++
	v.emit("FundsPosted", a.name, a.sequence, map[string]any{"account": a.name, "trade_id": t.id, "balances": balances})
}
