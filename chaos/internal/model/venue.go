package model

import "fmt"

// Bounds are those of the venue's own that decide what an entry holds. They are
// the documented defaults unless the venue was started with others.
type Bounds struct {
	// EventsPerEntry bounds the events of mass effects (mass cancels, expiries,
	// triggered stops) of an entry, FillsPerCommand the fills of an order, with
	// prevented self-trades and withdrawn orders that are met.
	EventsPerEntry, FillsPerCommand int
}

// DefaultBounds are the contract's.
func DefaultBounds() Bounds { return Bounds{EventsPerEntry: 10_000, FillsPerCommand: 10_000} }

// Venue is the state of the venue after the entries that it was given.
type Venue struct {
	bounds       Bounds
	verbs        map[string]verb
	assets       map[string]*asset
	instruments  map[string]*instrument
	participants map[string]*participant
	owners       map[string]*owner
	accounts     map[string]*account
	orders       map[string]*order
	clientIDs    map[clientKey]*clientID
	keys         map[string]string // key id: its participant
	compIDs      map[string]string // FIX CompID: its participant
	fenced       map[clientKey]bool
	limits       limits
	due          expiries
	sessions     map[string]*session

	sequence      uint64 // of the last event
	venueSequence uint64 // of the aggregate venue:rialto
	index         uint64 // of the last entry
	now           instant
	accepted      uint64 // orders
	trades        uint64
	term          uint64
	level         uint64

	// Unchecked counts refusals of commands that nobody has the text of.
	Unchecked int

	entry entry
}

// entry is the entry under way.
type entry struct {
	events []Event
	at     int    // the next event
	head   *Event // the first of the command's, or the act's, under way
	diff   *Difference
	mass   int // events of mass effects
	fills  int // and prevented self-trades
	closed []*order
}

// venueAggregate is the aggregate of what concerns the whole venue.
const venueAggregate = "venue:rialto"

// Accounts that are there from the start.
const (
	accountExternal = "venue:external"
	accountFees     = "venue:fees"
)

// New is a venue before its first entry.
func New(bounds Bounds) *Venue {
	v := &Venue{
		bounds: bounds, verbs: verbs(), assets: map[string]*asset{}, instruments: map[string]*instrument{}, participants: map[string]*participant{},
		owners: map[string]*owner{}, accounts: map[string]*account{}, orders: map[string]*order{},
		clientIDs: map[clientKey]*clientID{}, keys: map[string]string{}, compIDs: map[string]string{},
		fenced: map[clientKey]bool{}, limits: limits{}, sessions: map[string]*session{},
	}
	for _, name := range []string{accountExternal, accountFees, "venue:insurance", "venue:suspense"} {
		v.accounts[name] = newAccount(name)
	}
	return v
}

// Sequence is that of the last event that the venue was given.
func (v *Venue) Sequence() uint64 { return v.sequence }

// Entry takes the events of one entry of the log. sent finds the command that
// an event is of; what it does not find is taken from the events, see Taken.
// The error is the first *Difference; after it the venue is of no more use.
func (v *Venue) Entry(events []Event, sent func(*Event) (Command, bool)) error {
	v.entry = entry{events: events}
	v.opens()
	for v.entry.diff == nil && v.entry.at < len(events) {
		v.entry.head = &events[v.entry.at]
		if v.entry.head.byVenue() {
			v.act()
		} else {
			v.command(sent)
		}
	}
	v.noneOverdue()
	for _, o := range v.entry.closed {
		o.forget()
	}
	if v.entry.diff != nil {
		return v.entry.diff
	}
	return nil
}

// opens checks what all events of an entry have in common, and that time and
// index go on.
func (v *Venue) opens() {
	for i := range v.entry.events {
		e := &v.entry.events[i]
		at, ok := readInstant(e.At)
		switch {
		case e.Sequence != v.sequence+1+uint64(i):
			v.differ(e.Sequence, "its sequence follows %d", v.sequence+uint64(i))
		case !ok || at < v.now:
			v.differ(e.Sequence, "its time %q is before %s", e.At, v.now.text())
		case i == 0 && e.LogIndex <= v.index, i > 0 && e.LogIndex != v.index:
			v.differ(e.Sequence, "entry %d does not follow %d", e.LogIndex, v.index)
		case i > 0 && at != v.now:
			v.differ(e.Sequence, "its time is not that of its entry")
		}
		v.index, v.now = e.LogIndex, max(v.now, at)
	}
}

// differ notes the first difference.
func (v *Venue) differ(sequence uint64, what string, args ...any) {
	if v.entry.diff == nil {
		v.entry.diff = &Difference{sequence, fmt.Sprintf(what, args...)}
	}
}

// next is the next event of the command or act under way, nil if there is none.
func (v *Venue) next() *Event {
	if v.entry.diff != nil || v.entry.at == len(v.entry.events) || !v.entry.events[v.entry.at].sameCommand(v.entry.head) {
		return nil
	}
	return &v.entry.events[v.entry.at]
}

// emit says what must have happened next, and compares.
func (v *Venue) emit(kind, aggregate string, aggregateSequence uint64, data map[string]any) {
	if v.entry.diff != nil {
		return
	}
	e := v.next()
	if e == nil {
		v.differ(v.sequence, "%s of %s is missing behind it", kind, aggregate)
		return
	}
	switch {
	case e.Type != kind:
		v.differ(e.Sequence, "it is %s of %s %v, want %s of %s %v", e.Type, e.Aggregate, e.Data, kind, aggregate, data)
	case e.Aggregate != aggregate:
		v.differ(e.Sequence, "%s is of %s, want %s", kind, e.Aggregate, aggregate)
	case e.AggregateSequence != aggregateSequence:
		v.differ(e.Sequence, "%s of %s has the aggregate_sequence %d, want %d", kind, aggregate, e.AggregateSequence, aggregateSequence)
	default:
		if d := differs("data", data, e.Data); d != "" {
			v.differ(e.Sequence, "%s of %s: %s", kind, aggregate, d)
		}
	}
	v.sequence = e.Sequence
	v.entry.at++
}
