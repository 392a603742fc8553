package event

import "fmt"

// typeNumber numbers the types on disk: the table below by name, the frequent
// ones first. A number is never used again for something else.
func typeNumber(t Type) byte {
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
func typeOf(n byte) Type {
	switch n {
	case 1:
		return TypeOrderAccepted
	case 2:
		return TypeOrderCancelled
	case 3:
		return TypeOrderAmended
	case 4:
		return TypeOrderExpired
	case 5:
		return TypeOrderTriggered
	case 6:
		return TypeOrderRejected
	case 7:
		return TypeAssetDefined
	case 8:
		return TypeAssetConfirmed
	case 9:
		return TypeInstrumentDefined
	case 10:
		return TypeInstrumentConfirmed
	case 11:
		return TypePhaseChanged
	case 12:
		return TypePhaseConfirmed
	case 13:
		return TypeInstrumentRetired
	case 14:
		return TypeParticipantDefined
	case 15:
		return TypeParticipantConfirmed
	case 16:
		return TypeAccountOpened
	case 17:
		return TypeAccountClosed
	case 18:
		return TypeAccountSuspended
	case 19:
		return TypeAccountResumed
	case 20:
		return TypeFundsDeposited
	case 21:
		return TypeFundsWithdrawn
	case 22:
		return TypeLimitsSet
	case 23:
		return TypeLimitsConfirmed
	}
	return ""
}

func (e *encoder) typ(t Type) { e.Byte(typeNumber(t)) }

func (d *decoder) typ() Type {
	n := d.Byte()
	t := typeOf(n)
	if t == "" {
		d.Fail(fmt.Errorf("type %d: %w", n, ErrUnknownKind))
	}
	return t
}
