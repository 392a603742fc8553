// Package fsm (no promise) is the machine of the venue: a pure function from its
// state and the next entry of the log to a new state and the events that
// happened.
//
// The machine knows no clock, no disk, no goroutine and no float. Everything
// it needs to know arrives in entries; everything it has to say leaves as the
// entry's block. Two machines that were given the same entries are in the same
// state and said the same bytes, however the entries were handed over and
// whatever snapshots they went through: the determinism tests beside this
// package hold it to that.
//
// What a venue can be asked lies in package command, what can happen in
// package event. dispatch.go says which function executes which command;
// execute.go in which order a command is checked.
package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/book"
	"github.com/rialto-exchange/rialto/fsm/internal/clientid"
	"github.com/rialto-exchange/rialto/fsm/internal/ledger"
	"github.com/rialto-exchange/rialto/fsm/internal/names"
	"github.com/rialto-exchange/rialto/fsm/internal/risk"
	"github.com/rialto-exchange/rialto/fsm/internal/timers"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/fsm/slab"
)

// Options say what a machine is made of. The bounds are part of the venue's
// state: all nodes must have the same ones, and a restored machine keeps those
// of its snapshot.
type Options struct {
	// Cluster is the venue that entries must be written for.
	Cluster uint64
	// Allocator gives the big tables their memory; nil is Go's heap.
	Allocator slab.Allocator
	Bounds
}

// Bounds of the machine. Zero means the default.
type Bounds struct {
	// DedupCapacity is how many command ids are remembered, and how many
	// client order ids of closed orders. Half as many may be pinned, and half as
	// many fenced. Default 4,194,304.
	DedupCapacity uint32
	// FillsPerCommand is after how many fills a command's rest is cancelled, and
	// what an entry's fills are measured by: it has less than 2 1/4 times as many.
	// A prevented self-trade counts as a fill. Default 10,000.
	FillsPerCommand uint32
	// EventsPerEntry is how many events mass effects may make in one entry
	// before the rest waits for the next. Default 10,000.
	EventsPerEntry uint32
	// StepsPerEntry is after how many steps an entry takes no more commands that
	// search: they answer throttled. A step is an order that is looked at, or one
	// of a list, without a fill coming of it: in the preview of a market or
	// fill-or-kill order, in a mass cancel. Default 200,000. It is in force from
	// level 2 on; a venue that rises to it takes the default, for snapshots of
	// level 1 do not carry it.
	StepsPerEntry uint32
	// Instruments, Assets and Participants bound the small tables.
	// Default 10,000 each.
	Instruments, Assets, Participants uint32
}

func (b Bounds) withDefaults() Bounds {
	or := func(v *uint32, d uint32) {
		if *v == 0 {
			*v = d
		}
	}
	or(&b.DedupCapacity, 4_194_304)
	or(&b.FillsPerCommand, 10_000)
	or(&b.EventsPerEntry, 10_000)
	or(&b.StepsPerEntry, defaultSteps)
	or(&b.Instruments, 10_000)
	or(&b.Assets, 10_000)
	or(&b.Participants, 10_000)
	return b
}

// Machine is the state of the venue. One goroutine owns it.
type Machine struct {
	cluster uint64
	bounds  Bounds
	alloc   slab.Allocator
	verbs   [256]verb
	// isWithdrawn is withdrawn as the book asks it, made once.
	isWithdrawn func(book.Slot) bool

	clock clock
	out   outbox

	ids       usedIDs
	clientIDs *clientid.Table

	assets       registry[asset]
	instruments  registry[instrument]
	participants registry[participant]
	// keys and compIDs say whose a key id or a FIX CompID is; see indexNames.
	keys    map[string]keyPlace
	compIDs map[string]uint32

	accountNames *names.Table
	accounts     *slab.Slab[account]
	ownerNames   *names.Table
	owners       *slab.Slab[owner]
	limits       *slab.Pool[limits]
	venueLimits  uint32

	ledger *ledger.Ledger
	orders orders
	// working, buys and paces are there from level 2 on.
	working workingOrders
	buys    *slab.Slab[openBuys]
	paces   *slab.Slab[pace]
	timers  *timers.Heap
	// sessions are there from level 3 on; acting is the one whose command is
	// being executed, 0 = none.
	sessions sessions
	acting   uint32
	work     []workItem

	// authority counts changes, see Authority; not state.
	authority uint64
	hashing   hashing
	scratch   scratch
	// buffer holds encodings, one after the other; encoded is the last block's.
	buffer, encoded []byte
}

