package reference

import (
	"context"
	"errors"
	"strconv"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/fix"
	"github.com/rialto-exchange/rialto/gateways/fix/encode"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/decode"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// The tags of instruments.
const (
	tagCurrency        wire.Tag = 15
	tagSymbol          wire.Tag = 55
	tagNoRelatedSym    wire.Tag = 146
	tagSecurityReqID   wire.Tag = 320
	tagSecurityRespID  wire.Tag = 322
	tagSecurityRespKnd wire.Tag = 323
	tagTotNoRelatedSym wire.Tag = 393
	tagRequestResult   wire.Tag = 560
	tagRoundLot        wire.Tag = 561
	tagMinTradeVol     wire.Tag = 562
	tagLastFragment    wire.Tag = 893
	tagMinPriceInc     wire.Tag = 969
	tagMaxTradeVol     wire.Tag = 1140
	tagMarketID        wire.Tag = 1301
	tagNoMarkets       wire.Tag = 1310
)

// SecurityListRequestType (559).
const (
	listSymbol = 0
	listAll    = 4
)

// SecurityRequestResult (560).
const (
	listFollows     = 0
	listUnsupported = 1
	listNothing     = 2
)

// list answers a SecurityListRequest.
func (c *clerk) list(ctx context.Context, r request, q *decode.SecurityListRequest) error {
	if q.Subscription != 0 && q.Subscription != once || q.Type != listSymbol && q.Type != listAll {
		c.emptyList(q, r, listUnsupported)
		return nil
	}
	pin, err := c.desk.pinned(ctx, r)
	if err != nil {
		return err
	}
	found, err := c.desk.instruments(ctx, pin, q)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		c.emptyList(q, r, listNothing)
		return nil
	}
	return c.pages(ctx, q, pin, found)
}

// instruments returns the instruments that a request names, retired ones left
// out.
func (d *Desk) instruments(ctx context.Context, pin event.Pin, q *decode.SecurityListRequest) ([]event.Instrument, error) {
	if q.Type == listSymbol {
		i, err := d.instrument(pin, q.Symbol)
		if i == nil || err != nil {
			return nil, err
		}
		return []event.Instrument{*i}, nil
	}
	return d.all(ctx, pin)
}

// instrument returns one that is not retired, nil if there is none.
func (d *Desk) instrument(pin event.Pin, symbol string) (*event.Instrument, error) {
	i, err := d.reads.Instrument(pin, symbol)
	if errors.Is(err, gateways.ErrNotFound) || err == nil && i.Value.Retired {
		return nil, nil
	}
	return &i.Value, err
}

// pageLimit is how many instruments are read at once.
const pageLimit = 1000

