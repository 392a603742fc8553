package rest_test

import (
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/gateways/rest"
)

// A key's max_age_ms is counted from venue time, by which the machine judges it,
// and not from the clock of a gateway that may be an hour slow or fast.
func TestAgeIsOfVenueTime(t *testing.T) {
	for _, off := range []time.Duration{-time.Hour, 0, time.Hour} {
		v := newVenue()
		h := rest.New(rest.Config{
			Commands: v, Reads: v, Operations: v, NodeID: "n1",
			Clock: func() time.Time { return time.Unix(0, int64(v.at())).Add(off) },
		})
		t.Cleanup(h.Close)
		do(t, h, "POST /v1/commands/orders/place", place, bearer("p1")...).want(t, 200)
		if got := time.Duration(v.received[0].ValidUntil - v.at()); got != time.Second {
			t.Errorf("clock off by %v: valid for %v of venue time, want the key's second", off, got)
		}
	}
}

// Where venue time is not known, and nobody tells it, a command of a key with an
// age is not executed: alone, in a batch, or to settle an id.
func TestNoVenueTimeNoAge(t *testing.T) {
	v := newVenue()
	v.timeless = true
	h := handler(t, v)
	do(t, h, "POST /v1/commands/orders/place", place, bearer("p1")...).want(t, 503, `"code":"no_leader"`, `"outcome":"not_executed"`)
	do(t, h, "POST /v1/commands", batchOf(2), bearer("p1")...).want(t, 200, `"http_status":503`, `"code":"no_leader"`)
	do(t, h, "POST /v1/commands/c1/fence", "", bearer("p1")...).want(t, 503, `"code":"no_leader"`)
	if n := len(v.received); n != 0 {
		t.Errorf("%d commands were sent", n)
	}
}
