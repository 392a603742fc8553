package rest

import (
	"context"
	"errors"
	"net/url"
	"strconv"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/rest/decode"
	"github.com/rialto-exchange/rialto/gateways/rest/render"
)

// Bounds of a page.
const (
	defaultLimit = 100
	maxLimit     = 1000
)

// listParams are known to every list.
func listParams() []string { return []string{"limit", "cursor", "order", "from", "to", "after"} }

// paging is one page's request: which page, and the point it is pinned to.
type paging struct {
	page event.Page
	// filters are the parameters that make the list what it is; a cursor
	// carries them, so that it alone is enough.
	filters url.Values
	pinned  market.Sequence // by the cursor; 0 = not
	past    bool            // as_of, of this page or of the cursor's first
	cursor  bool
}

// list answers one page of a list.
func list[T any](x *call, code string,
	read func(ctx context.Context, at event.Pin, page event.Page) (event.List[T], error),
	item func(dst []byte, v *T) []byte,
) {
	p, ok := x.paging()
	if !ok {
		return
	}
	x.at(code, func(ctx context.Context, at event.Pin) error {
		at, err := x.pinned(ctx, at, &p)
		if err != nil {
			return err
		}
		l, err := read(ctx, at, p.page)
		if err != nil {
			return err
		}
		next := ""
		if l.Next != 0 {
			next = x.next(&p, x.sequence, l.Next)
		}
		return x.reply(func(dst []byte) []byte { return appendItems(dst, x.sequence, l.Items, next, item) })
	})
}

// pinned returns the cursor's point if there is one, else the query's.
func (x *call) pinned(ctx context.Context, at event.Pin, p *paging) (event.Pin, error) {
	if p.pinned == 0 && !(p.cursor && p.past) {
		return at, nil
	}
	at, err := x.waitFor(ctx, p.pinned)
	x.sequence = at.Sequence
	return at, err
}

// appendItems appends {"sequence","items":[…],"next"?}.
func appendItems[T any](dst []byte, at market.Sequence, items []T, next string, item func([]byte, *T) []byte) []byte {
	dst = append(dst, `{"sequence":`...)
	dst = strconv.AppendUint(dst, uint64(at), 10)
	dst = append(dst, `,"items":[`...)
	for i := range items {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = item(dst, &items[i])
	}
	dst = append(dst, ']')
	if next != "" {
		dst = append(dst, `,"next":`...)
		dst = render.Quote(dst, next)
	}
	return append(dst, '}')
}

// paging reads the parameters of a list, or answers what is wrong.
func (x *call) paging() (p paging, ok bool) {
	p.filters, p.past = filtersOf(x.query), x.query.Get("as_of") != ""
	var c cursor
	if text := x.query.Get("cursor"); text != "" {
		var err error
		if c, err = x.openCursor(text, p.filters); err != nil {
			if errors.Is(err, errHistory) {
				x.historyChanged()
			} else {
				x.malformed("cursor", err.Error())
			}
			return p, false
		}
		p.cursor, p.pinned, p.filters = true, c.pinned, c.filters
		p.past = p.past || c.past
		x.adopt(c.filters)
	}
	if p.page.Limit, ok = x.count1("limit", defaultLimit, maxLimit); !ok {
		return p, false
	}
	if !x.direction(&p) || !x.range1("from", &p.page.From) || !x.range1("to", &p.page.To) {
		return p, false
	}
	if v := x.query.Get("after"); v != "" {
		after, ok := parseSequence(v)
		if !ok {
			x.malformed("after", "must be a sequence")
			return p, false
		}
		p.page.After = market.Sequence(after)
	}
	if p.cursor {
		p.page.After = c.after
	}
	return p, true
}

// adopt makes the query what the cursor's was.
func (x *call) adopt(filters url.Values) {
	for name, values := range filters {
		x.query[name] = values
	}
}

func (x *call) direction(p *paging) bool {
	switch x.query.Get("order") {
	case "", "asc":
	case "desc":
		p.page.Descending = true
	default:
		x.malformed("order", "must be asc or desc")
		return false
	}
	return true
}

func (x *call) range1(name string, out *market.Nanos) bool {
	v := x.query.Get(name)
	if v == "" {
		return true
	}
	at, ok := decode.Instant(v)
	if !ok {
		x.malformed(name, "must be an RFC 3339 time")
		return false
	}
	*out = at
	return true
}

// count1 reads a whole number in 1 … most.
func (x *call) count1(name string, standard, most int) (int, bool) {
	v := x.query.Get(name)
	if v == "" {
		return standard, true
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > most || v[0] == '+' {
		x.malformed(name, "must be a whole number from 1 to "+strconv.Itoa(most))
		return 0, false
	}
	return n, true
}