// scratch is memory of the command being executed, kept so that none is
// allocated for each. It is not state: every use begins by overwriting it, but
// for sender, which is true for ever.
type scratch struct {
	row      []byte
	about    subject
	ask      risk.Order
	incoming book.Incoming
	matching matching
	sender   struct {
		name   string
		number uint32
	}
}

// clock is where the machine stands in the log and in time.
type clock struct {
	index, term uint64
	now         market.Nanos
	// before is what now was before the entry that is being applied; it is no
	// state.
	before  market.Nanos
	history uint64
	chain   [32]byte
	// venue is the sequence of the aggregate market.Venue, trades the number
	// of the last trade, accepted of the last order.
	venue, trades, accepted uint64
	// level is the feature level in force, 0 before the first entry; raised is
	// the one that the entry being applied raises it to, 0 = none.
	level, raised uint16
	// graceless is how much of the time so far counts for no grace timer, see
	// graceNow.
	graceless market.Nanos
	// hashIndex and hash are the last state hash that was taken.
	hashIndex, hash uint64
}

// New returns a machine in the state before the first entry.
func New(options Options) *Machine {
	m := empty(options)
	for _, name := range systemAccounts() {
		m.openAccount(name)
	}
	return m
}

// empty returns a machine without any state, for New and Restore.
func empty(o Options) *Machine {
	alloc := o.Allocator
	if alloc == nil {
		alloc = slab.Heap{}
	}
	b := o.Bounds.withDefaults()
	m := &Machine{
		cluster: o.Cluster, bounds: b, alloc: alloc,
		ids:          newUsedIDs(alloc, b.DedupCapacity),
		clientIDs:    clientid.New(alloc, b.DedupCapacity),
		accountNames: names.New(alloc, o.Cluster),
		accounts:     slab.New[account](alloc),
		ownerNames:   names.New(alloc, o.Cluster),
		owners:       slab.New[owner](alloc),
		limits:       slab.NewPool[limits](alloc),
		ledger:       ledger.New(alloc, accountExternal),
		timers:       timers.New(alloc),
		buys:         slab.New[openBuys](alloc),
		paces:        slab.New[pace](alloc),
		keys:         map[string]keyPlace{},
		compIDs:      map[string]uint32{},
	}
	m.assets.stored, m.instruments.stored, m.participants.stored = newRowStore(alloc), newRowStore(alloc), newRowStore(alloc)
	m.orders.init(alloc)
	m.working.init(alloc)
	m.sessions.init(alloc, o.Cluster)
	m.paces.Grow(1)
	m.describe()
	m.verbs = verbs()
	m.isWithdrawn = func(slot book.Slot) bool { return m.withdrawn(uint32(slot)) != market.ReasonNone }
	return m
}

// Index returns the log index of the last applied entry.
func (m *Machine) Index() uint64 { return m.clock.index }

// Term returns the term of the last applied entry.
func (m *Machine) Term() uint64 { return m.clock.term }

// Sequence returns the venue's last sequence.
func (m *Machine) Sequence() market.Sequence { return m.out.last }

// Now returns the venue time.
func (m *Machine) Now() market.Nanos { return m.clock.now }

// History names the past that the sequences belong to; 0 before the first
// leader named it.
func (m *Machine) History() uint64 { return m.clock.history }

// Chain returns the head of the hash chain over the entries and, from the
// second feature level on, over what they did.
func (m *Machine) Chain() [32]byte { return m.clock.chain }

// LastHash returns the last state hash that is done: that of right after the
// multiple of HashInterval that it is labelled with.
func (m *Machine) LastHash() (index, hash uint64) { return m.clock.hashIndex, m.clock.hash }

// Pending reports whether something waits for the next entry: what one entry
// was too short for.
func (m *Machine) Pending() bool { return len(m.work) > 0 || m.overdue() || m.sessionDue() }

// NextDeadline returns when the next timer is due.
func (m *Machine) NextDeadline() (market.Nanos, bool) {
	t, ok := m.timers.First()
	if s, also := m.sessions.timers.First(); also && (!ok || s.Due < t.Due) {
		return s.Due, true
	}
	return t.Due, ok
}

// Memory returns the bytes of the big tables, what snapshots hold included.
func (m *Machine) Memory() int64 {
	var sum int64
	for _, t := range m.tables() {
		sum += t.Bytes()
	}
	return sum
}
