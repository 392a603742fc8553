package fix

import (
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// The machine refuses what is beyond a session's throttle, message by message.
// A client that does not heed that for long is logged out.
const (
	// floodFor is how long a client may go on above its throttle.
	floodFor = market.Nanos(10e9)
	// floodPause is the pause between two refusals after which it has heeded.
	floodPause = market.Nanos(2e9)
)

// flood is since when a session has been above its throttle, by venue time.
type flood struct{ since, last market.Nanos }

// refusedAt takes a refusal for the throttle, and reports whether it is a flood
// by now.
func (f *flood) refusedAt(at market.Nanos) bool {
	if at-f.last > floodPause {
		f.since = at
	}
	f.last = at
	return at-f.since >= floodFor
}

// isThrottled reports whether a record refuses a message that came too soon.
func isThrottled(r event.Record) bool {
	c, ok := r.(*event.CommandRejected)
	return ok && c.Code == event.CodeThrottled
}
