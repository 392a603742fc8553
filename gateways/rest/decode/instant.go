package decode

import (
	"math"
	"time"

	"github.com/rialto-exchange/rialto/fsm/market"
)

// Instant reads an RFC 3339 time. What the venue's nanoseconds since 1970
// cannot hold is the first or the last that they can: it is as far in the
// past, or in the future, as anything is.
func Instant(text string) (market.Nanos, bool) {
	t, err := time.Parse(time.RFC3339Nano, text)
	switch {
	case err != nil:
		return 0, false
	case !t.After(time.Unix(0, 0)):
		return 1, true // 0 stands for none
	case t.After(time.Unix(0, math.MaxInt64)):
		return math.MaxInt64, true
	}
	return market.Nanos(t.UnixNano()), true
}

// instant returns an RFC 3339 time, 0 if absent. It is refused where it can't
// be repeated to the client as it was: after 2262-04-11.
func (o *object) instant(name string) market.Nanos {
	i := o.find(name)
	if i < 0 {
		return 0
	}
	if o.nodes[i].kind == '"' {
		if at, ok := Instant(o.nodes[i].text); ok && at < math.MaxInt64 {
			return at
		}
	}
	o.fail(name, "must be an RFC 3339 time before 2262-04-11")
	return 0
}