// all returns all instruments.
func (d *Desk) all(ctx context.Context, pin event.Pin) ([]event.Instrument, error) {
	var found []event.Instrument
	for page := (event.Page{Limit: pageLimit}); ; {
		l, err := d.reads.Instruments(ctx, pin, page)
		if err != nil {
			return nil, err
		}
		for i := range l.Items {
			if !l.Items[i].Value.Retired {
				found = append(found, l.Items[i].Value)
			}
		}
		if page.After = l.Next; l.Next == 0 {
			return found, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
}

// emptyList sends a SecurityList that says why nothing is in it.
func (c *clerk) emptyList(q *decode.SecurityListRequest, r request, result uint64) {
	c.counter.Send("y", func(dst []byte, _ *encode.Encoder, slot encode.Slot) []byte {
		b := &c.builder
		c.client.Begin(b, "y", slot)
		b.Text(tagSecurityReqID, q.RequestID)
		b.Uint(tagSecurityRespID, r.number)
		b.Uint(tagRequestResult, result)
		return b.Finish(dst)
	})
}

// pages sends a list, so many messages at a time.
func (c *clerk) pages(ctx context.Context, q *decode.SecurityListRequest, pin event.Pin, all []event.Instrument) error {
	room := make(chan struct{}, Window)
	total := uint64(len(all))
	for rest := all; len(rest) > 0; {
		page := rest[:min(len(rest), PageInstruments)]
		rest = rest[len(page):]
		last := len(rest) == 0
		select {
		case room <- struct{}{}:
		case <-c.counter.Gone():
			return nil
		case <-ctx.Done():
			return nil
		}
		c.counter.Send("y", func(dst []byte, _ *encode.Encoder, slot encode.Slot) []byte {
			<-room
			b := &c.builder
			c.client.Begin(b, "y", slot)
			b.Text(tagSecurityReqID, q.RequestID)
			b.Uint(tagSecurityRespID, uint64(pin.Sequence))
			b.Uint(tagRequestResult, listFollows)
			b.Uint(tagTotNoRelatedSym, total)
			b.Bool(tagLastFragment, last)
			b.Uint(tagNoRelatedSym, uint64(len(page)))
			for i := range page {
				c.listed(&page[i])
			}
			return b.Finish(dst)
		})
	}
	return nil
}

// listed writes an instrument as an entry of a list, in the order that each
// version has.
func (c *clerk) listed(i *event.Instrument) {
	b := &c.builder
	b.Text(tagSymbol, i.Instrument)
	if !c.sp2() {
		b.Text(tagCurrency, i.Quote)
		c.lots(i)
		b.Text(wire.Text, words(i))
		return
	}
	b.Decimal(tagMinPriceInc, int64(i.PriceTick), i.PriceDigits)
	b.Text(tagCurrency, i.Quote)
	b.Text(wire.Text, words(i))
	c.lots(i)
}

func (c *clerk) sp2() bool { return c.client.BeginString == encode.FIXT11 }

// lots writes the bounds of quantities: each is a multiple of RoundLot.
func (c *clerk) lots(i *event.Instrument) {
	b := &c.builder
	round := func() { b.Decimal(tagRoundLot, int64(i.QuantityStep), i.QuantityDigits) }
	if !c.sp2() {
		round()
	}
	if i.MinQuantity != 0 {
		b.Decimal(tagMinTradeVol, int64(i.MinQuantity), i.QuantityDigits)
	}
	if c.sp2() {
		if i.MaxQuantity != 0 {
			b.Decimal(tagMaxTradeVol, int64(i.MaxQuantity), i.QuantityDigits)
		}
		round()
	}
}

// words say what there is no tag for, in FIX 4.4 at least.
func words(i *event.Instrument) string {
	text := append([]byte("phase="), i.Phase.String()...)
	text = append(text, " price_tick="...)
	text = market.AppendFixed(text, int64(i.PriceTick), i.PriceDigits)
	if i.MaxQuantity != 0 {
		text = append(text, " max_quantity="...)
		text = market.AppendFixed(text, int64(i.MaxQuantity), i.QuantityDigits)
	}
	if i.MinNotional != 0 {
		text = append(text, " min_notional="...)
		text = market.AppendFixed(text, int64(i.MinNotional), i.QuoteScale)
	}
	return string(text)
}

// SecurityRequestType (321): about one instrument.
const (
	defineIdentity  = 0
	defineSpecified = 1
	defineSymbol    = 4
)

// SecurityResponseType (323).
const (
	definitionFollows  = 1
	definitionRefused  = 5
	definitionNoSymbol = 6
)

// definition answers a SecurityDefinitionRequest.
func (c *clerk) definition(ctx context.Context, r request, q *decode.SecurityDefinitionRequest) error {
	d := &definition{clerk: c, query: q, response: r.number}
	switch {
	case q.Type != defineIdentity && q.Type != defineSpecified && q.Type != defineSymbol:
		d.result, d.text = definitionRefused, "one instrument is defined; lists are 35=x"
	case q.Subscription != 0 && q.Subscription != once:
		d.result, d.text = definitionRefused, "definitions are sent once; ask again"
	default:
		pin, err := c.desk.pinned(ctx, r)
		if err != nil {
			return err
		}
		if d.instrument, err = c.desk.instrument(pin, q.Symbol); err != nil {
			return err
		}
		d.result, d.text = definitionNoSymbol, "unknown symbol"
		if d.instrument != nil {
			d.result, d.text = definitionFollows, words(d.instrument)
		}
	}
	c.counter.Send("d", d.write)
	return nil
}

// definition is a SecurityDefinition.
type definition struct {
	clerk      *clerk
	query      *decode.SecurityDefinitionRequest
	response   uint64
	result     uint64
	text       string
	instrument *event.Instrument // nil: none
}

var _ fix.Answer = (*definition)(nil).write

func (d *definition) write(dst []byte, _ *encode.Encoder, slot encode.Slot) []byte {
	b, c := &d.clerk.builder, d.clerk
	c.client.Begin(b, "d", slot)
	b.Text(tagSecurityReqID, d.query.RequestID)
	b.Bytes(tagSecurityRespID, strconv.AppendUint(nil, d.response, 10))
	b.Uint(tagSecurityRespKnd, d.result)
	b.Text(tagSymbol, d.query.Symbol)
	i := d.instrument
	if i != nil && c.sp2() {
		b.Decimal(tagMinPriceInc, int64(i.PriceTick), i.PriceDigits)
	}
	if i != nil {
		b.Text(tagCurrency, i.Quote)
	}
	b.Text(wire.Text, d.text)
	if i != nil && c.sp2() {
		b.Uint(tagNoMarkets, 1)
		b.Text(tagMarketID, fix.Venue)
	}
	if i != nil {
		c.lots(i)
	}
	return b.Finish(dst)
}
