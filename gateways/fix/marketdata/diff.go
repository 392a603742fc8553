package marketdata

import (
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// cut returns a book with so many levels a side.
func cut(b event.Book, depth int) event.Book {
	b.Bids = b.Bids[:min(len(b.Bids), depth)]
	b.Asks = b.Asks[:min(len(b.Asks), depth)]
	return b
}

// side returns the levels of a side, best first.
func side(b *event.Book, k kind) []event.Level {
	if k == bids {
		return b.Bids
	}
	return b.Asks
}

// better reports whether a price comes before another on its side.
func (k kind) better(a, b market.Price) bool {
	if k == bids {
		return a > b
	}
	return a < b
}

// appendDiff appends what makes a side of one book that of another, as entries
// of an update, and returns how many there are. A level that only moved out of
// what is shown is deleted, one that moved in is new.
func appendDiff(dst []byte, k kind, from, to *event.Book) ([]byte, int) {
	was, is, n := side(from, k), side(to, k), 0
	for len(was) > 0 || len(is) > 0 {
		switch {
		case len(is) == 0 || len(was) > 0 && k.better(was[0].Price, is[0].Price):
			dst, was = appendChange(dst, actionDelete, k, to, &was[0]), was[1:]
		case len(was) == 0 || k.better(is[0].Price, was[0].Price):
			dst, is = appendChange(dst, actionNew, k, to, &is[0]), is[1:]
		default:
			if was[0] != is[0] {
				dst = appendChange(dst, actionChange, k, to, &is[0])
				n++
			}
			was, is = was[1:], is[1:]
			continue
		}
		n++
	}
	return dst, n
}
