package eventcodec

import (
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/event"
)

// typeNumber numbers the types on disk: the table below by name, the frequent
// ones first. A number is never used again for something else.
func typeNumber(t event.Type) byte {
	for n := byte(1); ; n++ {
		switch typeOf(n) {
		case t:
			return n
		case "":
			panic(fmt.Sprintf("event: type %q has no number", string(t)))
		}
	}
}

// typeOf is the table, "" for a number that is none. Numbers are gapless.
// Types that a record implies (TradeExecuted of a Fill …) are never written.
func typeOf(n byte) event.Type {
	switch n {
	case 1:
		return event.TypeOrderAccepted
	case 2:
		return event.TypeOrderCancelled
	case 3:
		return event.TypeOrderAmended
	case 4:
		return event.TypeOrderExpired
	case 5:
		return event.TypeOrderTriggered
	case 6:
		return event.TypeOrderRejected
	case 7:
		return event.TypeAssetDefined
	case 8:
		return event.TypeAssetConfirmed
	case 9:
		return event.TypeInstrumentDefined
	case 10:
		return event.TypeInstrumentConfirmed
	case 11:
		return event.TypePhaseChanged
	case 12:
		return event.TypePhaseConfirmed
	case 13:
		return event.TypeInstrumentRetired
	case 14:
		return event.TypeParticipantDefined
	case 15:
		return event.TypeParticipantConfirmed
	case 16:
		return event.TypeAccountOpened
	case 17:
		return event.TypeAccountClosed
	case 18:
		return event.TypeAccountSuspended
	case 19:
		return event.TypeAccountResumed
	case 20:
		return event.TypeFundsDeposited
	case 21:
		return event.TypeFundsWithdrawn
	case 22:
		return event.TypeLimitsSet
	case 23:
		return event.TypeLimitsConfirmed
	}
	return ""
}

func (e *encoder) typ(t event.Type) { e.Byte(typeNumber(t)) }

func (d *decoder) typ() event.Type {
	n := d.Byte()
	t := typeOf(n)
	if t == "" {
		d.Fail(fmt.Errorf("type %d: %w", n, ErrUnknownKind))
	}
	return t
}
