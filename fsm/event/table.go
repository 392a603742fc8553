package event

import "fmt"

// The table of the records: each has its row in record below, once for
// writing and once for reading, and its codec in a file of its own. A type
// switch and not a list of functions, so that the encoder stays on the stack:
// this is the hottest path of Apply.
//
// A record that gains a field gains a version, and its decode keeps the case
// of the old one. An Order or a Balance that gains a field does so in every
// record that holds one.

// recordVersion is the version that every record is written in.
const recordVersion = 1

func (e *encoder) record(r Record) {
	e.Byte(byte(r.RecordKind()))
	e.Byte(recordVersion)
	switch r := r.(type) {
	case *AssetChanged:
		e.assetChanged(r)
	case *InstrumentChanged:
		e.instrumentChanged(r)
	case *ParticipantChanged:
		e.participantChanged(r)
	case *AccountChanged:
		e.accountChanged(r)
	case *LimitsChanged:
		e.limitsChanged(r)
	case *FundsChanged:
		e.fundsChanged(r)
	case *FundsMoved:
		e.fundsMoved(r)
	case *OrderChanged:
		e.orderChanged(r)
	case *Fill:
		e.fill(r)
	case *SelfTradePrevented:
		e.selfTradePrevented(r)
	case *OrdersCancelled:
		e.ordersCancelled(r)
	case *CommandRejected:
		e.commandRejected(r)
	case *CommandFenced:
		e.commandFenced(r)
	case *LeaderStarted:
		e.leaderStarted(r)
	case *LevelRaised:
		e.levelRaised(r)
	default:
		panic(fmt.Sprintf("event: record of kind %d has no codec", r.RecordKind()))
	}
}

func (d *decoder) record() Record {
	kind := RecordKind(d.Byte())
	d.version(recordVersion)
	switch kind {
	case RecordAsset:
		return d.assetChanged()
	case RecordInstrument:
		return d.instrumentChanged()
	case RecordParticipant:
		return d.participantChanged()
	case RecordAccount:
		return d.accountChanged()
	case RecordLimits:
		return d.limitsChanged()
	case RecordFunds:
		return d.fundsChanged()
	case RecordTransfer:
		return d.fundsMoved()
	case RecordOrder:
		return d.orderChanged()
	case RecordFill:
		return d.fill()
	case RecordSelfTrade:
		return d.selfTradePrevented()
	case RecordMassCancel:
		return d.ordersCancelled()
	case RecordRejected:
		return d.commandRejected()
	case RecordFenced:
		return d.commandFenced()
	case RecordLeader:
		return d.leaderStarted()
	case RecordLevel:
		return d.levelRaised()
	}
	d.Fail(fmt.Errorf("record of kind %d: %w", kind, ErrUnknownKind))
	return nil
}
