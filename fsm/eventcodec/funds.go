package eventcodec

import (
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// minBalanceBytes and minPostingBytes are the least that each is written in.
const (
	minBalanceBytes = 6
	minPostingBytes = 3
)

func (e *encoder) balance(b *event.Balance) {
	e.name(b.Asset)
	e.Varint(int64(b.Delta))
	e.Varint(int64(b.Total))
	e.Varint(int64(b.Held))
	e.Byte(b.Scale)
	e.Byte(b.MinorUnit)
}

func (d *decoder) balance(b *event.Balance) {
	b.Asset = d.name()
	b.Delta = market.Amount(d.Varint())
	b.Total = market.Amount(d.Varint())
	b.Held = market.Amount(d.Varint())
	b.Scale = d.Byte()
	b.MinorUnit = d.Byte()
}

func (e *encoder) balances(list []event.Balance) {
	e.Uvarint(uint64(len(list)))
	for i := range list {
		e.balance(&list[i])
	}
}

// balances returns nil for an empty list.
func (d *decoder) balances() []event.Balance {
	n := d.Count(minBalanceBytes)
	if n == 0 {
		return nil
	}
	list := make([]event.Balance, n)
	for i := range list {
		d.balance(&list[i])
	}
	return list
}

func (e *encoder) posting(p *event.Posting) {
	e.name(p.Account)
	e.Uvarint(p.Sequence)
	e.balances(p.Balances)
}

func (d *decoder) posting(p *event.Posting) {
	p.Account = d.name()
	p.Sequence = d.Uvarint()
	p.Balances = d.balances()
}

func (e *encoder) fundsChanged(r *event.FundsChanged) {
	e.typ(r.Type)
	e.name(r.Account)
	e.Uvarint(r.Sequence)
	e.balance(&r.Balance)
	e.name(r.Counter.Account)
	e.balance(&r.Counter.Balance)
	e.Text(r.Reference)
}

func (d *decoder) fundsChanged() event.Record {
	r := new(event.FundsChanged)
	r.Type = d.typ()
	r.Account = d.name()
	r.Sequence = d.Uvarint()
	d.balance(&r.Balance)
	r.Counter.Account = d.name()
	d.balance(&r.Counter.Balance)
	r.Reference = d.Text()
	return r
}

func (e *encoder) fundsMoved(r *event.FundsMoved) {
	e.posting(&r.From)
	e.posting(&r.To)
	e.Text(r.Reference)
}

func (d *decoder) fundsMoved() event.Record {
	r := new(event.FundsMoved)
	d.posting(&r.From)
	d.posting(&r.To)
	r.Reference = d.Text()
	return r
}
