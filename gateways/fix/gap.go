package fix

import (
	"sync/atomic"
	"time"

	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// gapPatience is how long a client that was told by NextExpectedMsgSeqNum (789)
// what is missing may send nothing of it before it is asked by a ResendRequest.
const gapPatience = time.Second

// gap is what a client was told that is missing: the numbers from the next one
// to this, that of its Logon; 0 without. Clients are out there that send 789
// and do not read it; whoever waited for them would take none of their orders.
type gap struct{ last atomic.Uint64 }

// told notes that the reply to a Logon says what is missing, and looks after it.
func (s *session) told(last uint64) {
	s.turn.gap.last.Store(last)
	s.lookAfterGap(s.next.Load())
}

// lookAfterGap asks for what is missing if nothing of it comes for a while.
func (s *session) lookAfterGap(before uint64) {
	time.AfterFunc(gapPatience, func() {
		next := s.next.Load()
		switch {
		case next > s.turn.gap.last.Load() || s.over.Load() || s.engineOff.Load() || s.parting.Load() != nil || s.isGone():
		case next > before:
			s.lookAfterGap(next) // it is under way
		default:
			body := appendNumber(nil, wire.BeginSeqNo, next)
			s.say(local{kind: "2", body: appendNumber(body, wire.EndSeqNo, 0)}, false)
		}
	})
}

// forget notes that the session layer has asked itself, or that numbers began anew.
func (g *gap) forget() { g.last.Store(0) }
