package marketdata

import (
	"strconv"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// kind is what an entry tells of, by its place in MDEntryType (269).
type kind uint8

const (
	bids kind = iota
	offers
	trades
	kindCount
)

// char is MDEntryType (269).
func (k kind) char() byte { return '0' + byte(k) }

// kinds is a set of them.
type kinds uint8

func (k kinds) has(one kind) bool { return k&(1<<one) != 0 }

// MDUpdateAction (279).
const (
	actionNew    = '0'
	actionChange = '1'
	actionDelete = '2'
)

// The tags of entries.
const (
	tagEntryType   wire.Tag = 269
	tagPrice       wire.Tag = 270
	tagSize        wire.Tag = 271
	tagEntryDate   wire.Tag = 272
	tagEntryTime   wire.Tag = 273
	tagEntryID     wire.Tag = 278
	tagAction      wire.Tag = 279
	tagOrders      wire.Tag = 346
	tagSymbol      wire.Tag = 55
	tagMDReqID     wire.Tag = 262
	tagNoMDEntries wire.Tag = 268
	tagRejReason   wire.Tag = 281
)

// dialect is how a session writes: the version, and the digits of the second.
type dialect struct {
	sp2    bool
	digits int
}

// change appends the entry of an update to a level.
func appendChange(dst []byte, action byte, k kind, b *event.Book, l *event.Level) []byte {
	dst = appendChar(dst, tagAction, action)
	dst = appendChar(dst, tagEntryType, k.char())
	dst = appendText(dst, tagSymbol, b.Instrument)
	dst = appendFixed(dst, tagPrice, int64(l.Price), b.PriceDigits)
	if action == actionDelete {
		return dst
	}
	dst = appendFixed(dst, tagSize, int64(l.Quantity), b.QuantityDigits)
	return appendFixed(dst, tagOrders, int64(l.Orders), 0)
}

// appendLevel appends the entry of a snapshot for a level.
func appendLevel(dst []byte, k kind, b *event.Book, l *event.Level) []byte {
	dst = appendChar(dst, tagEntryType, k.char())
	dst = appendFixed(dst, tagPrice, int64(l.Price), b.PriceDigits)
	dst = appendFixed(dst, tagSize, int64(l.Quantity), b.QuantityDigits)
	return appendFixed(dst, tagOrders, int64(l.Orders), 0)
}

// appendNewTrade appends the entry of an update for a trade. It is named by its
// id, and its Text is the side of who took.
func (d dialect) appendNewTrade(dst []byte, t *event.Trade) []byte {
	dst = appendChar(dst, tagAction, actionNew)
	dst = appendChar(dst, tagEntryType, trades.char())
	dst = appendFixed(dst, tagEntryID, int64(t.TradeID), 0)
	dst = appendText(dst, tagSymbol, t.Instrument)
	return d.appendTradeBody(dst, t)
}

// appendTrade appends the entry of a snapshot for a trade. FIX 4.4 has no name
// for it there.
func (d dialect) appendTrade(dst []byte, t *event.Trade) []byte {
	dst = d.appendTradeBody(appendChar(dst, tagEntryType, trades.char()), t)
	if d.sp2 {
		dst = appendFixed(dst, tagEntryID, int64(t.TradeID), 0)
	}
	return dst
}

func (d dialect) appendTradeBody(dst []byte, t *event.Trade) []byte {
	dst = appendFixed(dst, tagPrice, int64(t.Price), t.PriceDigits)
	dst = appendFixed(dst, tagSize, int64(t.Quantity), t.QuantityDigits)
	dst = d.appendTime(dst, t.At)
	if t.TakerSide != market.SideNone {
		dst = appendText(dst, wire.Text, t.TakerSide.String())
	}
	return dst
}

// appendTime appends a time as the two fields that entries have for it.
func (d dialect) appendTime(dst []byte, at market.Nanos) []byte {
	const day = len("20060102")
	var whole [40]byte
	text := wire.AppendTime(whole[:0], at, d.digits)
	dst = append(append(appendTag(dst, tagEntryDate), text[:day]...), wire.Separator)
	return append(append(appendTag(dst, tagEntryTime), text[day+1:]...), wire.Separator)
}

func appendTag(dst []byte, tag wire.Tag) []byte {
	return append(strconv.AppendInt(dst, int64(tag), 10), '=')
}

func appendChar(dst []byte, tag wire.Tag, c byte) []byte {
	return append(appendTag(dst, tag), c, wire.Separator)
}

// appendText appends a text of the venue's own: it has no separators.
func appendText(dst []byte, tag wire.Tag, text string) []byte {
	return append(append(appendTag(dst, tag), text...), wire.Separator)
}

func appendFixed(dst []byte, tag wire.Tag, units int64, digits uint8) []byte {
	return append(market.AppendFixed(appendTag(dst, tag), units, digits), wire.Separator)
}
