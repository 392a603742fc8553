package event

import (
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/internal/parts"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
)

// The table of the records: each has its row in record below, once for
// writing and once for reading, and its codec in a file of its own. A type
// switch and not a list of functions, so that the encoder stays on the stack:
// this is the hottest path of Apply.
//
// A record that gains a field gains a version: its row in versions counts it,
// the record becomes a versioned one, its decode asks decoder.of which one it
// reads, and the old version's case and golden stay. An Order or a Balance
// that gains a field does so in every record that holds one. Rules set a new
// field only from their feature level on, so that the level decides which
// version is written.

// versioned is a record with more than one version. Which one it is written in
// follows from what it says, so that there is one encoding of each: the oldest
// that holds it all.
type versioned interface{ version() byte }

func versionOf(r Record) byte {
	if v, ok := r.(versioned); ok {
		return v.version()
	}
	return 1
}

// versions is how many versions of a kind of record are known. The second ones
// came with feature level 3.
func versions(k RecordKind) byte {
	switch k {
	case RecordParticipant, RecordOrder, RecordFill, RecordSelfTrade, RecordMassCancel, RecordRejected, RecordLeader:
		return 2
	}
	return 1
}

// second is 2 for what needs the second version, else 1.
func second(needed bool) byte {
	if needed {
		return 2
	}
	return 1
}

func (r *ParticipantChanged) version() byte {
	return parts.ParticipantVersion(&r.Participant.DefineParticipant)
}
func (r *OrderChanged) version() byte { return second(r.Order.Session != "") }
func (r *Fill) version() byte         { return second(r.Taker.Session != "" || r.Maker.Session != "") }
func (r *SelfTradePrevented) version() byte {
	return second(r.Incoming.Session != "" || r.Resting.Session != "")
}
func (r *OrdersCancelled) version() byte { return second(r.Instrument != "" || r.Side != 0) }
func (r *CommandRejected) version() byte { return second(r.Echo != nil) }
func (r *LeaderStarted) version() byte {
	return second(r.Cause != "" || r.Previous != "" || r.Gap != 0)
}

func (e *encoder) record(r Record) {
	e.Byte(byte(r.RecordKind()))
	e.Byte(versionOf(r))
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
	case *HistoryBegan:
		e.historyBegan(r)
	case *EntryVoided:
		e.entryVoided(r)
	default:
		e.sessionRecord(r)
	}
}

func (e *encoder) sessionRecord(r Record) {
	switch r := r.(type) {
	case *OrderReported:
		e.orderReported(r)
	case *SessionLoggedOn:
		e.sessionLoggedOn(r)
	case *SessionRefused:
		e.sessionRefused(r)
	case *SessionsAdvanced:
		e.sessionsAdvanced(r)
	case *SessionEnded:
		e.sessionEnded(r)
	case *SessionReset:
		e.sessionReset(r)
	default:
		panic(fmt.Sprintf("event: record of kind %d has no codec", r.RecordKind()))
	}
}

func (d *decoder) record() Record {
	kind := RecordKind(d.Byte())
	d.of = d.Byte()
	if d.Err() == nil && (d.of == 0 || d.of > versions(kind)) {
		d.Fail(fmt.Errorf("record of kind %d, version %d: %w", kind, d.of, ErrUnknownKind))
		return nil
	}
	of, r := d.of, d.body(kind)
	if d.Err() == nil && versionOf(r) != of {
		d.Fail(wire.ErrNotCanonical)
	}
	return r
}

func (d *decoder) body(kind RecordKind) Record {
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
	case RecordHistory:
		return d.historyBegan()
	case RecordVoided:
		return d.entryVoided()
	case RecordOrderReported:
		return d.orderReported()
	case RecordLoggedOn:
		return d.sessionLoggedOn()
	case RecordRefused:
		return d.sessionRefused()
	case RecordAdvanced:
		return d.sessionsAdvanced()
	case RecordEnded:
		return d.sessionEnded()
	case RecordReset:
		return d.sessionReset()
	}
	d.Fail(fmt.Errorf("record of kind %d: %w", kind, ErrUnknownKind))
	return nil
}
