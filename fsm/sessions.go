package fsm

import (
	"slices"

	"github.com/rialto-exchange/rialto/fsm/internal/names"
	"github.com/rialto-exchange/rialto/fsm/internal/timers"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/fsm/slab"
)

// FIX sessions, from level 3 on. A session belongs to a participant and outlives
// its connections and its node: what it may not forget lies in one record here,
// and who holds its connection is its owner, for one epoch. A session's number
// is that of its CompID, for ever.
//
//	1 <= nextIn, 1 <= nextOut
//	a command of a session takes effect when its number is nextIn, and its
//	epoch the session's
//	nextOut = the first number of the stream + the reports and slots since

// maxSessions bounds the sessions that a venue ever defined; those for market
// data are not counted.
const maxSessions = 10_000

// session is one of them.
type session struct {
	epoch           uint64 // of the last logon, 0 = there was none
	nextIn, nextOut uint64
	sequence        uint64 // as an aggregate
	// history is the past that its numbers are of: those of another one are
	// told the client only after a reset.
	history uint64
	// vouched is until when its owner's last word holds that it has the connection,
	// or when that was lost: in the time of grace timers, see graceNow.
	vouched market.Nanos
	// participant is whose it is, also once the CompID was taken away.
	participant uint32
	owner       uint32 // number in owners
	throttle    uint32 // messages a second, 0 = any number
	roll        uint32 // seconds after midnight UTC, and one; 0 = never
	heartbeat   uint32 // s
	// lists are its open orders in the order of acceptance: good till cancel,
	// and the others.
	lists [2]sessionList
	// slice is the current one of messages and cancels, see throttled.
	slice             uint32
	messages, cancels [throttleSlices + 1]uint16
	kind              market.SessionKind
	protocol          market.Protocol
	digits            uint8
	flags             uint8
	_                 uint32
}

type sessionList struct{ first, last uint32 }

// The flags of a session.
const (
	// sessionLive: it is logged on.
	sessionLive uint8 = 1 << iota
	sessionCancelOnDisconnect
	sessionCancelOnLogout
	sessionKeepGTC
	// sessionArmed: its orders are cancelled when the grace time has passed.
	sessionArmed
	// sessionCancels: that goes on as a work item.
	sessionCancels
	// sessionWithdrawn: its CompID was taken away.
	sessionWithdrawn
	// sessionAnew: its numbers began anew without its client.
	sessionAnew
)

func (s *session) has(flag uint8) bool { return s.flags&flag != 0 }

func (s *session) set(flag uint8, on bool) {
	if s.flags &^= flag; on {
		s.flags |= flag
	}
}

// sessions is all of them.
type sessions struct {
	names *names.Table // CompIDs
	rows  *slab.Slab[session]
	// owners are the nodes' ids.
	owners *names.Table
	// orders says, by slot, which session placed an order.
	orders *slab.Slab[sessionOrder]
	// timers are of grace and rolls, see sessionTimer.
	timers *timers.Heap
	// copies is derived from the rows, touched is of the entry being applied.
	copies  dropCopies
	touched touchedSessions
}

func (ss *sessions) init(alloc slab.Allocator, seed uint64) {
	ss.names, ss.rows = names.New(alloc, seed), slab.New[session](alloc)
	ss.owners, ss.orders = names.New(alloc, seed), slab.New[sessionOrder](alloc)
	ss.timers = timers.New(alloc)
	ss.rows.Grow(1)
}

// tables lists the slabs.
func (ss *sessions) tables() []slab.Table {
	return slices.Concat(ss.names.Tables(), []slab.Table{ss.rows}, ss.owners.Tables(), []slab.Table{ss.orders}, ss.timers.Tables())
}

// describe names the tables, and says how their records lie.
func (ss *sessions) describe(name string) {
	describe := func(t slab.Table, part, fields string) {
		t.Describe(slab.Shape{Name: name + part, Layouts: []slab.Layout{{Level: LevelSessions, Fields: fields}}})
	}
	ss.names.Describe(name+".names", LevelSessions)
	describe(ss.rows, ".rows", "epoch 8, nextIn 8, nextOut 8, sequence 8, history 8, vouched 8, participant 4, owner 4, throttle 4, roll 4, "+
		"heartbeat 4, lists 16, slice 4, messages 12, cancels 12, kind 1, protocol 1, digits 1, flags 1, _ 4")
	ss.owners.Describe(name+".owners", LevelSessions)
	describe(ss.orders, ".orders", "session 4, prev 4, next 4")
	ss.timers.Describe(name+".timers", LevelSessions)
}

// any reports whether there is a session at all: where there is none, nothing
// here costs anything.
func (ss *sessions) any() bool { return ss.rows.Len() > 1 }

// find returns the number of a CompID's session, 0 if it has none.
func (ss *sessions) find(compID string) uint32 {
	if !ss.any() {
		return 0
	}
	return uint32(ss.names.Find(compID))
}

func (ss *sessions) name(n uint32) string { return ss.names.Name(names.Number(n)) }

func (ss *sessions) ownerName(n uint32) string { return ss.owners.Name(names.Number(n)) }

// SessionState is what the machine knows of a session.
type SessionState struct {
	CompID, Participant string // Participant is "" once the CompID was taken away
	Kind                market.SessionKind
	Protocol            market.Protocol
	Epoch               uint64
	Owner               string
	NextIn, NextOut     uint64
	HeartBtInt          uint32 // s
	Live                bool
	// MustReset: its numbers are of another history, and the next logon begins
	// them anew.
	MustReset bool
}

// Sessions calls yield with each session, in the order of their first
// definition, until yield returns false.
func (m *Machine) Sessions(yield func(SessionState) bool) {
	ss := &m.sessions
	for n := uint32(1); n < ss.rows.Len(); n++ {
		s := ss.rows.Get(n)
		state := SessionState{
			CompID: ss.name(n), Kind: s.kind, Protocol: s.protocol, Epoch: s.epoch, Owner: ss.ownerName(s.owner),
			NextIn: s.nextIn, NextOut: s.nextOut, HeartBtInt: s.heartbeat, Live: s.has(sessionLive), MustReset: m.mustReset(s),
		}
		if !s.has(sessionWithdrawn) {
			state.Participant = m.participants.at(s.participant).Participant
		}
		if !yield(state) {
			return
		}
	}
}

// mustReset reports whether what a session was told is of another history: what
// it knows and what the venue knows may be two things.
func (m *Machine) mustReset(s *session) bool {
	return s.history != m.clock.history && (s.nextIn != 1 || s.nextOut != 1)
}
