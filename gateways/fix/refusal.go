package fix

import (
	"context"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// refusal is why a Logon is not taken.
//
// Its client is told by a Logout only under a number that was given for that,
// and that it is known to expect: there are engines that count a Logout as the
// next message whatever its number is. One that is away while reports are
// numbered, and counts Logouts meanwhile, would never ask for the first of them.
// So whoever has no right to a session, and whoever may have missed something,
// is told nothing: the connection is closed.
type refusal struct {
	metric, text string
	// number of the Logout, 0 = there is none.
	number uint64
	// digits of the second in its times, 0 = three.
	digits int
}

// in says how many digits of the second the times of a client have that is known.
func (r *refusal) in(digits int) *refusal {
	if r != nil {
		r.digits = digits
	}
	return r
}

// noNumber is that of a Logon which the machine refuses whatever its session's
// numbers are.
const noNumber = 0

// numberRefusal asks for the number of a refusal that was decided here, of a
// client with the right password. Whether there is one says the machine, as of a
// Logon that it refuses; a market data session's numbers begin anew with each
// logon.
func (v *Server) numberRefusal(ctx context.Context, w *who, t terms, r *refusal) {
	if w.kind == market.SessionMarketData {
		r.number = 1
		return
	}
	done, ok := v.alone(ctx, w.comp)
	if !ok {
		return
	}
	defer done()
	group, err := v.decide(ctx, v.own(&command.LogonSession{
		CompID: w.comp, Owner: v.cfg.NodeID, Number: noNumber, NextExpected: t.nextExpected,
	}))
	if err != nil {
		return
	}
	for _, record := range group.Records {
		if refused, ok := record.(*event.SessionRefused); ok {
			r.number = refusedBy(refused, t.nextExpected).number
		}
	}
}
