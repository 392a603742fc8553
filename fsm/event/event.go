// Package event holds what happened: the blocks that the machine makes of
// entries, the records in them, and the public events that each record
// stands for.
//
// A block is the outcome of one log entry, a group in it the outcome of one
// command, a record one thing that happened in it. A record may stand for
// several public events (a fill is five or more); the sequences of the public
// events are what is fixed.
//
// Events explain themselves: numbers carry their digits, orders their whole
// image after the event, balances their totals. So an answer is a pure
// function of a group, and a read model writes what it reads without looking
// back.
package event

import (
	"sort"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Block is the outcome of one log entry.
type Block struct {
	// Index and Term place the entry in the Raft log.
	Index, Term uint64
	// At is the venue time of everything in the block.
	At market.Nanos
	// History names the past that the sequences belong to.
	History uint64
	// First is the sequence of the block's first event; Count how many there
	// are. A block without events has Count 0 and First the next sequence.
	First market.Sequence
	Count uint32
	// Chain is the hash chain's head after the entry. With a Digest it covers
	// the entry and the events: see ChainAfter. Without one, at the first
	// feature level, it is SHA-256(previous head ‖ entry).
	Chain [32]byte
	// Digest is SHA-256 of the entry; all zeros at the first feature level.
	Digest [32]byte
	Groups []Group
	// Sessions are the FIX sessions that the block reports to, by CompID: see
	// Reports.
	Sessions []SessionTouch
}

// Last returns the sequence of the block's last event, and with Count 0 that
// of the event before it.
func (b *Block) Last() market.Sequence { return b.First + market.Sequence(b.Count) - 1 }

// GroupAt returns the group whose events begin at a sequence, nil if none does.
func (b *Block) GroupAt(first market.Sequence) *Group {
	at := sort.Search(len(b.Groups), func(i int) bool { return b.Groups[i].First >= first })
	for ; at < len(b.Groups) && b.Groups[at].First == first; at++ {
		if b.Groups[at].Count > 0 {
			return &b.Groups[at]
		}
	}
	return nil
}

// Group is the outcome of one command, or of one step of a work item or timer
// (then Context.Source says so).
type Group struct {
	Context Context
	// First and Count are the group's sequences, inside the block's.
	First market.Sequence
	Count uint32
	// Aggregate is what the command was about, AggregateSequence its sequence
	// after it.
	Aggregate         string
	AggregateSequence uint64
	Records           []Record
}

// Last returns the sequence of the group's last event.
func (g *Group) Last() market.Sequence { return g.First + market.Sequence(g.Count) - 1 }

// Rejection returns the refusal if the command was refused.
func (g *Group) Rejection() *CommandRejected {
	if len(g.Records) == 1 {
		if r, ok := g.Records[0].(*CommandRejected); ok {
			return r
		}
	}
	return nil
}

// Context says who asked for it.
type Context struct {
	// CommandKind is the command.Kind, 0 for timers and work items.
	CommandKind uint8
	Source      market.Source
	Participant string
	Actor       string
	CommandID   string
	Label       string
	Correlation string
	Traceparent string
	// Session is the command's place in the session of Actor, a CompID; nil if it
	// did not come by FIX.
	Session *command.SessionPlace
}

// Type is the public name of an event.
type Type string

// The types of events.
const (
	TypeAssetDefined         Type = "AssetDefined"
	TypeAssetConfirmed       Type = "AssetConfirmed"
	TypeInstrumentDefined    Type = "InstrumentDefined"
	TypeInstrumentConfirmed  Type = "InstrumentConfirmed"
	TypePhaseChanged         Type = "PhaseChanged"
	TypePhaseConfirmed       Type = "PhaseConfirmed"
	TypeInstrumentRetired    Type = "InstrumentRetired"
	TypeParticipantDefined   Type = "ParticipantDefined"
	TypeParticipantConfirmed Type = "ParticipantConfirmed"
	TypeAccountOpened        Type = "AccountOpened"
	TypeAccountClosed        Type = "AccountClosed"
	TypeAccountSuspended     Type = "AccountSuspended"
	TypeAccountResumed       Type = "AccountResumed"
	TypeFundsDeposited       Type = "FundsDeposited"
	TypeFundsWithdrawn       Type = "FundsWithdrawn"
	TypeFundsTransferred     Type = "FundsTransferred"
	TypeFundsPosted          Type = "FundsPosted"
	TypeLimitsSet            Type = "LimitsSet"
	TypeLimitsConfirmed      Type = "LimitsConfirmed"
	TypeLeaderStarted        Type = "LeaderStarted"
	TypeLevelRaised          Type = "LevelRaised"
	TypeHistoryBegan         Type = "HistoryBegan"
	TypeEntryVoided          Type = "EntryVoided"
	TypeOrderAccepted        Type = "OrderAccepted"
	TypeOrderAmended         Type = "OrderAmended"
	TypeOrderFilled          Type = "OrderFilled"
	TypeOrderCancelled       Type = "OrderCancelled"
	TypeOrderExpired         Type = "OrderExpired"
	TypeOrderTriggered       Type = "OrderTriggered"
	TypeOrderRejected        Type = "OrderRejected"
	TypeSelfTradePrevented   Type = "SelfTradePrevented"
	TypeTradeExecuted        Type = "TradeExecuted"
	TypeOrdersCancelled      Type = "OrdersCancelled"
	TypeCommandRejected      Type = "CommandRejected"
	TypeCommandFenced        Type = "CommandFenced"
	TypeSessionLoggedOn      Type = "SessionLoggedOn"
	TypeSessionRefused       Type = "SessionRefused"
	TypeSessionsAdvanced     Type = "SessionsAdvanced"
	TypeSessionEnded         Type = "SessionEnded"
	TypeSessionReset         Type = "SessionReset"
	TypeOrderReported        Type = "OrderReported"
)

// Record is one thing that happened.
type Record interface {
	// RecordKind numbers the record on disk.
	RecordKind() RecordKind
	// Events returns how many public events the record stands for, at least 1.
	Events() int
	// Event returns the i-th of them.
	Event(i int) Part
}

// Part is one public event of a record.
type Part struct {
	Type              Type
	Aggregate         string
	AggregateSequence uint64
}

// Public is one event as it is read outside.
type Public struct {
	Part
	Sequence market.Sequence
	Block    *Block
	Group    *Group
	Record   Record
	// Index is the event's place in its record.
	Index int
}

// Events calls yield for each public event of the block in sequence order,
// until yield returns false.
func (b *Block) Events(yield func(Public) bool) {
	for i := range b.Groups {
		if !b.Groups[i].events(b, yield) {
			return
		}
	}
}

func (g *Group) events(b *Block, yield func(Public) bool) bool {
	sequence := g.First
	for _, r := range g.Records {
		for i := range r.Events() {
			if !yield(Public{Part: r.Event(i), Sequence: sequence, Block: b, Group: g, Record: r, Index: i}) {
				return false
			}
			sequence++
		}
	}
	return true
}
