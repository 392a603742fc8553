package eventcodec

import (
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/internal/parts"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
)

// The table of the records: each has its row in record below, once for
// writing and once for reading, and its codec in a file of its own. A type
// switch and not a list of functions, so that the encoder stays on the stack:
// this is the hottest path of Apply.
//
// A record that gains a field gains a version: its row in versions counts it,
// versionOf says when it is written in, its decode asks decoder.of which one it
// reads, and the old version's case and golden stay. An Order or a Balance
// that gains a field does so in every record that holds one. Rules set a new
// field only from their feature level on, so that the level decides which
// version is written.

// versionOf is the version that a record is written in. It follows from what the
// record says, so that there is one encoding of each: the oldest that holds it
// all.
func versionOf(r event.Record) byte {
	switch r := r.(type) {
	case *event.ParticipantChanged:
		return parts.ParticipantVersion(&r.Participant.DefineParticipant)
	case *event.OrderChanged:
		return second(r.Order.Session != "")
	case *event.Fill:
		return second(r.Taker.Session != "" || r.Maker.Session != "")
	case *event.SelfTradePrevented:
		return second(r.Incoming.Session != "" || r.Resting.Session != "")
	case *event.OrdersCancelled:
		return second(r.Instrument != "" || r.Side != 0)
	case *event.CommandRejected:
		return second(r.Echo != nil)
	case *event.LeaderStarted:
		return second(r.Cause != "" || r.Previous != "" || r.Gap != 0)
	}
	return 1
}

// versions is how many versions of a kind of record are known. The second ones
// came with feature level 3.
func versions(k event.RecordKind) byte {
	switch k {
	case event.RecordParticipant, event.RecordOrder, event.RecordFill, event.RecordSelfTrade, event.RecordMassCancel, event.RecordRejected, event.RecordLeader:
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

func (e *encoder) record(r event.Record) {
	e.Byte(byte(r.RecordKind()))
	e.Byte(versionOf(r))
	switch r := r.(type) {
	case *event.AssetChanged:
		e.assetChanged(r)
	case *event.InstrumentChanged:
		e.instrumentChanged(r)
	case *event.ParticipantChanged:
		e.participantChanged(r)
	case *event.AccountChanged:
		e.accountChanged(r)
	case *event.LimitsChanged:
		e.limitsChanged(r)
	case *event.FundsChanged:
		e.fundsChanged(r)
	case *event.FundsMoved:
		e.fundsMoved(r)
	case *event.OrderChanged:
		e.orderChanged(r)
	case *event.Fill:
		e.fill(r)
	case *event.SelfTradePrevented:
		e.selfTradePrevented(r)
	case *event.OrdersCancelled:
		e.ordersCancelled(r)
	case *event.CommandRejected:
		e.commandRejected(r)
	case *event.CommandFenced:
		e.commandFenced(r)
	case *event.LeaderStarted:
		e.leaderStarted(r)
	case *event.LevelRaised:
		e.levelRaised(r)
	case *event.HistoryBegan:
		e.historyBegan(r)
	case *event.EntryVoided:
		e.entryVoided(r)
	default:
		e.sessionRecord(r)
	}
}

func (e *encoder) sessionRecord(r event.Record) {
	switch r := r.(type) {
	case *event.OrderReported:
		e.orderReported(r)
	case *event.SessionLoggedOn:
		e.sessionLoggedOn(r)
	case *event.SessionRefused:
		e.sessionRefused(r)
	case *event.SessionsAdvanced:
		e.sessionsAdvanced(r)
	case *event.SessionEnded:
		e.sessionEnded(r)
	case *event.SessionReset:
		e.sessionReset(r)
	default:
		panic(fmt.Sprintf("event: record of kind %d has no codec", r.RecordKind()))
	}
}

func (d *decoder) record() event.Record {
	kind := event.RecordKind(d.Byte())
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

func (d *decoder) body(kind event.RecordKind) event.Record {
	switch kind {
	case event.RecordAsset:
		return d.assetChanged()
	case event.RecordInstrument:
		return d.instrumentChanged()
	case event.RecordParticipant:
		return d.participantChanged()
	case event.RecordAccount:
		return d.accountChanged()
	case event.RecordLimits:
		return d.limitsChanged()
	case event.RecordFunds:
		return d.fundsChanged()
	case event.RecordTransfer:
		return d.fundsMoved()
	case event.RecordOrder:
		return d.orderChanged()
	case event.RecordFill:
		return d.fill()
	case event.RecordSelfTrade:
		return d.selfTradePrevented()
	case event.RecordMassCancel:
		return d.ordersCancelled()
	case event.RecordRejected:
		return d.commandRejected()
	case event.RecordFenced:
		return d.commandFenced()
	case event.RecordLeader:
		return d.leaderStarted()
	case event.RecordLevel:
		return d.levelRaised()
	case event.RecordHistory:
		return d.historyBegan()
	case event.RecordVoided:
		return d.entryVoided()
	case event.RecordOrderReported:
		return d.orderReported()
	case event.RecordLoggedOn:
		return d.sessionLoggedOn()
	case event.RecordRefused:
		return d.sessionRefused()
	case event.RecordAdvanced:
		return d.sessionsAdvanced()
	case event.RecordEnded:
		return d.sessionEnded()
	case event.RecordReset:
		return d.sessionReset()
	}
	d.Fail(fmt.Errorf("record of kind %d: %w", kind, ErrUnknownKind))
	return nil
}
