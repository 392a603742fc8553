package rest

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"net/url"

	"github.com/rialto-exchange/rialto/fsm/market"
)

// cursor is where a list goes on. It is opaque outside:
//
//	base64url( version 2 ‖ crc32 ‖ history 8 ‖ pinned 8 ‖ after 8 ‖ past 1 ‖ filters )
//
// little endian; the checksum is over the path and what follows it, so that a
// cursor is no use for another list and a mistyped one is refused. Version 1,
// of earlier builds, has no past.
type cursor struct {
	pinned market.Sequence // 0 = not pinned
	after  market.Sequence
	// past: the first page asked for a point of the past, and no page shows
	// more than that.
	past    bool
	filters url.Values
}

const (
	cursorVersion = 2
	cursorHead    = 1 + 4
	cursorFixed   = cursorHead + 3*8 // of version 1
)

// Errors of openCursor.
var (
	errCursor  = errors.New("is not a next of this list")
	errFilters = errors.New("goes with the parameters of its first page")
	errHistory = errors.New("is of another history")
)

// next returns the cursor of the following page.
func (x *call) next(p *paging, pinned, after market.Sequence) string {
	b := make([]byte, cursorFixed+1, cursorFixed+64)
	b[0] = cursorVersion
	binary.LittleEndian.PutUint64(b[5:], x.h.reads.History())
	binary.LittleEndian.PutUint64(b[13:], uint64(pinned))
	binary.LittleEndian.PutUint64(b[21:], uint64(after))
	if p.past {
		b[cursorFixed] = 1
	}
	b = append(b, p.filters.Encode()...)
	binary.LittleEndian.PutUint32(b[1:], x.cursorSum(b))
	return base64.RawURLEncoding.EncodeToString(b)
}

func (x *call) cursorSum(b []byte) uint32 {
	sum := crc32.ChecksumIEEE([]byte(x.r.URL.Path))
	return crc32.Update(sum, crc32.IEEETable, b[cursorHead:])
}

// openCursor reads a cursor. Filters of the request must be those of the
// first page, or be left out.
func (x *call) openCursor(text string, filters url.Values) (c cursor, err error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < cursorFixed || b[0] < 1 || b[0] > cursorVersion ||
		binary.LittleEndian.Uint32(b[1:]) != x.cursorSum(b) {
		return c, errCursor
	}
	if binary.LittleEndian.Uint64(b[5:]) != x.h.reads.History() {
		return c, errHistory
	}
	c.pinned = market.Sequence(binary.LittleEndian.Uint64(b[13:]))
	c.after = market.Sequence(binary.LittleEndian.Uint64(b[21:]))
	rest := b[cursorFixed:]
	if b[0] > 1 {
		if len(rest) == 0 || rest[0] > 1 {
			return c, errCursor
		}
		c.past, rest = rest[0] == 1, rest[1:]
	}
	if c.filters, err = url.ParseQuery(string(rest)); err != nil {
		return c, errCursor
	}
	if len(filters) > 0 && filters.Encode() != c.filters.Encode() {
		return c, errFilters
	}
	return c, nil
}

// filtersOf returns the parameters that make a list what it is: all but those
// that say how much of it is wanted, and how fresh.
func filtersOf(query url.Values) url.Values {
	out := url.Values{}
	for name, values := range query {
		switch name {
		case "cursor", "limit", "timeout", "consistency", "min_sequence", "min_aggregate_sequence", "as_of", "after":
		default:
			out[name] = values
		}
	}
	return out
}
