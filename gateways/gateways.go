// Package gateways is the port between the doors of a node (REST, FIX) and
// the venue behind them: how a gateway submits commands, and how it reads.
package gateways

import (
	"context"
	"errors"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Errors of Commands.Submit: nothing was decided by the machine.
var (
	// ErrNoLeader: not executed, and these copies never will be.
	ErrNoLeader = errors.New("no leader")
	// ErrUnknownOutcome: executed or not; a repeat settles it.
	ErrUnknownOutcome = errors.New("outcome unknown")
	// ErrOverloaded: too many commands wait. Not executed.
	ErrOverloaded = errors.New("too many commands waiting")
	// ErrTooLarge: a command is over 16 KiB. Not executed.
	ErrTooLarge = errors.New("command too large")
)

// ErrUnsafe, of Operations: what was asked for would leave the venue unable to
// go on. Nothing was done.
var ErrUnsafe = errors.New("refused as unsafe")

// Errors of Reads.
var (
	ErrNotFound     = errors.New("not found")
	ErrBeforeFloor  = errors.New("before retention floor")
	ErrNotCaughtUp  = errors.New("not caught up")
	ErrUnavailable  = errors.New("read model unavailable")
	ErrAsOfInFuture = errors.New("as_of lies in the future")
	// ErrCutShort: the context ended before there was anything to answer with.
	ErrCutShort = errors.New("read cut short")
)

// Commands orders commands through the cluster.
type Commands interface {
	// Submit executes the commands in their order and returns one outcome for
	// each once all are committed and applied by the leader, and applied here
	// too or 20 ms have passed. The header's Deadline is set by Submit.
	// With an error come the outcomes of the first commands, as many as are
	// known: the error is of the others.
	Submit(ctx context.Context, commands []*command.Command) ([]event.Outcome, error)
	// Takes returns why a command of a role is not taken now: ErrDegraded with
	// the reason, nil if it is. Submit asks too.
	Takes(role market.Role, body command.Body) error
	// VenueTime returns the time of the venue: what was last heard of the
	// leader, and monotonic time since. A node that has heard nothing yet asks;
	// ErrNoLeader says that nobody answered. No clock on the wall is read.
	VenueTime(ctx context.Context) (market.Nanos, error)
	// Executed returns the group that begins with the sequence, and its block:
	// what a repeated command of a participant was first answered with; an error
	// if it is another one's group. Where this node's own
	// journal does not reach it within 20 ms another node's is read, for as long
	// as ctx allows and 5 s at most; then ErrNotCaughtUp.
	Executed(ctx context.Context, participant, id string, first market.Sequence) (*event.Block, *event.Group, error)
	// InFlight reports whether a command id of a participant waits for its
	// outcome on this node.
	InFlight(participant, id string) bool
}

// Reads answers queries at a pinned point. A Pin comes from Now, or from a
// sequence that Wait or SequenceAt has settled.
//
// What lists or folds takes a context and stops when it ends: a list is then
// as short as it is, with its Next, and everything else is ErrCutShort. A page
// may hold fewer items than asked for, or none, and still have a Next: it
// looks at a bounded number of candidates.
type Reads interface {
	// History is the id of the venue's past that sequences belong to, 0 while
	// this node does not know it yet.
	History() uint64
	// CaughtUp reports whether this node has been level with the leader once
	// since it started. Until then what it has may be old and what it lacks may
	// be there; only a past that it has reached is exact.
	CaughtUp() bool
	// Now returns the last point that all read models have reached.
	Now() event.Pin
	// Wait returns the pin of a sequence once all read models have reached
	// it: ErrNotCaughtUp when ctx ends first, ErrBeforeFloor below the floor.
	Wait(ctx context.Context, sequence market.Sequence) (event.Pin, error)
	// Linearizable returns a sequence that is at least every one answered by
	// any node before the call.
	Linearizable(ctx context.Context) (market.Sequence, error)
	// SequenceAt returns the last sequence at or before the instant, waiting
	// until venue time has passed it.
	SequenceAt(ctx context.Context, at market.Nanos) (market.Sequence, error)
	// Floor returns the retention floor.
	Floor() event.Pin

	AuthorityReads
	AggregateReads
	CommandReads
	AssetReads
	AccountReads
	OrderReads
	MarketReads
	EventReads
	SessionReads
}

// CommandReads finds commands by their ids among the events that are retained.
// The machine forgets ids: that it knows one no more does not say that nothing
// was executed under it.
type CommandReads interface {
	// CommandsKnown waits until this node can find every command through a
	// sequence: ErrNotCaughtUp or ErrUnavailable when ctx ends first.
	CommandsKnown(ctx context.Context, through market.Sequence) error
	// FirstCommand returns what a participant's command id was first executed
	// as, at or before a sequence. ErrNotFound: it was not, as far as the events
	// go back; Floor, asked afterwards, says how far that is.
	FirstCommand(ctx context.Context, at market.Sequence, participant, id string) (*event.Block, *event.Group, error)
}

// AssetReads reads the catalogue.
type AssetReads interface {
	Asset(at event.Pin, asset string) (event.Reading[event.Asset], error)
	Assets(at event.Pin) ([]event.Reading[event.Asset], error)
	// DefaultAsset is the asset that balance queries mean when they name
	// none: the first that was defined.
	DefaultAsset(at event.Pin) (string, error)
	Instrument(at event.Pin, instrument string) (event.Reading[event.Instrument], error)
	Instruments(ctx context.Context, at event.Pin, page event.Page) (event.List[event.Reading[event.Instrument]], error)
	// Participants lists the definitions in force then. Who may act now is
	// AuthorityReads' to say.
	Participants(at event.Pin) ([]event.Participant, error)
	// Limits returns the limits set at one scope; zero value if none.
	Limits(at event.Pin, scope command.LimitScope, target string) (event.Reading[command.Limits], error)
}

// AccountReads reads accounts and their money.
type AccountReads interface {
	Account(at event.Pin, account string) (event.Reading[event.Account], error)
	Accounts(ctx context.Context, at event.Pin, page event.Page) (event.List[event.Reading[event.Account]], error)
	// Balance returns an account's balance of an asset; a known asset never
	// held reads as zeros. ErrNotFound: no such account (or asset) then.
	Balance(at event.Pin, account, asset string) (event.Reading[event.Balance], error)
	Balances(at event.Pin, account string) ([]event.Reading[event.Balance], error)
	TrialBalance(at event.Pin) ([]event.TrialBalanceLine, error)
}

// OrderFilter narrows a list of orders.
type OrderFilter struct {
	OpenOnly      bool
	Status        market.OrderStatus // StatusNone = any
	ClientOrderID string
	Instrument    string
	// HadClientOrderID is an id that an order has, or had before it was replaced,
	// or that of the FIX request that cancelled it.
	HadClientOrderID string
}

// OrderReads reads orders.
type OrderReads interface {
	Order(at event.Pin, id market.OrderID) (event.Reading[event.Order], error)
	Orders(ctx context.Context, at event.Pin, account string, filter OrderFilter, page event.Page) (event.List[event.Reading[event.Order]], error)
	// OrderHistory lists the order's events.
	OrderHistory(ctx context.Context, at event.Pin, id market.OrderID, page event.Page) (event.List[event.Public], error)
	OrderFills(ctx context.Context, at event.Pin, id market.OrderID, page event.Page) (event.List[event.OwnFill], error)
	AccountTrades(ctx context.Context, at event.Pin, account string, page event.Page) (event.List[event.OwnFill], error)
}

// MarketReads reads public market data.
type MarketReads interface {
	Book(ctx context.Context, at event.Pin, instrument string, depth int) (event.Book, error)
	Trades(ctx context.Context, at event.Pin, instrument string, page event.Page) (event.List[event.Trade], error)
}

// EventFilter narrows a list of events.
type EventFilter struct {
	Type      event.Type
	Aggregate string
	// Account, when set, keeps only what a trader of these accounts may see.
	Accounts []string
}

// EventReads reads the event store.
type EventReads interface {
	// Events lists events after page.After. List.Next is always set: to the
	// last event looked at.
	Events(ctx context.Context, at event.Pin, filter EventFilter, page event.Page) (event.List[event.Public], error)
	// Follow calls yield with each event after the sequence as it becomes
	// readable, until ctx ends (nil error), yield returns an error (returned),
	// or the past is gone (ErrBeforeFloor).
	Follow(ctx context.Context, after market.Sequence, yield func(event.Public) error) error
}
